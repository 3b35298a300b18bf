"""What became of a user's sessions and their turns, wherever they are: in the cache, in datasets, or in both."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sessiongraph.api.context import acting
from sessiongraph.errors import CachingDisabledError, StoreBusyError
from sessiongraph.ids import check_session_id
from sessiongraph.persistence.due_rules import DueRules, due_at
from sessiongraph.persistence.session_routing import Routes
from sessiongraph.services import Services
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import SessionInfo, Turn, User, WaitingSession

Disposition = Literal["waiting", "persisted", "skipped", "failed"]

# How long a dataset that is being written is waited for.
_PATIENCE_SECONDS = 2.0
_MOST_PAGES = 50
# How often somebody looks for what is due.
_TICK_SECONDS = 30.0
# A session is known by so much of its first words; those of as many are looked up in the cache.
_FIRST_CHARS = 200
_MOST_FIRST_WORDS = 100

_COUNTS = """
SELECT session_id, count(*), count(*) FILTER (WHERE disposition = 'persisted'),
    count(*) FILTER (WHERE disposition = 'skipped'), count(*) FILTER (WHERE disposition = 'failed'),
    max(said_at), min(first_question)
FROM (
    SELECT d.session_id, passage_id, t.created_at AS said_at,
        first_value(question) OVER (PARTITION BY d.session_id ORDER BY t.created_at) AS first_question
    FROM documents d JOIN current_turns t ON t.document_id = d.id WHERE d.kind = 'session' AND d.user_id = $1) said
LEFT JOIN current_ledger USING (passage_id) GROUP BY session_id
"""
_TURNS = """
SELECT turn_id, passage_id, question, answer, content_hash, t.created_at, t.score, disposition, reason, run_id,
    committed_at
FROM documents d JOIN current_turns t ON t.document_id = d.id LEFT JOIN current_ledger l USING (passage_id)
LEFT JOIN commits c ON c.seq = l.seq
WHERE d.kind = 'session' AND d.user_id = $1 AND d.session_id = $2 ORDER BY t.created_at, t.position
"""


@dataclass(frozen=True)
class Waiting:
    """How many turns of a session wait for a dataset (its key; None where it is gone, or may not be written any more),
    since when, and when the first of them are persisted at the latest, by whoever persists in the home."""

    dataset: str | None
    turns: int
    since: datetime
    due_at: datetime


@dataclass(frozen=True)
class InDataset:
    """What became of the turns of a session that a dataset (its key) has."""

    dataset: str
    turns: int
    persisted: int
    skipped: int
    failed: int


@dataclass(frozen=True)
class SessionState:
    """A session: how many of its turns the cache has, until when, which of them wait, and what datasets have of it.

    `unread` are datasets that were being written and could not be read. `first_words` begin its first turn, by which
    people know it; None of some, where very many are in the cache alone.
    """

    session_id: str
    cached_turns: int
    last_activity: datetime
    expires_at: datetime | None
    waiting: tuple[Waiting, ...]
    datasets: tuple[InDataset, ...]
    unread: tuple[str, ...] = ()
    first_words: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a turn in a dataset, why, by which run and when; `passage_id` is what it is there.

    It is "waiting" where it was staged and not worked on yet, or edited or rated since.
    """

    dataset: str
    passage_id: str
    disposition: Disposition
    reason: str | None
    run_id: str | None
    at: datetime | None


@dataclass(frozen=True)
class TurnState:
    """A turn, as the cache has it (`is_cached`) or else as it was persisted.

    `dataset` is where it belongs; None where that is gone, or it has left the cache.
    """

    turn_id: str
    question: str
    answer: str
    said_at: datetime
    is_cached: bool
    score: int | None
    feedback: str | None
    elements: tuple[str, ...]
    dataset: str | None
    outcomes: tuple[Outcome, ...]

    @property
    def is_waiting(self) -> bool:
        """Whether it is to come into the graph where it belongs, and is not there as it stands."""
        there = [it.disposition for it in self.outcomes if it.dataset == self.dataset]
        return self.dataset is not None and (not there or there == ["waiting"])


async def list_states(services: Services, user: User | None) -> list[SessionState]:
    """As `Sessions.states` says."""
    return await asyncio.to_thread(lambda: _list_states(services, acting(services, user)))


async def turn_states(services: Services, session_id: str, user: User | None) -> list[TurnState]:
    """As `Sessions.outcomes` says."""
    check_session_id(session_id)
    return await asyncio.to_thread(lambda: _turn_states(services, acting(services, user), session_id))


def _cache(services: Services) -> SessionCache | None:
    try:
        return services.cache
    except CachingDisabledError:
        return None


