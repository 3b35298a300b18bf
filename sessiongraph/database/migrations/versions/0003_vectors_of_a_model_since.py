"""Vectors of a model since a commit, looked up by an index of their own.

Where vectors were just written, PostgreSQL knows nothing of them yet, and took the key's index: of all vectors of the
dataset, to find those of the last commit.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade(schema: str) -> None:
    """Replace the index by commit: a model is always named beside it."""
    op.execute(f"CREATE INDEX ON {schema}.embeddings (dataset_id, model, seq)")
    op.execute(f"DROP INDEX {schema}.embeddings_dataset_id_seq_idx")
