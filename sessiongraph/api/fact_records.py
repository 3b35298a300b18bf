"""Facts as they are shown: found by what an id begins with, by an entity or by words, with who states them."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import numpy as np

from sessiongraph.api.entity_records import row_of
from sessiongraph.errors import InvalidInputError
from sessiongraph.snapshots.conflicts import find_conflicts
from sessiongraph.snapshots.corrections import FactKey, FactWord
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import Dataset

# The shortest beginning of an id that is shown, and that is taken.
SHOWN_DIGITS, _LEAST_DIGITS = 7, 4


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


@dataclass(frozen=True)
class Conflict:
    """What is said of an entity in more ways than can be so: `about` says of what, such as "home" or "employer".

    Each of the `facts` stands, contradicts another of them, and closes none: which are right is for a person to say.
    """

    subject: str
    subject_id: str
    about: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Found:
    """The fact that an id names: its row (None for a retracted one), and what its claims say in their own words, each
    with the word that applies to it and what that is about."""

    id: str
    row: int | None
    claims: list[FactKey]
    words: Sequence[tuple[FactKey, FactWord | None] | None]


def found(snapshot: Snapshot, dataset: Dataset, id_: str) -> Found | None:
    """The fact whose id begins with `id_`; None where there is none. Raises InvalidInputError."""
    if not isinstance(id_, str):
        raise InvalidInputError(f"A fact is named by its id, a string, not {type(id_).__name__}.")
    wanted = id_.strip().lower()
    if len(wanted) < _LEAST_DIGITS:
        raise InvalidInputError(
            f"{id_!r:.60} is too short for a fact's id: give {_LEAST_DIGITS} digits or more. {_listing(dataset)}"
        )
    ids, retracted = snapshot.facts["id"], snapshot.retracted
    begins = sorted({it for it in (*ids, *(claim.id for claim in retracted)) if it.startswith(wanted)})
    if not begins:
        return None
    if len(begins) > 1:
        some = ", ".join(_short_ids(snapshot, begins[:5]).values())
        raise InvalidInputError(f"{len(begins)} facts begin with {id_!r:.60}: {some}. Give more digits of one.")
    rows = np.flatnonzero(ids.to_numpy() == begins[0])
    if not len(rows):
        wrong = [claim for claim in retracted if claim.id == begins[0]]
        return Found(begins[0], None, [it.claim for it in wrong], [(it.about, it.word) for it in wrong])
    keys = snapshot.claim_keys
    claims = snapshot.claims_of(int(rows[0])).tolist()
    return Found(
        begins[0], int(rows[0]), [keys.of(claim) for claim in claims], [keys.correction_of(it) for it in claims]
    )


def no_such_fact(dataset: Dataset, id_: str) -> InvalidInputError:
    return InvalidInputError(
        f"Dataset {dataset.name!r} has no fact {id_!r:.60}: what stated it was edited or forgotten, or it never was. "
        f"{_listing(dataset)}"
    )


def _listing(dataset: Dataset) -> str:
    return f"`sessiongraph facts list -d {dataset.name}` shows the ids that there are."


def one(snapshot: Snapshot, dataset: Dataset, id_: str) -> Fact | None:
    """The fact whose id begins with `id_`, as `found`."""
    it = found(snapshot, dataset, id_)
    if it is None:
        return None
    [fact] = shown(snapshot, [], [it.id]) if it.row is None else shown(snapshot, [it.row], [])
    return fact


def stated(snapshot: Snapshot, claims: Sequence[FactKey]) -> list[Fact]:
    """The facts that state what `claims` say, retracted ones too."""
    rows = {
        int(fact) for claim in claims for fact in snapshot.claims["fact"].to_numpy()[snapshot.claim_keys.saying(claim)]
    }
    return shown(snapshot, sorted(rows), sorted({it.id for it in snapshot.retracted if it.claim in claims}))


def listed(
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
    best = rows[order][:limit].tolist()
    return shown(snapshot, best, sorted(set(wrong))[: limit - len(best)])


def shown(snapshot: Snapshot, rows: Sequence[int], retracted: Sequence[str]) -> list[Fact]:
    """The facts of `rows`, and then those of the ids `retracted`."""
    short = _short_ids(snapshot, [*snapshot.facts["id"].iloc[list(rows)], *retracted])
    facts = [_fact(snapshot, row, short) for row in rows]
    return facts + [_retracted_fact(snapshot, id_, short) for id_ in retracted]


def conflicts(snapshot: Snapshot, limit: int) -> list[Conflict]:
    """The first conflicts, up to `limit`, in the order of `find_conflicts`."""
    if not (found := find_conflicts(snapshot)[:limit]):
        return []
    facts = iter(shown(snapshot, [row for conflict in found for row in conflict.facts], []))
    names, ids = snapshot.entities["name"], snapshot.entities["id"]
    return [
        Conflict(names.iloc[it.subject], ids.iloc[it.subject], it.about, tuple(islice(facts, len(it.facts))))
        for it in found
    ]


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
        shown[id_] = id_[: max(SHOWN_DIGITS, *(_shared_digits(id_, other) + 1 for other in beside), 0)]
    return shown


def _shared_digits(one: str, other: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))
