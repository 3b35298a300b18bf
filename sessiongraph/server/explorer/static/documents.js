// Documents: add files, texts and exports; bring them into the graph; forget one after a preview.
import { confirmed, guarded, make, onAction, sayNext, shown } from "./parts.js";
import { call, Problem, upload } from "./service.js";
import { counted, preview } from "./session_actions.js";

const address = dataset => "/documents?" + new URLSearchParams({ dataset });
const uploads = document.getElementById("uploads");
const into = () => {
  const field = document.getElementById("into");
  if (field.reportValidity()) return field.value.trim();
  throw new Problem({ title: "No dataset", detail: "Say which dataset it goes into.", next_step: "A new name makes a new one." });
};

// A line for what is sent, with how far it is and then what came of it.
function line(name) {
  const bar = make("progress", { max: "1", value: "0", "aria-label": `Sending ${name}` });
  const state = make("span", { class: "small" }, "waits");
  const item = make("li", {}, make("strong", {}, name), bar, state);
  uploads.append(item);
  return {
    progress: share => { bar.value = share; state.textContent = share < 1 ? "is sent" : "is read"; },
    done: (...words) => { bar.remove(); state.replaceChildren(...words); },
    failed: error => {
      bar.remove();
      state.className = "bad";
      state.textContent = shown(`${error.title ?? "Failed"}: ${error.message}` + (error.nextStep ? ` ${error.nextStep}` : ""));
    },
  };
}

const pause = seconds => new Promise(resolve => setTimeout(resolve, 1000 * seconds));

// Many files at once may be more requests than a key has in a minute: then the rest waits.
async function sent(path, form, progress) {
  for (;;) {
    try {
      return await upload(path, form, progress);
    } catch (error) {
      if (error.status !== 429) throw error;
      await pause(5);
    }
  }
}

function added(report) {
  const told = [report.added ? "added" : "there already"];
  if (report.added > 1) told[0] = `${counted(report.added, "document")} added`;
  for (const it of report.skipped) told.push(`left out: ${it}`);
  for (const [name, warnings] of Object.entries(report.warnings)) told.push(...warnings.map(it => `${name}: ${it}`));
  return told.join("; ");
}

// Where to look at it, once something is in: that there is nothing yet is true no more.
function showNext(dataset) {
  document.getElementById("next")?.remove();
  document.querySelector("section.empty")?.remove();
  const look = make("a", { class: "button", href: address(dataset) }, "Show them");
  const button = make("button", { type: "button", class: "primary", "data-action": "cognify", "data-dataset": dataset }, "Bring into the graph");
  uploads.after(make("div", { id: "next", class: "buttons" }, button, look));
}

// Each file by itself: one that is refused keeps none of the others out.
async function addFiles(files) {
  const dataset = into();
  uploads.replaceChildren();
  const lines = files.map(({ file, isFolder }) => [file, isFolder, line(file.name)]);
  let some = false;
  for (const [file, isFolder, at] of lines) {
    try {
      if (isFolder) throw new Problem({ title: "A folder", detail: "Folders are sent as one file.", next_step: "Pack it as a .zip." });
      const form = new FormData();
      form.append("files", file);
      form.append("dataset_name", dataset);
      at.done(added(await sent("/v1/add/files", form, at.progress)));
      some = true;
    } catch (error) {
      at.failed(error);
    }
  }
  if (some) showNext(dataset);
}

const drop = document.getElementById("drop");
if (drop) {
  const input = drop.querySelector("input");
  const take = files => guarded(null, () => addFiles(files));
  input.addEventListener("change", () => { take([...input.files].map(file => ({ file }))).finally(() => { input.value = ""; }); });
  // Wherever on the page they are dropped: beside the field, the browser would open them.
  document.addEventListener("dragover", event => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", event => {
    event.preventDefault();
    drop.classList.remove("over");
    const items = [...event.dataTransfer.items].filter(it => it.kind === "file");
    take(items.map(it => ({ file: it.getAsFile(), isFolder: it.webkitGetAsEntry?.()?.isDirectory })).filter(it => it.file));
  });
}

const forms = {
  async text(form) {
    const dataset = into();
    const body = { data: [form.elements.text.value], dataset_name: dataset };
    if (form.elements.said_at.value) body.said_at = form.elements.said_at.value;
    const report = await call("POST", "/v1/add", body);
    uploads.replaceChildren();
    line("The text").done(added(report));
    form.reset();
    showNext(dataset);
  },
  async export(form, button) {
    const dataset = into();
    const data = new FormData();
    data.append("file", form.elements.file.files[0]);
    data.append("dataset", dataset);
    if (form.elements.me.value.trim()) data.append("me", form.elements.me.value.trim());
    if (button?.name) data.append(button.name, button.value);
    uploads.replaceChildren();
    const at = line(form.elements.file.files[0].name);
    try {
      const report = await sent("/v1/sessions/import", data, at.progress);
      at.done(...imported(report));
    } catch (error) {
      at.failed(error);
    }
  },
};

