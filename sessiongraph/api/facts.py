"""Facts one by one: listed with who states them, and a person's word on one that is wrong.

What is said here stands above every rule and every passage, and is undone by taking it back; nothing is deleted and no
evidence is touched.
"""

import asyncio
import builtins
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from sessiongraph.api.context import acting_user, check_flag, permitted
from sessiongraph.api.entities import check_date, check_entity_name, check_limit, check_words, report_to_history
from sessiongraph.api.entity_records import row_of
from sessiongraph.entity_resolution.entity_resolver import name_key
from sessiongraph.errors import InvalidInputError
from sessiongraph.extraction.corrections import FACTS, fact_row, write
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.snapshots.corrections import FactKey, FactWord
from sessiongraph.snapshots.partial_dates import is_before, parse_partial_date
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.graph_store import Row
from sessiongraph.types import Dataset, User

# The shortest beginning of an id that is shown, and that is taken.
_SHOWN_DIGITS, _LEAST_DIGITS = 7, 4
_RELATION_CHARS = 100


@dataclass(frozen=True)
class FactSource:
    """Where a fact is stated: a passage of a document or, with a `turn_id`, a turn of a session. `statement` is its own
    wording, `replaced` whether a person says that this is wrong."""

    document: str
    document_id: str
    session_id: str | None
    turn_id: str | None
    stated_by: str
    said_at: datetime
    statement: str
    replaced: bool
    passage_id: str


