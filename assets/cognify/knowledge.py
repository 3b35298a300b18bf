"""From what is due to what is committed: the one way in which passages, of documents or sessions, become graph.

Invariants:
- The ledger rows, summaries and evidence of windows are committed in one transaction, with their embeddings.
- A commit plans once more on what it then finds, and drops what another process has settled meanwhile or
  what is no longer as it was read. So any number of persists may run at once, and none needs a lock but the store's.
- No store is held while a model is called.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np

from assets.cognify.extraction import Yield, extract, extractor_version
from assets.cognify.planning import LedgerRow, Passage, Plan, is_settled, read_ledger, window_id
from resources.errors import LLMFailedError
from resources.graph_store.store import GraphStore, Row, Transaction
from resources.ids import text_id
from resources.llm.client import LLM
from resources.llm.embedder import Embedder
from resources.llm.notation import Window
from resources.types import Usage

# Calls that are answered while a run goes on are committed this often: what a kill can cost at the most.
COMMIT_SECONDS = 2.0


@dataclass
class KnowledgeReport:
    """What a build did. `ledger` holds what became of every passage planned, whichever run it was that did it.

    `settled` counts the passages that this build wrote down in the ledger, `extracted` the windows that it had
    extracted for them, `mentions` and `claims` the evidence that this gave.
    """

    run_id: str
    passages: list[Passage] = field(default_factory=list)
    ledger: dict[str, LedgerRow] = field(default_factory=dict)
    settled: int = 0
    extracted: int = 0
    mentions: int = 0
    claims: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0

    def count(self, disposition: str) -> int:
        return sum(row.disposition == disposition for row in self.ledger.values())


async def build_knowledge(
    store: GraphStore,
    llm: LLM,
    embedder: Embedder,
    plan: Plan,
    *,
    run_id: str,
    asset: str,
    document_ids: Sequence[str] | None = None,
) -> KnowledgeReport:
    """Bring into the graph what `plan` finds and the ledger does not have, and say what became of each passage.

    Raises LLMFailedError where the model failed for good, or for everything that was asked of it; what had been
    answered by then is committed, and the next run takes up the rest.
    """
    started = time.monotonic()
    builder = _Builder(store, llm, embedder, plan, run_id, asset)
    report = KnowledgeReport(run_id)
    passages, due, known = await asyncio.to_thread(store.read, lambda con: builder.due(con, document_ids))
    todo = list(dict.fromkeys(p.window for p in due if not p.skip and builder.id_of(p.window) not in known))
    builder.add([p for p in due if p.skip or builder.id_of(p.window) in known], {})
    failure: LLMFailedError | None = None
    waiting = _by_window(due)
    try:
        if todo:
            await asyncio.to_thread(llm.check)
            last = time.monotonic()
            async for answered in extract(llm, todo):
                report.usage += answered.usage
                for found in answered.yields:
                    builder.add(waiting[found.window], {builder.id_of(found.window): found})
                if time.monotonic() - last > COMMIT_SECONDS:
                    await builder.commit(report)
                    last = time.monotonic()
    except LLMFailedError as error:
        failure = error
    await builder.commit(report)
    report.passages, report.ledger = await asyncio.to_thread(
        store.read, lambda con: (passages, _restricted(read_ledger(con, document_ids), passages))
    )
    report.seconds = time.monotonic() - started
    failure = failure or builder.total_failure(len(todo))
    if failure is not None:
        raise failure
    return report


def _by_window(passages: Sequence[Passage]) -> dict[Window, list[Passage]]:
    grouped: dict[Window, list[Passage]] = {}
    for passage in passages:
        if not passage.skip:
            grouped.setdefault(passage.window, []).append(passage)
    return grouped


def _restricted(ledger: dict[str, LedgerRow], passages: Sequence[Passage]) -> dict[str, LedgerRow]:
    return {passage.id: ledger[passage.id] for passage in passages if passage.id in ledger}


class _Builder:
    """What one build has answered and not yet committed."""

    def __init__(self, store: GraphStore, llm: LLM, embedder: Embedder, plan: Plan, run_id: str, asset: str) -> None:
        self._store, self._embedder, self._plan = store, embedder, plan
        self._run_id, self._asset = run_id, asset
        self._extractor = extractor_version(llm)
        self._passages: list[Passage] = []
        self._yields: dict[str, Yield] = {}
        self._failed: list[LLMFailedError] = []

    def id_of(self, window: Window) -> str:
        return window_id(window, self._extractor)

    def due(
        self, connection: duckdb.DuckDBPyConnection, document_ids: Sequence[str] | None
    ) -> tuple[list[Passage], list[Passage], set[str]]:
        """All planned passages, those not settled, and the ids of the windows that were extracted before."""
        passages = self._plan(connection, document_ids)
        ledger = read_ledger(connection, document_ids)
        due = [p for p in passages if not is_settled(p, ledger.get(p.id), self._extractor)]
        return passages, due, _known_windows(connection, [self.id_of(p.window) for p in due])

    def add(self, passages: Sequence[Passage], yields: dict[str, Yield]) -> None:
        self._passages += passages
        self._yields |= yields
        self._failed += [found.error for found in yields.values() if found.error]

    def total_failure(self, asked: int) -> LLMFailedError | None:
        """The first error, where every window that was asked for failed."""
        return self._failed[0] if asked and len(self._failed) == asked else None

    async def commit(self, report: KnowledgeReport) -> None:
        """Embed and write what has been added since the last commit."""
        passages, yields = self._passages, self._yields
        self._passages, self._yields = [], {}
        if not passages:
            return
        texts = _texts_to_embed(passages, yields)
        missing = await asyncio.to_thread(self._store.read, lambda con: self._not_embedded(con, texts))
        vectors, usage = await self._embedder.embed([texts[text_id] for text_id in missing])
        report.usage += usage
        embedded = dict(zip(missing, vectors, strict=True))
        await asyncio.to_thread(
            self._store.write, self._run_id, self._asset, lambda tx: self._write(tx, passages, yields, embedded, report)
        )  # fmt: skip

    def _not_embedded(self, connection: duckdb.DuckDBPyConnection, texts: dict[str, str]) -> list[str]:
        rows = connection.execute(
            "SELECT text_id FROM embeddings WHERE model = ? AND text_id IN (SELECT unnest(?))",
            [self._embedder.identity, list(texts)],
        ).fetchall()
        return list(texts.keys() - {text_id for (text_id,) in rows})

    def _write(
        self,
        tx: Transaction,
        passages: list[Passage],
        yields: dict[str, Yield],
        embedded: dict[str, np.ndarray],
        report: KnowledgeReport,
    ) -> None:
        _, due, known = self.due(tx.connection, list({passage.document_id for passage in passages}))
        answered = {passage.id: passage for passage in passages}
        now = [passage for passage in due if answered.get(passage.id) == passage]
        tx.insert("ledger", [self._ledger_row(passage, yields) for passage in now])
        new = {self.id_of(p.window) for p in now} & yields.keys() - known
        good = {window_id: yields[window_id] for window_id in sorted(new) if not yields[window_id].error}
        rows = _evidence_rows(good)
        for table, table_rows in rows.items():
            tx.insert(table, table_rows)
        missing = set(self._not_embedded(tx.connection, dict.fromkeys(embedded, "")))
        tx.insert(
            "embeddings",
            [
                {
                    "text_id": text_id,
                    "model": self._embedder.identity,
                    "vector": vector.astype("<f4").tobytes(),
                }
                for text_id, vector in embedded.items()
                if text_id in missing
            ],
        )
        report.settled += len(now)
        report.extracted += len(good)
        report.mentions += len(rows["mentions"])
        report.claims += len(rows["claims"])

    def _ledger_row(self, passage: Passage, yields: dict[str, Yield]) -> Row:
        window_id = self.id_of(passage.window)
        found = yields.get(window_id)
        disposition, reason = "persisted", None
        if passage.skip:
            disposition, reason = "skipped", passage.skip
        elif found is not None and found.error is not None:
            disposition, reason = "failed", str(found.error)
        return {
            "passage_id": passage.id,
            "window_id": window_id,
            "extractor": self._extractor,
            "disposition": disposition,
            "reason": reason,
        }


def _known_windows(connection: duckdb.DuckDBPyConnection, window_ids: list[str]) -> set[str]:
    rows = connection.execute("SELECT id FROM windows WHERE id IN (SELECT unnest(?))", [window_ids]).fetchall()
    return {window_id for (window_id,) in rows}


def _evidence_rows(yields: dict[str, Yield]) -> dict[str, list[Row]]:
    return {
        "windows": [{"id": window_id, "summary": found.summary} for window_id, found in yields.items()],
        "mentions": [{"window_id": window_id, **row} for window_id, found in yields.items() for row in found.mentions],
        "claims": [{"window_id": window_id, **row} for window_id, found in yields.items() for row in found.claims],
    }


def _texts_to_embed(passages: Sequence[Passage], yields: dict[str, Yield]) -> dict[str, str]:
    """Text by id: every passage that enters the graph, and every statement of its claims."""
    texts = [passage.window.text for passage in passages if not passage.skip]
    texts += [claim["statement"] for found in yields.values() for claim in found.claims]
    return {text_id(text): text for text in texts}
