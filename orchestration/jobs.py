"""Jobs: which assets are made together, always for one dataset, with their checks."""

from typing import Any

import dagster as dg

from orchestration.checks.all_datasets import EVERY_DATASET_IS_FRESH, FRESH
from orchestration.run_requests import TRIGGER_TAG
from sessiongraph.dagster.asset_keys import DERIVED, asset_key

COGNIFY, PERSIST_SESSIONS, BUILD_MEMORY = "cognify", "persist_sessions", "build_memory"
CHECKPOINT, LEARN = "checkpoint", "learn"

DOCUMENTS = ("documents", "knowledge_graph")
SESSIONS = ("session_turns", "session_knowledge")
MEMORY = ("session_lessons", *DERIVED)

# As long as no sensor or schedule says otherwise.
_BY_HAND = {TRIGGER_TAG: "manual"}


def build_jobs(prefix: str) -> list[Any]:  # what define_asset_job gives has no public class
    """The jobs over the assets whose keys have `prefix`."""

    def assets(*names: str) -> dg.AssetSelection:
        # Freshness is told by the clock: a run that failed would leave the check as one that could not be made.
        told_by_clock = (dg.AssetCheckKey(asset_key(name, prefix), EVERY_DATASET_IS_FRESH.name) for name in FRESH)
        chosen = dg.AssetSelection.assets(*(asset_key(name, prefix) for name in names))
        return chosen - dg.AssetSelection.checks(*told_by_clock)

    return [
        dg.define_asset_job(
            COGNIFY,
            selection=assets(*DOCUMENTS),
            description="Take what is in the dataset's inbox, and bring its documents into the graph.",
            tags=_BY_HAND,
        ),
        dg.define_asset_job(
            PERSIST_SESSIONS,
            selection=assets(*SESSIONS),
            description="Stage what was said in the dataset's cached sessions, and bring it into the graph.",
            tags=_BY_HAND,
        ),
        dg.define_asset_job(
            BUILD_MEMORY,
            selection=assets(*DOCUMENTS, *SESSIONS),
            description="Documents and sessions: all that the dataset does not have in its graph yet.",
            tags=_BY_HAND,
        ),
        dg.define_asset_job(
            CHECKPOINT,
            selection=assets("graph_checkpoint"),
            description="Put what the dataset's graph is derived to into files that every process maps.",
            tags=_BY_HAND,
        ),
        dg.define_asset_job(
            LEARN,
            selection=assets(*MEMORY),
            description="Read sessions again as a whole for what they teach, and say how profiles and conflicts stand.",
            tags=_BY_HAND,
        ),
    ]
