"""Which names a dataset takes for one entity, why, and a person's say in it; and in what an entity is and is called.

Names are given as a search shows them, or in any other wording of theirs. What is decided here stands above every rule
and is undone by deciding the opposite or taking it back; nothing is deleted and no evidence is touched.
"""

import asyncio
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.entity_resolution.entity_resolver import Merge, name_key
from sessiongraph.errors import InvalidInputError
from sessiongraph.extraction.corrections import ENTITIES, write
from sessiongraph.extraction.merge_decisions import are_kept_apart, decide
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.snapshots.evidence import CORRECTION
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.graph_store import Row
from sessiongraph.types import Dataset, User

# Whose content a decision is part of, by the kind of passages that a dataset has.
_ASSETS = {"document": "knowledge_graph", "transcript": "knowledge_graph", "session": "session_knowledge"}


@dataclass(frozen=True)
class EntityCorrection:
    """What a person said of the entity of the name key `entity`: its right type, its right name, or both."""

    entity: str
    type: str | None
    name: str | None
    corrected_by: str
    corrected_at: datetime


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

    async def corrections(self, dataset: str, *, user: User | None = None) -> list[EntityCorrection]:
        """The types and names of entities that people corrected, by name.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        words = (await asyncio.to_thread(services.snapshot, target)).entity_words
        return [
            EntityCorrection(key, word.type, word.name, word.said.name, word.said.at.replace(tzinfo=UTC))
            for key, word in sorted(words.items())
        ]

    async def correct(
        self, dataset: str, entity: str, *, type: str | None = None, name: str | None = None, user: User | None = None
    ) -> bool:
        """Say what an entity is (`type`) or is called (`name`); False where it is that already.

        The name by which it went stays an alias; where another entity has the right one, the two are one from now on.
        Needs the permission to write. Raises InvalidInputError where nothing has the name `entity`, or what is given
        is no type or name; DatasetNotFoundError, PermissionDeniedError.
        """
        if type is None and name is None:
            raise InvalidInputError("Say what is right: type or name.")
        right_type = None if type is None else check_words(type, "type", 60)
        right_name = None if name is None else check_entity_name(name, "name")
        acting, target, snapshot, row = await self._entity(dataset, entity, user)
        shown = snapshot.entities.iloc[row]
        if right_type in (None, shown["type"]) and right_name in (None, shown["name"]):
            return False
        key = _key_in_evidence(snapshot, row, name_key(entity))
        store = self._services.store(target)
        if await asyncio.to_thread(are_kept_apart, store, key, name_key(right_name or entity)):
            raise InvalidInputError(
                f"{entity!r:.80} and {name!r:.80} were decided to be two entities: entities.same takes that back."
            )
        earlier = snapshot.entity_words.get(key)
        said = {
            "key": key,
            "type": right_type or (earlier and earlier.type),
            "name": right_name or (earlier and earlier.name),
        }
        await self._say(acting, target, snapshot, [said])
        return True

    async def undo(self, dataset: str, entity: str, *, user: User | None = None) -> bool:
        """Take back what people said of the type and the name of an entity; False where nobody did.

        Otherwise as `correct`.
        """
        acting, target, snapshot, row = await self._entity(dataset, entity, user)
        keys = [key for key in snapshot.entity_words if snapshot.entity_keys.get(key) == row]
        if keys:
            await self._say(acting, target, snapshot, [{"key": key, "type": None, "name": None} for key in keys])
        return bool(keys)

    async def _entity(self, dataset: str, entity: str, user: User | None) -> tuple[User, Dataset, Snapshot, int]:
        check_words(entity, "entity", 200)
        services = self._services
        acting = await acting_user(services, user)
        target = await permitted(services, acting, dataset, "write")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        _check_known(snapshot, target, entity)
        return acting, target, snapshot, snapshot.entity_keys[name_key(entity)]

    async def _say(self, acting: User, target: Dataset, snapshot: Snapshot, rows: list[Row]) -> None:
        services, run_id = self._services, new_id()
        await report_to_history(
            services,
            target,
            snapshot,
            run_id,
            {"corrections": 1},
            lambda asset: write(services.store(target), ENTITIES, rows, acting, run_id=run_id, asset=asset),
        )

    async def _decide(self, dataset: str, a: str, b: str, is_same: bool, reason: str, user: User | None) -> bool:
        for name, value in (("a", a), ("b", b), ("reason", reason)):
            if not isinstance(value, str):
                raise InvalidInputError(f"{name} is a string, not {type(value).__name__}.")
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "write")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        one, other = _known(snapshot, target, a, b)
        run_id = new_id()
        return await report_to_history(
            services,
            target,
            snapshot,
            run_id,
            {"decisions": 1},
            lambda asset: decide(
                services.store(target), one, other, same=is_same, reason=reason, run_id=run_id, asset=asset
            ),
        )


async def report_to_history(
    services: Services,
    dataset: Dataset,
    snapshot: Snapshot,
    run_id: str,
    metadata: Mapping[str, Any],
    change: Callable[[str], bool | None],
) -> bool:
    """Make a `change` that a person wants, in a thread, and report it as a materialization of each graph asset that the
    dataset has. `change` is given the asset to commit under; where it returns False, it changed nothing."""
    assets = sorted({_ASSETS[kind] for kind in snapshot.passages["kind"].unique()})
    changed = await asyncio.to_thread(change, assets[0]) is not False
    for asset in assets if changed else ():
        await report_materialization(services, asset, dataset, run_id, lambda: metadata)
    return changed


def check_words(value: object, name: str, most: int) -> str:
    """`value` on one line, where it is a text of at most so many characters that can all be seen."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} is a string, not {type(value).__name__}.")
    words = " ".join(value.split())
    if not words:
        raise InvalidInputError(f"{name} is empty: leave it out to leave that as it is.")
    if len(words) > most:
        raise InvalidInputError(f"{name} has {len(words)} characters; it may have {most}.")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") for letter in words):
        raise InvalidInputError(f"{name} has control characters in it: {words!a:.80}")
    return words


