"""The difference that a run made: the entities and facts that only its passages support, with their evidence.

Invariant: a change is a function of the store as it is now and of the run's id. So it can be collected again after a
`forget`, and then holds no word of what is gone; what a later run has replaced is in it no more.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import numpy as np
import pandas as pd

from sessiongraph.entity_resolution.speaker_names import keys_of_name
from sessiongraph.snapshots.snapshot import Snapshot

# The kinds of the passages that a run of each asset makes.
PASSAGE_KINDS = {"knowledge_graph": ("document", "transcript"), "session_knowledge": ("session",)}

# The evidence that was live for the run's passages before the run, which is therefore not new.
_EVIDENCE_BEFORE = """
WITH of_run AS (
    SELECT passage_id, min(seq) AS first FROM ledger JOIN commits c USING (seq)
    WHERE c.run_id = $1 AND c.asset = $2 GROUP BY passage_id),
before AS (
    SELECT l.window_id, l.disposition FROM ledger l JOIN of_run r ON r.passage_id = l.passage_id AND l.seq < r.first
    WHERE l.disposition <> 'failed' QUALIFY row_number() OVER (PARTITION BY l.passage_id ORDER BY l.seq DESC) = 1)
SELECT {columns} FROM {table} WHERE window_id IN (SELECT window_id FROM before WHERE disposition = 'persisted')
"""


@dataclass(frozen=True)
class Quotation:
    """Where a fact was stated: `source` is a document's name or a session's id, `text` the whole passage; `wrong`,
    whether a person corrected what it states."""

    stated_by: str
    source: str
    said_at: datetime
    text: str
    statement: str
    wrong: bool = False


@dataclass(frozen=True)
class NewFact:
    """`subject` and `object` are ids of entities in the change; `corrected` says by whom and on which day it was."""

    id: str
    subject: str
    relation: str
    object: str
    statement: str
    valid_at: str | None
    quotations: list[Quotation]
    corrected: str | None = None


@dataclass(frozen=True)
class Retraction:
    """A statement that a person says is wrong, as a passage has it, and who said so on which day."""

    statement: str
    corrected: str


@dataclass(frozen=True)
class ChangedEntity:
    """An entity that is new, or one that was there and that a new fact is about."""

    id: str
    name: str
    type: str
    description: str
    new: bool


@dataclass(frozen=True)
class Change:
    """What the run `run_id` brought, by `asset`; `committed_at` is its last commit (UTC). A person's correction is a
    run too: it brings the facts that it made what they are, and retractions.

    `outcomes` counts the passages that it wrote down, by disposition. `size` is the graph's: passages, entities, facts.
    """

    asset: str
    run_id: str
    committed_at: datetime | None
    outcomes: Counter[str] = field(default_factory=Counter)
    sources: list[str] = field(default_factory=list)
    entities: dict[str, ChangedEntity] = field(default_factory=dict)
    facts: list[NewFact] = field(default_factory=list)
    size: dict[str, int] = field(default_factory=dict)
    retractions: list[Retraction] = field(default_factory=list)

    @property
    def new_entities(self) -> list[ChangedEntity]:
        return [entity for entity in self.entities.values() if entity.new]


def collect_change(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, asset: str, run_id: str) -> Change:
    """What is in `snapshot`, the present state of the store behind `connection`, by that run alone."""
    passages = snapshot.passages
    of_run = ((passages["run_id"] == run_id) & passages["kind"].isin(PASSAGE_KINDS[asset])).to_numpy()
    known_entities, known_facts = _known_before(connection, snapshot, asset, run_id)
    entity_is_new = _only_of_run(snapshot.mentions, "entity", len(snapshot.entities), of_run) & ~known_entities
    fact_is_new = _only_of_run(snapshot.claims, "fact", len(snapshot.facts), of_run) & ~known_facts
    fact_is_new |= _corrected_by_run(snapshot, run_id)
    facts = _facts(snapshot, np.flatnonzero(fact_is_new))
    shown = set(np.flatnonzero(entity_is_new))
    for side in ("subject", "object"):
        shown |= set(snapshot.facts[side].to_numpy()[fact_is_new])
    entities = [_entity(snapshot, int(row), entity_is_new) for row in sorted(shown)]
    return Change(
        asset=asset,
        run_id=run_id,
        committed_at=_committed_at(connection, asset, run_id),
        outcomes=_outcomes(connection, asset, run_id),
        sources=list(dict.fromkeys(passages["name"].array[of_run])),
        entities={entity.id: entity for entity in entities},
        facts=facts,
        size={"passages": len(passages), "entities": len(snapshot.entities), "facts": len(snapshot.facts)},
        retractions=_retractions(snapshot, run_id),
    )


def _only_of_run(evidence: pd.DataFrame, column: str, count: int, of_run: np.ndarray) -> np.ndarray:
    """Of each of `count` entities or facts, whether all its evidence is in passages of the run."""
    rows, is_of_run = evidence[column].to_numpy(), of_run[evidence["passage"].to_numpy()]
    supported = np.bincount(rows, minlength=count)
    return (supported > 0) & (np.bincount(rows[is_of_run], minlength=count) == supported)


def _known_before(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, asset: str, run_id: str
) -> tuple[np.ndarray, np.ndarray]:
    """Of each entity and fact, whether the run's own passages said it before the run too, in other words perhaps."""
    row_of = snapshot.entity_keys

    def before(table: str, columns: str) -> list[tuple[str, ...]]:
        return connection.execute(_EVIDENCE_BEFORE.format(table=table, columns=columns), [run_id, asset]).fetchall()

    mentioned = [name for (name,) in before("mentions", "DISTINCT name")]
    claimed = before("claims", "DISTINCT subject, relation, object, valid_at")
    entities = np.zeros(len(snapshot.entities), bool)
    users = snapshot.passages["user_id"][(snapshot.passages["run_id"] == run_id).to_numpy()].unique()

    def rows(name: str) -> list[int]:
        return [row for key in keys_of_name(name, users) if (row := row_of.get(key)) is not None]

    for name in [*mentioned, *(row[0] for row in claimed), *(row[2] for row in claimed)]:
        entities[rows(name)] = True
    known_facts = {
        (one, " ".join(relation.casefold().split()), other, valid_at)
        for subject, relation, object_, valid_at in claimed
        for one in rows(subject)
        for other in rows(object_)
    }
    columns = [snapshot.facts[name] for name in ("subject", "relation", "object", "valid_at")]
    facts = np.array([row in known_facts for row in zip(*columns, strict=True)], bool)
    fact_of_claim, keys = snapshot.claims["fact"].to_numpy(), snapshot.claim_keys
    for claim in np.flatnonzero(keys.corrections >= 0).tolist():
        said = keys.of(claim)  # in the passage's own words, whatever a person made of them
        if (row_of.get(said.subject), said.relation, row_of.get(said.object), said.valid_at or None) in known_facts:
            facts[fact_of_claim[claim]] = True
    return entities, facts


