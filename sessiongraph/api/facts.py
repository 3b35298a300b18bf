"""Facts one by one: listed with who states them, and a person's word on one that is wrong.

What is said here stands above every rule and every passage, and is undone by taking it back; nothing is deleted and no
evidence is touched.
"""

import asyncio
import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sessiongraph.api import fact_records
from sessiongraph.api.context import acting_user, check_flag, permitted
from sessiongraph.api.entities import check_date, check_entity_name, check_limit, check_words, report_to_history
from sessiongraph.api.fact_records import SHOWN_DIGITS, Fact, Found
from sessiongraph.api.former_facts import what_became_of
from sessiongraph.entity_resolution.entity_resolver import name_key
from sessiongraph.errors import InvalidInputError
from sessiongraph.extraction.corrections import FACTS, fact_row, write
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.snapshots.corrections import FactKey, FactWord
from sessiongraph.snapshots.partial_dates import is_before, parse_partial_date
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.graph_store import Row
from sessiongraph.types import User

_RELATION_CHARS = 100


class Facts:
    """Facts one by one, and a person's word on one that is wrong."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(
        self,
        dataset: str,
        *,
        entity: str | None = None,
        query: str | None = None,
        include_superseded: bool = False,
        limit: int = 100,
        user: User | None = None,
    ) -> builtins.list[Fact]:
        """Facts about `entity` (a name or an id; all, for None) that have words of `query`, best first, or without one
        by their names.

        With `include_superseded` those too that are over, and those that a person retracted.
        Raises InvalidInputError where the dataset has no such entity; DatasetNotFoundError, PermissionDeniedError.
        """
        check_flag(include_superseded, "include_superseded")
        check_limit(limit, "facts")
        for name, value in (("entity", entity), ("query", query)):
            if value is not None:
                check_words(value, name, 10_000)
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        return await asyncio.to_thread(fact_records.listed, snapshot, target, entity, query, include_superseded, limit)

    async def get(self, dataset: str, fact: str, *, user: User | None = None) -> Fact:
        """The fact whose id begins so, also one that is over, or that a person retracted; where none has such an id any
        more, because it was corrected or its names mean others now, the fact that it is now.

        Raises InvalidInputError where no fact or several have that id; DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        if (found := await asyncio.to_thread(fact_records.one, snapshot, target, fact)) is not None:
            return found
        if (now := await what_became_of(services, target, snapshot, fact)) is not None:
            return now
        raise fact_records.no_such_fact(target, fact)

    async def conflicts(
        self, dataset: str, *, limit: int = 100, user: User | None = None
    ) -> builtins.list[fact_records.Conflict]:
        """Facts that contradict each other and of which none closes another, by what they are about.

        They stand until a person says which are right (`correct`, `retract`), or something later does. Raises
        InvalidInputError, DatasetNotFoundError, PermissionDeniedError.
        """
        check_limit(limit, "conflicts")
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        return await asyncio.to_thread(fact_records.conflicts, snapshot, limit)

    async def correct(
        self,
        dataset: str,
        fact: str,
        *,
        object: str | None = None,
        relation: str | None = None,
        valid_at: str | date | None = None,
        valid_until: str | date | None = None,
        user: User | None = None,
    ) -> Fact:
        """Say what is right of a fact: its object, its relation, since when it holds, or when it ended.

        `fact` is its id or the first digits of it, as `list` shows them; dates are YYYY, YYYY-MM or YYYY-MM-DD. What is
        not given stays, an earlier correction too. Returns the fact as it is now.

        Needs the permission to write. Raises InvalidInputError where no fact or several have that id, where nothing
        would change, or what is given cannot be; DatasetNotFoundError, PermissionDeniedError.
        """
        right = _Right(
            None if object is None else check_entity_name(object, "object"),
            None if relation is None else check_words(relation, "relation", _RELATION_CHARS).replace("_", " "),
            None if valid_at is None else check_date(valid_at, "valid_at"),
            None if valid_until is None else check_date(valid_until, "valid_until"),
        )
        if right == _Right():
            raise InvalidInputError(
                "Say what is right: object, relation, valid_at or valid_until. Where nothing is, retract the fact."
            )
        [found] = await self._say(dataset, fact, user, lambda snapshot, it: _corrections(snapshot, it, right))
        return found

    async def retract(self, dataset: str, fact: str, *, user: User | None = None) -> Fact:
        """Say that a fact is wrong: it is shown and quoted as true no more. Otherwise as `correct`."""
        [found] = await self._say(dataset, fact, user, _retractions)
        return found

    async def undo(self, dataset: str, fact: str, *, user: User | None = None) -> builtins.list[Fact]:
        """Take back what was last said of a fact, which was corrected or retracted, whoever said it.

        Returns the facts that are there instead, as the evidence states them; otherwise as `correct`.
        """
        return await self._say(dataset, fact, user, _undone)

    async def _say(
        self, dataset: str, fact: str, user: User | None, rows: "Callable[[Snapshot, Found], Sequence[Row]]"
    ) -> builtins.list[Fact]:
        """Write the `rows` about the fact that `fact` names; the facts that they make of it."""
        services = self._services
        acting = await acting_user(services, user)
        target = await permitted(services, acting, dataset, "write")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        found = await asyncio.to_thread(fact_records.found, snapshot, target, fact)
        if found is None:
            # What one has not seen is not changed.
            if (now := await what_became_of(services, target, snapshot, fact)) is not None:
                raise InvalidInputError(f"Fact {fact!r:.60} is {now.short_id} now: {now.statement!r:.200}")
            raise fact_records.no_such_fact(target, fact)
        said, run_id = rows(snapshot, found), new_id()
        await report_to_history(
            services,
            target,
            snapshot,
            run_id,
            {"corrections": 1},
            lambda asset: write(services.store(target), FACTS, said, acting, run_id=run_id, asset=asset),
        )
        after = await asyncio.to_thread(services.snapshot, target)
        return await asyncio.to_thread(fact_records.stated, after, found.claims)


