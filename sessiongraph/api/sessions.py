"""Sessions in the cache: what a program that keeps its own chat loop writes, and what anyone reads.

A session belongs to a user: all functions mean the sessions of `user`, the default user where none is given.
All raise CachingDisabledError where CACHING=false and CacheUnavailableError where the cache does not answer.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar, Unpack, cast

from sessiongraph.access.secrets import without_secrets
from sessiongraph.api.context import acting, names, permitted_now
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_session_id, check_turn_id, new_id
from sessiongraph.metadata import Metadata, checked_metadata
from sessiongraph.secret_masking import mask_together
from sessiongraph.services import Services
from sessiongraph.session_cache.base import moment_after
from sessiongraph.types import ProgressCallback, SessionInfo, SessionItem, Turn, TurnChanges, User

if TYPE_CHECKING:
    from sessiongraph.api.session_states import SessionState, TurnState
    from sessiongraph.importers.import_sessions import ImportReport
    from sessiongraph.session_cache.base import SessionCache

T = TypeVar("T")

_MOST = 1_000_000


class Sessions:
    """Sessions in the cache: what a program that keeps its own chat loop writes, and what anyone reads."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def add_turn(
        self,
        session_id: str,
        question: str,
        answer: str,
        *,
        user: User | None = None,
        created_at: datetime | None = None,
        dataset: str | None = None,
        context: str | None = None,
        elements: Sequence[str] = (),
        metadata: Metadata | None = None,
        turn_id: str | None = None,
    ) -> str:
        """Add a turn to a session, which begins with its first; returns the turn's id.

        `created_at` is when it was said (now, where not given; without a time zone it is UTC), and its zone says
        which day "today" is in what was said; the session expires SESSION_TTL_SECONDS after it was last written all
        the same. `dataset` is where the turn belongs: where sensors persist it. Keys, passwords and the like are masked
        before the turn is written, unless that dataset (by default the user's main one) allows them. `context` is what
        else there was, such as what tools gave: it is persisted with the turn, can be found, and states no facts; with
        `elements`, it is what a search made of these, and is not. `metadata`, a JSON object, is kept with the turn, for
        `search` to narrow by. `turn_id` is a key
        of the caller's own (a new one, where not given): the same turn told again under it is one turn, another is an
        InvalidInputError.
        """
        check_session_id(session_id)
        _check_text("question", question)
        _check_text("answer", answer)
        if context is not None:
            _check_text("context", context)
        used, kept_metadata = names(elements, "elements"), checked_metadata(metadata)
        given = None if created_at is None else _zoned(created_at)
        services, id_ = self._services, new_id() if turn_id is None else check_turn_id(turn_id)

        def put(cache: "SessionCache", owner: User) -> None:
            target = permitted_now(services, owner, dataset, "write") if dataset is not None else None
            moment = given or moment_after(cache.get_turns(owner.id, session_id, 1), datetime.now(UTC))
            turn = Turn(
                turn_id=id_,
                user_id=owner.id,
                session_id=session_id,
                question=question,
                answer=answer,
                created_at=moment,
                dataset_id=target.id if target else None,
                context=context,
                elements=tuple(used),
                keeps_context=context is None or not used,
                metadata=kept_metadata,
            )
            kept = without_secrets(services.access, turn)[0]
            if turn_id is None or not _is_there(cache, kept):
                cache.put_turns([kept])

        await self._with_cache(user, put)
        return id_

    async def import_file(
        self,
        path: str | os.PathLike[str],
        *,
        user: User | None = None,
        dataset: str | None = None,
        format: str | None = None,
        me: str | None = None,
        dry_run: bool = False,
        progress: ProgressCallback | None = None,
    ) -> "ImportReport":
        """Take the conversations of an export into the cache, from where they are persisted as any other session.

        `path` is a zip, a file or a folder: of ChatGPT, Claude, Claude Code, Slack, WhatsApp, or a JSONL of turns.
        `format` ("chatgpt", "claude", "claude-code", "slack", "whatsapp", "turns") is told by what is in it, where it
        is not given. `me` is the user's name in a chat among people (Slack, WhatsApp). `dataset` is where the turns
        belong, created if the user has none of that name; without it, main_dataset. `dry_run` writes nothing;
        `progress` is called with a Progress of the megabytes read. Secrets are masked as by `add_turn`.

        Importing again adds what is new, changes what was edited, and withdraws what was given up or emptied since.
        Raises InvalidInputError (no such shape, a broken or encrypted zip), PermissionDeniedError.
        """
        from sessiongraph.api.session_import import import_file

        return await import_file(
            self._services, path, user=user, dataset=dataset, format=format, me=me, dry_run=dry_run, progress=progress
        )

    async def import_cognee(
        self,
        source: str,
        *,
        as_users: Mapping[str, str] | None = None,
        user: User | None = None,
        dataset: str | None = None,
        dry_run: bool = False,
        progress: ProgressCallback | None = None,
    ) -> "dict[str, ImportReport]":
        """Take the sessions of cognee's session cache over, with their ids and ratings: a report for each user here.

        `source` is its Redis (redis://…), its SQLite file `cache.db`, or the folder of its file cache. `as_users` says
        by the ids of cognee's users who is who here; those left out stay out. Without it, the one user that there is
        is `user`. `dataset`, `dry_run` and `progress` (of sessions), and what becomes of importing again, are as with
        `import_file`. Raises InvalidInputError (no such cache, several users and not said who is who),
        CacheUnavailableError where it does not answer, PermissionDeniedError.
        """
        from sessiongraph.api.cognee_import import import_cognee

        return await import_cognee(
            self._services,
            source,
            as_users=as_users,
            user=user,
            dataset=dataset,
            dry_run=dry_run,
            progress=progress,
        )

    async def import_langchain(
        self,
        url: str,
        *,
        user: User | None = None,
        dataset: str | None = None,
        key_prefix: str | None = None,
        dry_run: bool = False,
    ) -> "ImportReport":
        """Take what LangChain's RedisChatMessageHistory keeps in the Redis at `url`, as `import_file` takes an export.

        Those of langchain_community and of langchain-redis, under `key_prefix` where it is not theirs. Session ids get
        "langchain-" before them. That Redis is only read. Raises SessionGraphError where it cannot be.
        """
        from sessiongraph.api.langchain_import import import_langchain

        return await import_langchain(
            self._services, url, user=user, dataset=dataset, key_prefix=key_prefix, dry_run=dry_run
        )

    async def add_items(
        self,
        session_id: str,
        items: Sequence[SessionItem],
        *,
        user: User | None = None,
        dataset: str | None = None,
    ) -> None:
        """Add what a program keeps in a session of its own, item by item: messages, calls of tools, their results.

        They make turns: what the user says (an item's `question`) until they are answered, the answer, and as context
        what is neither. What they make is masked as by `add_turn`; their `data` is kept letter for letter, secrets
        included, in the cache alone. `dataset` is where new turns belong.
        """
        from sessiongraph.api.session_items import add_items, check_items

        check_session_id(session_id)
        checked = check_items(items)
        await self._with_cache(
            user, lambda cache, owner: add_items(self._services, cache, owner, session_id, checked, dataset)
        )

    async def get_items(self, session_id: str, *, user: User | None = None, last: int | None = None) -> list[str]:
        """The `data` of a session's items in the order in which they were added, or of its `last` ones."""
        from sessiongraph.api.session_items import get_items

        check_session_id(session_id)
        _check_last(last)
        return await self._with_cache(user, lambda cache, owner: get_items(cache, owner, session_id, last))

    async def pop_item(self, session_id: str, *, user: User | None = None) -> str | None:
        """Take the last item from a session and from its turn; its `data`, None where there is none.

        What was persisted of it stays until the turn, where others of its items are left, is persisted again.
        """
        from sessiongraph.api.session_items import pop_item

        check_session_id(session_id)
        return await self._with_cache(user, lambda cache, owner: pop_item(self._services, cache, owner, session_id))

    async def get_turns(self, session_id: str, *, user: User | None = None, last: int | None = None) -> list[Turn]:
        """The turns of a session in the order in which they were said, or its `last` ones; [] where there is none."""
        check_session_id(session_id)
        _check_last(last)
        return await self._with_cache(user, lambda cache, owner: cache.get_turns(owner.id, session_id, last))

    async def list_sessions(self, *, user: User | None = None) -> list[SessionInfo]:
        """The user's sessions, latest activity first."""
        return await self._with_cache(user, lambda cache, owner: cache.list_sessions(owner.id))

    async def states(self, *, user: User | None = None) -> "list[SessionState]":
        """All sessions of the user, cached or persisted, latest activity first: what waits, and what datasets have."""
        from sessiongraph.api.session_states import list_states

        return await list_states(self._services, user)

    async def outcomes(self, session_id: str, *, user: User | None = None) -> "list[TurnState]":
        """The turns of a session, cached or persisted, in the order in which they were said, with what became of each
        in which dataset, and why; [] where there is none."""
        from sessiongraph.api.session_states import turn_states

        return await turn_states(self._services, session_id, user)

    async def edit_turn(
        self,
        session_id: str,
        turn_id: str,
        *,
        question: str | None = None,
        answer: str | None = None,
        user: User | None = None,
    ) -> Turn:
        """Change what was said in a turn. The next persist retracts what only the old words supported."""
        if question is None and answer is None:
            raise InvalidInputError("Give the new question, the new answer, or both.")
        for name, text in (("question", question), ("answer", answer)):
            if text is not None:
                _check_text(name, text)
        return await self._updated(session_id, turn_id, user, question=question, answer=answer)

    async def add_feedback(
        self, session_id: str, turn_id: str, *, score: int, text: str | None = None, user: User | None = None
    ) -> Turn:
        """Rate an answer from 1 (bad) to 5 (good). Answers rated 1 or 2 are kept out of the graph."""
        if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
            raise InvalidInputError(f"A score is a whole number from 1 (bad) to 5 (good), not {score!r:.60}.")
        if text is not None:
            _check_text("text", text)
        return await self._updated(session_id, turn_id, user, score=score, feedback=text)

    async def delete_turn(self, session_id: str, turn_id: str, *, user: User | None = None) -> bool:
        """Delete a turn from the cache; whether there was one. What was persisted stays, until `forget`."""
        check_session_id(session_id)
        check_turn_id(turn_id)
        return await self._with_cache(user, lambda cache, owner: cache.delete_turn(owner.id, session_id, turn_id))

    async def delete_session(self, session_id: str, *, user: User | None = None) -> bool:
        """Delete a session from the cache; whether there was one. What was persisted stays, until `forget`."""
        check_session_id(session_id)
        return await self._with_cache(user, lambda cache, owner: cache.delete_session(owner.id, session_id))

    async def clear(self, *, user: User | None = None) -> int:
        """Delete all of the user's sessions from the cache; how many there were. What was persisted stays."""
        return await self._with_cache(user, lambda cache, owner: cache.clear(owner.id))

    async def _with_cache(self, user: User | None, work: Callable[["SessionCache", User], T]) -> T:
        """What `work` does with the cache for the user that is meant, in one go in a thread."""
        # The cache first: one that is off is refused whoever asks.
        return await asyncio.to_thread(lambda: work(self._services.cache, acting(self._services, user)))

    async def _updated(self, session_id: str, turn_id: str, user: User | None, **changes: Unpack[TurnChanges]) -> Turn:
        check_session_id(session_id)
        check_turn_id(turn_id)

        def update(cache: "SessionCache", owner: User) -> Turn | None:
            kept = _without_secrets(self._services, cache, owner, (session_id, turn_id), changes)
            return cache.update_turn(owner.id, session_id, turn_id, **kept)

        turn = await self._with_cache(user, update)
        if turn is None:
            raise InvalidInputError(
                f"Session {session_id!r} has no turn {turn_id!r} in the cache. "
                f"sessions.get_turns({session_id!r}) lists them."
            )
        return turn


