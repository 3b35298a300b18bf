"""What a person says of facts and entities: recorded, and dropped with what it is about or with who said it. What
follows from it is derived (`sessiongraph/snapshots/corrected_claims.py`).

Invariants:
- Rows are only added, and the newest about the same thing counts, so that every correction can be taken back.
- No word of what was forgotten stays because a person corrected it: a correction goes with the last claim of the very
  names and relation that it is about.
"""

from collections.abc import Sequence

from sessiongraph.entity_resolution.speaker_names import keys_of_name
from sessiongraph.snapshots.corrections import FactKey
from sessiongraph.store.graph_store import GraphStore, Row, Transaction
from sessiongraph.types import User

FACTS, ENTITIES = "fact_corrections", "entity_corrections"

_NAMES = """
SELECT name FROM mentions UNION SELECT subject FROM claims UNION SELECT object FROM claims
UNION SELECT new_object FROM fact_corrections WHERE new_object IS NOT NULL
"""
_SPEAKERS = "SELECT DISTINCT user_id FROM documents WHERE kind = 'session'"


def fact_row(
    key: FactKey,
    action: str,
    *,
    relation: str | None = None,
    object: str | None = None,
    valid_at: str | None = None,
    valid_until: str | None = None,
) -> Row:
    """A row of FACTS: that what `key` says is to "correct", to "retract", or right as it is ("undo")."""
    about = {
        "subject_key": key.subject,
        "relation": key.relation,
        "object_key": key.object,
        "of_valid_at": key.valid_at,
    }
    right = {"new_relation": relation, "new_object": object, "new_valid_at": valid_at, "new_valid_until": valid_until}
    return {**about, "action": action, **right}


def write(store: GraphStore, table: str, rows: Sequence[Row], user: User, *, run_id: str, asset: str) -> None:
    """Record `rows` in `table` as what `user` says. Blocks."""
    said = [{**row, "user_id": user.id, "user_name": user.name} for row in rows]
    store.write(run_id, asset, lambda tx: tx.insert(table, said))


def drop_words_of(tx: Transaction, user_ids: Sequence[str]) -> None:
    """Delete what these users said."""
    for table in (FACTS, ENTITIES):
        tx.delete(table, "user_id", user_ids)


def drop_unfounded(tx: Transaction) -> None:
    """Delete what was said of facts that no claim states, and of entities that nothing names."""
    users = [user_id for (user_id,) in tx.connection.execute(_SPEAKERS).fetchall()]
    query = "SELECT DISTINCT subject_key, relation, object_key FROM fact_corrections"
    if corrected := set(tx.connection.execute(query).fetchall()):
        claims = tx.connection.execute("SELECT DISTINCT subject, relation, object FROM claims").fetchall()
        stated = {
            (subject, " ".join(said.casefold().split()), object_)
            for one, said, other in claims
            for subject in keys_of_name(one, users)
            for object_ in keys_of_name(other, users)
        }
        unfounded = list(zip(*(corrected - stated), strict=True)) or [(), (), ()]
        tx.delete_where(
            FACTS,
            "(subject_key, relation, object_key) IN (SELECT unnest($1), unnest($2), unnest($3))",
            [list(column) for column in unfounded],
        )
    if keys := [key for (key,) in tx.connection.execute("SELECT DISTINCT key FROM entity_corrections").fetchall()]:
        names = tx.connection.execute(_NAMES).fetchall()
        named = {key for (name,) in names for key in keys_of_name(name, users)}
        tx.delete(ENTITIES, "key", [key for key in keys if key not in named])
