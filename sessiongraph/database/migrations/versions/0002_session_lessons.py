"""What was learned of sessions as a whole.

Sessions that are there already are noted as not read, as in a file's upgrade: an upgrade alone calls no model.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_PARTITIONS = 16
_TEXT = 'text COLLATE "C"'


def upgrade(schema: str) -> None:
    """Make the table, a partition each as those of the first version have."""
    table = f"{schema}.session_lessons"
    op.execute(
        f"CREATE TABLE {table} (dataset_id text NOT NULL, document_id {_TEXT}, reading_id {_TEXT}, extractor {_TEXT}, "
        f"lessons {_TEXT}, failure {_TEXT}, seq bigint) PARTITION BY HASH (dataset_id)"
    )
    for number in range(_PARTITIONS):
        op.execute(
            f"CREATE TABLE {table}_{number} PARTITION OF {table} "
            f"FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {number})"
        )
    for column in ("document_id, seq", "seq"):
        op.execute(f"CREATE INDEX ON {table} (dataset_id, {column})")
    op.execute(
        f"INSERT INTO {table} (dataset_id, document_id, seq) SELECT d.dataset_id, d.id, s.seq "
        f"FROM {schema}.documents d JOIN {schema}.stores s ON s.dataset_id = d.dataset_id WHERE d.kind = 'session'"
    )
