// What every page has: times in the reader's zone, the theme, signing out, selects that load anew.
import { localTimes, onAction, sayNow } from "./parts.js";
import { call } from "./service.js";

localTimes();
sayNow();

const root = document.documentElement;
const isDark = () => root.dataset.theme
  ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const themeButton = document.querySelector('[data-action="theme"]');
const label = () => themeButton?.setAttribute("aria-pressed", String(isDark()));
label();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
onAction("theme", button => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("sessiongraph theme", root.dataset.theme); } catch { /* for this page alone, then */ }
  // Once the button is back in use.
  queueMicrotask(label);
});

onAction("sign-out", async () => {
  await call("POST", "/sign-out");
  location.assign("/sign-in");
});

document.addEventListener("change", event => {
  if (event.target.matches("select[data-submits]")) event.target.form.requestSubmit();
});

// Gone back to, a page is shown as it was left: what was done since is not on it.
addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
