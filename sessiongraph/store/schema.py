"""The tables of a dataset. Rows are only ever added; `forget` alone deletes.

Every row carries the `seq` of the commit that wrote it; who wrote it and when stands once, in `commits`. A commit of
`forget` says how many passages it took out; of the others, `forgotten` is NULL.

Invariants kept by this shape:
- Evidence (`mentions`, `claims`) belongs to a window: exactly the text, context and extractor that it came
  from. A window is therefore the extraction cache too: what was extracted once is found again by its id. It comes
  with the commit of its window, so whoever looks for that of a few windows need not read that of all commits.
- The ledger says which window is live for a passage. Its newest row that is not a failure decides, so an edit,
  a bad rating or a changed prompt retracts the old evidence and adds the new by one inserted row.
- Entities and facts are not stored: `snapshot` derives them from the live evidence, so none can disagree
  with it, and what is forgotten cannot linger in them. What a person said cannot be derived: of two names
  (`decisions`), of a fact and of an entity (the two tables of corrections). It is keyed by normal forms of names and
  relations, which stay when evidence is extracted anew; the newest row of a key counts.
- What a session teaches belongs to the session as it was read; the newest reading that is no failure counts.
- A schema of the dataset's own counts where it is the newest; it belongs to the extractor, and so to each window's id.
"""

import re

SCHEMA_VERSION = 7

_DECISIONS = """CREATE TABLE decisions (
    key_a VARCHAR, key_b VARCHAR, same BOOLEAN, source VARCHAR, reason VARCHAR, seq BIGINT);
"""
# What evidence says of `subject_key`, `relation` and `object_key` (with `of_valid_at` alone, where that is not NULL) is
# replaced by what `new_…` say (NULL: as it is), is wrong, or counts again, by `action` "correct", "retract" or "undo".
# An entity's type and name are those given; where both are NULL, a correction was taken back.
_CORRECTIONS = """CREATE TABLE fact_corrections (
    subject_key VARCHAR, relation VARCHAR, object_key VARCHAR, of_valid_at VARCHAR, action VARCHAR,
    new_relation VARCHAR, new_object VARCHAR, new_valid_at VARCHAR, new_valid_until VARCHAR, user_id VARCHAR,
    user_name VARCHAR, seq BIGINT);
CREATE TABLE entity_corrections (
    key VARCHAR, type VARCHAR, name VARCHAR, user_id VARCHAR, user_name VARCHAR, seq BIGINT);
"""
# What was learned of a session as a whole, a row each time it was read: `lessons` are a JSON object of them by excerpt;
# NULL where it failed, for a reason. A session without a `reading_id` was there before lessons were, and waits.
_LESSONS = """CREATE TABLE session_lessons (
    document_id VARCHAR, reading_id VARCHAR, extractor VARCHAR, lessons VARCHAR, failure VARCHAR, seq BIGINT);
"""
# A dataset's own schema as JSON (`GraphSchema.to_text`); NULL where it was taken away.
_GRAPH_SCHEMAS = "CREATE TABLE graph_schemas (schema VARCHAR, seq BIGINT);\n"
# Said of the sessions of a store, or an archive, of an earlier version.
LESSONS_SINCE = 7
NOT_READ = """
INSERT INTO session_lessons (document_id, seq)
SELECT id, (SELECT max(seq) FROM commits) FROM documents WHERE kind = 'session';
"""
# Tables that are derived where they are read.
VIEWS = {
    # The newest version of each turn.
    "current_turns": """
    SELECT passage_id, document_id, turn_id, question, answer, content_hash, created_at, position, score, feedback,
        elements, seq, utc_offset_minutes, context, metadata
    FROM (SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM turns) versions
    WHERE nth = 1""",
    # What last became of each passage, failures included.
    "current_ledger": """
    SELECT passage_id, window_id, extractor, disposition, reason, seq
    FROM (SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger) said
    WHERE nth = 1""",
    # The window that is in the graph for each passage.
    "live_windows": """
    SELECT passage_id, window_id, seq FROM (
        SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger
        WHERE disposition <> 'failed') said
    WHERE nth = 1 AND disposition = 'persisted'""",
    # What was learned last of each session.
    "current_lessons": """
    SELECT document_id, reading_id, extractor, lessons, seq FROM (
        SELECT *, row_number() OVER (PARTITION BY document_id ORDER BY seq DESC) AS nth FROM session_lessons
        WHERE lessons IS NOT NULL) said
    WHERE nth = 1""",
}
VIEW_STATEMENTS = "".join(f"CREATE OR REPLACE VIEW {name} AS {query};\n" for name, query in VIEWS.items())

