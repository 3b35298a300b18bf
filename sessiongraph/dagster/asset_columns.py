"""Columns of the tables that each asset makes, with their meaning, for the UI.

Names, types and order come from the text of the schema; a column that is not described here fails a test.
"""

import dagster as dg

from sessiongraph.store.schema import table_columns

_OF_PEOPLE = ("decisions", "fact_corrections", "entity_corrections")
TABLES_OF = {
    "documents": ("documents", "node_sets", "graph_schemas"),
    "session_turns": ("turns",),
    "knowledge_graph": ("chunks", "ledger", "windows", "mentions", "claims", "embeddings", *_OF_PEOPLE),
    "session_knowledge": ("ledger", "windows", "mentions", "claims", "embeddings", *_OF_PEOPLE),
    "session_lessons": ("session_lessons",),
}
_SEQ = "the commit that wrote the row; when, and by which run, stands in `commits`"
_MEANING = {
    "documents": {
        "id": "hash of the content, or of user and session",
        "kind": "document, transcript, or session",
        "name": "file name or title; a session's id",
        "source": "where the original is kept",
        "text": "the whole text; a session's turns are in `turns`",
        "user_id": "who added it, or whose session it is",
        "user_name": "their name then",
        "session_id": "the session's id; empty for a document",
        "created_at": "when it was added, or begun (UTC)",
        "said_on": "the day that it is of, where it was given or the file says so beside its text",
        "metadata": "the JSON object that was given with it, to search by",
    },
    "node_sets": {"document_id": "the tagged document", "name": "the tag"},
    "graph_schemas": {"schema": "the dataset's own schema as JSON; the newest row counts, NULL takes it away"},
    "chunks": {
        "passage_id": "hash of document and offsets",
        "document_id": "the document that it is cut from",
        "start": "first character",
        "stop": "the character after the last",
        "said_on": "the day that it is of, as the document, the heading above or the file's name has it",
    },
    "turns": {
        "passage_id": "hash of session and turn",
        "document_id": "the session",
        "turn_id": "the turn's id in the cache",
        "question": "what the user said",
        "answer": "what was answered",
        "content_hash": "hash of question and answer",
        "created_at": "when it was said (UTC)",
        "utc_offset_minutes": "how far the clock was ahead of UTC where it was said; NULL in UTC",
        "position": "orders turns said at the same moment",
        "score": "feedback, 1 (bad) to 5 (good)",
        "feedback": "feedback in words",
        "elements": "ids of the passages and facts that the answer used",
        "context": "what tools gave and what was attached, up to 20,000 characters; nobody's words, and no facts",
        "metadata": "the JSON object that was given with it, to search by",
    },
    "ledger": {
        "passage_id": "the chunk or turn",
        "window_id": "the window that it was extracted as",
        "extractor": "version of prompt, schema and model",
        "disposition": "persisted, skipped or failed; the newest row counts",
        "reason": "why it was skipped, or failed",
    },
    "windows": {"id": "hash of words, context and extractor", "summary": "what it is about, in a sentence"},
    "mentions": {
        "window_id": "where the entity is named",
        "name": "its name, as it stands there",
        "type": "Person, Organization, Place, …",
        "description": "what is said of it there",
        "stated_by": "document, transcript, user or assistant",
    },
    "claims": {
        "window_id": "where the fact is stated",
        "subject": "name of the entity that it is about",
        "relation": "a short verb phrase",
        "object": "name of the other entity",
        "statement": "the fact as one sentence",
        "valid_at": "since when it holds: YYYY, YYYY-MM or YYYY-MM-DD",
        "stated_by": "document, transcript, user or assistant",
    },
    "embeddings": {"text_id": "hash of the text", "model": "the embedding model", "vector": "float32, little-endian"},
    "decisions": {
        "key_a": "normal form of a name",
        "key_b": "normal form of another",
        "same": "whether the two are one entity",
        "source": "who decided",
        "reason": "why",
    },
    "fact_corrections": {
        "subject_key": "normal form of the name that the fact is about",
        "relation": "its relation, in normal form",
        "object_key": "normal form of the other name",
        "of_valid_at": "only the fact of that date; NULL for one of any",
        "action": "correct, retract or undo; the newest row counts",
        "new_relation": "the right relation, where another is",
        "new_object": "the right name of the other entity, where another is",
        "new_valid_at": "since when it holds, where that was wrong or missing",
        "new_valid_until": "when it ended",
        "user_id": "who said so",
        "user_name": "their name then",
    },
    "entity_corrections": {
        "key": "normal form of a name of the entity",
        "type": "its right type",
        "name": "its right name; NULL in both takes the correction back",
        "user_id": "who said so",
        "user_name": "their name then",
    },
    "session_lessons": {
        "document_id": "the session",
        "reading_id": "hash of what was asked, and of what reads it; NULL of a session from before there were lessons",
        "extractor": "version of prompt, schema and model",
        "lessons": "kind, sentence and turns of each, by excerpt, as JSON; the newest row that has them counts",
        "failure": "why it could not be read",
    },
}


def column_schema(asset: str) -> dg.TableSchema:
    """The columns of the tables that `asset` makes, each named "table.column"."""
    columns = table_columns()
    return dg.TableSchema(
        [
            dg.TableColumn(f"{table}.{name}", type_, _SEQ if name == "seq" else _MEANING.get(table, {}).get(name))
            for table in TABLES_OF[asset]
            for name, type_ in columns[table]
        ]
    )
