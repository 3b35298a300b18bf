// The graph page: what is looked at stands in the address; the service answers with the entities and facts to show; the
// picture and the lists beside it show the same, and what is done in one is done in the other.
import { Picture } from "./graph_picture.js";
import { download, graphml, png, svg } from "./graph_files.js";
import { clearProblem, make, onAction, showProblem, shown } from "./parts.js";
import { call } from "./service.js";

const root = document.querySelector(".graph");
const dataset = root.dataset.dataset;
const form = document.getElementById("narrow");
const finder = document.getElementById("find");
const time = document.getElementById("time");
const $ = id => document.getElementById(id);
const counted = (count, one, many = one + "s") => `${count.toLocaleString()} ${count === 1 ? one : many}`;
const page = (path, query) => `${path}?${new URLSearchParams({ dataset, ...query })}`;
const CSS_COLOURS = 8;
const ROWS = 200;
const colours = new Map([...form.querySelectorAll('[name="type"]')].map((it, index) => [it.value, Math.min(index, CSS_COLOURS)]));

// What is looked at, but for the form: where it begins, what was expanded and hidden, what is chosen.
const view = { entity: [], query: "", expand: [], hidden: new Set(), chosen: null };
let data = { nodes: [], edges: [], starts: [], entity_count: 0, fact_count: 0 };
const nodes = new Map(), edges = new Map();

const picture = new Picture($("picture"), { choose, expand, settled: () => root.setAttribute("data-settled", "") });

// Days of the time slider: its last place means now.
const dates = (() => {
  const { earliest, latest } = root.dataset;
  if (!earliest) return [];
  const first = new Date(earliest + "T00:00Z"), last = new Date(Math.max(Date.parse(latest), Math.min(Date.now(), Date.parse(latest) + 366 * 864e5)));
  const years = (last - first) / 31557600000, step = years > 40 ? "year" : years > 1.5 ? "month" : "day", found = [];
  for (let at = first; at <= last && found.length < 5000;) {
    found.push(at.toISOString().slice(0, { year: 4, month: 7, day: 10 }[step]));
    at = step === "year" ? new Date(Date.UTC(at.getUTCFullYear() + 1, 0)) : step === "month"
      ? new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)) : new Date(+at + 864e5);
  }
  return found;
})();
time.max = dates.length;
time.value = dates.length;
const heldAt = () => dates[time.value] ?? "";
function tellTime() {
  const words = heldAt() ? `what held in ${heldAt()}` : "what holds now";
  $("time-says").textContent = words;
  time.setAttribute("aria-valuetext", words);
  $("superseded").disabled = Boolean(heldAt());
}

// The address: everything that the service is asked for.

function readAddress() {
  const query = new URLSearchParams(location.search);
  view.entity = query.getAll("entity");
  view.expand = query.getAll("expand");
  view.query = finder.elements.query.value = query.get("query") ?? "";
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") field.checked = query.getAll(field.name).includes(field.value);
    else if (query.has(field.name)) {
      const value = query.get(field.name);
      field.value = value;
      // A session that is too old to be listed is one all the same.
      if (field.value !== value && field.options) field.append(make("option", { value, selected: "" }, value));
    }
  }
  const at = dates.findIndex(it => it.startsWith(query.get("held_at") ?? "-"));
  time.value = at < 0 ? dates.length : at;
  tellTime();
}

function asked() {
  const query = new URLSearchParams({ dataset });
  for (const [name, value] of new FormData(form)) if (value && !(name === "limit" && value === "200")) query.append(name, value);
  if (heldAt()) { query.delete("include_superseded"); query.set("held_at", heldAt()); }
  for (const id of view.entity) query.append("entity", id);
  if (view.query && !view.entity.length) query.set("query", view.query);
  for (const id of view.expand) query.append("expand", id);
  return query;
}

let asking = 0;
async function refresh() {
  const mine = ++asking, query = asked();
  clearProblem();
  root.removeAttribute("data-settled");
  $("loading").hidden = false;
  history.replaceState(null, "", "/graph?" + query);
  try {
    const answer = await call("GET", "/v1/graph/neighbourhood?" + query);
    if (mine === asking) { data = answer; draw(); }
  } catch (error) {
    if (mine === asking) showProblem(error);
  } finally {
    if (mine === asking) $("loading").hidden = true;
  }
}
let later;
const soon = () => { clearTimeout(later); later = setTimeout(refresh, 150); };