def check_entity_name(value: object, name: str) -> str:
    """As `check_words`, for what is to be a name."""
    words = check_words(value, name, 200)
    if not any(map(str.isalnum, words)):
        raise InvalidInputError(f"{words!r:.80} is no name: there is no letter or digit in it.")
    return words


def _key_in_evidence(snapshot: Snapshot, row: int, key: str) -> str:
    """`key`, or where it is a name that a person gave the entity, one that passages or facts have."""
    mentions = snapshot.mentions[(snapshot.mentions["entity"] == row).to_numpy()]
    own = mentions[(mentions["stated_by"] != CORRECTION).to_numpy()]
    keys = sorted((own if len(own) else mentions)["key"].unique())
    said = [known for known in snapshot.entity_words if known in keys]
    return key if key in keys else (said or keys)[0]


def _check_known(snapshot: Snapshot, dataset: Dataset, name: str) -> None:
    if name_key(name) not in snapshot.entity_keys:
        raise InvalidInputError(
            f"Dataset {dataset.name!r} has no entity called {name!r:.80}. `sessiongraph graph` and "
            "`sessiongraph entities merges` show the names that it has."
        )


def _known(snapshot: Snapshot, dataset: Dataset, a: str, b: str) -> tuple[str, str]:
    """The keys of both names, which the dataset has."""
    for name in (a, b):
        _check_known(snapshot, dataset, name)
    if name_key(a) == name_key(b):
        raise InvalidInputError(f"{a!r:.80} and {b!r:.80} are one name but for case, titles and signs.")
    return snapshot.entity_keys.evidence_key(name_key(a)), snapshot.entity_keys.evidence_key(name_key(b))
