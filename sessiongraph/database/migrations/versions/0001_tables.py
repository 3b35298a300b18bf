"""The tables of every dataset's store, and of access control.

Of one dataset all rows are in one partition of each table, so that a query looks at no other. How many there are cannot
be changed later without writing all rows anew.
"""

import re

from alembic import op

revision = "0001"
down_revision = None

_PARTITIONS = 16
# Compared as bytes, as DuckDB does: the same order in every database.
_TEXT = 'text COLLATE "C"'

# By table: its columns (T is text, S the schema), its key where rows are told apart by one, and what else is looked up.
_STORES = {
    "commits": (
        "seq bigint, run_id T, asset T, committed_at timestamp, forgotten bigint",
        "seq",
        ("run_id",),
    ),
    "documents": (
        "id T, kind T, name T, source T, text T, user_id T, user_name T, session_id T, created_at timestamp, "
        "seq bigint, said_on T, metadata T",
        "id",
        ("seq",),
    ),
    "node_sets": ("document_id T, name T, seq bigint", None, ("document_id", "seq")),
    "chunks": (
        "passage_id T, document_id T, start integer, stop integer, seq bigint, said_on T",
        None,
        ("passage_id", "document_id", "seq"),
    ),
    "turns": (
        "passage_id T, document_id T, turn_id T, question T, answer T, content_hash T, created_at timestamp, "
        "position bigint, score integer, feedback T, elements text[], seq bigint, utc_offset_minutes integer, "
        "context T, metadata T",
        None,
        ("passage_id, seq", "document_id", "seq"),
    ),
    "ledger": (
        "passage_id T, window_id T, extractor T, disposition T, reason T, seq bigint",
        None,
        ("passage_id, seq", "seq"),
    ),
    "windows": ("id T, summary T, seq bigint", "id", ("seq",)),
    "mentions": (
        "window_id T, name T, type T, description T, stated_by T, seq bigint",
        None,
        ("window_id", "seq"),
    ),
    "claims": (
        "window_id T, subject T, relation T, object T, statement T, valid_at T, stated_by T, seq bigint",
        None,
        ("window_id", "seq"),
    ),
    "embeddings": ("text_id T, model T, vector bytea, seq bigint", "text_id, model", ("seq",)),
    "decisions": ("key_a T, key_b T, same boolean, source T, reason T, seq bigint", None, ("seq",)),
    "fact_corrections": (
        "subject_key T, relation T, object_key T, of_valid_at T, action T, new_relation T, new_object T, "
        "new_valid_at T, new_valid_until T, user_id T, user_name T, seq bigint",
        None,
        ("seq",),
    ),
    "entity_corrections": ("key T, type T, name T, user_id T, user_name T, seq bigint", None, ("seq",)),
}

# Of each dataset how far its store has come, and how often something was deleted from it: what a commit locks.
_COUNTERS = """
CREATE TABLE S.stores (
    dataset_id text PRIMARY KEY, seq bigint NOT NULL, epoch bigint NOT NULL, committed_at timestamp)
    WITH (fillfactor = 50)
"""

