-- The tables of schema version 1, as that version made them.
CREATE TABLE meta (schema_version INTEGER);
CREATE TABLE commits (seq BIGINT, run_id VARCHAR, asset VARCHAR, committed_at TIMESTAMP);
CREATE TABLE documents (
    id VARCHAR, kind VARCHAR, name VARCHAR, source VARCHAR, text VARCHAR, user_id VARCHAR, user_name VARCHAR,
    session_id VARCHAR, created_at TIMESTAMP, seq BIGINT);
CREATE TABLE node_sets (document_id VARCHAR, name VARCHAR, seq BIGINT);
CREATE TABLE chunks (passage_id VARCHAR, document_id VARCHAR, start BIGINT, stop BIGINT, seq BIGINT);
CREATE TABLE turns (
    passage_id VARCHAR, document_id VARCHAR, turn_id VARCHAR, question VARCHAR, answer VARCHAR,
    content_hash VARCHAR, created_at TIMESTAMP, position BIGINT, score INTEGER, feedback VARCHAR, seq BIGINT);
CREATE TABLE ledger (
    passage_id VARCHAR, window_id VARCHAR, extractor VARCHAR, disposition VARCHAR, reason VARCHAR, seq BIGINT);
CREATE TABLE windows (id VARCHAR, summary VARCHAR, seq BIGINT);
CREATE TABLE mentions (
    window_id VARCHAR, name VARCHAR, type VARCHAR, description VARCHAR, stated_by VARCHAR, seq BIGINT);
CREATE TABLE claims (
    window_id VARCHAR, subject VARCHAR, relation VARCHAR, object VARCHAR, statement VARCHAR, valid_at VARCHAR,
    stated_by VARCHAR, seq BIGINT);
CREATE TABLE embeddings (text_id VARCHAR, model VARCHAR, vector BLOB, seq BIGINT);

-- The newest version of each turn.
CREATE VIEW current_turns AS
    SELECT * FROM turns QUALIFY row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) = 1;
-- What last became of each passage, failures included.
CREATE VIEW current_ledger AS
    SELECT * FROM ledger QUALIFY row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) = 1;
-- The window that is in the graph for each passage.
CREATE VIEW live_windows AS
    SELECT passage_id, window_id, seq FROM (
        SELECT * FROM ledger WHERE disposition <> 'failed'
        QUALIFY row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) = 1)
    WHERE disposition = 'persisted';
