"""What was learned of sessions beside their facts: profiles of who speaks in them. Each line has its evidence."""

import asyncio
import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from sessiongraph.api import fact_records
from sessiongraph.api.context import acting_user, permitted
from sessiongraph.api.entities import check_limit, check_words
from sessiongraph.api.entity_records import row_of
from sessiongraph.api.fact_records import Fact
from sessiongraph.services import Services
from sessiongraph.snapshots.profiles import find_profiles
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import Dataset, User


@dataclass(frozen=True)
class Profile:
    """What stands about who says "I" in sessions, by what it is about: "is", "lives", "works", "knows", "prefers",
    "plans", "does"; of each, what was said last comes first. `speaker` is the name of the user `user_id`."""

    speaker: str
    entity_id: str
    user_id: str
    aspects: Mapping[str, tuple[Fact, ...]]


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
