"""Building the graph: the one way in which passages, of documents or sessions, are extracted and committed.

Invariants:
- The ledger rows, summaries and evidence of windows are committed in one transaction.
- A commit reads what is due once more, and drops what another process has settled meanwhile or
  what is no longer as it was read. So any number of persists may run at once, and none needs a lock but the store's.
- No store is held while a model is called.
- A build of all documents reads those to which something came since the last one, and those that it left something of
  (`all_documents`); what it finds due is what it would find if it read all.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from sessiongraph.errors import LLMFailedError, SessionGraphError
from sessiongraph.extraction.all_documents import AllDocuments
from sessiongraph.extraction.dataset_schema import read_schema
from sessiongraph.extraction.embedding import embed_missing
from sessiongraph.extraction.ledger import (
    LedgerRow,
    Passage,
    PassageReader,
    Status,
    failure_reason,
    passage_status,
    read_ledger,
    window_id,
)
from sessiongraph.extraction.long_windows import LongWindows
from sessiongraph.extraction.schema_fit import SchemaFit
from sessiongraph.extraction.window_extraction import WindowExtraction, extract, extractor_version
from sessiongraph.graph_schema import GraphSchema
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.prompts.prompt_format import Window
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Row, Transaction
from sessiongraph.types import Progress, ProgressCallback, Usage

# Calls that are answered while a run goes on are committed this often: what a kill can cost at the most.
COMMIT_SECONDS = 2.0


@dataclass
class KnowledgeReport:
    """What a build did. `ledger` holds what became of each of its `passages`, whichever run it was that did it.

    `passages` are those of the documents that it was asked for or, of all, of those to which something had come or of
    which something was left; `others` counts the verdicts on the passages of the rest, by disposition and reason.
    `settled` counts the passages that this build wrote down in the ledger as persisted or skipped, `extracted` the
    windows that it had extracted for them, `mentions` and `claims` the evidence that this gave, `dropped` the
    "entities" and "facts" for which the dataset's schema has no place; `unembedded` the texts that are found by their
    words alone until a later build, `unanswered` those of them for which the embedder gave no answer at all; `stale`
    the passages that would be read otherwise today, and stay as they are until `reextract`. `failure` is what ended the
    build before all was done: what had been answered by then is committed, and the next build takes up the rest. Who
    asked for it reports that, then raises it.
    """

    run_id: str
    # No text of a document in what is printed or logged of a report.
    passages: list[Passage] = field(default_factory=list, repr=False)
    ledger: dict[str, LedgerRow] = field(default_factory=dict, repr=False)
    others: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    settled: int = 0
    extracted: int = 0
    mentions: int = 0
    claims: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    unembedded: int = 0
    unanswered: int = 0
    stale: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    failure: SessionGraphError | None = None

    @property
    def passage_count(self) -> int:
        return len(self.passages) + self.others.total()

    @property
    def verdicts(self) -> Counter[tuple[str, str | None]]:
        """How many passages there are of each disposition and reason."""
        return self.others + Counter((row.disposition, row.reason) for row in self.ledger.values())

    def count(self, disposition: str) -> int:
        return sum(count for (found, _), count in self.verdicts.items() if found == disposition)

    @property
    def quarantined(self) -> list[str]:
        """The ids of those failed passages that are tried again only with `retry_failed`."""
        return [passage_id for passage_id, row in self.ledger.items() if row.quarantined]

    @property
    def is_undone(self) -> bool:
        """Whether there is something left that the next build tries again by itself."""
        return self.unanswered > 0 or self.count("failed") > len(self.quarantined)


async def build_knowledge(
    store: GraphStore,
    llm: LLM,
    embedder: Embedder,
    read_passages: PassageReader,
    *,
    run_id: str,
    asset: str,
    document_ids: Sequence[str] | None = None,
    retry_failed: bool = False,
    reextract: bool = False,
    progress: ProgressCallback | None = None,
) -> KnowledgeReport:
    """Bring into the graph what `read_passages` finds and the ledger does not have.

    The report says what became of each passage. `retry_failed` tries what is quarantined once more, `reextract` takes
    what is stale too; `progress` is told how many of the passages are done. The report's `failure` is an LLMFailedError
    where the model failed for good, or for everything that was asked of it, or where there was nothing to do but to
    embed and the embedder gave no answer; LLMNotConfiguredError, or StoreBusyError.
    Raises StoreBusyError where not even what there is could be read.
    """
    started = time.monotonic()
    report = KnowledgeReport(run_id)
    schema = await asyncio.to_thread(store.read, read_schema)
    builder = _Builder(store, llm, schema, read_passages, report, asset, reextract, progress)
    everything = builder.all_documents(embedder) if document_ids is None else None
    due = await builder.read(document_ids, everything, retry_failed)
    asked_for: Counter[str] | None = None
    try:
        await builder.extract_and_commit(due, embedder)
        embedded = await embed_missing(store, embedder, report.passages, run_id=run_id, asset=asset, progress=progress)
        report.usage, report.unembedded = report.usage + embedded.usage, embedded.missing
        report.unanswered = embedded.unanswered
        asked_for = embedded.asked_for
        # Where something was settled, or embedded, the run did what it could; else it did nothing.
        idle = not (report.settled or embedded.embedded)
        report.failure = builder.total_failure or (embedded.error if idle else None)
    except SessionGraphError as error:
        report.failure = error
    await asyncio.to_thread(store.read, lambda con: builder.read_outcome(con, due, everything, asked_for))
    report.seconds = time.monotonic() - started
    return report


@dataclass(frozen=True)
class DuePassages:
    """Passages that the ledger does not have as they should be, and the ids of their windows extracted before.

    `ledger` is what it has, and `statuses` what there is to do, of all that were read.
    """

    passages: list[Passage]
    ledger: dict[str, LedgerRow]
    statuses: Mapping[str, Status]
    extracted_windows: set[str]
    extractor: str

    @property
    def stale(self) -> int:
        """How many of those that were read would be read otherwise today than the ledger has it."""
        return sum(status == "stale" for status in self.statuses.values())

    def with_ledger(self, passages: Iterable[Passage], ledger: dict[str, LedgerRow]) -> "DuePassages":
        """The same after the ledger has come to say `ledger` of `passages`."""
        statuses = {
            it.id: self.statuses[it.id]
            if ledger.get(it.id) == self.ledger.get(it.id)
            else passage_status(it, ledger.get(it.id), self.extractor)
            for it in passages
        }
        return DuePassages(self.passages, ledger, statuses, self.extracted_windows, self.extractor)

    def split(self) -> tuple[list[Passage], dict[Window, list[Passage]]]:
        """The passages that can be written down as they are; the others by the windows that must be extracted first."""
        ready: list[Passage] = []
        to_extract: dict[Window, list[Passage]] = {}
        for passage in self.passages:
            if passage.skip or window_id(passage.window, self.extractor) in self.extracted_windows:
                ready.append(passage)
            else:
                to_extract.setdefault(passage.window, []).append(passage)
        return ready, to_extract


def read_due_passages(
    connection: StoreConnection,
    read_passages: PassageReader,
    extractor: str,
    document_ids: Sequence[str] | None,
    retry_failed: bool,
    reextract: bool,
) -> tuple[list[Passage], DuePassages]:
    """All that `read_passages` finds, and what of it is due: with what is quarantined or stale, where that is asked."""
    passages = read_passages(connection, document_ids)
    ledger = read_ledger(connection, [passage.id for passage in passages])
    wanted = {"due", *(["quarantined"] if retry_failed else []), *(["stale"] if reextract else [])}
    statuses = {p.id: passage_status(p, ledger.get(p.id), extractor) for p in passages}
    due = [p for p in passages if statuses[p.id] in wanted]
    extracted = _extracted_windows(connection, [window_id(p.window, extractor) for p in due])
    return passages, DuePassages(due, ledger, statuses, extracted, extractor)


class _Builder:
    """What one build has extracted and not yet committed."""

    def __init__(
        self,
        store: GraphStore,
        llm: LLM,
        schema: GraphSchema | None,
        read_passages: PassageReader,
        report: KnowledgeReport,
        asset: str,
        reextract: bool,
        progress: ProgressCallback | None,
    ) -> None:
        self._store, self._llm, self._read_passages = store, llm, read_passages
        self._report, self._asset, self._reextract = report, asset, reextract
        self._progress = progress
        # One that is set meanwhile makes stale what this build extracts.
        self._extractor = extractor_version(llm, schema)
        self._fit = None if schema is None else SchemaFit(schema)
        self._passages: list[Passage] = []
        self._extractions: dict[str, WindowExtraction] = {}
        self._left_out: dict[str, str] = {}
        self._windows_asked = 0
        self._done = self._failed = self._due = 0
        self._errors: list[LLMFailedError] = []

    @property
    def total_failure(self) -> LLMFailedError | None:
        """The first error, where every window that was asked for failed."""
        return self._errors[0] if self._windows_asked and len(self._errors) == self._windows_asked else None

    def all_documents(self, embedder: Embedder) -> AllDocuments:
        return AllDocuments(self._store, self._asset, self._extractor, embedder.identity)

    async def read(
        self, document_ids: Sequence[str] | None, everything: AllDocuments | None, retry_failed: bool
    ) -> DuePassages:
        """What is due, of the named documents or of `everything`; all that was read goes into the report."""

        def read(connection: StoreConnection) -> tuple[list[Passage], DuePassages]:
            if everything is None:
                return self._read(connection, document_ids, retry_failed)
            passages, due = self._read(connection, everything.look(connection, self._reextract), retry_failed)
            everything.keep_statuses(passages, due.statuses)
            return passages, due

        self._report.passages, due = await asyncio.to_thread(self._store.read, read)
        return due

    def read_outcome(
        self,
        connection: StoreConnection,
        due: DuePassages,
        everything: AllDocuments | None,
        asked_for: Counter[str] | None,
    ) -> None:
        """Put into the report what became of what it has read, and how the rest stands. What was asked of the embedder
        is kept, where it was asked to the end."""
        report = self._report
        # A build to which nothing was due has read all that there is to say.
        ledger = read_ledger(connection, [it.id for it in report.passages]) if due.passages else due.ledger
        report.ledger = {passage.id: ledger[passage.id] for passage in report.passages if passage.id in ledger}
        report.stale = due.with_ledger(report.passages, ledger).stale
        if everything is not None:
            report.others = everything.other_verdicts(connection, report.ledger)
            report.stale += everything.stale_in_others
            if asked_for is not None:
                everything.keep_unembedded(connection, asked_for)

    async def extract_and_commit(self, due: DuePassages, embedder: Embedder) -> None:
        """Extract what no build has, and commit all of `due` as answers come in, also where a call fails for good."""
        self._passages, to_extract = due.split()
        self._windows_asked = len(to_extract)
        self._due = len(due.passages)
        self._tell(len(self._passages))
        if to_extract:
            # Before anything is paid for: both models are needed to the end.
            await asyncio.to_thread(self._llm.check)
            await asyncio.to_thread(embedder.check)
        try:
            await self._extract(to_extract)
        finally:
            await self._commit()

    async def _extract(self, to_extract: dict[Window, list[Passage]]) -> None:
        last_commit = time.monotonic()
        long = LongWindows(to_extract)
        # Closed, so that no call goes on whose answer nobody will write down.
        async with aclosing(extract(self._llm, long.pieces, self._fit)) as results:
            async for result in results:
                self._report.usage += result.usage
                for extraction, left_out in (whole for it in result.extractions for whole in long.take(it)):
                    self._passages += to_extract[extraction.window]
                    self._extractions[self._id_of(extraction.window)] = extraction
                    if left_out:
                        self._left_out[self._id_of(extraction.window)] = left_out
                    if extraction.error:
                        self._errors.append(extraction.error)
                    self._tell(len(to_extract[extraction.window]), bool(extraction.error))
                if time.monotonic() - last_commit > COMMIT_SECONDS:
                    await self._commit()
                    last_commit = time.monotonic()

    def _tell(self, more: int, have_failed: bool = False) -> None:
        """Tell how far this is, `more` passages being done."""
        self._done += more
        self._failed += more * have_failed
        if self._progress is not None and self._due:
            self._progress(Progress("passages", self._done, self._due, self._failed))

    def _id_of(self, window: Window) -> str:
        return window_id(window, self._extractor)

    def _read(
        self, connection: StoreConnection, document_ids: Sequence[str] | None, retry_failed: bool
    ) -> tuple[list[Passage], DuePassages]:
        return read_due_passages(
            connection, self._read_passages, self._extractor, document_ids, retry_failed, self._reextract
        )

    async def _commit(self) -> None:
        passages, extractions = self._passages, self._extractions
        self._passages, self._extractions = [], {}
        if passages:
            await asyncio.to_thread(
                self._store.write, self._report.run_id, self._asset, lambda tx: self._write(tx, passages, extractions)
            )

    def _write(self, tx: Transaction, passages: list[Passage], extractions: dict[str, WindowExtraction]) -> None:
        # Quarantine keeps from asking, not from writing down an answer that is there.
        _, due = self._read(tx.connection, list({passage.document_id for passage in passages}), retry_failed=True)
        ready = {passage.id: passage for passage in passages}
        # What was extracted before may have been forgotten since: then it is due again, and not settled by this.
        extracted = due.extracted_windows | extractions.keys()
        settled = [p for p in due.passages if ready.get(p.id) == p and (p.skip or self._id_of(p.window) in extracted)]
        verdicts = [self._ledger_row(passage, extractions) for passage in settled]
        tx.insert("ledger", verdicts)
        new = {self._id_of(passage.window) for passage in settled} & extractions.keys() - due.extracted_windows
        succeeded = {id_: extractions[id_] for id_ in sorted(new) if not extractions[id_].error}
        rows = _evidence_rows(succeeded)
        for table, table_rows in rows.items():
            tx.insert(table, table_rows)
        self._report.settled += len(settled) - sum(row["disposition"] == "failed" for row in verdicts)
        self._report.extracted += len(succeeded)
        self._report.mentions += len(rows["mentions"])
        self._report.claims += len(rows["claims"])
        self._report.dropped += sum((it.dropped for it in succeeded.values()), Counter())

    def _ledger_row(self, passage: Passage, extractions: dict[str, WindowExtraction]) -> Row:
        window_id = self._id_of(passage.window)
        extraction = extractions.get(window_id)
        disposition, reason = "persisted", self._left_out.get(window_id)
        if passage.skip:
            disposition, reason = "skipped", passage.skip
        elif extraction is not None and extraction.error is not None:
            disposition, reason = "failed", failure_reason(extraction.error)
        return {
            "passage_id": passage.id,
            "window_id": window_id,
            "extractor": self._extractor,
            "disposition": disposition,
            "reason": reason,
        }


def _extracted_windows(connection: StoreConnection, window_ids: list[str]) -> set[str]:
    if not window_ids:
        return set()
    rows = connection.execute("SELECT id FROM windows WHERE id IN (SELECT unnest(?))", [window_ids]).fetchall()
    return {window_id for (window_id,) in rows}


def _evidence_rows(extractions: dict[str, WindowExtraction]) -> dict[str, list[Row]]:
    return {
        "windows": [{"id": window_id, "summary": it.summary} for window_id, it in extractions.items()],
        "mentions": [{"window_id": window_id, **row} for window_id, it in extractions.items() for row in it.mentions],
        "claims": [{"window_id": window_id, **row} for window_id, it in extractions.items() for row in it.claims],
    }
