"""What became of a fact whose id is no one's any more: a link to it, kept from before, leads on.

A fact's id says what it relates. So it gets another one where a person corrects it, takes a correction back, or decides
that a name of it is another's. What its passages say stays, and tells which fact it is now.
"""

import asyncio
from collections.abc import Iterator
from itertools import chain, product

import numpy as np

from sessiongraph.api import fact_records
from sessiongraph.api.fact_records import Fact
from sessiongraph.entity_resolution.entity_resolver import name_key
from sessiongraph.ids import content_id
from sessiongraph.services import Services
from sessiongraph.snapshots.corrections import FactKey
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset

# Whatever was said of facts, also what was taken back or said otherwise since.
_SAID = """
SELECT DISTINCT subject_key, relation, object_key, of_valid_at, new_relation, new_object, new_valid_at
FROM fact_corrections
"""
Said = tuple[FactKey, str | None, str | None, str | None]


async def what_became_of(services: Services, dataset: Dataset, snapshot: Snapshot, id_: str) -> Fact | None:
    """The fact that one is now whose id began with `id_` before; None where that cannot be told."""
    said = await asyncio.to_thread(services.store(dataset).read, _said)
    return await asyncio.to_thread(_now, snapshot, said, id_.strip().lower())


def _said(connection: StoreConnection) -> list[Said]:
    return [(FactKey(*row[:4]), *row[4:]) for row in connection.execute(_SAID).fetchall()]


def _now(snapshot: Snapshot, said: list[Said], wanted: str) -> Fact | None:
    called = chain(_corrected(snapshot, said), _merged(snapshot))
    claim = next((claim for id_, claim in called if id_.startswith(wanted)), None)
    return None if claim is None else next(iter(fact_records.stated(snapshot, [claim])), None)


def _corrected(snapshot: Snapshot, said: list[Said]) -> Iterator[tuple[str, FactKey]]:
    """The ids that claims had by their own words, and by each that a person said of them."""
    keys = snapshot.claim_keys
    wrong = {it.claim for it in snapshot.retracted}
    for about, relation, object_, valid_at in said:
        claims = {keys.of(int(claim)) for claim in keys.saying(about)}
        claims |= {it for it in wrong if it[:3] == about[:3] and about.valid_at in (None, it.valid_at)}
        for claim in sorted(claims):
            right = FactKey(
                claim.subject,
                claim.relation if relation is None else " ".join(relation.casefold().split()),
                claim.object if object_ is None else name_key(object_),
                claim.valid_at if valid_at is None else valid_at,
            )
            yield _id(snapshot, claim), claim
            yield _id(snapshot, right), claim


def _merged(snapshot: Snapshot) -> Iterator[tuple[str, FactKey]]:
    """The ids that claims had when the names of what is one entity now were names of several."""
    keys = snapshot.claim_keys
    texts = keys.strings[0].values
    names: dict[int, list[str]] = {}
    for name, entity in enumerate(keys.entities.tolist()):
        names.setdefault(entity, []).append(content_id("entity", texts[name]))
    subjects, objects = keys.entities[keys.columns[0]], keys.entities[keys.columns[2]]
    is_merged = np.array([len(names.get(entity, ())) > 1 for entity in range(len(keys.entities))], bool)
    for claim in np.flatnonzero(is_merged[subjects] | is_merged[objects]).tolist():
        said = keys.of(claim)
        for subject, object_ in product(names[int(subjects[claim])], names[int(objects[claim])]):
            yield content_id("fact", subject, said.relation, object_, said.valid_at or ""), said


def _id(snapshot: Snapshot, said: FactKey) -> str:
    """The id of the fact that says this of the entities that its names mean now."""
    subject, object_ = (_entity(snapshot, name) for name in (said.subject, said.object))
    return content_id("fact", subject, said.relation, object_, said.valid_at or "")


def _entity(snapshot: Snapshot, key: str) -> str:
    row = snapshot.entity_keys.get(key)
    return content_id("entity", key) if row is None else str(snapshot.entities["id"].iloc[row])
