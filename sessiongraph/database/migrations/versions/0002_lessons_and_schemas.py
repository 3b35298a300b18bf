"""What was learned of sessions as a whole, and schemas of datasets' own.

Sessions that are there already are noted as not read, as in a file's upgrade: an upgrade alone calls no model.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_PARTITIONS = 16
_TEXT = 'text COLLATE "C"'


def upgrade(schema: str) -> None:
    """Make the tables, a partition each as those of the first version have."""
    lessons = f"document_id {_TEXT}, reading_id {_TEXT}, extractor {_TEXT}, lessons {_TEXT}, failure {_TEXT}"
    _make(f"{schema}.session_lessons", lessons, indexes=("document_id, seq", "seq"))
    _make(f"{schema}.graph_schemas", f"schema {_TEXT}", indexes=("seq",))
    op.execute(
        f"INSERT INTO {schema}.session_lessons (dataset_id, document_id, seq) SELECT d.dataset_id, d.id, s.seq "
        f"FROM {schema}.documents d JOIN {schema}.stores s ON s.dataset_id = d.dataset_id WHERE d.kind = 'session'"
    )


def _make(table: str, columns: str, indexes: tuple[str, ...]) -> None:
    op.execute(f"CREATE TABLE {table} (dataset_id text NOT NULL, {columns}, seq bigint) PARTITION BY HASH (dataset_id)")
    for number in range(_PARTITIONS):
        op.execute(
            f"CREATE TABLE {table}_{number} PARTITION OF {table} "
            f"FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {number})"
        )
    for column in indexes:
        op.execute(f"CREATE INDEX ON {table} (dataset_id, {column})")
