"""What rows must be like to be taken into a store: those of every store are, those of an archive by whoever may not be.

Ids become names of files, names are shown, times are compared: so each column is held to its form, each row to what it
belongs to. Whether what rows say is true cannot be seen: who imports an archive trusts whoever gave it.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import ValidationError

from sessiongraph.archive.manifest import ID, RUN_ID, Manifest, broken
from sessiongraph.errors import InvalidInputError
from sessiongraph.graph_schema import GraphSchema
from sessiongraph.ids import session_document_id, turn_passage_id
from sessiongraph.metadata import checked_metadata, to_text
from sessiongraph.snapshots.lessons import READINGS
from sessiongraph.store.duckdb_connection import DuckDBConnection

_BATCH = 2048
# The names that `sessiongraph.ids` accepts, in DuckDB's regular expressions.
_SESSION_ID = "[A-Za-z0-9_:@+=~-][A-Za-z0-9._:@+=~-]{0,199}"
_NAME = "[A-Za-z0-9_@+=~-][A-Za-z0-9._@+=~-]{0,199}"


def _is(column: str, pattern: str) -> str:
    return f"regexp_full_match({column}, '{pattern}')"


def _in(column: str, table: str, key: str) -> str:
    return f"{column} IN (SELECT {key} FROM {table})"


def _said(*columns: str) -> str:
    return " AND ".join(f"{column} IS NOT NULL" for column in columns)


def _moment(column: str) -> str:
    """A time that Python knows, too."""
    return f"{column} BETWEEN TIMESTAMP '0001-01-02' AND TIMESTAMP '9999-12-30'"


_SEQ = _in("seq", "commits", "seq")
# Evidence comes with the commit of its window.
_OF_A_WINDOW = _in("(window_id, seq)", "windows", "(id, seq)")
# What holds of every row.
_ROWS = {
    "commits": f"seq > 0 AND {_is('run_id', RUN_ID)} AND {_is('asset', '[a-z_]{1,40}')} AND {_moment('committed_at')} "
    "AND (forgotten IS NULL OR forgotten >= 0)",
    "documents": f"{_is('id', ID)} AND {_is('user_id', ID)} AND {_said('name')} AND {_moment('created_at')} AND "
    f"CASE WHEN kind = 'session' THEN {_is('session_id', _SESSION_ID)} AND text IS NULL "
    "ELSE kind IN ('document', 'transcript') AND session_id IS NULL AND text IS NOT NULL END "
    "AND (said_on IS NULL OR try_cast(said_on AS DATE) IS NOT NULL)",
    "node_sets": f"{_in('document_id', 'documents', 'id')} AND {_is('name', _NAME)}",
    "chunks": f"{_is('passage_id', ID)} AND {_in('document_id', 'documents', 'id')} AND start BETWEEN 0 AND stop "
    "AND (said_on IS NULL OR try_cast(said_on AS DATE) IS NOT NULL)",
    "turns": f"{_is('passage_id', ID)} AND {_in('document_id', 'documents', 'id')} AND "
    f"{_is('turn_id', _SESSION_ID)} AND {_said('question', 'answer', 'content_hash', 'position')} AND "
    f"{_moment('created_at')} AND (score IS NULL OR score BETWEEN 1 AND 5) AND "
    "(utc_offset_minutes IS NULL OR abs(utc_offset_minutes) < 1440)",
    "ledger": f"{_is('passage_id', ID)} AND {_said('window_id', 'extractor')} AND CASE disposition "
    f"WHEN 'persisted' THEN {_in('window_id', 'windows', 'id')} ELSE disposition IN ('skipped', 'failed') "
    "AND reason IS NOT NULL END",
    "windows": _is("id", ID),
    "mentions": f"{_OF_A_WINDOW} AND {_said('name', 'type')}",
    "claims": f"{_OF_A_WINDOW} AND {_said('subject', 'relation', 'object', 'statement', 'stated_by')}",
    "embeddings": f"{_is('text_id', ID)} AND {_said('model')} AND octet_length(vector) > 0 "
    "AND octet_length(vector) % 4 = 0",
    "decisions": _said("key_a", "key_b", "same"),
    "fact_corrections": f"{_said('subject_key', 'relation', 'object_key')} AND "
    f"action IN ('correct', 'retract', 'undo') AND {_is('user_id', ID)}",
    "entity_corrections": f"{_said('key')} AND {_is('user_id', ID)}",
    "session_lessons": f"{_in('document_id', 'documents', 'id')} AND CASE WHEN reading_id IS NULL "
    f"THEN extractor IS NULL AND lessons IS NULL AND failure IS NULL ELSE {_is('reading_id', ID)} AND "
    f"{_said('extractor')} AND (lessons IS NULL) <> (failure IS NULL) END",
    "graph_schemas": "true",
}
# Of what there are no two.
_UNIQUE = {"commits": "seq", "documents": "id", "windows": "id", "embeddings": "text_id, model"}
_LENGTHS = "SELECT 1 FROM embeddings GROUP BY model HAVING count(DISTINCT octet_length(vector)) > 1"
_USERS = """
SELECT user_id FROM documents UNION SELECT user_id FROM fact_corrections UNION SELECT user_id FROM entity_corrections
"""
_SESSIONS = "SELECT user_id, session_id, id FROM documents WHERE kind = 'session'"
_TURNS = "SELECT DISTINCT document_id, turn_id, passage_id FROM turns"
_METADATA = """
SELECT metadata FROM documents WHERE metadata IS NOT NULL UNION SELECT metadata FROM turns WHERE metadata IS NOT NULL
"""


def check_rows(connection: DuckDBConnection, manifest: Manifest) -> None:
    """Look at every row that was taken in. Raises InvalidInputError for one that no store holds."""
    for table, condition in _ROWS.items():
        of_a_commit = "" if table == "commits" else f" AND {_SEQ}"
        query = f"SELECT count(*) FROM {table} WHERE NOT coalesce({condition}{of_a_commit}, false)"
        if odd := connection.execute(query).fetchall()[0][0]:
            raise broken(f"{odd} row(s) of {table} are such as no dataset holds")
    for table, key in _UNIQUE.items():
        if connection.execute(f"SELECT 1 FROM {table} GROUP BY {key} HAVING count(*) > 1 LIMIT 1").fetchall():
            raise broken(f"rows of {table} are there twice")
    if not {id_ for (id_,) in connection.execute(_USERS).fetchall()} <= {user.id for user in manifest.users}:
        raise broken("rows name a user whom its manifest does not")
    _check_ids(connection)
    _check_metadata(connection)
    _check_lessons(connection)
    _check_schemas(connection)
    _check_vectors(connection)
    _check_files(connection, manifest)


def _check_ids(connection: DuckDBConnection) -> None:
    """Whether sessions and turns are named by what they are: so they are found again when they go on."""
    for query, made in ((_SESSIONS, session_document_id), (_TURNS, turn_passage_id)):
        if any(made(within, name) != id_ for within, name, id_ in _rows(connection, query)):
            raise broken("a session or a turn has the id of another")


def _check_metadata(connection: DuckDBConnection) -> None:
    """Whether it is such as `add` takes."""
    for (text,) in _rows(connection, _METADATA):
        try:
            is_kept = to_text(checked_metadata(json.loads(text))) == text
        except (ValueError, RecursionError, InvalidInputError):
            is_kept = False
        if not is_kept:
            raise broken("the metadata of a document or a turn is not as it is kept")


def _check_lessons(connection: DuckDBConnection) -> None:
    """Whether they are such as a session teaches, each with the turns that it rests on."""
    for (text,) in _rows(connection, "SELECT lessons FROM session_lessons WHERE lessons IS NOT NULL"):
        try:
            READINGS.validate_json(text)
        except ValidationError:
            raise broken("what was learned of a session is not as it is kept") from None


def _check_schemas(connection: DuckDBConnection) -> None:
    """Whether each is such as a dataset can be given."""
    for (text,) in _rows(connection, "SELECT schema FROM graph_schemas WHERE schema IS NOT NULL"):
        try:
            is_kept = GraphSchema.model_validate_json(text).to_text() == text
        except ValidationError:
            is_kept = False
        if not is_kept:
            raise broken("the dataset's schema is not as it is kept")


def _check_vectors(connection: DuckDBConnection) -> None:
    if connection.execute(_LENGTHS).fetchall():
        raise broken("vectors of one model differ in length")
    for (vector,) in _rows(connection, "SELECT vector FROM embeddings"):
        if not np.isfinite(np.frombuffer(vector, "<f4")).all():
            raise broken("a vector holds what is no number")


def _check_files(connection: DuckDBConnection, manifest: Manifest) -> None:
    documents = {id_ for (id_,) in connection.execute("SELECT id FROM documents WHERE kind <> 'session'").fetchall()}
    if not {name[:32] for name in manifest.files} <= documents:
        raise broken("it holds the original of a document that it does not hold")


def _rows(connection: DuckDBConnection, query: str) -> Iterator[tuple[Any, ...]]:
    found = connection.execute(query)
    while rows := found.fetchmany(_BATCH):
        yield from rows