_ACCESS = """
CREATE TABLE S.users (id T PRIMARY KEY, name T NOT NULL UNIQUE);
CREATE TABLE S.datasets (
    id T PRIMARY KEY, name T NOT NULL, owner_id T NOT NULL REFERENCES S.users (id),
    allow_secrets boolean NOT NULL DEFAULT false, UNIQUE (owner_id, name));
CREATE INDEX ON S.datasets (name);
CREATE TABLE S.grants (
    dataset_id T NOT NULL REFERENCES S.datasets (id) ON DELETE CASCADE, user_id T NOT NULL REFERENCES S.users (id),
    permission T NOT NULL, PRIMARY KEY (dataset_id, user_id, permission));
CREATE INDEX ON S.grants (user_id);
CREATE TABLE S.tenants (
    id T PRIMARY KEY, name T NOT NULL UNIQUE, owner_id T NOT NULL REFERENCES S.users (id));
CREATE INDEX ON S.tenants (owner_id);
CREATE TABLE S.tenant_users (
    user_id T PRIMARY KEY REFERENCES S.users (id), tenant_id T NOT NULL REFERENCES S.tenants (id));
CREATE INDEX ON S.tenant_users (tenant_id);
CREATE TABLE S.roles (
    id T PRIMARY KEY, name T NOT NULL, owner_id T NOT NULL REFERENCES S.users (id),
    tenant_id T REFERENCES S.tenants (id));
CREATE INDEX ON S.roles (owner_id);
CREATE UNIQUE INDEX role_names ON S.roles (coalesce(tenant_id, ''), name);
CREATE TABLE S.role_users (
    role_id T NOT NULL REFERENCES S.roles (id) ON DELETE CASCADE, user_id T NOT NULL REFERENCES S.users (id),
    PRIMARY KEY (role_id, user_id));
CREATE INDEX ON S.role_users (user_id);
CREATE TABLE S.role_grants (
    dataset_id T NOT NULL REFERENCES S.datasets (id) ON DELETE CASCADE,
    role_id T NOT NULL REFERENCES S.roles (id) ON DELETE CASCADE,
    permission T NOT NULL, PRIMARY KEY (dataset_id, role_id, permission));
CREATE INDEX ON S.role_grants (role_id);
CREATE TABLE S.api_keys (
    id T PRIMARY KEY, sha256 T NOT NULL UNIQUE, user_id T NOT NULL REFERENCES S.users (id), scope T NOT NULL,
    created_at bigint NOT NULL, expires_at bigint, revoked_at bigint);
CREATE INDEX ON S.api_keys (user_id);
CREATE TABLE S.browser_sessions (
    sha256 T PRIMARY KEY, user_id T NOT NULL REFERENCES S.users (id), key_id T REFERENCES S.api_keys (id),
    is_link boolean NOT NULL, expires_at bigint NOT NULL);
CREATE INDEX ON S.browser_sessions (expires_at);
CREATE TABLE S.webhooks (
    id T PRIMARY KEY, user_id T NOT NULL REFERENCES S.users (id) ON DELETE CASCADE,
    dataset_id T NOT NULL REFERENCES S.datasets (id) ON DELETE CASCADE, url T NOT NULL, events T NOT NULL,
    secret T NOT NULL, created_at double precision NOT NULL, seq bigint, read_as T, failures integer NOT NULL,
    next_try_at double precision NOT NULL, failing_since double precision, last_error T,
    delivered_at double precision, is_gone boolean NOT NULL);
CREATE INDEX ON S.webhooks (user_id);
CREATE INDEX ON S.webhooks (dataset_id);
"""


def upgrade(schema: str) -> None:
    """Make all tables."""
    for statement in (_COUNTERS, *_ACCESS.split(";")):
        if statement.strip():
            op.execute(_filled(statement, schema))
    for table, (columns, key, looked_up) in _STORES.items():
        keyed = f", PRIMARY KEY (dataset_id, {key})" if key else ""
        op.execute(
            _filled(f"CREATE TABLE S.{table} (dataset_id text NOT NULL, {columns}{keyed})", schema)
            + " PARTITION BY HASH (dataset_id)"
        )
        for number in range(_PARTITIONS):
            op.execute(
                f"CREATE TABLE {schema}.{table}_{number} PARTITION OF {schema}.{table} "
                f"FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {number})"
            )
        for names in looked_up:
            op.execute(f"CREATE INDEX ON {schema}.{table} (dataset_id, {names})")
    # Vectors do not get smaller by compression.
    op.execute(f"ALTER TABLE {schema}.embeddings ALTER COLUMN vector SET STORAGE EXTERNAL")


def _filled(statement: str, schema: str) -> str:
    return re.sub(r"\bT\b", _TEXT, re.sub(r"\bS\.", f"{schema}.", statement))