# A passage is a chunk of a document or a turn of a session; its id names the place, not the wording.
SCHEMA = f"""
CREATE TABLE meta (schema_version INTEGER);
CREATE TABLE commits (seq BIGINT, run_id VARCHAR, asset VARCHAR, committed_at TIMESTAMP, forgotten BIGINT);
CREATE TABLE documents (
    id VARCHAR, kind VARCHAR, name VARCHAR, source VARCHAR, text VARCHAR, user_id VARCHAR, user_name VARCHAR,
    session_id VARCHAR, created_at TIMESTAMP, seq BIGINT, said_on VARCHAR, metadata VARCHAR);
CREATE TABLE node_sets (document_id VARCHAR, name VARCHAR, seq BIGINT);
CREATE TABLE chunks (
    passage_id VARCHAR, document_id VARCHAR, start BIGINT, stop BIGINT, seq BIGINT, said_on VARCHAR);
CREATE TABLE turns (
    passage_id VARCHAR, document_id VARCHAR, turn_id VARCHAR, question VARCHAR, answer VARCHAR,
    content_hash VARCHAR, created_at TIMESTAMP, position BIGINT, score INTEGER, feedback VARCHAR,
    elements VARCHAR[], seq BIGINT, utc_offset_minutes INTEGER, context VARCHAR,
    metadata VARCHAR);
CREATE TABLE ledger (
    passage_id VARCHAR, window_id VARCHAR, extractor VARCHAR, disposition VARCHAR, reason VARCHAR, seq BIGINT);
CREATE TABLE windows (id VARCHAR, summary VARCHAR, seq BIGINT);
CREATE TABLE mentions (
    window_id VARCHAR, name VARCHAR, type VARCHAR, description VARCHAR, stated_by VARCHAR, seq BIGINT);
CREATE TABLE claims (
    window_id VARCHAR, subject VARCHAR, relation VARCHAR, object VARCHAR, statement VARCHAR, valid_at VARCHAR,
    stated_by VARCHAR, seq BIGINT);
CREATE TABLE embeddings (text_id VARCHAR, model VARCHAR, vector BLOB, seq BIGINT);
{_DECISIONS}{_CORRECTIONS}{_LESSONS}{_GRAPH_SCHEMAS}{VIEW_STATEMENTS}"""

TABLES = (
    "commits", "documents", "node_sets", "chunks", "turns", "ledger", "windows", "mentions", "claims", "embeddings",
    "decisions", "fact_corrections", "entity_corrections", "session_lessons",
    "graph_schemas",
)  # fmt: skip

_TABLE = re.compile(r"CREATE TABLE (\w+) \(([^;]*)\);")


def table_columns() -> dict[str, list[tuple[str, str]]]:
    """Name and type of each column, by table: read from the text, because DuckDB is slow to import."""
    return {
        table: [(name, type_) for name, type_ in (column.split() for column in columns.split(","))]
        for table, columns in _TABLE.findall(SCHEMA)
    }


# What makes a file of each earlier version one of the next; done in one transaction, with the views as they are now
# after the last: views keep the columns that they were made with.
UPGRADES = {
    1: f"ALTER TABLE turns ADD COLUMN elements VARCHAR[]; {_DECISIONS}",
    # What was cut into passages before has no day, and what was said no zone: windows in the graph stay what they are.
    2: "ALTER TABLE documents ADD COLUMN said_on VARCHAR; ALTER TABLE chunks ADD COLUMN said_on VARCHAR;"
    "ALTER TABLE turns ADD COLUMN utc_offset_minutes INTEGER;",
    3: _CORRECTIONS,
    # What tools gave is kept from here on: no window holds it, so it makes nothing due.
    4: "ALTER TABLE commits ADD COLUMN forgotten BIGINT; ALTER TABLE turns ADD COLUMN context VARCHAR;",
    # JSON objects to search by, of documents and turns: no window holds them.
    5: "ALTER TABLE documents ADD COLUMN metadata VARCHAR; ALTER TABLE turns ADD COLUMN metadata VARCHAR;",
    6: _LESSONS + NOT_READ + _GRAPH_SCHEMAS,
}
