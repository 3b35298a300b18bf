"""Persisting sessions, as a dry run: what would become of every turn, and what that would cost.

Invariant: nothing is written and no model is called. The very code that a persist stages and plans with runs on
temporary tables, which stand in front of the store's own for as long as it is read.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from sessiongraph.errors import CacheUnavailableError
from sessiongraph.extraction.build_graph import DuePassages, read_due_passages
from sessiongraph.extraction.estimate import CallBasis, CallEstimate, call_basis, next_seq, price
from sessiongraph.extraction.ledger import Passage, passage_status
from sessiongraph.extraction.window_extraction import extractor_version
from sessiongraph.ids import session_document_id
from sessiongraph.llm.client import LLM
from sessiongraph.persistence.session_staging import count_forgets, known_sessions, stage_turns
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.types import Turn, User

PlannedAction = Literal["extract", "reuse", "skip", "settled"]
_ActionAndReason = tuple[PlannedAction, str | None]


@dataclass(frozen=True)
class TurnEstimate:
    """What persisting would do with a turn, why, and whether the turn would be `staged`: copied from the cache first.

    `action` is to `extract` it with a model, to `reuse` what was extracted from the same words before, to `skip` it,
    or nothing, because it is `settled`.
    """

    session_id: str
    turn_id: str
    action: PlannedAction
    reason: str | None
    staged: bool


@dataclass
class PersistEstimate(CallEstimate):
    """What persisting would do, turn by turn, and what that would cost.

    `missing` sessions are known to neither the cache nor the dataset, `unread` could not be read.
    """

    turns: list[TurnEstimate] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    def count(self, action: PlannedAction) -> int:
        return sum(turn.action == action for turn in self.turns)

    @property
    def staged(self) -> int:
        return sum(turn.staged for turn in self.turns)

    def __str__(self) -> str:
        text = (
            f"{self.staged} turn(s) would be staged, {self.count('extract')} extracted, {self.count('reuse')} taken "
            f"from what was extracted before, {self.count('skip')} skipped; {self.count('settled')} are settled. That "
            f"is {super().__str__()}."
        )
        if self.missing:
            text += f" Not found: {', '.join(self.missing)}."
        if self.unread:
            text += f" Could not be read from the cache: {', '.join(self.unread)}."
        return text


async def dry_run(
    cache: SessionCache,
    store: GraphStore,
    llm: LLM,
    sessions: Mapping[User, Sequence[str]],
    *,
    belongs: Callable[[Turn], bool] = lambda turn: True,
    retry_failed: bool = False,
    reextract: bool = False,
    allow_secrets: bool = False,
) -> PersistEstimate:
    """What persisting `sessions`, by user, into the dataset behind `store` would do now."""
    estimate = PersistEstimate(llm.model)
    cached = {
        user: await asyncio.to_thread(_read, cache, user, ids, belongs, estimate) for user, ids in sessions.items()
    }
    plan = await asyncio.to_thread(
        store.read,
        lambda con: _plan(con, llm, cached, sessions, retry_failed, reextract, estimate.unread, allow_secrets),
    )
    estimate.missing = plan.missing
    estimate.turns = plan.turns()
    _, to_extract = plan.due.split()
    await asyncio.to_thread(price, estimate, llm, list(to_extract), plan.basis)
    return estimate


def _read(
    cache: SessionCache,
    user: User,
    session_ids: Sequence[str],
    belongs: Callable[[Turn], bool],
    estimate: PersistEstimate,
) -> list[Turn]:
    turns: list[Turn] = []
    for session_id in session_ids:
        try:
            turns += filter(belongs, cache.get_turns(user.id, session_id))
        except CacheUnavailableError as error:
            estimate.unread[session_id] = str(error)
    return turns


@dataclass(frozen=True)
class _Plan:
    """What would be done once everything is staged; `names` are a passage's session and turn."""

    passages: list[Passage]
    due: DuePassages
    names: dict[str, tuple[str, str]]
    staged: set[str]
    missing: list[str]
    basis: CallBasis

    def turns(self) -> list[TurnEstimate]:
        ready, to_extract = self.due.split()
        actions = {passage.id: self._without_model(passage) for passage in ready}
        actions |= {passage.id: self._with_model(passage) for passage in chain(*to_extract.values())}
        return [
            TurnEstimate(*self.names[it.id], *(actions.get(it.id) or self._settled(it)), it.id in self.staged)
            for it in self.passages
        ]

    def _without_model(self, passage: Passage) -> _ActionAndReason:
        return ("skip", passage.skip) if passage.skip else ("reuse", "extracted before from the same words")

    def _with_model(self, passage: Passage) -> _ActionAndReason:
        row = self.due.ledger.get(passage.id)
        if row is None:
            return "extract", "new"
        if row.disposition == "failed":
            return "extract", "failed before"
        if passage_status(passage, row, self.due.extractor) == "stale":
            return "extract", "stale: extracted by another model, schema or version"
        return "extract", "its words or its context changed"

    def _settled(self, passage: Passage) -> _ActionAndReason:
        row = self.due.ledger[passage.id]
        reasons = {
            "quarantined": "quarantined: retry_failed tries it again",
            "stale": "stale: reextract extracts it with the model and version of now",
        }
        return "settled", reasons.get(passage_status(passage, row, self.due.extractor), row.disposition)


def _plan(
    connection: StoreConnection,
    llm: LLM,
    cached: Mapping[User, list[Turn]],
    sessions: Mapping[User, Sequence[str]],
    retry_failed: bool,
    reextract: bool,
    unread: Mapping[str, str],
    allow_secrets: bool,
) -> _Plan:
    documents = [session_document_id(user.id, id_) for user, ids in sessions.items() for id_ in ids]
    # Of all sessions, as they name each other's speakers apart.
    connection.draft("documents", "kind = 'session'")
    for table in ("node_sets", "turns"):
        connection.draft(table, "document_id IN (SELECT unnest(?))", [documents])
    draft = Transaction(connection, seq=next_seq(connection))
    for user, turns in cached.items():
        stage_turns(draft, user, turns, count_forgets(connection), allow_secrets)
    known = {(user, id_) for user, ids in sessions.items() for id_ in known_sessions(connection, user, ids)}
    basis = call_basis(connection)
    extractor = extractor_version(llm, basis.schema)
    passages, due = read_due_passages(connection, read_turn_passages, extractor, documents, retry_failed, reextract)
    rows = connection.execute(
        "SELECT passage_id, session_id, turn_id, t.seq FROM current_turns t JOIN documents d ON d.id = document_id"
    ).fetchall()
    return _Plan(
        passages,
        due,
        {passage_id: (session_id, turn_id) for passage_id, session_id, turn_id, _ in rows},
        {passage_id for passage_id, _, _, seq in rows if seq == draft.seq},
        [id_ for user, ids in sessions.items() for id_ in ids if (user, id_) not in known and id_ not in unread],
        basis,
    )
