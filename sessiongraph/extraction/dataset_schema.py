"""A dataset's own schema, in its store.

Invariant: rows are only added, and the newest counts; without text it says that there is none any more.
"""

from sessiongraph.graph_schema import GraphSchema
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Transaction

_NEWEST = "SELECT schema FROM graph_schemas ORDER BY seq DESC LIMIT 1"


def read_schema(connection: StoreConnection) -> GraphSchema | None:
    """The schema of the dataset, where it has one."""
    text = _text(connection)
    return None if text is None else GraphSchema.model_validate_json(text)


def write_schema(store: GraphStore, schema: GraphSchema | None, *, run_id: str, asset: str) -> bool:
    """Let the dataset have `schema`, or none; False where it is so already. Blocks."""
    text = None if schema is None else schema.to_text()

    def change(tx: Transaction) -> bool:
        if _text(tx.connection) == text:
            return False
        tx.insert("graph_schemas", [{"schema": text}])
        return True

    return store.write(run_id, asset, change)


def _text(connection: StoreConnection) -> str | None:
    rows = connection.execute(_NEWEST).fetchall()
    return rows[0][0] if rows else None
