"""Copying turns from the session cache into the dataset's own store, from where nothing can expire.

Invariant: absence retracts nothing. A turn that has left the cache stays staged; a turn that changed (its words,
its rating or its context) is added as a newer version. What a session is staged as never depends on what has been
persisted. And what is forgotten does not come back: turns read from the cache before a `forget` are not staged after
it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sessiongraph.errors import CacheUnavailableError, SessionsNotFoundError
from sessiongraph.ids import session_document_id, turn_passage_id
from sessiongraph.metadata import to_text
from sessiongraph.secret_masking import mask_turn
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Row, Transaction
from sessiongraph.types import SESSION_NODE_SET, Turn, User

# Characters of a turn's context that a dataset keeps: of results of tools, which may be of any size.
MOST_CONTEXT = 20_000


@dataclass
class StagingReport:
    """`found` are the sessions that the cache or the dataset knows, `missing` those that neither does.

    `unread` are those that the cache could not give, and why; `turns` how many it gave, `staged` how many were new,
    `copies` those that belong to another dataset, `secrets` how many of which kind were masked in what was staged.
    """

    run_id: str
    found: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    turns: int = 0
    staged: int = 0
    copies: list[Turn] = field(default_factory=list, repr=False)
    secrets: Counter[str] = field(default_factory=Counter)

    def add(self, other: "StagingReport") -> None:
        """Take in what `other` says."""
        self.found += other.found
        self.missing += other.missing
        self.unread |= other.unread
        self.turns += other.turns
        self.staged += other.staged
        self.copies += other.copies
        self.secrets += other.secrets


def staged_context(turn: Turn) -> str | None:
    """The context of a turn as a dataset keeps it: none of a search's, and of a very long one the beginning."""
    if not turn.context or not turn.keeps_context:
        return None
    return turn.context if len(turn.context) <= MOST_CONTEXT else f"{turn.context[: MOST_CONTEXT - 1]}…"


async def stage_sessions(
    cache: SessionCache,
    store: GraphStore,
    user: User,
    session_ids: Sequence[str],
    *,
    run_id: str,
    belongs: Callable[[Turn], bool] = lambda turn: True,
    whole: bool = False,
    allow_secrets: bool = False,
) -> StagingReport:
    """Stage what is new of a user's sessions, of the turns that belong to the store's dataset, as `belongs` says.

    With `whole`, the others are staged too, as copies: they go on waiting for where they belong. Secrets that the cache
    has, because turns belong where they are allowed, are masked unless this dataset has `allow_secrets`.
    A session that the cache cannot give is reported as unread; the others go on. Raises CacheUnavailableError where
    none could be read and the dataset knows none either.
    """
    while True:
        forgotten = await asyncio.to_thread(store.read, count_forgets)
        report, turns = await _read_cache(cache, user, session_ids, run_id, lambda turn: whole or belongs(turn))
        known, (changed, secrets) = await asyncio.to_thread(
            store.read,
            lambda con, turns=turns: (
                known_sessions(con, user, session_ids),
                _changed(con, user, turns, allow_secrets),
            ),
        )
        report.copies = [turn for turn in turns if not belongs(turn)]
        known |= {turn.session_id for turn in turns}
        report.found = [session_id for session_id in dict.fromkeys(session_ids) if session_id in known]
        report.missing = [s for s in dict.fromkeys(session_ids) if s not in known and s not in report.unread]
        if report.unread and not report.found:
            raise CacheUnavailableError(next(iter(report.unread.values())))
        if not changed:
            await _note_staged(cache, filter(belongs, turns))
            return report
        staged = await asyncio.to_thread(
            store.write,
            run_id,
            "session_turns",
            lambda tx, turns=turns, before=forgotten: stage_turns(tx, user, turns, before, allow_secrets),
        )
        if staged is not None:
            report.staged, report.secrets = staged, secrets
            await _note_staged(cache, filter(belongs, turns))
            return report


async def _note_staged(cache: SessionCache, turns: Iterable[Turn]) -> None:
    """Tell the cache, after the commit. Where it cannot be told, the next tick of the sensor finds them once more."""
    with suppress(CacheUnavailableError):
        await asyncio.to_thread(cache.note_staged, list(turns))


async def _read_cache(
    cache: SessionCache, user: User, session_ids: Sequence[str], run_id: str, takes: Callable[[Turn], bool]
) -> tuple[StagingReport, list[Turn]]:
    report = StagingReport(run_id)
    turns: list[Turn] = []
    unavailable: str | None = None
    for session_id in dict.fromkeys(session_ids):
        if unavailable is not None:
            report.unread[session_id] = unavailable
            continue
        try:
            turns += filter(takes, await asyncio.to_thread(cache.get_turns, user.id, session_id))
        except CacheUnavailableError as error:
            report.unread[session_id] = str(error)
            unavailable = await asyncio.to_thread(_unavailable_reason, cache)
    report.turns = len(turns)
    return report, turns


def _unavailable_reason(cache: SessionCache) -> str | None:
    """Why the cache gives nothing at all, which is waited for once and not once a session; None where it answers."""
    try:
        cache.check()
    except CacheUnavailableError as error:
        return str(error)
    return None


