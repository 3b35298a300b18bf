"""What was learned of sessions beside their facts: profiles of who speaks in them, and what each teaches as a whole.

Each line has its evidence. Profiles are derived from the graph; lessons are read by a model, and kept with the dataset.
"""

import asyncio
import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sessiongraph.api import fact_records
from sessiongraph.api.context import acting_user, check_flag, permitted
from sessiongraph.api.entities import check_limit, check_words
from sessiongraph.api.entity_records import row_of
from sessiongraph.api.fact_records import Fact
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_session_id, new_id
from sessiongraph.persistence.lessons_estimate import LearnEstimate, dry_run_learn
from sessiongraph.persistence.session_lessons import ASSET as LESSONS
from sessiongraph.persistence.session_lessons import LessonsReport, learn
from sessiongraph.prompts.lessons_prompt import KINDS
from sessiongraph.services import Services
from sessiongraph.snapshots.lessons import read_lessons
from sessiongraph.snapshots.profiles import find_profiles
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset, User

_SESSIONS = "SELECT id, user_name, session_id FROM documents WHERE id IN (SELECT unnest(?))"
_TURNS = "SELECT passage_id, turn_id, created_at FROM current_turns WHERE document_id IN (SELECT unnest(?))"


@dataclass(frozen=True)
class Profile:
    """What stands about who says "I" in sessions, by what it is about: "is", "lives", "works", "knows", "prefers",
    "plans", "does"; of each, what was said last comes first. `speaker` is the name of the user `user_id`."""

    speaker: str
    entity_id: str
    user_id: str
    aspects: Mapping[str, tuple[Fact, ...]]


@dataclass(frozen=True)
class SessionLesson:
    """What a session teaches, as a sentence: `kind` is "decided", "open", "corrected" (by the user) or "worked" (of an
    agent's steps). It rests on the turns `turn_ids`, the last of which was said at `said_at` (UTC)."""

    kind: str
    text: str
    session_id: str
    user: str
    turn_ids: tuple[str, ...]
    said_at: datetime
    passage_ids: tuple[str, ...]
    document_id: str


class Memory:
    """What was learned of sessions beside their facts."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def profiles(
        self, dataset: str, *, speaker: str | None = None, limit: int = 100, user: User | None = None
    ) -> builtins.list[Profile]:
        """What stands about each person who speaks in sessions, or about `speaker` (a name, or the id of an entity).

        Raises InvalidInputError where the dataset has no such entity; DatasetNotFoundError, PermissionDeniedError.
        """
        check_limit(limit, "profiles")
        if speaker is not None:
            check_words(speaker, "speaker", 200)
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        return await asyncio.to_thread(_profiles, snapshot, target, speaker, limit)

    async def lessons(
        self,
        dataset: str,
        *,
        kind: str | None = None,
        session_id: str | None = None,
        limit: int = 100,
        user: User | None = None,
    ) -> builtins.list[SessionLesson]:
        """What sessions teach, those read last first: of one `kind`, of the sessions of that id, or all.

        Raises InvalidInputError, DatasetNotFoundError, PermissionDeniedError.
        """
        check_limit(limit, "lessons")
        if kind is not None and kind not in KINDS:
            raise InvalidInputError(f"{kind!r:.60} is no kind of lesson: {', '.join(KINDS)}.")
        if session_id is not None:
            check_session_id(session_id)
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        found = await asyncio.to_thread(services.store(target).read, lambda con: _lessons(con, session_id))
        return [lesson for lesson in found if kind in (None, lesson.kind)][:limit]

    async def learn(
        self, dataset: str, *, retry_failed: bool = False, relearn: bool = False, user: User | None = None
    ) -> LessonsReport:
        """Read the sessions of which something is new, by one call each, for what they teach.

        `retry_failed` takes those that failed too often, `relearn` those that were there before lessons were, or were
        read by another model or version. Needs the permission to write. Raises LLMFailedError where nothing could be
        read, LLMNotConfiguredError, DatasetNotFoundError, PermissionDeniedError, StoreBusyError.
        """
        check_flag(retry_failed, "retry_failed")
        check_flag(relearn, "relearn")
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "write")
        return await learn_from(services, target, retry_failed, relearn)

    async def estimate_learn(
        self, dataset: str, *, retry_failed: bool = False, relearn: bool = False, user: User | None = None
    ) -> LearnEstimate:
        """What `learn` with the same arguments would do, and its calls, tokens and price; nothing is done.

        Raises DatasetNotFoundError, PermissionDeniedError, StoreBusyError.
        """
        check_flag(retry_failed, "retry_failed")
        check_flag(relearn, "relearn")
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "write")
        return await dry_run_learn(services.store(target), services.llm, retry_failed=retry_failed, relearn=relearn)


async def learn_from(
    services: Services, dataset: Dataset, retry_failed: bool = False, relearn: bool = False
) -> LessonsReport:
    """As `Memory.learn`, for who may write to `dataset`."""
    run_id = new_id()
    report = await learn(
        services.store(dataset), services.llm, run_id=run_id, retry_failed=retry_failed, relearn=relearn
    )
    if report.read or report.failed:
        await report_materialization(services, LESSONS, dataset, run_id, lambda: _metadata(report))
    if report.failure is not None:
        raise report.failure
    return report


def _lessons(connection: StoreConnection, session_id: str | None) -> list[SessionLesson]:
    """All lessons, or those of the sessions of that id. One of which a turn is gone is shown no more."""
    learned = read_lessons(connection)
    ids = [list(learned)]
    sessions = connection.execute(_SESSIONS, ids).fetchall()
    names = {id_: (name, session) for id_, name, session in sessions if session_id in (None, session)}
    turns = {id_: (turn_id, said_at) for id_, turn_id, said_at in connection.execute(_TURNS, ids).fetchall()}
    return [
        SessionLesson(
            kind=it.kind,
            text=it.text,
            session_id=names[document_id][1],
            user=names[document_id][0],
            turn_ids=tuple(turns[passage][0] for passage in it.turns),
            said_at=max(turns[passage][1] for passage in it.turns).replace(tzinfo=UTC),
            passage_ids=tuple(it.turns),
            document_id=document_id,
        )
        for document_id, of_session in learned.items()
        for it in of_session
        if document_id in names and turns.keys() >= set(it.turns)
    ]


def _metadata(report: LessonsReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import lessons_metadata

    return lessons_metadata(report)


def _profiles(snapshot: Snapshot, dataset: Dataset, speaker: str | None, limit: int) -> list[Profile]:
    wanted = None if speaker is None else row_of(snapshot, dataset, speaker)
    found = [it for it in find_profiles(snapshot) if wanted in (None, it.entity)][:limit]
    rows = [row for it in found for of_aspect in it.aspects.values() for row in of_aspect]
    facts = iter(fact_records.shown(snapshot, rows, []))
    names, ids = snapshot.entities["name"], snapshot.entities["id"]
    return [
        Profile(
            names.iloc[it.entity],
            ids.iloc[it.entity],
            it.user_id,
            {aspect: tuple(islice(facts, len(of_aspect))) for aspect, of_aspect in it.aspects.items()},
        )
        for it in found
    ]
