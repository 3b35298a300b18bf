"""Persisting sessions, whole: stage what the cache has, bring it into the graph, and say what became of every turn."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sessiongraph.errors import SessionGraphError
from sessiongraph.extraction.build_graph import KnowledgeReport, build_knowledge
from sessiongraph.graph_schema import dropped_by_schema
from sessiongraph.ids import session_document_id
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.persistence.session_staging import sessions_not_found, stage_sessions
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.secret_masking import told
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import ProgressCallback, Turn, Usage, User


@dataclass(frozen=True)
class TurnOutcome:
    """What stands in the ledger for a turn: `disposition` is persisted, skipped or failed; `run_id` who wrote it.

    One that is `quarantined` failed too often to be tried again unasked.
    """

    turn_id: str
    disposition: str
    reason: str | None
    run_id: str
    quarantined: bool = False


@dataclass(frozen=True)
class SessionOutcome:
    """What became of one session's turns, in the order in which they were said."""

    session_id: str
    turns: list[TurnOutcome]


@dataclass
class PersistReport:
    """What stands in the graph of the sessions that were asked for, and what this call did for it.

    `persisted`, `skipped` and `failed` count turns as they stand now, whichever run did it. `staged` (turns copied from
    the cache), `settled` (turns written down in the ledger) and `extracted` (turns sent to the model) count what this
    call did: all are 0 where nothing was new. `stale` counts turns that would be read otherwise today, by another model
    or version, and stay as they are until `reextract`. `dropped` counts the "entities" and "facts" for which the
    dataset's schema has no place. `missing` sessions are known to neither the cache nor the dataset; `unread`
    ones could not be read from the cache, and why. `failure` is what ended the call before all was done; `copies` are
    turns that belong to another dataset, and `warnings` say who can read now what they quote from where they may not.
    `secrets` counts by kind what was masked in turns that were copied from where it is allowed.
    """

    run_id: str
    sessions: dict[str, SessionOutcome] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    staged: int = 0
    settled: int = 0
    extracted: int = 0
    stale: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    failure: SessionGraphError | None = None
    copies: list[Turn] = field(default_factory=list, repr=False)
    warnings: list[str] = field(default_factory=list)
    secrets: Counter[str] = field(default_factory=Counter)

    @property
    def turns(self) -> list[TurnOutcome]:
        return [turn for session in self.sessions.values() for turn in session.turns]

    def _count(self, disposition: str) -> int:
        return sum(turn.disposition == disposition for turn in self.turns)

    @property
    def persisted(self) -> int:
        return self._count("persisted")

    @property
    def skipped(self) -> int:
        return self._count("skipped")

    @property
    def failed(self) -> int:
        return self._count("failed")

    @property
    def quarantined(self) -> list[TurnOutcome]:
        """Those of the failed turns that are tried again only with `retry_failed`, or when their words change."""
        return [turn for turn in self.turns if turn.quarantined]

    def __str__(self) -> str:
        if not (self.sessions or self.missing or self.unread):
            return "No sessions were named, so none was persisted."
        text = (
            f"{len(self.sessions)} session(s): {self.persisted} turn(s) persisted ({self.extracted} extracted now), "
            f"{self.skipped} skipped, {self.failed} failed."
        )
        if self.quarantined:
            text += f" {len(self.quarantined)} of those failed too often and wait for retry_failed=True."
        if self.stale:
            text += f" {self.stale} were extracted by another model, schema or version and wait for reextract=True."
        if self.dropped.total():
            text += f" {dropped_by_schema(self.dropped)}"
        if self.secrets:
            text += f" In what was staged, {told(self.secrets)}."
        if self.missing:
            text += f" Not found: {', '.join(self.missing)}."
        if self.unread:
            text += f" Could not be read from the cache: {', '.join(self.unread)}."
        return text


async def persist_sessions(
    cache: SessionCache,
    store: GraphStore,
    llm: LLM,
    embedder: Embedder,
    user: User,
    session_ids: Sequence[str],
    *,
    run_id: str,
    retry_failed: bool = False,
    reextract: bool = False,
    belongs: Callable[[Turn], bool] = lambda turn: True,
    whole: bool = False,
    progress: ProgressCallback | None = None,
    allow_secrets: bool = False,
) -> PersistReport:
    """Persist a user's sessions into the dataset behind `store`: the turns that belong to it or, `whole`, all of them.

    With `retry_failed`, what is quarantined too; with `reextract`, what is stale.

    The report's `failure` is what kept turns from being extracted, as that of `build_knowledge`.
    Raises SessionsNotFoundError where neither the cache nor the dataset knows any of them, CacheUnavailableError
    where none could be read.
    """
    report = PersistReport(run_id)
    if not session_ids:
        return report
    staging = await stage_sessions(
        cache,
        store,
        user,
        session_ids,
        run_id=run_id,
        belongs=belongs,
        whole=whole,
        allow_secrets=allow_secrets,
    )
    if not staging.found:
        raise sessions_not_found(staging.missing, [user])
    report.missing, report.unread, report.staged = staging.missing, staging.unread, staging.staged
    report.copies, report.secrets = staging.copies, staging.secrets
    documents = {session_document_id(user.id, session_id): session_id for session_id in staging.found}
    knowledge = await build_knowledge(
        store,
        llm,
        embedder,
        read_turn_passages,
        run_id=run_id,
        asset="session_knowledge",
        document_ids=list(documents),
        retry_failed=retry_failed,
        reextract=reextract,
        progress=progress,
    )
    turn_ids = await asyncio.to_thread(store.read, lambda con: _turn_ids(con, list(documents)))
    report.sessions = _outcomes(knowledge, documents, turn_ids)
    report.settled, report.extracted, report.stale = knowledge.settled, knowledge.extracted, knowledge.stale
    report.dropped = knowledge.dropped
    report.usage, report.seconds, report.failure = knowledge.usage, knowledge.seconds, knowledge.failure
    return report


def _turn_ids(connection: StoreConnection, document_ids: list[str]) -> dict[str, str]:
    rows = connection.execute(
        "SELECT DISTINCT passage_id, turn_id FROM turns WHERE document_id IN (SELECT unnest(?))",
        [document_ids],
    ).fetchall()
    return dict(rows)


def _outcomes(
    knowledge: KnowledgeReport, documents: dict[str, str], turn_ids: dict[str, str]
) -> dict[str, SessionOutcome]:
    outcomes = {session_id: SessionOutcome(session_id, []) for session_id in documents.values()}
    for passage in knowledge.passages:
        # A turn that was forgotten since has no id any more.
        if (row := knowledge.ledger.get(passage.id)) is not None and passage.id in turn_ids:
            outcome = TurnOutcome(turn_ids[passage.id], row.disposition, row.reason, row.run_id, row.quarantined)
            outcomes[documents[passage.document_id]].turns.append(outcome)
    return outcomes