@dataclass(frozen=True)
class _Right:
    object: str | None = None
    relation: str | None = None
    valid_at: str | None = None
    valid_until: str | None = None


# What is said of a fact.


def _corrections(snapshot: Snapshot, found: Found, right: _Right) -> list[Row]:
    if found.row is None:
        _refuse_retracted(found)
    fact = snapshot.facts.iloc[found.row]
    _check_changes(snapshot, fact, right)
    rows = {}
    for claim, word in zip(found.claims, found.words, strict=True):
        about = _about(snapshot, found, claim)
        earlier = word[1] if word is not None else None
        row = _correction(about, claim, right, earlier)
        rows[about] = row
    return list(rows.values())


def _correction(about: FactKey, claim: FactKey, right: _Right, earlier: FactWord | None) -> Row:
    """What is right of a claim now, beside what was said `earlier`; what it says so itself is left out."""
    object_ = right.object or (earlier.object if earlier else None)
    relation = right.relation or (earlier.relation if earlier else None)
    valid_at = right.valid_at or (earlier.valid_at if earlier else None)
    changed = {
        "object": None if object_ is None or name_key(object_) == claim.object else object_,
        "relation": None if relation is None or _normal(relation) == claim.relation else relation,
        "valid_at": None if valid_at == claim.valid_at else valid_at,
        "valid_until": right.valid_until or (earlier.valid_until if earlier else None),
    }
    return fact_row(about, "correct" if any(changed.values()) else "undo", **changed)


def _check_changes(snapshot: Snapshot, fact: Any, right: _Right) -> None:
    """Refuse what would change nothing, and what cannot be."""
    entity = snapshot.entity_keys.get(name_key(right.object)) if right.object is not None else None
    if entity is not None and entity == fact["subject"]:
        raise InvalidInputError(f"{right.object!r:.80} is what the fact is about: a fact relates two entities.")
    since, until = right.valid_at or fact["valid_at"], right.valid_until or fact["valid_until"]
    begun, ended = parse_partial_date(since), parse_partial_date(until)
    is_given = right.valid_until is not None or (right.valid_at is not None and fact["superseded_by"] is None)
    if is_given and begun and ended and is_before(ended, begun):
        raise InvalidInputError(f"A fact that holds since {since} cannot have ended in {until}: correct both dates.")
    same_object = right.object is None or (entity is not None and entity == fact["object"])
    same = (
        same_object,
        right.relation is None or _normal(right.relation) == fact["relation"],
        right.valid_at in (None, fact["valid_at"]),
        right.valid_until is None or (right.valid_until == fact["valid_until"] and fact["superseded_by"] is None),
    )
    if all(same):
        raise InvalidInputError(f"Fact {fact['id'][:SHOWN_DIGITS]} says so already: {fact['statement']!r:.200}")


def _retractions(snapshot: Snapshot, found: Found) -> list[Row]:
    if found.row is None:
        _refuse_retracted(found)
    return [fact_row(about, "retract") for about in {_about(snapshot, found, claim): None for claim in found.claims}]


def _undone(snapshot: Snapshot, found: Found) -> list[Row]:
    said = {word[0]: None for word in found.words if word is not None}
    if not said:
        raise InvalidInputError(f"Nobody corrected fact {found.id[:SHOWN_DIGITS]}: there is nothing to take back.")
    return [fact_row(about, "undo") for about in said]


def _refuse_retracted(found: Found) -> None:
    word = next(word[1] for word in found.words if word is not None)
    assert word is not None, "a retracted fact has the word that says so"
    raise InvalidInputError(
        f"{word.said.name} retracted fact {found.id[:SHOWN_DIGITS]} on {word.said.at:%Y-%m-%d}. "
        "facts.undo (`sessiongraph facts undo`) takes that back."
    )


def _about(snapshot: Snapshot, found: Found, claim: FactKey) -> FactKey:
    """What a word on a claim is about: with its date only where another fact differs from it by that alone."""
    keys = snapshot.claim_keys
    facts = snapshot.claims["fact"].to_numpy()
    alike = facts[keys.alike(int(keys.saying(claim)[0]))]
    return claim if (alike != found.row).any() else claim._replace(valid_at=None)


def _normal(relation: str) -> str:
    return " ".join(relation.casefold().split())