def _corrected_by_run(snapshot: Snapshot, run_id: str) -> np.ndarray:
    """Of each fact, whether it is what it is by a correction made in that run."""
    codes = [word is not None and word.run_id == run_id for _, word in snapshot.claim_keys.words]
    found = np.zeros(len(snapshot.facts), bool)
    by_run = np.array([*codes, False])[snapshot.claim_keys.corrections]  # -1, for none, is the last
    found[snapshot.claims["fact"].to_numpy()[by_run]] = True
    return found


def _retractions(snapshot: Snapshot, run_id: str) -> list[Retraction]:
    found = {
        (claim.statement, f"{claim.word.said.name}, {claim.word.said.at:%Y-%m-%d}")
        for claim in snapshot.retracted
        if claim.word.run_id == run_id
    }
    return [Retraction(*each) for each in sorted(found)]


def _facts(snapshot: Snapshot, rows: np.ndarray) -> list[NewFact]:
    """In the order in which they were first said."""
    claims = snapshot.claims[snapshot.claims["fact"].isin(rows)]
    passages = snapshot.passages[["name", "said_at", "document_id", "text"]].iloc[claims["passage"]]
    stated = claims.reset_index(drop=True).join(passages.reset_index(drop=True))
    stated = stated.sort_values(["said_at", "document_id", "passage", "statement"], kind="stable")
    quotations: dict[int, list[Quotation]] = {}
    for it in stated.itertuples(index=False):
        quotations.setdefault(it.fact, []).append(
            Quotation(it.stated_by, it.name, it.said_at, it.text, it.statement, it.replaced)
        )
    ids = snapshot.entities["id"]
    facts = zip(quotations.values(), snapshot.facts.iloc[list(quotations)].itertuples(index=False), strict=True)
    return [
        NewFact(
            it.id,
            ids.iloc[it.subject],
            it.relation,
            ids.iloc[it.object],
            it.statement,
            it.valid_at,
            quoted,
            f"{it.corrected_by}, {it.corrected_at[:10]}" if it.corrected_by else None,
        )
        for quoted, it in facts
    ]


def _entity(snapshot: Snapshot, row: int, is_new: np.ndarray) -> ChangedEntity:
    entity = snapshot.entities.iloc[row]
    return ChangedEntity(entity["id"], entity["name"], entity["type"], entity["description"], bool(is_new[row]))


def _committed_at(connection: duckdb.DuckDBPyConnection, asset: str, run_id: str) -> datetime | None:
    query = "SELECT max(committed_at) FROM commits WHERE run_id = ? AND asset = ?"
    newest: datetime | None = connection.execute(query, [run_id, asset]).fetchall()[0][0]
    return newest


def _outcomes(connection: duckdb.DuckDBPyConnection, asset: str, run_id: str) -> Counter[str]:
    rows = connection.execute(
        """SELECT disposition, count(*) FROM (
            SELECT disposition FROM ledger JOIN commits c USING (seq) WHERE c.run_id = ? AND c.asset = ?
            QUALIFY row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) = 1)
        GROUP BY disposition""",
        [run_id, asset],
    ).fetchall()
    return Counter(dict(rows))
