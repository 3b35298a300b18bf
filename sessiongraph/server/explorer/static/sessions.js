// Sessions: persist now, and forget after a preview. The page is loaded anew: all of it may have changed.
import { bindForget, bindPersist } from "./session_actions.js";

bindPersist(() => location.reload());
bindForget(button => {
  const isLast = !button.dataset.turn || document.querySelectorAll(".turns > .turn").length === 1;
  const to = button.closest("[data-forget-to]")?.dataset.forgetTo ?? "/sessions";
  return isLast ? location.assign(to) : location.reload();
});
