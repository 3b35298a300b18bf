// Ask: sends what is typed, shows the answer as it comes with its sources, and what is done with turns.
import { clearProblem, confirmed, evidenceAddress, guarded, localTimes, make, onAction, say, shown, showProblem, timeOf } from "./parts.js";
import { call, events } from "./service.js";
import { bindPersist } from "./session_actions.js";

const session = document.querySelector(".ask").dataset.session;
const log = document.getElementById("log");
const form = document.getElementById("ask");
const question = form.elements.question;

// What the service renders of a part of the page. It is escaped there; the policy would run nothing either.
async function rendered(path, query) {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) throw new Error(page.querySelector(".problem[role=alert]:not([hidden])")?.textContent ?? "The page could not be loaded.");
  localTimes(page);
  return page.body;
}

async function refreshBeside() {
  const body = await rendered("/ask/beside", { session });
  document.getElementById("beside").replaceChildren(...body.childNodes);
}

async function refreshTurn(card) {
  const body = await rendered("/ask/turn", { session, turn: card.dataset.turn });
  const fresh = body.querySelector(".turn");
  const claims = card.querySelector(".claims");
  const old = card.querySelector(".answer");
  // The answer's links to its sources hold as long as its words do.
  if (claims && old.dataset.text === fresh.querySelector(".answer").lastChild.textContent.trim()) {
    fresh.querySelector(".answer").replaceWith(old);
    fresh.querySelector(".sources")?.replaceWith(card.querySelector(".sources"));
  }
  card.replaceWith(fresh);
  return fresh;
}

// What is told in this session and not in the graph yet has its evidence in the turn itself.
const sourceAddress = it => it.stated_by === "conversation" ? `#turn-${it.turn_id}` : evidenceAddress(it.dataset, it.id);
const STATED = { conversation: "told in this session", correction: "as somebody put it right" };

function sourceLine(citation, number) {
  const words = make("q", {}, citation.text.length > 300 ? citation.text.slice(0, 299) + "…" : citation.text);
  const where = make("a", { href: sourceAddress(citation) }, citation.name);
  return make("li", { id: `source-${citation.turn}-${number}` }, words,
    make("span", { class: "small" }, where, `, ${STATED[citation.stated_by] ?? "stated by " + citation.stated_by}, `, timeOf(citation.said_at)));
}

function showAnswer(card, result) {
  const answer = card.querySelector(".answer");
  const turn = result.turn_id ?? crypto.randomUUID();
  const numbers = new Map(result.citations.map((it, index) => [it.id, index + 1]));
  const claims = make("span", { class: "claims" });
  for (const claim of result.claims) {
    claims.append(make("span", {}, claim.text));
    for (const it of claim.citations) {
      if (!numbers.has(it.id)) continue;
      const number = numbers.get(it.id);
      claims.append(make("a", { class: "cite", href: sourceAddress(it), "aria-label": `Source ${number}: ${it.name}`, title: it.text.slice(0, 300) }, `${number}`));
    }
    claims.append(" ");
  }
  answer.dataset.text = (result.answer ?? "").trim();
  answer.replaceChildren(make("span", { class: "visually-hidden" }, "Answer: "), result.claims.length ? claims : make("span", { class: "claims" }, result.answer ?? result.context));
  for (const warning of result.warnings) answer.append(make("p", { class: "small" }, warning));
  card.querySelector(".sources")?.remove();
  if (result.citations.length) {
    const count = result.citations.length;
    answer.after(make("details", { class: "sources", open: "" }, make("summary", {}, `${count} source${count === 1 ? "" : "s"}`),
      make("ol", {}, result.citations.map((it, index) => sourceLine({ ...it, turn }, index + 1)))));
  }
}

