// The pages of an entity and of a fact: what is put right there, each after its reader saw what changes.
import { confirmed, guarded, make, onAction, sayNext } from "./parts.js";
import { call, Problem } from "./service.js";

const root = document.querySelector("[data-knowledge]");
const { dataset, entity, name } = root.dataset;
const KEPT = "Nothing is deleted, and this can be undone here.";
const page = (path, query) => `${path}?${new URLSearchParams({ dataset, ...query })}`;

// To `address`, or the same page anew, with a word on what was done.
function go(words, address = root.dataset.knowledge) {
  sayNext(words);
  if (address === location.pathname + location.search) location.reload(); else location.assign(address);
}
const isOfEntity = Boolean(entity);
const afterFact = facts => isOfEntity ? root.dataset.knowledge : page("/fact", { id: [facts].flat()[0].id });

const was = words => make("p", { class: "was" }, make("span", { class: "small" }, "Now: "), words);
const becomes = words => make("p", { class: "becomes" }, make("span", { class: "small" }, "Then: "), words);

// Only what was changed is sent: what stays as it is was not corrected.
function changed(form) {
  const found = [...form.elements].filter(it => it.name && it.value.trim() !== it.dataset.was);
  if (!found.length) throw new Problem({ title: "Nothing is changed", detail: "It would be as it is now.", next_step: "Write what is right into the fields first." });
  return Object.fromEntries(found.map(it => [it.name, it.value.trim()]));
}

function onSubmit(id, work) {
  document.getElementById(id)?.addEventListener("submit", event => {
    event.preventDefault();
    guarded(event.submitter, () => work(event.target));
  });
}

onSubmit("correct-fact", async form => {
  const right = changed(form), { fact, subject } = form.dataset;
  const all = which => ["relation", "object", "valid_at", "valid_until"].map(it => which(form.elements[it]));
  const sentence = ([relation, object, since, until]) => [subject, relation, object].join(" — ") + (since ? `, since ${since}` : "") + (until ? `, until ${until}` : "");
  for (const field of ["valid_at", "valid_until"]) {
    if (right[field] === "") throw new Problem({ title: "A date is missing", detail: "A date can be put right, but not taken away.", next_step: "Give the right one, or undo a correction." });
  }
  const body = [was(sentence(all(it => it.dataset.was))), becomes(sentence(all(it => it.value.trim()))), KEPT];
  if (!await confirmed("Correct this fact?", body, "Correct")) return;
  go("Corrected.", afterFact(await call("POST", "/v1/facts/correct", { dataset, fact, ...right })));
});

onAction("retract", async button => {
  const { fact, statement } = button.dataset;
  if (!await confirmed("Was this never true?", [was(statement), becomes("it is shown and quoted as true no more."), KEPT], "Never true", true)) return;
  go("Said to be never true. Undo takes that back.", afterFact(await call("POST", "/v1/facts/retract", { dataset, fact })));
});

onAction("undo-fact", async button => {
  const { fact, statement } = button.dataset;
  if (!await confirmed("Take back what was said of this fact?", [was(statement), becomes("what the passages state counts again.")], "Undo")) return;
  go("Undone.", afterFact(await call("POST", "/v1/facts/undo", { dataset, fact })));
});

onSubmit("correct-entity", async form => {
  const right = changed(form), fields = ["name", "type"].map(it => form.elements[it]);
  const body = [was(fields.map(it => it.dataset.was).join(", ")), becomes(fields.map(it => it.value.trim()).join(", ")),
    ...(right.name ? ["The name that it has now stays one of its names. Where another entity has the new one, the two are one from now on."] : []), KEPT];
  if (!await confirmed("Correct this entity?", body, "Correct")) return;
  const { changed: isChanged } = await call("POST", "/v1/entities/correct", { dataset, entity: name, ...right });
  go(isChanged ? "Corrected." : "It is that already.", page("/entity", { entity: right.name ?? name }));
});

onAction("undo-entity", async () => {
  if (!await confirmed("Take back what was said of this entity?", ["It is, and is called, what the passages say."], "Undo")) return;
  await call("POST", "/v1/entities/undo", { dataset, entity: name });
  go("Undone.", page("/entity", { entity: name }));
});

const described = it => `${it.name}, ${it.type}, ${it.facts.toLocaleString()} fact${it.facts === 1 ? "" : "s"}` + (it.aliases.length ? `, also ${it.aliases.slice(0, 5).join(", ")}` : "");
const record = async entity => (await call("GET", "/v1/entities/entity?" + new URLSearchParams({ dataset, entity }))).entity;

async function merge(a, b, reason = "") {
  const [one, other] = [await record(a), await record(b)];
  const body = one.id === other.id ? ["The rules take these names for one already; your decision keeps it so."]
    : [was(`${described(one)}; and ${described(other)}`), becomes("one entity, with the names and facts of both.")];
  if (!await confirmed(`Are ${a} and ${b} one?`, [...body, KEPT], "Merge")) return;
  const { changed: isChanged } = await call("POST", "/v1/entities/same", { dataset, a, b, reason });
  go(isChanged ? "Merged. Keep apart takes that back." : "That was decided already.", page("/entity", { entity: a }));
}

onSubmit("merge", form => merge(name, form.elements.other.value.trim(), form.elements.reason.value.trim()));
onAction("same-again", button => merge(button.dataset.a, button.dataset.b));

onAction("keep-apart", async button => {
  const { a, b } = button.dataset;
  const body = [was(`${a} and ${b} are names of one entity.`), becomes("they are two, each with the facts that name it."), KEPT];
  if (!await confirmed(`Keep ${a} and ${b} apart?`, body, "Keep apart")) return;
  await call("POST", "/v1/entities/keep_apart", { dataset, a, b });
  go("Kept apart. Take as one brings them together again.", page("/entity", { entity: b }));
});

// Names that there are, as one types.
const names = document.getElementById("names");
let asking;
document.addEventListener("input", event => {
  if (event.target.getAttribute("list") !== "names") return;
  clearTimeout(asking);
  const query = event.target.value.trim();
  if (query) asking = setTimeout(async () => {
    try {
      const found = await call("GET", "/v1/entities?" + new URLSearchParams({ dataset, query, limit: 12 }));
      names.replaceChildren(...found.filter(it => it.id !== entity).map(it => make("option", { value: it.name }, it.type)));
    } catch { /* a help alone: what is typed counts without it */ }
  }, 200);
});
