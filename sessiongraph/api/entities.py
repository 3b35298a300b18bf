"""Entities, which names a dataset takes for one, why, and a person's say in it; and in what one is and is called.

Names are given as a search shows them, or in any other wording of theirs. What is decided here stands above every rule
and is undone by deciding the opposite or taking it back; nothing is deleted and no evidence is touched.
"""

import asyncio
import builtins
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sessiongraph.api import entity_records
from sessiongraph.api.context import acting_user, names, permitted
from sessiongraph.api.entity_records import Entity, EntityCorrection, EntityRecord, NameDecision
from sessiongraph.api.fact_filter import FactFilter
from sessiongraph.api.neighbourhood import MOST_ENTITIES, Neighbourhood, Outline, around, outlined
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.entity_resolution.entity_resolver import Merge, name_key
from sessiongraph.errors import InvalidInputError
from sessiongraph.extraction.corrections import ENTITIES, write
from sessiongraph.extraction.merge_decisions import are_kept_apart, decide
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.snapshots.evidence import CORRECTION
from sessiongraph.snapshots.partial_dates import first_and_last_day, parse_partial_date
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.graph_store import Row
from sessiongraph.types import Dataset, User

# Whose content a decision is part of, by the kind of passages that a dataset has.
_ASSETS = {"document": "knowledge_graph", "transcript": "knowledge_graph", "session": "session_knowledge"}


