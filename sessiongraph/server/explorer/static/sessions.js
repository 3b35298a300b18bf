// Sessions: persist now, and forget after a preview. The page is loaded anew: all of it may have changed.
import { sayNext } from "./parts.js";
import { bindForget, bindPersist } from "./session_actions.js";

bindPersist(told => { sayNext(told); location.reload(); });
bindForget(button => {
  sayNext(button.dataset.turn ? "The turn is forgotten." : "The session is forgotten.");
  const isLast = !button.dataset.turn || document.querySelectorAll(".turns > .turn").length === 1;
  const to = button.closest("[data-forget-to]")?.dataset.forgetTo ?? "/sessions";
  return isLast ? location.assign(to) : location.reload();
});
