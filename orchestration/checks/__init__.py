"""Asset checks: what must hold of a dataset's store after its graph was written, and what is worth a look.

`integrity` blocks, `quality` and `memory` warn, `all_datasets` looks at every dataset at once, `check_factory`
makes them Dagster's; which asset has which is said here.
"""

import dagster as dg

from orchestration.checks.all_datasets import (
    EVERY_DATASET_IS_FRESH,
    FRESH,
    INBOXES_HAVE_DATASETS,
    build_all_datasets_check,
)
from orchestration.checks.check_factory import build_asset_checks
from orchestration.checks.integrity import INTEGRITY
from orchestration.checks.memory import FACTS_AGREE, SESSIONS_ARE_READ
from orchestration.checks.quality import AT_RISK, EXPORTS_ARE_TAKEN, FILES_ARE_TAKEN, JUNK_RATE, quality_checks

CHECKS_OF = {
    "documents": (FILES_ARE_TAKEN,),
    "knowledge_graph": (*INTEGRITY, *quality_checks("chunks")),
    "session_knowledge": (*INTEGRITY, *quality_checks("turns")),
    "session_lessons": (SESSIONS_ARE_READ,),
    "conflicts": (FACTS_AGREE,),
    "session_turns": (AT_RISK, EXPORTS_ARE_TAKEN),
    # Of the whole graph, where the others look at what a run brought.
    "graph_checkpoint": (*INTEGRITY, JUNK_RATE),
}


def build_checks(prefix: str) -> list[dg.AssetChecksDefinition]:
    """The checks of the assets whose keys have `prefix`."""
    return [
        *(build_asset_checks(asset, prefix, checks) for asset, checks in CHECKS_OF.items()),
        *(build_all_datasets_check(asset, prefix, EVERY_DATASET_IS_FRESH) for asset in FRESH),
        build_all_datasets_check("documents", prefix, INBOXES_HAVE_DATASETS),
    ]