class Entities:
    """Entities and their neighbours; which names a dataset takes for one, why, and a person's say in it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(
        self,
        dataset: str,
        *,
        query: str | None = None,
        type: str | None = None,
        limit: int = 100,
        user: User | None = None,
    ) -> builtins.list[Entity]:
        """Entities (of a `type`, for one), those with the most facts first; with `query`, those that have its words in
        one of their names, the best match first.

        Raises InvalidInputError, DatasetNotFoundError, PermissionDeniedError.
        """
        check_limit(limit, "entities")
        for name, value in (("query", query), ("type", type)):
            if value is not None:
                check_words(value, name, 10_000)
        _, snapshot = await self._read(dataset, user)
        return await asyncio.to_thread(entity_records.listed, snapshot, query, type, limit)

    async def get(self, dataset: str, entity: str, *, user: User | None = None) -> EntityRecord:
        """The entity of that name, in any wording, or of that id: its names and why they are one, what people decided
        and corrected of it, and the newest passages that name it.

        Raises InvalidInputError where there is none; DatasetNotFoundError, PermissionDeniedError.
        """
        check_words(entity, "entity", 200)
        target, snapshot = await self._read(dataset, user)
        row = entity_records.row_of(snapshot, target, entity)
        decisions = await asyncio.to_thread(self._services.store(target).read, entity_records.decided)
        corrections = entity_records.corrected(snapshot)
        return await asyncio.to_thread(entity_records.record, snapshot, row, decisions, corrections)

    async def decisions(self, dataset: str, *, user: User | None = None) -> builtins.list[NameDecision]:
        """What people decided last of each two names, by name. Raises DatasetNotFoundError, PermissionDeniedError."""
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        return await asyncio.to_thread(services.store(target).read, entity_records.decided)

    async def neighbourhood(
        self,
        dataset: str,
        *,
        entities: Sequence[str] | None = None,
        query: str | None = None,
        expand: Sequence[str] = (),
        only: FactFilter | None = None,
        limit: int = 200,
        user: User | None = None,
    ) -> Neighbourhood:
        """A part of the graph that can be looked at: up to `limit` entities, and the facts between them.

        It begins at `entities` (names or ids), or at those that `query` finds, and has their neighbours with the most
        facts; with neither, it is those of all with the most facts. `expand` adds a hundred neighbours of each entity
        in it, two hundred where it is in it twice. `only` says which facts count; without it, those that hold now.

        Raises InvalidInputError where there is no such entity; DatasetNotFoundError, PermissionDeniedError.
        """
        check_limit(limit, "entities", MOST_ENTITIES)
        if query is not None:
            check_words(query, "query", 10_000)
        wanted, expanded = names(entities or (), "entities"), names(expand, "expand")
        if only is not None and only.held_at is not None:
            only = replace(only, held_at=check_date(only.held_at, "held_at"))
        target, snapshot = await self._read(dataset, user)
        starts = [entity_records.row_of(snapshot, target, it) for it in wanted]
        times = Counter(expand)
        hundreds = {entity_records.row_of(snapshot, target, it): times[it] for it in expanded}
        return await asyncio.to_thread(around, snapshot, starts, query, hundreds, only or FactFilter(), limit)

    async def outline(self, dataset: str, *, user: User | None = None) -> Outline:
        """How much is in a graph and what it can be narrowed to. Raises DatasetNotFoundError, PermissionDeniedError."""
        _, snapshot = await self._read(dataset, user)
        return await asyncio.to_thread(outlined, snapshot)

    async def merges(self, dataset: str, *, user: User | None = None) -> builtins.list[Merge]:
        """Every merge of two names, in their normal form, with the rule that it rests on and the reason, by name.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        _, snapshot = await self._read(dataset, user)
        return [*snapshot.merges]

    async def same(self, dataset: str, a: str, b: str, *, reason: str = "", user: User | None = None) -> bool:
        """Take `a` and `b` for names of one entity, whatever the rules say; False where that was decided already.

        Needs the permission to write. Raises InvalidInputError where a name is in no evidence of the dataset, or both
        are one in their normal form; DatasetNotFoundError, PermissionDeniedError.
        """
        return await self._decide(dataset, a, b, True, reason, user)

    async def keep_apart(self, dataset: str, a: str, b: str, *, reason: str = "", user: User | None = None) -> bool:
        """Take `a` and `b` for names of two entities, and with them what each is a name of; otherwise as `same`."""
        return await self._decide(dataset, a, b, False, reason, user)

    async def corrections(self, dataset: str, *, user: User | None = None) -> builtins.list[EntityCorrection]:
        """The types and names of entities that people corrected, by name.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        _, snapshot = await self._read(dataset, user)
        return entity_records.corrected(snapshot)

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

    async def _read(self, dataset: str, user: User | None) -> tuple[Dataset, Snapshot]:
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        return target, await asyncio.to_thread(services.snapshot, target)

    async def _entity(self, dataset: str, entity: str, user: User | None) -> tuple[User, Dataset, Snapshot, int]:
        check_words(entity, "entity", 200)
        services = self._services
        acting = await acting_user(services, user)
        target = await permitted(services, acting, dataset, "write")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        _check_known(snapshot, target, entity)
        return acting, target, snapshot, snapshot.entity_keys[name_key(entity)]

    async def _say(self, acting: User, target: Dataset, snapshot: Snapshot, rows: Sequence[Row]) -> None:
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


def check_limit(limit: object, what: str, most: int | None = None) -> None:
    """Refuse what is no number of things to be shown."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidInputError(f"limit is a number of {what}, 1 or more, not {limit!r:.60}.")
    if most is not None and limit > most:
        raise InvalidInputError(f"limit is {limit}; it may be {most:,}.")


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


def check_date(value: object, name: str) -> str:
    """`value` as YYYY, YYYY-MM or YYYY-MM-DD."""
    if isinstance(value, date):
        return value.date().isoformat() if isinstance(value, datetime) else value.isoformat()
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} is a date or a text such as 2024-05-31, not {type(value).__name__}.")
    text = value.strip()
    parsed = parse_partial_date(text)
    parts = text.removeprefix("-").split("-")
    has_all_digits = [len(part) for part in parts] == [4, 2, 2][: len(parts)]
    if parsed is None or first_and_last_day(parsed) is None or len(parts) != len(parsed) or not has_all_digits:
        raise InvalidInputError(f"{name} is a date as YYYY, YYYY-MM or YYYY-MM-DD, such as 2024-05; not {value!r:.60}.")
    return text


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