def _without_secrets(
    services: Services, cache: "SessionCache", owner: User, place: tuple[str, str], changes: TurnChanges
) -> TurnChanges:
    """`changes` of the turn at `place` (session and turn id) as they may be kept where that belongs."""
    given: dict[str, str] = {name: text for name, text in changes.items() if isinstance(text, str)}
    texts, counts = mask_together(list(given.values()))
    session_id, turn_id = place
    if not counts:
        return changes
    belongs = [turn.dataset_id for turn in cache.get_turns(owner.id, session_id) if turn.turn_id == turn_id]
    if belongs and services.access.allows_secrets(owner.id, belongs[0]):
        return changes
    return cast(TurnChanges, {**changes, **dict(zip(given, texts, strict=True))})


def _is_there(cache: "SessionCache", turn: Turn) -> bool:
    """Whether the session has `turn` already. Raises InvalidInputError where what has its id says something else."""
    known = {it.turn_id: it for it in cache.get_turns(turn.user_id, turn.session_id)}.get(turn.turn_id)
    if known is not None and known.content_hash != turn.content_hash:
        raise InvalidInputError(
            f"Session {turn.session_id!r} has a turn {turn.turn_id!r} with other words: give each turn a key of its "
            "own, or edit that one."
        )
    return known is not None


def _check_last(last: object) -> None:
    if last is not None and (isinstance(last, bool) or not isinstance(last, int) or not 1 <= last <= _MOST):
        raise InvalidInputError(f"last is how many to give, from the end: a whole number from 1 to {_MOST:,}.")


def _check_text(name: str, text: object) -> None:
    if not isinstance(text, str):
        raise InvalidInputError(f"{name} must be a string, not {type(text).__name__}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(f"{name} is not valid Unicode (it holds a lone surrogate).") from None
    if "\x00" in text:
        raise InvalidInputError(f"{name} holds a NUL character; take it out.")


def _zoned(moment: datetime) -> datetime:
    """`moment` in its own zone, at an offset to the minute, as it is kept."""
    if not isinstance(moment, datetime):
        raise InvalidInputError(f"created_at must be a datetime, not {type(moment).__name__}.")
    try:
        offset = moment.utcoffset()
        if offset is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).astimezone(timezone(timedelta(minutes=offset // timedelta(minutes=1))))
    except OverflowError:
        raise InvalidInputError(f"created_at, {moment.isoformat()}, is out of range in UTC.") from None