async def stage_sessions_of_users(
    cache: SessionCache,
    store: GraphStore,
    sessions: Mapping[User, Sequence[str]],
    *,
    run_id: str,
    belongs: Callable[[Turn], bool] = lambda turn: True,
    whole: bool = False,
    allow_secrets: bool = False,
) -> StagingReport:
    """As `stage_sessions`, for several users; the report names a session as "user/session id"."""
    report = StagingReport(run_id)
    for user, session_ids in sessions.items():
        try:
            part = await stage_sessions(
                cache,
                store,
                user,
                session_ids,
                run_id=run_id,
                belongs=belongs,
                whole=whole,
                allow_secrets=allow_secrets,
            )
        except CacheUnavailableError as error:
            part = StagingReport(run_id, unread=dict.fromkeys(session_ids, str(error)))
        part.found = [f"{user.name}/{session_id}" for session_id in part.found]
        part.missing = [f"{user.name}/{session_id}" for session_id in part.missing]
        part.unread = {f"{user.name}/{session_id}": why for session_id, why in part.unread.items()}
        report.add(part)
    if report.unread and not report.found:
        raise CacheUnavailableError(next(iter(report.unread.values())))
    return report


def sessions_not_found(missing: Sequence[str], users: Sequence[User]) -> SessionsNotFoundError:
    """What to raise where none of the sessions asked for is known."""
    names = ", ".join(repr(user.name) for user in users)
    return SessionsNotFoundError(
        f"No session found: {', '.join(map(repr, missing))}. Neither the cache nor the dataset knows "
        f"them for user {names}. List what there is with sessions.list_sessions(); "
        "a search or sessions.add_turn with a session_id makes one.",
        tuple(missing),
    )


def known_sessions(connection: StoreConnection, user: User, session_ids: Sequence[str]) -> set[str]:
    rows = connection.execute(
        "SELECT session_id FROM documents WHERE user_id = ? AND session_id IN (SELECT unnest(?))",
        [user.id, list(session_ids)],
    ).fetchall()
    return {session_id for (session_id,) in rows}


def _changed(
    connection: StoreConnection, user: User, turns: Sequence[Turn], allow_secrets: bool
) -> tuple[list[Row], Counter[str]]:
    """Rows for those of `turns` whose newest staged version differs, or that have none; and what was masked in them.

    What was staged before secrets were masked stays as it is, for as long as nobody changes it.
    """
    columns = (
        *("passage_id", "content_hash", "score", "feedback", "created_at", "utc_offset_minutes", "position"),
        "context",
    )
    staged = connection.execute(
        f"SELECT {', '.join(columns)}, metadata FROM current_turns WHERE document_id IN (SELECT unnest(?))",
        [list({session_document_id(user.id, turn.session_id) for turn in turns})],
    ).fetchall()
    known, metadata = {row[:-1] for row in staged}, {row[0]: row[-1] for row in staged}

    def row_of(turn: Turn) -> Row:
        """A turn that comes without metadata, as an import's does, keeps what it had."""
        row = _row(user, turn)
        return row | {"metadata": row["metadata"] or metadata.get(row["passage_id"])}

    def is_new(row: Row) -> bool:
        is_known = tuple(row[column] for column in columns) in known
        return not is_known or row["metadata"] != metadata[row["passage_id"]]

    new = [(turn, row) for turn in turns if is_new(row := row_of(turn))]
    if allow_secrets:
        return [row for _, row in new], Counter()
    masked = [mask_turn(turn) for turn, _ in new]
    changed = [(row, secrets) for turn, secrets in masked if is_new(row := row_of(turn))]
    return [row for row, _ in changed], sum((secrets for _, secrets in changed), Counter())


def count_forgets(connection: StoreConnection) -> int:
    """A number that grows with every `forget` of turns, and only then: that commits none, or takes some away."""
    query = """SELECT count(*) FROM commits c
        WHERE asset = 'session_turns' AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.seq = c.seq)"""
    return int(connection.execute(query).fetchall()[0][0])


def stage_turns(tx: Transaction, user: User, turns: Sequence[Turn], forgotten: int, allow_secrets: bool) -> int | None:
    """How many turns were new; None, and nothing written, where something was forgotten since `turns` were read."""
    if count_forgets(tx.connection) != forgotten:
        return None
    changed, _ = _changed(tx.connection, user, turns, allow_secrets)
    sessions = {turn.session_id: turn for turn in reversed(turns)}
    known = known_sessions(tx.connection, user, list(sessions))
    new = [turn for session_id, turn in sessions.items() if session_id not in known]
    tx.insert("documents", [_document(user, turn) for turn in new])
    tx.insert(
        "node_sets",
        [{"document_id": session_document_id(user.id, turn.session_id), "name": SESSION_NODE_SET} for turn in new],
    )
    tx.insert("turns", changed)
    return len(changed)


def _document(user: User, first: Turn) -> Row:
    return {
        "id": session_document_id(user.id, first.session_id),
        "kind": "session",
        "name": first.session_id,
        "source": None,
        "text": None,
        "user_id": user.id,
        "user_name": user.name,
        "session_id": first.session_id,
        "created_at": _utc(first.created_at),
    }


def _row(user: User, turn: Turn) -> dict[str, Any]:
    document_id = session_document_id(user.id, turn.session_id)
    return {
        "passage_id": turn_passage_id(document_id, turn.turn_id),
        "document_id": document_id,
        "turn_id": turn.turn_id,
        "question": turn.question,
        "answer": turn.answer,
        "content_hash": turn.content_hash,
        "created_at": _utc(turn.created_at),
        "utc_offset_minutes": turn.utc_offset_minutes,
        "position": turn.position,
        "score": turn.score,
        "feedback": turn.feedback,
        "elements": list(turn.elements),
        "context": staged_context(turn),
        "metadata": to_text(turn.metadata),
    }


def _utc(moment: datetime) -> datetime:
    """As the store keeps times: in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
