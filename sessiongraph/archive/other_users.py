"""Rows of users who are others here: their sessions and turns under the ids that these have here.

A session is named by its user and its id, a turn by its session, and what a person says of themselves by their user id.
So all of these are named anew, and a session goes on here as if it had been held here. Windows and vectors are made of
words alone: nothing is extracted again. Of the facts that an answer used, those about the speaker are not found again.
"""

from collections.abc import Iterable, Mapping

from sessiongraph.entity_resolution.speaker_names import with_users
from sessiongraph.ids import session_document_id, turn_passage_id
from sessiongraph.store.duckdb_connection import DuckDBConnection
from sessiongraph.types import User

_KEYS = {
    "decisions": ("key_a", "key_b"),
    "fact_corrections": ("subject_key", "object_key"),
    "entity_corrections": ("key",),
}


def rename_users(connection: DuckDBConnection, users: Mapping[str, User]) -> None:
    """Make of the rows of each user in `users`, by the id that they have, rows of that user."""
    if not users:
        return
    ids = {old: user.id for old, user in users.items()}
    sessions = _sessions(connection, ids)
    passages = _passages(connection, sessions)
    for table, column in (("documents", "id"), ("node_sets", "document_id"), ("turns", "document_id")):
        _replace(connection, table, column, sessions)
    for table in ("turns", "ledger"):
        _replace(connection, table, "passage_id", passages)
    _replace_elements(connection, passages)
    for table, columns in _KEYS.items():
        for column in columns:
            keys = [key for (key,) in connection.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()]
            _replace(connection, table, column, {key: with_users(key, ids) for key in keys})
    connection.execute("UPDATE decisions SET key_a = least(key_a, key_b), key_b = greatest(key_a, key_b)")
    for table in ("documents", "fact_corrections", "entity_corrections"):
        _replace(connection, table, "user_name", {old: user.name for old, user in users.items()}, by="user_id")
        _replace(connection, table, "user_id", ids)


def _sessions(connection: DuckDBConnection, ids: Mapping[str, str]) -> dict[str, str]:
    query = "SELECT id, user_id, session_id FROM documents WHERE kind = 'session'"
    rows = connection.execute(query).fetchall()
    return {id_: session_document_id(ids[user], session) for id_, user, session in rows if user in ids}


def _passages(connection: DuckDBConnection, sessions: Mapping[str, str]) -> dict[str, str]:
    rows = connection.execute("SELECT DISTINCT passage_id, document_id, turn_id FROM turns").fetchall()
    return {id_: turn_passage_id(sessions[session], turn) for id_, session, turn in rows if session in sessions}


def _replace(
    connection: DuckDBConnection, table: str, column: str, new: Mapping[str, str], by: str | None = None
) -> None:
    """Where `by` of a row (or `column` itself) is a key of `new`, let `column` be what `new` says."""
    changed = [(old, value) for old, value in new.items() if old != value]
    if changed:
        connection.execute(
            f"UPDATE {table} SET {column} = said.new FROM (SELECT unnest($1) AS old, unnest($2) AS new) said "
            f"WHERE {table}.{by or column} = said.old",
            _columns(changed),
        )


def _replace_elements(connection: DuckDBConnection, passages: Mapping[str, str]) -> None:
    if passages:
        connection.execute(
            """WITH said AS (SELECT map_from_entries(list(row(old, new))) AS new FROM (
                SELECT unnest($1) AS old, unnest($2) AS new))
            UPDATE turns SET elements = list_transform(elements, id -> coalesce(said.new[id], id)) FROM said
            WHERE len(elements) > 0""",
            _columns(passages.items()),
        )


def _columns(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [list(column) for column in zip(*pairs, strict=True)]