function draw() {
  nodes.clear(); edges.clear();
  for (const it of data.nodes) if (!view.hidden.has(it.id)) nodes.set(it.id, it);
  for (const it of data.edges) if (nodes.has(it.subject) && nodes.has(it.object)) edges.set(it.id, it);
  const starts = new Set(data.starts);
  picture.show(
    [...nodes.values()].map(it => ({
      data: { id: it.id, name: it.name, type: it.type, description: it.description, more: it.more,
        label: shown(it.name), colour: colours.get(it.type) ?? CSS_COLOURS, size: 16 + Math.min(30, 5 * Math.sqrt(it.facts)) },
      classes: starts.has(it.id) ? "start" : "",
    })),
    [...edges.values()].map(it => ({ data: {
      ...it, source: it.subject, target: it.object, label: shown(it.relation), over: it.valid_until ? 1 : 0 } })));
  if (view.chosen && !nodes.has(view.chosen.id) && !edges.has(view.chosen.id)) view.chosen = null;
  picture.choose(view.chosen?.id);
  tellCounts();
  list();
  tellChosen();
}

function tellCounts() {
  const more = data.entity_count - nodes.size;
  $("counts").replaceChildren(make("strong", {}, counted(nodes.size, "entity", "entities")), " and ", make("strong", {}, counted(edges.size, "fact")), " are shown",
    more > 0 ? `; ${counted(more, "more entity", "more entities")} and ${counted(data.fact_count - edges.size, "more fact")} are in the dataset${isNarrowed() ? " under these filters" : ""}.` : ".");
  $("nothing").hidden = nodes.size > 0;
  $("unhide").hidden = !view.hidden.size;
  $("unhide").textContent = `Show ${view.hidden.size} hidden`;
  $("all").hidden = !(view.entity.length || view.query);
}
const isNarrowed = () => [...new FormData(form)].some(([name, value]) => value && name !== "limit") || Boolean(heldAt());

// The lists: the same entities and facts, to be read and worked by the keyboard.

let rows = ROWS;
function list() {
  const chosen = view.chosen?.id, entities = [...nodes.values()].sort((a, b) => b.facts - a.facts || a.name.localeCompare(b.name));
  const facts = [...edges.values()].filter(it => !nodes.has(chosen) || it.subject === chosen || it.object === chosen);
  $("entities").replaceChildren(...entities.slice(0, rows).map(it => make("tr", { "data-id": it.id, ...(it.id === chosen ? { "aria-current": "true" } : {}) },
    make("th", { scope: "row" }, make("button", { type: "button", class: "link", "data-action": "choose", "data-id": it.id }, it.name)),
    make("td", {}, make("span", { class: `dot type-${colours.get(it.type) ?? CSS_COLOURS}` }), it.type),
    make("td", { class: "number" }, it.more ? `${it.facts - it.more} of ${it.facts}` : String(it.facts)),
    make("td", {}, it.more ? make("button", { type: "button", class: "quiet", "data-action": "expand", "data-id": it.id, "aria-label": `+${it.more}: expand ${it.name}` }, `+${it.more}`) : ""))));
  $("facts").replaceChildren(...facts.slice(0, rows).map(it => make("li", { "data-id": it.id, ...(it.id === chosen ? { "aria-current": "true" } : {}) },
    make("a", { href: page("/fact", { id: it.id }) }, `${nodes.get(it.subject).name} — ${it.relation} — ${nodes.get(it.object).name}`),
    make("span", { class: "small" }, when(it)))));
  $("facts-title").textContent = nodes.has(chosen) ? `Facts of ${shown(nodes.get(chosen).name)}` : "Facts";
  $("entities-count").textContent = entities.length.toLocaleString();
  $("facts-count").textContent = facts.length.toLocaleString();
  $("longer").hidden = Math.max(entities.length, facts.length) <= rows;
}

function when(fact) {
  const parts = [];
  if (fact.valid_at) parts.push(`since ${fact.valid_at.split("T")[0]}`);
  if (fact.valid_until) parts.push(`until ${fact.valid_until.split("T")[0]}`);
  parts.push(fact.corrected ? "corrected" : `stated by ${fact.stated_by}`);
  return " " + parts.join(", ");
}

