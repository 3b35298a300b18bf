"""The difference that a run made: the entities and facts that only its passages support, with their evidence.

Invariant: a change is a function of the store as it is now and of the run's id. So it can be collected again after a
`forget`, and then holds no word of what is gone; what a later run has replaced is in it no more.
It costs what the run did: of the graph's columns of strings only the rows of the run are read.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import mask_of
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.speaker_names import keys_of_name
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection

# The kinds of the passages that a run of each asset makes.
PASSAGE_KINDS = {"knowledge_graph": ("document", "transcript"), "session_knowledge": ("session",)}

# The passages that the run settled, each with the times at which it may be said to have been said.
_SETTLED = """
WITH of_run AS (
    SELECT DISTINCT passage_id FROM ledger JOIN commits c USING (seq)
    WHERE c.run_id = $1 AND disposition <> 'failed')
SELECT passage_id, created_at FROM turns WHERE passage_id IN (SELECT passage_id FROM of_run)
UNION SELECT passage_id, coalesce(CAST(c.said_on AS TIMESTAMP), d.created_at)
    FROM chunks c JOIN documents d ON d.id = c.document_id WHERE passage_id IN (SELECT passage_id FROM of_run)
"""
# The evidence that was live for the run's passages before the run, which is therefore not new.
_EVIDENCE_BEFORE = """
WITH of_run AS (
    SELECT passage_id, min(seq) AS first FROM ledger JOIN commits c USING (seq)
    WHERE c.run_id = $1 AND c.asset = $2 GROUP BY passage_id),
before AS (
    SELECT l.window_id, l.disposition, row_number() OVER (PARTITION BY l.passage_id ORDER BY l.seq DESC) AS nth
    FROM ledger l JOIN of_run r ON r.passage_id = l.passage_id AND l.seq < r.first WHERE l.disposition <> 'failed')
SELECT {columns} FROM {table} WHERE window_id IN (
    SELECT window_id FROM before WHERE nth = 1 AND disposition = 'persisted')
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


def collect_change(connection: StoreConnection, snapshot: Snapshot, asset: str, run_id: str) -> Change:
    """What is in `snapshot`, the present state of the store behind `connection`, by that run alone."""
    of_run = _rows_of_run(connection, snapshot, asset, run_id)
    known_entities, known_facts = _known_before(connection, snapshot, asset, run_id, of_run)
    of_run_alone = mask_of(of_run, len(snapshot.passages))
    entity_is_new = _only_of_run(snapshot.mentions, "entity", len(snapshot.entities), of_run_alone)
    fact_is_new = _only_of_run(snapshot.claims, "fact", len(snapshot.facts), of_run_alone)
    entity_is_new[known_entities], fact_is_new[known_facts] = False, False
    fact_is_new[_corrected_by_run(snapshot, run_id)] = True
    new_facts = np.flatnonzero(fact_is_new)
    shown = set(np.flatnonzero(entity_is_new).tolist())
    for side in ("subject", "object"):
        shown |= set(snapshot.facts[side].to_numpy()[new_facts].tolist())
    entities = [_entity(snapshot, row, entity_is_new) for row in sorted(shown)]
    return Change(
        asset=asset,
        run_id=run_id,
        committed_at=_committed_at(connection, asset, run_id),
        outcomes=_outcomes(connection, asset, run_id),
        sources=list(dict.fromkeys(snapshot.passages["name"].iloc[of_run])),
        entities={entity.id: entity for entity in entities},
        facts=_facts(snapshot, new_facts),
        size={"passages": len(snapshot.passages), "entities": len(snapshot.entities), "facts": len(snapshot.facts)},
        retractions=_retractions(snapshot, run_id),
    )


def _rows_of_run(connection: StoreConnection, snapshot: Snapshot, asset: str, run_id: str) -> Array:
    """The rows of the passages that are in the graph by that run, in ascending order.

    They are looked for by when they were said: times are numbers, so only ids of rows of those times are read.
    """
    settled = connection.execute(_SETTLED, [run_id]).fetchall()
    ids, times = {id_ for id_, _ in settled}, np.array([time for _, time in settled], "datetime64[us]")
    rows = np.flatnonzero(np.isin(snapshot.passages["said_at"].to_numpy(), times))
    found = snapshot.passages[["id", "run_id", "kind"]].iloc[rows]
    is_of_run = [
        id_ in ids and run == run_id and kind in PASSAGE_KINDS[asset]
        for id_, run, kind in zip(found["id"], found["run_id"], found["kind"], strict=True)
    ]
    return rows[np.array(is_of_run, bool)]