async function ask(words, dataset) {
  document.getElementById("begin")?.remove();
  const answer = make("div", { class: "answer" }, "Looking…");
  // Busy, so that a reader's voice waits for the whole answer.
  const card = make("li", { class: "turn", "aria-busy": "true" }, make("p", { class: "question" }, words), answer);
  log.append(card);
  card.scrollIntoView({ block: "nearest" });
  const body = { query_text: words, session_id: session, ...(dataset ? { datasets: [dataset] } : {}) };
  let result = null;
  try {
    // A key of its own for each turn: sent again after a timeout, it is the same turn.
    for await (const [name, data] of events("/v1/search", body, { "Idempotency-Key": crypto.randomUUID() })) {
      if (name === "sources") answer.textContent = `Reading ${data.length} source${data.length === 1 ? "" : "s"}…`;
      if (name === "draft" || name === "answer") answer.textContent = shown(data.text);
      if (name === "done") result = data;
    }
    if (!result) throw new Error("The answer broke off. Send it again.");
  } catch (error) {
    card.remove();
    throw error;
  }
  showAnswer(card, result);
  card.removeAttribute("aria-busy");
  history.replaceState(null, "", "/ask?" + new URLSearchParams({ session, ...(dataset ? { dataset } : {}) }));
  if (result.turn_id) {
    card.dataset.turn = result.turn_id;
    await refreshTurn(card);
    refreshBeside().catch(showProblem);  // who types on waits for the answer alone
  }
}

form.addEventListener("submit", event => {
  event.preventDefault();
  const words = question.value.trim();
  const button = form.querySelector("button");
  if (!words || button.disabled) return;
  question.value = "";
  guarded(button, () => ask(words, form.elements.dataset.value).catch(error => {
    question.value = words;  // nothing typed is lost
    throw error;
  })).finally(() => question.focus());
});
question.addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
});

// An example: it is for the reader to send.
onAction("try", button => { question.value = button.textContent; question.focus(); });

const turnAddress = card => `/v1/sessions/${encodeURIComponent(session)}/turns/${encodeURIComponent(card.dataset.turn)}`;

onAction("rate", async button => {
  const score = Number(button.dataset.score);
  const card = button.closest(".turn");
  await call("PUT", turnAddress(card) + "/feedback", { score });
  const fresh = await refreshTurn(card);
  fresh.querySelector(`[data-score="${score}"]`).focus();
  say(`Rated ${score}.` + (score <= 2 ? " The answer is kept out of the graph." : ""));
  await refreshBeside();
});

onAction("edit", button => {
  const edit = button.closest(".turn").querySelector("form.edit");
  edit.hidden = !edit.hidden;
  (edit.hidden ? edit.closest(".turn").querySelector('[data-action="edit"]') : edit.elements.question).focus();
});

document.addEventListener("submit", event => {
  const edit = event.target.closest("form.edit");
  if (!edit) return;
  event.preventDefault();
  guarded(event.submitter, async () => {
    const card = edit.closest(".turn");
    await call("PATCH", turnAddress(card), { question: edit.elements.question.value, answer: edit.elements.answer.value });
    const fresh = await refreshTurn(card);
    fresh.querySelector('[data-action="edit"]').focus();
    say("Saved.");
    await refreshBeside();
  });
});

onAction("delete", async button => {
  const card = button.closest(".turn");
  const datasets = button.dataset.datasets;
  const body = [make("p", {}, "It leaves this conversation and the cache.")];
  if (datasets) body.push(make("p", {}, `What ${datasets.replaceAll(" ", ", ")} has of it stays there, until it is forgotten: `,
    make("a", { href: `/sessions/${encodeURIComponent(session)}` }, "the session's page"), " does that."));
  if (!await confirmed("Delete this turn?", body, "Delete", true)) return;
  await call("DELETE", turnAddress(card));
  card.remove();
  say("Deleted.");
  question.focus();
  await refreshBeside();
});

// Sources of earlier answers are looked up when they are opened.
log.addEventListener("toggle", async event => {
  const details = event.target;
  if (!details.open || !details.dataset?.sources) return;
  const place = details.querySelector("div");
  const address = new URL(details.dataset.sources, location.href);
  delete details.dataset.sources;
  clearProblem();
  try {
    place.replaceChildren(...(await rendered(address.pathname, address.searchParams)).childNodes);
  } catch (error) {
    showProblem(error);
  }
}, true);

bindPersist(told => { say(told); return refreshBeside(); });
log.lastElementChild?.scrollIntoView({ block: "nearest" });
