"""What people said of facts and entities that the evidence has wrong, as the store holds it. What follows from it is
derived (`corrected_claims`).

A word on a fact is about what a subject, a relation and an object say together, each in its normal form: names that are
merged, a fact that gets another id and a passage that is extracted anew leave it in place. The newest word counts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sessiongraph.store.connection import StoreConnection

_NEWEST_OF_FACTS = """
SELECT subject_key, relation, object_key, of_valid_at, action, new_relation, new_object, new_valid_at, new_valid_until,
    user_id, user_name, committed_at, seq, run_id
FROM (
    SELECT *, row_number() OVER (PARTITION BY subject_key, relation, object_key, of_valid_at ORDER BY seq DESC) AS nth
    FROM fact_corrections WHERE seq > ?) newest
JOIN commits USING (seq) WHERE nth = 1
"""
_NEWEST_OF_ENTITIES = """
SELECT key, type, name, user_id, user_name, committed_at, seq
FROM (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY seq DESC) AS nth
    FROM entity_corrections WHERE seq > ?) newest
JOIN commits USING (seq) WHERE nth = 1
"""


class FactKey(NamedTuple):
    """What a word is about; where `valid_at` is not None, only the fact of that date ("" for the one of none)."""

    subject: str
    relation: str
    object: str
    valid_at: str | None


@dataclass(frozen=True)
class Speaker:
    """Who said something, and when (UTC, without a zone)."""

    user_id: str
    name: str
    at: datetime


@dataclass(frozen=True)
class FactWord:
    """That a fact is wrong (`retracted`), or what is right instead; None for what is right as it is."""

    said: Speaker
    seq: int
    run_id: str
    retracted: bool = False
    relation: str | None = None
    object: str | None = None
    valid_at: str | None = None
    valid_until: str | None = None

    @property
    def rewords(self) -> bool:
        """Whether the sentences that state the fact state something wrong; an end alone makes them past."""
        return not (self.relation is None and self.object is None and self.valid_at is None)


@dataclass(frozen=True)
class EntityWord:
    """The right type and name of an entity; None for what is right as it is."""

    said: Speaker
    seq: int
    type: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Words:
    """The newest word on each fact and, by name key, on each entity; None where one was taken back."""

    facts: dict[FactKey, FactWord | None]
    entities: dict[str, EntityWord | None]


def read_words(connection: StoreConnection, since: int) -> Words:
    """The newest words after the commit `since`; all there are, for 0."""
    facts: dict[FactKey, FactWord | None] = {}
    for *key, action, relation, object_, valid_at, valid_until, user_id, user, at, seq, run_id in connection.execute(
        _NEWEST_OF_FACTS, [since]
    ).fetchall():
        changed = (relation, object_, valid_at, valid_until)
        word = FactWord(Speaker(user_id, user, at), seq, run_id, action == "retract", *changed)
        facts[FactKey(*key)] = None if action == "undo" else word
    entities: dict[str, EntityWord | None] = {}
    for key_, type_, name, user_id, user, at, seq in connection.execute(_NEWEST_OF_ENTITIES, [since]).fetchall():
        word_ = EntityWord(Speaker(user_id, user, at), seq, type_, name)
        entities[key_] = None if type_ is None and name is None else word_
    return Words(facts, entities)
