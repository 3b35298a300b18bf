// Persisting and forgetting sessions: the same on every page that shows them.
import { confirmed, make, onAction } from "./parts.js";
import { call } from "./service.js";

const listed = text => (text || "").split(" ").filter(Boolean);
export const counted = (count, one, many = one + "s") => `${count.toLocaleString()} ${count === 1 ? one : many}`;

// Each part of a session into the dataset that it belongs to; then `after`, with a word on what became of it.
export function bindPersist(after) {
  onAction("persist", async button => {
    let persisted = 0, skipped = 0, failed = 0;
    for (const dataset of listed(button.dataset.datasets)) {
      const body = { session_ids: [button.dataset.session], dataset, whole: false };
      const report = await call("POST", "/v1/persist_sessions", body);
      persisted += report.persisted; skipped += report.skipped; failed += report.failed;
    }
    await after(`${counted(persisted, "turn")} in the graph` + (skipped ? `, ${skipped} left out` : "") + (failed ? `, ${failed} failed` : "") + ".");
  });
}

// What would go of `what`, by dataset: of so many passages, which are called `noun`.
export function preview(estimates, cached, what, noun = "turn") {
  const parts = [];
  for (const [dataset, estimate] of estimates) {
    parts.push(make("h3", {}, dataset));
    parts.push(make("p", {}, `${counted(estimate.passages, noun)} of it; with them go ${counted(estimate.fact_count, "fact")} `
      + `and ${counted(estimate.entity_count, "entity", "entities")} that nothing else states.`));
    for (const [name, lines, count] of [["Facts", estimate.facts, estimate.fact_count], ["Entities", estimate.entities, estimate.entity_count]]) {
      if (!lines.length) continue;
      parts.push(make("h4", {}, name), make("ul", {}, lines.map(it => make("li", {}, it))));
      if (count > lines.length) parts.push(make("p", { class: "small" }, `… and ${(count - lines.length).toLocaleString()} more.`));
    }
  }
  if (cached) parts.push(make("p", {}, `${counted(cached, "turn")} in the cache ${cached === 1 ? "goes" : "go"}, too.`));
  if (!estimates.length) parts.push(make("p", {}, "No dataset has anything of it."));
  parts.push(make("p", {}, `What is forgotten is gone for good: no word of ${what} stays on disk.`));
  return parts;
}

// A session or, with data-turn, a turn of it, out of all datasets and the cache, once its reader saw what goes.
export function bindForget(after) {
  onAction("forget", async button => {
    const { session, turn } = button.dataset;
    const target = { session_id: session, ...(turn ? { turn_id: turn } : {}) };
    const estimates = [];
    for (const dataset of listed(button.dataset.datasets)) {
      estimates.push([dataset, await call("POST", "/v1/estimate_forget", { dataset, ...target })]);
    }
    const what = turn ? "this turn" : `session ${session}`;
    if (!await confirmed(`Forget ${what}?`, preview(estimates, Number(button.dataset.cached), what), "Forget", true)) return;
    for (const [dataset] of estimates) await call("POST", "/v1/forget", { dataset, ...target });
    // What no dataset has is in the cache alone.
    const cached = `/v1/sessions/${encodeURIComponent(session)}` + (turn ? `/turns/${encodeURIComponent(turn)}` : "");
    await call("DELETE", cached);
    await after(button);
  });
}