function imported(report) {
  const found = `${counted(report.sessions.length, "session")} of ${report.format}: ${counted(report.new, "turn")} ${report.dry_run ? "would be new" : "new"}, `
    + `${report.changed.toLocaleString()} changed, ${report.unchanged.toLocaleString()} known already, ${report.withdrawn.toLocaleString()} withdrawn.`;
  const parts = [make("p", {}, found)];
  const titles = report.sessions.slice(0, 20).map(it => make("li", {}, `${it.title || it.session_id}: ${counted(it.turns, "turn")}`));
  if (titles.length) parts.push(make("ul", {}, titles));
  if (report.sessions.length > titles.length) parts.push(make("p", {}, `… and ${(report.sessions.length - titles.length).toLocaleString()} more.`));
  if (report.unread_count) parts.push(make("p", { class: "bad" }, `Not read: ${report.unread.slice(0, 5).join("; ")}`));
  if (!report.dry_run && report.new) parts.push(make("p", {}, make("a", { href: "/sessions" }, "Your sessions"), " say when they are brought into the graph."));
  return parts;
}

document.addEventListener("submit", event => {
  const work = forms[event.target.dataset.form];
  if (!work) return;
  event.preventDefault();
  guarded(event.submitter, () => work(event.target, event.submitter));
});

// What it costs is asked first where it costs anything.
async function agreed(estimates) {
  const calls = estimates.reduce((sum, it) => sum + it.calls, 0);
  const isFree = estimates.every(it => it.cost === 0);
  if (!calls || isFree) return true;
  const cost = estimates.some(it => it.cost === null) ? "a price that is not known" : `about $${estimates.reduce((sum, it) => sum + it.cost, 0).toFixed(4)}`;
  const tokens = estimates.reduce((sum, it) => sum + it.prompt_tokens + it.completion_tokens, 0);
  return confirmed("Bring into the graph?", `That takes ${counted(calls, "call")} of ${estimates[0].model}, with about ${tokens.toLocaleString()} tokens, for ${cost}.`, "Go ahead");
}

async function inGraph(dataset) {
  const sizes = await call("GET", "/v1/datasets/sizes");
  return sizes.find(it => it.dataset === dataset || it.dataset.endsWith(`/${dataset}`))?.passages ?? 0;
}

// What `work` answers. Meanwhile it is told how far that is, of `due` passages, by what is in the graph already.
async function watched(dataset, due, work) {
  const place = document.getElementById("working") ?? document.getElementById("next").appendChild(make("p", { class: "small", role: "status" }));
  const bar = make("progress", { "aria-label": "In the graph" }), state = make("span");
  place.replaceChildren(bar, " ", state, " What is done is kept, also if you leave this page.");
  place.hidden = false;
  state.textContent = due ? `Being read, ${counted(due, "passage")}.` : "Being read.";
  const before = await inGraph(dataset);
  const look = async () => {
    try {
      const done = Math.min(await inGraph(dataset) - before, due);
      if (done <= 0) return;
      Object.assign(bar, { max: due, value: done });
      state.textContent = `Being read: ${done.toLocaleString()} of ${counted(due, "passage")} in the graph.`;
    } catch { /* it is looked at again */ }
  };
  const looking = setInterval(look, 2000);
  try {
    return await work();
  } finally {
    clearInterval(looking);
    place.hidden = true;
  }
}

onAction("cognify", async button => {
  const dataset = button.dataset.dataset;
  const body = { datasets: [dataset], retry_failed: Boolean(button.dataset.retry) };
  const estimates = Object.values(await call("POST", "/v1/estimate_cognify", body));
  if (!await agreed(estimates)) return;
  const due = estimates.reduce((sum, it) => sum + it.extract + it.reuse, 0);
  const [report] = Object.values(await watched(dataset, due, () => call("POST", "/v1/cognify", body)));
  const told = `${counted(report.persisted, "passage")} in the graph` + (report.failed ? `, ${report.failed.toLocaleString()} failed` : "") + ".";
  sayNext(told);
  location.assign(location.pathname === "/documents" ? address(dataset) : location.href);
});

onAction("forget-document", async button => {
  const { dataset, document: id, name } = button.dataset;
  const target = { dataset, document_id: id };
  const estimate = await call("POST", "/v1/estimate_forget", target);
  if (!await confirmed(`Forget ${name}?`, preview([[dataset, estimate]], estimate.cached_turns, name, "passage"), "Forget", true)) return;
  await call("POST", "/v1/forget", target);
  sayNext(`${name} is forgotten.`);
  location.assign(address(dataset));
});