def _only_of_run(evidence: pd.DataFrame, column: str, count: int, of_run: Array) -> Array:
    """Of each of `count` entities or facts, whether all its evidence is in passages of the run."""
    rows = evidence[column].to_numpy()
    is_of_run = of_run[evidence["passage"].to_numpy()]
    found = mask_of(rows[is_of_run], count)
    found[rows[~is_of_run & found[rows]]] = False
    return found


def _known_before(
    connection: StoreConnection, snapshot: Snapshot, asset: str, run_id: str, of_run: Array
) -> tuple[list[int], list[int]]:
    """The entities, and of the facts of the passages `of_run` those, that the run's own passages said before the run
    too, in other words perhaps."""
    row_of = snapshot.entity_keys

    def before(table: str, columns: str) -> list[tuple[str, ...]]:
        return connection.execute(_EVIDENCE_BEFORE.format(table=table, columns=columns), [run_id, asset]).fetchall()

    mentioned = [name for (name,) in before("mentions", "DISTINCT name")]
    claimed = before("claims", "DISTINCT subject, relation, object, valid_at")
    users = _users(snapshot, of_run)

    def rows(name: str) -> list[int]:
        return [row for key in keys_of_name(name, users) if (row := row_of.get(key)) is not None]

    names = [*mentioned, *(row[0] for row in claimed), *(row[2] for row in claimed)]
    entities = [row for name in names for row in rows(name)]
    known_facts = {
        (one, " ".join(relation.casefold().split()), other, valid_at)
        for subject, relation, object_, valid_at in claimed
        for one in rows(subject)
        for other in rows(object_)
    }
    if not known_facts:
        return entities, []
    claims = np.flatnonzero(mask_of(of_run, len(snapshot.passages))[snapshot.claims["passage"].to_numpy()])
    fact_of_claim = snapshot.claims["fact"].to_numpy()
    candidates = np.unique(fact_of_claim[claims])
    said = snapshot.facts[["subject", "relation", "object", "valid_at"]].iloc[candidates].itertuples(index=False)
    facts = [fact for fact, it in zip(candidates.tolist(), said, strict=True) if tuple(it) in known_facts]
    keys = snapshot.claim_keys
    for claim in claims[keys.corrections[claims] >= 0].tolist():
        word = keys.of(claim)  # in the passage's own words, whatever a person made of them
        if (row_of.get(word.subject), word.relation, row_of.get(word.object), word.valid_at or None) in known_facts:
            facts.append(int(fact_of_claim[claim]))
    return entities, facts


def _users(snapshot: Snapshot, passages: Array) -> list[str]:
    """Whose sessions and documents `passages` (rows) are of."""
    return list(dict.fromkeys(snapshot.passages["user_id"].iloc[passages]))


def _corrected_by_run(snapshot: Snapshot, run_id: str) -> Array:
    """The facts that are what they are by a correction made in that run."""
    codes = [word is not None and word.run_id == run_id for _, word in snapshot.claim_keys.words]
    by_run = np.array([*codes, False])[snapshot.claim_keys.corrections]  # -1, for none, is the last
    facts: Array = snapshot.claims["fact"].to_numpy()[by_run]
    return facts


def _retractions(snapshot: Snapshot, run_id: str) -> list[Retraction]:
    found = {
        (claim.statement, f"{claim.word.said.name}, {claim.word.said.at:%Y-%m-%d}")
        for claim in snapshot.retracted
        if claim.word.run_id == run_id
    }
    return [Retraction(*each) for each in sorted(found)]


def _facts(snapshot: Snapshot, rows: Array) -> list[NewFact]:
    """In the order in which they were first said."""
    of_facts = mask_of(rows, len(snapshot.facts))[snapshot.claims["fact"].to_numpy()]
    claims = snapshot.claims.iloc[np.flatnonzero(of_facts)]
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


def _entity(snapshot: Snapshot, row: int, is_new: Array) -> ChangedEntity:
    entity = snapshot.entities.iloc[row]
    return ChangedEntity(entity["id"], entity["name"], entity["type"], entity["description"], bool(is_new[row]))


def _committed_at(connection: StoreConnection, asset: str, run_id: str) -> datetime | None:
    query = "SELECT max(committed_at) FROM commits WHERE run_id = ? AND asset = ?"
    newest: datetime | None = connection.execute(query, [run_id, asset]).fetchall()[0][0]
    return newest


def _outcomes(connection: StoreConnection, asset: str, run_id: str) -> Counter[str]:
    rows = connection.execute(
        """SELECT disposition, count(*) FROM (
            SELECT disposition, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth
            FROM ledger JOIN commits c USING (seq) WHERE c.run_id = ? AND c.asset = ?) said
        WHERE nth = 1 GROUP BY disposition""",
        [run_id, asset],
    ).fetchall()
    return Counter(dict(rows))
