"""Decisions of a person about two names: recorded, and dropped with the names. What follows from them is derived
(`sessiongraph/entity_resolution/entity_resolver.py`).

Invariant: rows are only added, and the newest about a pair counts, so that every decision can be reversed.
"""

from sessiongraph.entity_resolution.entity_resolver import name_key, pair
from sessiongraph.store.graph_store import GraphStore, Transaction

_NEWEST = "SELECT same FROM decisions WHERE key_a = ? AND key_b = ? ORDER BY seq DESC LIMIT 1"
_NAMES = """
SELECT name FROM mentions UNION SELECT subject FROM claims UNION SELECT object FROM claims
"""


def decide(store: GraphStore, a: str, b: str, *, same: bool, reason: str, run_id: str, asset: str) -> bool:
    """Record that the name keys `a` and `b` mean one entity, or two; False where that stands already. Blocks."""
    key_a, key_b = pair(a, b)
    row = {"key_a": key_a, "key_b": key_b, "same": same, "source": "user", "reason": reason}

    def change(tx: Transaction) -> bool:
        if tx.connection.execute(_NEWEST, [key_a, key_b]).fetchall() == [(same,)]:
            return False
        tx.insert("decisions", [row])
        return True

    return store.write(run_id, asset, change)


def are_kept_apart(store: GraphStore, a: str, b: str) -> bool:
    """Whether a person decided that the name keys `a` and `b` mean two entities. Blocks."""
    return store.read(lambda con: con.execute(_NEWEST, pair(a, b)).fetchall()) == [(False,)]


def drop_unnamed(tx: Transaction) -> None:
    """Delete the decisions about names that no evidence has."""
    decided = tx.connection.execute("SELECT key_a FROM decisions UNION SELECT key_b FROM decisions").fetchall()
    if decided:
        named = {name_key(name) for (name,) in tx.connection.execute(_NAMES).fetchall()}
        unnamed = [key for (key,) in decided if key not in named]
        tx.delete("decisions", "key_a", unnamed)
        tx.delete("decisions", "key_b", unnamed)