function tellChosen() {
  const place = $("chosen"), it = nodes.get(view.chosen?.id) ?? edges.get(view.chosen?.id);
  if (!it) {
    place.replaceChildren(make("p", { class: "small" }, "Choose an entity in the picture or in the list: what is known of it is told here."));
    return;
  }
  if (edges.has(it.id)) {
    place.replaceChildren(make("h2", {}, `${nodes.get(it.subject).name} — ${it.relation} — ${nodes.get(it.object).name}`), make("p", {}, it.statement),
      make("p", { class: "small" }, when(it).trim() + "."), make("p", { class: "buttons" }, make("a", { class: "button", href: page("/fact", { id: it.id }) }, "Evidence, and put it right")));
    return;
  }
  const button = (action, words) => make("button", { type: "button", "data-action": action, "data-id": it.id }, words);
  place.replaceChildren(make("h2", {}, it.name), make("p", { class: "small" }, `${it.type}; ${counted(it.facts, "fact")}` + (it.more ? `, ${it.more} lead to entities that are not shown.` : ".")),
    ...(it.description ? [make("p", {}, it.description.length > 400 ? it.description.slice(0, 399) + "…" : it.description)] : []),
    make("p", { class: "buttons" }, ...(it.more ? [button("expand", "Expand")] : []), ...(view.expand.includes(it.id) ? [button("collapse", "Collapse")] : []),
      button("start", "Start here"), button("hide", "Hide"), make("a", { class: "button", href: page("/entity", { entity: it.id }) }, "Its page")));
}

// What is done.

const tell = words => { $("tell").textContent = shown(words); };

function choose(id, isEdge = false, isMoved = false) {
  view.chosen = id ? { id, isEdge } : null;
  picture.choose(id, isMoved);
  list();
  tellChosen();
  const it = nodes.get(id);
  if (it) tell(`${it.name}, ${it.type}, ${counted(it.facts, "fact")}${it.more ? `, ${it.more} of them not shown` : ""}.`);
}

async function expand(id) {
  const it = nodes.get(id);
  if (!it?.more) return;
  const before = nodes.size;
  view.expand.push(id);
  view.chosen = { id };
  await refresh();
  tell(`${counted(nodes.size - before, "more entity", "more entities")} around ${it.name}.`);
}

async function collapse(id) {
  view.expand = view.expand.filter(it => it !== id);
  await refresh();
  tell("Collapsed.");
}

function hide(id) {
  view.hidden.add(id);
  if (view.chosen?.id === id) view.chosen = null;
  draw();
  tell("Hidden.");
}

async function start(ids, query = "") {
  Object.assign(view, { entity: ids, query, expand: [], hidden: new Set(), chosen: ids.length === 1 ? { id: ids[0] } : null });
  finder.elements.query.value = query;
  await refresh();
}

// The button that was pressed may be gone: where it was, its like is, or else the entity's name.
function refocus(action, id) {
  const row = `#entities [data-id="${CSS.escape(id)}"]`;
  (document.querySelector(`#chosen [data-action="${action}"]`) ?? document.querySelector(`${row}[data-action="${action}"]`) ?? document.querySelector(`${row}[data-action="choose"]`) ?? $("picture")).focus();
}

onAction("choose", button => { choose(button.dataset.id, false, true); refocus("", button.dataset.id); });
onAction("expand", async button => { await expand(button.dataset.id); refocus("expand", button.dataset.id); });
onAction("collapse", async button => { await collapse(button.dataset.id); refocus("collapse", button.dataset.id); });
onAction("hide", button => { hide(button.dataset.id); $("picture").focus(); });
onAction("start", async button => { await start([button.dataset.id]); refocus("start", button.dataset.id); });
onAction("unhide", () => { view.hidden.clear(); draw(); $("picture").focus(); });
onAction("all", () => start([]));
onAction("longer", () => { rows += 5 * ROWS; list(); });
onAction("fit", () => picture.fit());
onAction("closer", () => picture.zoom(1.3));
onAction("farther", () => picture.zoom(1 / 1.3));
const ground = () => getComputedStyle(document.body).backgroundColor;
onAction("png", () => download("graph.png", png(picture.cy, ground())));
onAction("svg", () => download("graph.svg", svg(picture.cy, ground())));
onAction("graphml", () => download("graph.graphml", graphml(picture.cy)));
onAction("clear", () => {
  for (const field of form.elements) if (field.type === "checkbox") field.checked = false; else if (field.name && field.name !== "limit") field.value = "";
  time.value = dates.length;
  tellTime();
  return refresh();
});

finder.addEventListener("submit", event => { event.preventDefault(); start([], finder.elements.query.value.trim()); });
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("change", soon);
time.addEventListener("input", () => { tellTime(); soon(); });

const KEYS = {
  ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
  Enter: id => id && expand(id), Backspace: id => id && collapse(id), Delete: id => id && hide(id),
  "+": () => picture.zoom(1.3), "-": () => picture.zoom(1 / 1.3), 0: () => picture.fit(),
  o: id => id && location.assign(page("/entity", { entity: id })), Escape: () => choose(null),
};
const step = (dx, dy) => { const id = picture.towards(view.chosen?.id, dx, dy); if (id) choose(id, false, true); };
$("picture").addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key](view.chosen && nodes.has(view.chosen.id) ? view.chosen.id : null);
});

addEventListener("resize", () => picture.fit());
readAddress();
refresh();
