"""Which names a dataset takes for one entity, why, and a person's say in it.

Names are given as a search shows them, or in any other wording of theirs. What is decided here stands above every rule
and is undone by deciding the opposite; nothing is deleted and no evidence is touched.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.entity_resolution.entity_resolver import Merge, name_key
from sessiongraph.errors import InvalidInputError
from sessiongraph.extraction.merge_decisions import decide
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import Dataset, User

# Whose content a decision is part of, by the kind of passages that a dataset has.
_ASSETS = {"document": "knowledge_graph", "transcript": "knowledge_graph", "session": "session_knowledge"}


class Entities:
    """Which names a dataset takes for one entity, why, and a person's say in it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def merges(self, dataset: str, *, user: User | None = None) -> list[Merge]:
        """Every merge of two names, in their normal form, with the rule that it rests on and the reason, by name.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        return list(snapshot.merges)

    async def same(self, dataset: str, a: str, b: str, *, reason: str = "", user: User | None = None) -> bool:
        """Take `a` and `b` for names of one entity, whatever the rules say; False where that was decided already.

        Needs the permission to write. Raises InvalidInputError where a name is in no evidence of the dataset, or both
        are one in their normal form; DatasetNotFoundError, PermissionDeniedError.
        """
        return await self._decide(dataset, a, b, True, reason, user)

    async def keep_apart(self, dataset: str, a: str, b: str, *, reason: str = "", user: User | None = None) -> bool:
        """Take `a` and `b` for names of two entities, and with them what each is a name of; otherwise as `same`."""
        return await self._decide(dataset, a, b, False, reason, user)

    async def _decide(self, dataset: str, a: str, b: str, is_same: bool, reason: str, user: User | None) -> bool:
        for name, value in (("a", a), ("b", b), ("reason", reason)):
            if not isinstance(value, str):
                raise InvalidInputError(f"{name} is a string, not {type(value).__name__}.")
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "write")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        one, other = _known(snapshot, target, a, b)
        assets = sorted({_ASSETS[kind] for kind in snapshot.passages["kind"].unique()})
        run_id = new_id()
        changed = await asyncio.to_thread(
            decide, services.store(target), one, other, same=is_same, reason=reason, run_id=run_id, asset=assets[0]
        )
        for asset in assets if changed else ():
            await report_materialization(services, asset, target, run_id, _metadata)
        return changed


def _known(snapshot: Snapshot, dataset: Dataset, a: str, b: str) -> tuple[str, str]:
    """The keys of both names, which the dataset has."""
    for name in (a, b):
        if name_key(name) not in snapshot.entity_keys:
            raise InvalidInputError(
                f"Dataset {dataset.name!r} has no entity called {name!r:.80}. `sessiongraph graph` and "
                "`sessiongraph entities merges` show the names that it has."
            )
    if name_key(a) == name_key(b):
        raise InvalidInputError(f"{a!r:.80} and {b!r:.80} are one name but for case, titles and signs.")
    return name_key(a), name_key(b)


def _metadata() -> Mapping[str, Any]:
    return {"decisions": 1}