@dataclass(frozen=True)
class Fact:
    """A fact. `short_id` is enough of its id to name it in its dataset.

    `subject_id` and `object_id` are the ids of its entities. `stated_by` is whose words the statement is in: a user's,
    an assistant's, a document's, or nobody's but by "correction". `corrected_by` is the name of who corrected it, at
    `corrected_at`. `valid_until` is when it ended and `superseded_by` the id of the fact that closed it; `retracted`
    facts were never true.
    """

    id: str
    short_id: str
    subject: str
    relation: str
    object: str
    statement: str
    valid_at: str | None
    valid_until: str | None
    superseded_by: str | None
    stated_by: str
    corrected_by: str | None
    corrected_at: datetime | None
    retracted: bool
    sources: tuple[FactSource, ...]
    subject_id: str
    object_id: str


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
        return await asyncio.to_thread(_listed, snapshot, target, entity, query, include_superseded, limit)

    async def get(self, dataset: str, fact: str, *, user: User | None = None) -> Fact:
        """The fact whose id begins so, also one that is over, or that a person retracted.

        Raises InvalidInputError where no fact or several have that id; DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        return await asyncio.to_thread(_one, snapshot, target, fact)

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
        self, dataset: str, fact: str, user: User | None, rows: "Callable[[Snapshot, _Found], Sequence[Row]]"
    ) -> builtins.list[Fact]:
        """Write the `rows` about the fact that `fact` names; the facts that they make of it."""
        services = self._services
        acting = await acting_user(services, user)
        target = await permitted(services, acting, dataset, "write")
        snapshot = await asyncio.to_thread(services.snapshot, target)
        found = await asyncio.to_thread(_found, snapshot, target, fact)
        said, run_id = rows(snapshot, found), new_id()
        await report_to_history(
            services,
            target,
            snapshot,
            run_id,
            {"corrections": 1},
            lambda asset: write(services.store(target), FACTS, said, acting, run_id=run_id, asset=asset),
        )
        now = await asyncio.to_thread(services.snapshot, target)
        return await asyncio.to_thread(_stated, now, found.claims)


@dataclass(frozen=True)
class _Right:
    object: str | None = None
    relation: str | None = None
    valid_at: str | None = None
    valid_until: str | None = None


@dataclass(frozen=True)
class _Found:
    """The fact that an id names: its row (None for a retracted one), and what its claims say in their own words, each
    with the word that applies to it and what that is about."""

    id: str
    row: int | None
    claims: list[FactKey]
    words: Sequence[tuple[FactKey, FactWord | None] | None]


# What is said of a fact.


def _corrections(snapshot: Snapshot, found: _Found, right: _Right) -> list[Row]:
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
        raise InvalidInputError(f"Fact {fact['id'][:_SHOWN_DIGITS]} says so already: {fact['statement']!r:.200}")


def _retractions(snapshot: Snapshot, found: _Found) -> list[Row]:
    if found.row is None:
        _refuse_retracted(found)
    return [fact_row(about, "retract") for about in {_about(snapshot, found, claim): None for claim in found.claims}]


def _undone(snapshot: Snapshot, found: _Found) -> list[Row]:
    said = {word[0]: None for word in found.words if word is not None}
    if not said:
        raise InvalidInputError(f"Nobody corrected fact {found.id[:_SHOWN_DIGITS]}: there is nothing to take back.")
    return [fact_row(about, "undo") for about in said]


def _refuse_retracted(found: _Found) -> None:
    word = next(word[1] for word in found.words if word is not None)
    assert word is not None, "a retracted fact has the word that says so"
    raise InvalidInputError(
        f"{word.said.name} retracted fact {found.id[:_SHOWN_DIGITS]} on {word.said.at:%Y-%m-%d}. "
        "facts.undo (`sessiongraph facts undo`) takes that back."
    )


def _about(snapshot: Snapshot, found: _Found, claim: FactKey) -> FactKey:
    """What a word on a claim is about: with its date only where another fact differs from it by that alone."""
    keys = snapshot.claim_keys
    facts = snapshot.claims["fact"].to_numpy()
    alike = facts[keys.alike(int(keys.saying(claim)[0]))]
    return claim if (alike != found.row).any() else claim._replace(valid_at=None)


# How facts are found and shown.


def _found(snapshot: Snapshot, dataset: Dataset, id_: str) -> _Found:
    """The fact whose id begins with `id_`."""
    if not isinstance(id_, str):
        raise InvalidInputError(f"A fact is named by its id, a string, not {type(id_).__name__}.")
    wanted = id_.strip().lower()
    listing = f"`sessiongraph facts list -d {dataset.name}` shows the ids that there are."
    if len(wanted) < _LEAST_DIGITS:
        raise InvalidInputError(
            f"{id_!r:.60} is too short for a fact's id: give {_LEAST_DIGITS} digits or more. {listing}"
        )
    ids, retracted = snapshot.facts["id"], snapshot.retracted
    begins = sorted({it for it in (*ids, *(claim.id for claim in retracted)) if it.startswith(wanted)})
    if not begins:
        raise InvalidInputError(f"Dataset {dataset.name!r} has no fact {id_!r:.60}. {listing}")
    if len(begins) > 1:
        shown = ", ".join(_short_ids(snapshot, begins[:5]).values())
        raise InvalidInputError(f"{len(begins)} facts begin with {id_!r:.60}: {shown}. Give more digits of one.")
    rows = np.flatnonzero(ids.to_numpy() == begins[0])
    if not len(rows):
        wrong = [claim for claim in retracted if claim.id == begins[0]]
        return _Found(begins[0], None, [it.claim for it in wrong], [(it.about, it.word) for it in wrong])
    keys = snapshot.claim_keys
    claims = snapshot.claims_of(int(rows[0])).tolist()
    return _Found(
        begins[0], int(rows[0]), [keys.of(claim) for claim in claims], [keys.correction_of(it) for it in claims]
    )


def _one(snapshot: Snapshot, dataset: Dataset, id_: str) -> Fact:
    found = _found(snapshot, dataset, id_)
    [fact] = _shown(snapshot, [], [found.id]) if found.row is None else _shown(snapshot, [found.row], [])
    return fact


def _stated(snapshot: Snapshot, claims: Sequence[FactKey]) -> list[Fact]:
    """The facts that state what `claims` say, retracted ones too."""
    rows = {
        int(fact) for claim in claims for fact in snapshot.claims["fact"].to_numpy()[snapshot.claim_keys.saying(claim)]
    }
    return _shown(snapshot, sorted(rows), sorted({it.id for it in snapshot.retracted if it.claim in claims}))


def _listed(
    snapshot: Snapshot, dataset: Dataset, entity: str | None, query: str | None, with_superseded: bool, limit: int
) -> list[Fact]:
    facts = snapshot.facts
    chosen = np.ones(len(facts), bool) if with_superseded else facts["valid_until"].isna().to_numpy()
    row = None
    if entity is not None:
        row = row_of(snapshot, dataset, entity)
        chosen = chosen & ((facts["subject"] == row) | (facts["object"] == row)).to_numpy()
    scores = np.zeros(len(facts)) if query is None else snapshot.fact_index.scores(query)
    rows = np.flatnonzero(chosen & (scores > 0) if query is not None else chosen)
    names = snapshot.entities["name"].array
    keys = [facts["id"], names[facts["object"].to_numpy(int)], facts["relation"], names[facts["subject"].to_numpy(int)]]
    order = np.lexsort([np.asarray(key)[rows].astype(str) for key in keys] + [-scores[rows]])
    words = None if query is None else set(query.casefold().split())
    wrong = [
        claim.id
        for claim in (snapshot.retracted if with_superseded else ())
        if row in (None, claim.subject, claim.object)
        and (words is None or not words.isdisjoint(claim.statement.casefold().rstrip(".").split()))
    ]
    shown = rows[order][:limit].tolist()
    return _shown(snapshot, shown, sorted(set(wrong))[: limit - len(shown)])


def _shown(snapshot: Snapshot, rows: Sequence[int], retracted: Sequence[str]) -> list[Fact]:
    short = _short_ids(snapshot, [*snapshot.facts["id"].iloc[list(rows)], *retracted])
    facts = [_fact(snapshot, row, short) for row in rows]
    return facts + [_retracted_fact(snapshot, id_, short) for id_ in retracted]


def _fact(snapshot: Snapshot, row: int, short: dict[str, str]) -> Fact:
    fact, claims = snapshot.facts.iloc[row], snapshot.claims.iloc[snapshot.claims_of(row)]
    names, corrected_at = snapshot.entities["name"], fact["corrected_at"]
    sources = zip(claims["passage"], claims["stated_by"], claims["statement"], claims["replaced"], strict=True)
    return Fact(
        id=fact["id"],
        short_id=short[fact["id"]],
        subject=names.iloc[fact["subject"]],
        relation=fact["relation"],
        object=names.iloc[fact["object"]],
        statement=fact["statement"],
        valid_at=fact["valid_at"],
        valid_until=fact["valid_until"],
        superseded_by=fact["superseded_by"],
        stated_by=fact["stated_by"],
        corrected_by=fact["corrected_by"],
        corrected_at=datetime.fromisoformat(corrected_at).replace(tzinfo=UTC) if corrected_at else None,
        retracted=False,
        sources=tuple(_source(snapshot, *source) for source in sources),
        subject_id=snapshot.entities["id"].iloc[fact["subject"]],
        object_id=snapshot.entities["id"].iloc[fact["object"]],
    )


def _retracted_fact(snapshot: Snapshot, id_: str, short: dict[str, str]) -> Fact:
    wrong = sorted((claim for claim in snapshot.retracted if claim.id == id_), key=lambda claim: claim.statement)
    first, names = wrong[0], snapshot.entities["name"]
    return Fact(
        id=id_,
        short_id=short[id_],
        subject=names.iloc[first.subject],
        relation=first.relation,
        object=names.iloc[first.object],
        statement=first.statement,
        valid_at=first.valid_at,
        valid_until=None,
        superseded_by=None,
        stated_by=first.stated_by,
        corrected_by=first.word.said.name,
        corrected_at=first.word.said.at.replace(tzinfo=UTC),
        retracted=True,
        sources=tuple(_source(snapshot, it.passage, it.stated_by, it.statement, True) for it in wrong),
        subject_id=snapshot.entities["id"].iloc[first.subject],
        object_id=snapshot.entities["id"].iloc[first.object],
    )


def _source(snapshot: Snapshot, passage: int, stated_by: str, statement: str, replaced: bool) -> FactSource:
    it = snapshot.passages.iloc[int(passage)]
    session = it["session_id"] if it["turn_id"] is not None else None
    said_at = it["said_at"].to_pydatetime().replace(tzinfo=UTC)
    return FactSource(
        it["name"], it["document_id"], session, it["turn_id"], stated_by, said_at, statement, bool(replaced), it["id"]
    )


def _short_ids(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, str]:
    """For each of `ids` as many of its digits as no other fact's id begins with."""
    known = sorted({*snapshot.facts["id"], *(claim.id for claim in snapshot.retracted)})
    shown = {}
    for id_ in ids:
        place = bisect_left(known, id_)
        beside = known[max(place - 1, 0) : place] + known[place + 1 : place + 2]
        shown[id_] = id_[: max(_SHOWN_DIGITS, *(_shared_digits(id_, other) + 1 for other in beside), 0)]
    return shown


def _shared_digits(one: str, other: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def _normal(relation: str) -> str:
    return " ".join(relation.casefold().split())
