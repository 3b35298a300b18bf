"""The jobs: which assets are made together, always for one dataset, with their checks."""

import dagster as dg

cognify = dg.define_asset_job(
    "cognify",
    selection=["documents", "knowledge_graph"],
    description="Take what is in the dataset's inbox, and bring its documents into the graph.",
)
persist_sessions = dg.define_asset_job(
    "persist_sessions",
    selection=["session_turns", "session_knowledge"],
    description="Stage what was said in the dataset's cached sessions, and bring it into the graph.",
)
build_memory = dg.define_asset_job(
    "build_memory",
    selection=["documents", "knowledge_graph", "session_turns", "session_knowledge"],
    description="Documents and sessions: all that the dataset does not have in its graph yet.",
)

JOBS = [cognify, persist_sessions, build_memory]