def _list_states(services: Services, user: User) -> list[SessionState]:
    cache, rules = _cache(services), DueRules.of(services.settings, _TICK_SECONDS)
    cached = {it.session_id: it for it in cache.list_sessions(user.id)} if cache else {}
    waits = {it.session_id: it for it in _waiting(cache) if it.user_id == user.id} if cache and cached else {}
    routes = Routes(services.access)
    there: dict[str, list[InDataset]] = {}
    last: dict[str, datetime] = {}
    first: dict[str, str] = {}
    unread = []
    for key, rows in _read_all(services, user, _COUNTS, [user.id]):
        if rows is None:
            unread.append(key)
            continue
        for session_id, turns, persisted, skipped, failed, newest, words in rows:
            first.setdefault(session_id, words[:_FIRST_CHARS])
            there.setdefault(session_id, []).append(InDataset(key, turns, persisted, skipped, failed))
            last[session_id] = max(last.get(session_id, _utc(newest)), _utc(newest))
    if cache:
        first |= _first_words(cache, [it for it in cached.values() if it.session_id not in first])

    def state(session_id: str) -> SessionState:
        info: SessionInfo | None = cached.get(session_id)
        parts = _parts(waits[session_id], rules, routes) if session_id in waits else ()
        return SessionState(
            session_id,
            info.turns if info else 0,
            info.last_activity if info else last[session_id],
            info.expires_at if info else None,
            parts,
            tuple(there.get(session_id, ())),
            tuple(unread),
            first.get(session_id),
        )

    found = [state(session_id) for session_id in dict.fromkeys((*cached, *there))]
    return sorted(found, key=lambda it: it.last_activity, reverse=True)


def _waiting(cache: SessionCache) -> Iterator[WaitingSession]:
    place: int | None = 0
    for _ in range(_MOST_PAGES):
        if place is None:
            return
        sessions, place = cache.waiting(place)
        yield from sessions


def _first_words(cache: SessionCache, sessions: list[SessionInfo]) -> dict[str, str]:
    newest = sorted(sessions, key=lambda it: it.last_activity, reverse=True)[:_MOST_FIRST_WORDS]
    turns = {it.session_id: cache.get_turns(it.user_id, it.session_id) for it in newest}
    return {session_id: found[0].question[:_FIRST_CHARS] for session_id, found in turns.items() if found}


def _parts(session: WaitingSession, rules: DueRules, routes: Routes) -> tuple[Waiting, ...]:
    """One a dataset: what names none, and what names the one that it then goes to, wait for the same."""
    found: dict[str | None, Waiting] = {}
    for part in session.waiting:
        key, due = routes.dataset_key(session.user_id, part.dataset_id), due_at(session, part, rules)
        so_far = found.get(key, Waiting(key, 0, part.since, due))
        found[key] = Waiting(key, so_far.turns + part.turns, min(so_far.since, part.since), min(so_far.due_at, due))
    return tuple(found.values())


def _turn_states(services: Services, user: User, session_id: str) -> list[TurnState]:
    cache, routes = _cache(services), Routes(services.access)
    cached = {turn.turn_id: turn for turn in cache.get_turns(user.id, session_id)} if cache else {}
    outcomes: dict[str, list[Outcome]] = {}
    left: dict[str, TurnState] = {}
    for key, rows in _read_all(services, user, _TURNS, [user.id, session_id]):
        for turn_id, passage, question, answer, words, said_at, score, became, reason, run_id, at in rows or ():
            turn = cached.get(turn_id)
            is_changed = turn is not None and (turn.content_hash, turn.score) != (words, score)
            disposition: Disposition = "waiting" if became is None or is_changed else became
            outcome = Outcome(key, passage, disposition, None if is_changed else reason, run_id, at and _utc(at))
            outcomes.setdefault(turn_id, []).append(outcome)
            if turn is None:
                left[turn_id] = TurnState(turn_id, question, answer, _utc(said_at), False, score, None, (), None, ())
    states = [*left.values(), *(_state(turn, routes) for turn in cached.values())]
    with_outcomes = [replace(state, outcomes=tuple(outcomes.get(state.turn_id, ()))) for state in states]
    return sorted(with_outcomes, key=lambda it: it.said_at)


def _state(turn: Turn, routes: Routes) -> TurnState:
    return TurnState(
        turn.turn_id,
        turn.question,
        turn.answer,
        turn.created_at,
        True,
        turn.score,
        turn.feedback,
        turn.elements,
        routes.dataset_key(turn.user_id, turn.dataset_id),
        (),
    )


def _read_all(
    services: Services, user: User, query: str, values: list[str]
) -> Iterator[tuple[str, list[tuple[Any, ...]] | None]]:
    """What each dataset that the user may read answers, by key; None of one that is being written."""

    def asked(connection: StoreConnection) -> list[tuple[Any, ...]]:
        return connection.execute(query, values).fetchall()

    for dataset in services.access.list_datasets(user):
        store = services.store(dataset)
        if not store.exists:
            continue
        try:
            yield dataset.key, store.read(asked, _PATIENCE_SECONDS)
        except StoreBusyError:
            yield dataset.key, None


def _utc(at: datetime) -> datetime:
    # Out of a dataset's store: in UTC, without saying so.
    return at.replace(tzinfo=UTC)
