"""The jobs: which assets are made together, always for one dataset, with their checks; and the one that tidies up."""

import dagster as dg

from orchestration.prune_history import prune_history
from orchestration.run_requests import TRIGGER_TAG

# As long as no sensor or schedule says otherwise.
_BY_HAND = {TRIGGER_TAG: "manual"}

cognify = dg.define_asset_job(
    "cognify",
    selection=["documents", "knowledge_graph"],
    description="Take what is in the dataset's inbox, and bring its documents into the graph.",
    tags=_BY_HAND,
)
persist_sessions = dg.define_asset_job(
    "persist_sessions",
    selection=["session_turns", "session_knowledge"],
    description="Stage what was said in the dataset's cached sessions, and bring it into the graph.",
    tags=_BY_HAND,
)
build_memory = dg.define_asset_job(
    "build_memory",
    selection=["documents", "knowledge_graph", "session_turns", "session_knowledge"],
    description="Documents and sessions: all that the dataset does not have in its graph yet.",
    tags=_BY_HAND,
)

JOBS = (cognify, persist_sessions, build_memory, prune_history)
