// Dataset: grant and revoke. The page is loaded anew, and says what was done.
import { confirmed, guarded, onAction, sayNext } from "./parts.js";
import { call } from "./service.js";

function reload(words) {
  sayNext(words);
  location.reload();
}

document.addEventListener("submit", event => {
  const form = event.target.closest('[data-form="grant"]');
  if (!form) return;
  event.preventDefault();
  guarded(event.submitter, async () => {
    const [kind, name] = form.elements.to.value.split(/:(.*)/s);
    const permission = form.elements.permission.value;
    await call("PUT", "/v1/datasets/grants", { dataset: form.dataset.dataset, [kind]: name, permission });
    reload(`${name} may ${permission} it now.`);
  });
});

onAction("revoke", async button => {
  const { dataset, kind, name, permission } = button.dataset;
  if (!await confirmed("Take it back?", `${name} may not ${permission} ${dataset} any more then.`, "Revoke", true)) return;
  await call("DELETE", "/v1/datasets/grants?" + new URLSearchParams({ dataset, [kind]: name, permission }));
  reload(`${name} may ${permission} it no more.`);
});
