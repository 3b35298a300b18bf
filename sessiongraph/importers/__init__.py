"""Conversations from elsewhere: exports of ChatGPT, Claude, Claude Code, Slack, WhatsApp, and a JSONL of turns.

A reader of a format yields `Conversation`s, one after the other; `import_sessions` puts their turns into the session
cache. What a format looks like stands in its reader, how a file is opened and streamed in `export_files` and
`json_records`, which format a file has in `recognition`.

Invariants: memory is bounded by a batch and by the largest conversation, which is limited; nothing is written to disk
by a name that a file gives; what cannot be read is counted and named, and stops nothing else.
"""
