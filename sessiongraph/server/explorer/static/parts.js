// What several pages do: elements, actions of buttons, problems, confirmations, times.

// Characters that cannot be seen or turn others around are shown as such, as the templates do.
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]/g;
export const shown = text => String(text).replace(UNSEEN, "\ufffd");

// An element. Children that are no nodes are text, never markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  element.append(...children.flat().map(it => it instanceof Node ? it : shown(it)));
  return element;
}

// A word on what went well, for a few seconds.
let clearing;
export function say(text) {
  const line = document.getElementById("said");
  line.textContent = shown(text);
  line.hidden = false;
  clearTimeout(clearing);
  clearing = setTimeout(() => { line.hidden = true; }, 6000);
}

// The same, on the page that is loaded next.
const NEXT = "sessiongraph said";
export function sayNext(text) {
  try { sessionStorage.setItem(NEXT, text); } catch { /* storage may be off: the page shows what was done, too */ }
}
export function sayNow() {
  try {
    const text = sessionStorage.getItem(NEXT);
    sessionStorage.removeItem(NEXT);
    if (text) say(text);
  } catch { /* as above */ }
}

// A problem stays until something else is done.
export function showProblem(error) {
  const place = document.getElementById("problem");
  place.replaceChildren(make("strong", {}, error.title ?? "Failed"), make("p", {}, error.message));
  if (error.nextStep) place.append(make("p", { class: "small" }, error.nextStep));
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

export function clearProblem() { document.getElementById("problem").hidden = true; }

// Does `work` once, with its button out of use meanwhile; what it throws is shown.
export async function guarded(button, work) {
  clearProblem();
  const hadFocus = button && document.activeElement === button;
  if (button) { button.disabled = true; button.setAttribute("aria-busy", "true"); }
  try {
    return await work();
  } catch (error) {
    showProblem(error);
  } finally {
    if (button) { button.disabled = false; button.removeAttribute("aria-busy"); }
    // Out of use, it lost the focus: who works by the keyboard goes on from where they were.
    const focus = document.activeElement;
    if (hadFocus && (focus === document.body || !focus.checkVisibility())) button.focus();
  }
}

// What elements with data-action=`name` do when they are clicked, also such as come later.
export function onAction(name, work) {
  document.addEventListener("click", event => {
    const button = event.target.closest(`[data-action="${name}"]`);
    if (button && !button.disabled) guarded(button, () => work(button));
  });
}

// Whether the reader says yes, to `yes`; `body` are nodes or texts. Escape and Cancel say no.
export function confirmed(title, body, yes, isDangerous = false) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-title").textContent = shown(title);
  document.getElementById("confirm-body").replaceChildren(...[body].flat().map(it => it instanceof Node ? it : make("p", {}, it)));
  const button = document.getElementById("confirm-yes");
  button.textContent = yes;
  button.className = isDangerous ? "danger" : "primary";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

// Says the times below `root` in the reader's zone.
const PLAIN = { dateStyle: "medium", timeStyle: "short" };
const HOUR = { timeStyle: "short" };
function said(moment) {
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? `${moment.toLocaleString(undefined, HOUR)} today` : moment.toLocaleString(undefined, PLAIN);
}

export function localTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = said(new Date(time.dateTime));
  }
}

export function timeOf(iso) {
  const time = make("time", { datetime: iso, title: iso });
  time.textContent = said(new Date(iso));
  return time;
}

// The address of a passage or fact among its neighbours.
export const evidenceAddress = (dataset, id) => "/evidence?" + new URLSearchParams({ dataset, id });
