"""Conversations into the session cache: what is new, what was edited, what is gone, and nothing else.

Invariants: what the cache or the dataset has just as the export says it is not written again, so importing twice adds
nothing. What is written lives for the cache's TTL from now on, however long ago it was said. Where a turn belongs
stays, and a rating, unless another comes along. What an export lacks retracts nothing; only what it shows as given up
or emptied is withdrawn: a turn that was persisted is emptied, so that the next persist takes it out of the graph, and
one that was not is deleted.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

from sessiongraph.access.control import AccessControl
from sessiongraph.access.secrets import without_secrets
from sessiongraph.ids import session_document_id
from sessiongraph.importers.conversations import Conversation, ImportedTurn, session_id_of, turns_of
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.persistence.session_staging import staged_context
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Turn, User


@dataclass
class ImportedSession:
    """What an import found of one session. `turns` are those of the export, the others what was done with them."""

    session_id: str
    title: str = ""
    turns: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    first_said: datetime | None = None
    last_said: datetime | None = None


@dataclass
class ImportReport:
    """What an import did, or with `dry_run` would do: session by session, and in all.

    `withdrawn` turns were given up or emptied since they were imported; `elsewhere` are known and belong to another
    dataset than the one given, and stay there. `secrets` counts by kind what was masked in turns that are written.
    `left_out` counts by kind what is not imported; `unread` names the first 100 of the `unread_count` places that could
    not be read, and says why. `expires_at` is until when the cache keeps what was written, unless it is persisted.
    """

    format: str
    dry_run: bool
    dataset: str | None = None
    sessions: list[ImportedSession] = field(default_factory=list)
    elsewhere: int = 0
    secrets: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    unread_count: int = 0
    expires_at: datetime | None = None

    @property
    def turns(self) -> int:
        return sum(it.turns for it in self.sessions)

    @property
    def new(self) -> int:
        return sum(it.new for it in self.sessions)

    @property
    def changed(self) -> int:
        return sum(it.changed for it in self.sessions)

    @property
    def unchanged(self) -> int:
        return sum(it.unchanged for it in self.sessions)

    @property
    def withdrawn(self) -> int:
        return sum(it.withdrawn for it in self.sessions)

    def __str__(self) -> str:
        return (
            f"{len(self.sessions):,} session(s): {self.new:,} turn(s) new, {self.changed:,} changed, "
            f"{self.unchanged:,} unchanged, {self.withdrawn:,} withdrawn; {self.unread_count:,} place(s) unread."
        )


@dataclass(frozen=True)
class _Staged:
    """A turn as the dataset has it."""

    content_hash: str
    said_at: datetime
    score: int | None
    feedback: str | None
    context: str | None


Reading = Callable[[Callable[[StoreConnection], dict[str, dict[str, _Staged]]]], dict]


class SessionImport:
    """Takes batches of conversations into the cache of `user`, and says in `report` what came of them. Blocks.

    `dataset_id` is where new turns belong; `read_store` reads the dataset in which they may be already, None where
    there is none yet.
    """

    def __init__(
        self,
        report: ImportReport,
        cache: SessionCache,
        access: AccessControl,
        user: User,
        dataset_id: str | None,
        read_store: Reading | None,
    ) -> None:
        self._report, self._cache, self._access, self._user = report, cache, access, user
        self._dataset_id, self._read_store = dataset_id, read_store
        self._began_at = datetime.now(UTC)
        self._sessions: dict[str, ImportedSession] = {}
        # Of the sessions of the last batch, for one may go on in the next.
        self._cached: dict[str, dict[str, Turn]] = {}

    def take(self, conversations: Sequence[Conversation]) -> list[str]:
        """The ids of the sessions that they are. What was taken before stays, and the next import goes on from there.

        Raises CacheUnavailableError.
        """
        sessions: dict[str, dict[str, ImportedTurn]] = {}
        for conversation in conversations:
            session_id = session_id_of(self._report.format, conversation.id)
            turns = {turn.turn_id: turn for turn in turns_of(conversation)}
            sessions.setdefault(session_id, {}).update(turns)
            self._session(session_id).title = conversation.title or self._session(session_id).title
        self._cached = {
            session_id: self._cached.get(session_id) or self._read_cache(session_id) for session_id in sessions
        }
        staged = self._read_staged(list(sessions))
        put = [
            turn
            for session_id, turns in sessions.items()
            for turn in self._changes(session_id, turns, staged.get(session_id, {}))
        ]
        if put and not self._report.dry_run:
            self._cache.put_turns(put)
        for turn in put:
            self._cached[turn.session_id][turn.turn_id] = turn
        return list(sessions)

    def finish(self, notes: ReadingNotes, ttl_seconds: int) -> ImportReport:
        """The report, with the sessions in which there was anything, and what the reader noted."""
        report = self._report
        report.sessions = [it for it in self._sessions.values() if it.turns or it.withdrawn]
        report.left_out, report.unread, report.unread_count = dict(notes.left_out), notes.unread, notes.unread_count
        if not report.dry_run and (report.new or report.changed):
            report.expires_at = datetime.now(UTC) + timedelta(seconds=ttl_seconds)
        return report

    def _session(self, session_id: str) -> ImportedSession:
        return self._sessions.setdefault(session_id, ImportedSession(session_id))

    def _read_cache(self, session_id: str) -> dict[str, Turn]:
        return {turn.turn_id: turn for turn in self._cache.get_turns(self._user.id, session_id)}

    def _read_staged(self, session_ids: Sequence[str]) -> dict[str, dict[str, _Staged]]:
        if self._read_store is None:
            return {}
        ids = {session_document_id(self._user.id, it): it for it in session_ids}
        return self._read_store(lambda connection: _staged(connection, ids))

    def _changes(self, session_id: str, turns: Mapping[str, ImportedTurn], staged: Mapping[str, _Staged]) -> list[Turn]:
        """The turns of a session that are to be written; counts all of them."""
        counted, found = self._session(session_id), []
        for turn in turns.values():
            cached, known = self._cached[session_id].get(turn.turn_id), staged.get(turn.turn_id)
            if turn.is_empty:
                found += self._withdrawn(counted, turn, cached, known)
                continue
            counted.turns += 1
            said_at = turn.at or (cached.created_at if cached else known.said_at if known else self._began_at)
            counted.first_said = min(counted.first_said or said_at, said_at)
            counted.last_said = max(counted.last_said or said_at, said_at)
            written, secrets = without_secrets(self._access, self._written(session_id, turn, said_at, cached, known))
            if cached is not None and self._dataset_id not in (None, cached.dataset_id):
                self._report.elsewhere += 1
            if _is_known(written, cached, known):
                counted.unchanged += 1
                continue
            if cached is None and known is None:
                counted.new += 1
            else:
                counted.changed += 1
            self._report.secrets.update(secrets)
            found.append(written)
        return found

    def _withdrawn(
        self, counted: ImportedSession, turn: ImportedTurn, cached: Turn | None, known: _Staged | None
    ) -> list[Turn]:
        """The turn emptied, where the dataset has it; deleted from the cache where only that has it."""
        said_at = cached.created_at if cached else known.said_at if known else self._began_at
        emptied = self._written(counted.session_id, turn, said_at, cached, known)
        if known is not None and not _is_known(emptied, cached, known):
            counted.withdrawn += 1
            return [emptied]
        if known is None and cached is not None:
            counted.withdrawn += 1
            del self._cached[counted.session_id][turn.turn_id]
            if not self._report.dry_run:
                self._cache.delete_turn(cached.user_id, cached.session_id, cached.turn_id)
        return []

    def _written(
        self, session_id: str, turn: ImportedTurn, said_at: datetime, cached: Turn | None, known: _Staged | None
    ) -> Turn:
        """The turn as it is to be in the cache: what it has there, or in the dataset, beside its words stays."""
        before = cached or Turn(
            turn_id=turn.turn_id,
            user_id=self._user.id,
            session_id=session_id,
            question="",
            answer="",
            created_at=said_at,
            dataset_id=self._dataset_id,
            score=known.score if known else None,
            feedback=known.feedback if known else None,
        )
        return replace(
            before,
            question=turn.question,
            answer=turn.answer,
            created_at=to_the_minute(said_at),
            context=turn.context,
            keeps_context=True,
            score=turn.score or before.score,
            feedback=turn.feedback or before.feedback,
        )


def to_the_minute(moment: datetime) -> datetime:
    """`moment` in a zone of a fixed offset of whole minutes, as it is kept."""
    offset = moment.utcoffset() or timedelta()
    minutes = offset // timedelta(minutes=1)
    return moment.astimezone(UTC).astimezone(timezone(timedelta(minutes=minutes)) if minutes else UTC)


def _is_known(written: Turn, cached: Turn | None, staged: _Staged | None) -> bool:
    """Whether there is nothing to write: the cache has it so, or, where that has it no more, the dataset."""
    if cached is not None:
        return written == cached and written.created_at.utcoffset() == cached.created_at.utcoffset()
    return staged == _Staged(
        written.content_hash, written.created_at, written.score, written.feedback, staged_context(written)
    )


def _staged(connection: StoreConnection, ids: Mapping[str, str]) -> dict[str, dict[str, _Staged]]:
    """The turns that a dataset has of the sessions of these document ids, by session and turn."""
    rows = connection.execute(
        """SELECT document_id, turn_id, content_hash, created_at, coalesce(utc_offset_minutes, 0), score, feedback,
            context
        FROM current_turns WHERE document_id IN (SELECT unnest(?))""",
        [list(ids)],
    ).fetchall()
    found: dict[str, dict[str, _Staged]] = {}
    for document_id, turn_id, content_hash, created_at, offset, *more in rows:
        said_at = created_at.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=offset)))
        found.setdefault(ids[document_id], {})[turn_id] = _Staged(content_hash, said_at, *more)
    return found
