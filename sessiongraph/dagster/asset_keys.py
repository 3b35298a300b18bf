"""Names, keys, upstream assets and code versions of the project's assets: all that an event outside of a run needs.

`assets/` says the same for people, and a test compares the two. An asset's *name* is what the store and this package
know it by; its *key* in Dagster is the name behind the home's prefix (`Settings.asset_key_prefix`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from sessiongraph.services import Services

# The assets that each is made from, by name.
UPSTREAM: Mapping[str, tuple[str, ...]] = {
    "documents": (),
    "knowledge_graph": ("documents",),
    "session_cache": (),
    "session_turns": ("session_cache",),
    "session_knowledge": ("session_turns",),
    "graph_checkpoint": ("knowledge_graph", "session_knowledge"),
    "session_lessons": ("session_knowledge",),
    "conflicts": ("knowledge_graph", "session_knowledge"),
    "speaker_profiles": ("knowledge_graph", "session_knowledge"),
}
# Those that are how the graph stands now, and are stored nowhere (`derived_content`).
DERIVED = ("conflicts", "speaker_profiles")
GROUPS = ("ingestion", "knowledge", "sessions", "memory")
# The page of the Dagster UI that shows them all; without more it shows the groups closed, and no asset.
GRAPH_PAGE = "/asset-groups?expanded=" + ",".join(f"global@global:{group}" for group in GROUPS)
# Raised by hand where the same input would give other rows.
_CODE_VERSIONS = {"documents": "1", "session_turns": "1", "graph_checkpoint": "1"} | dict.fromkeys(DERIVED, "1")


def key_prefix(prefix: str) -> list[str]:
    """The parts of a prefix such as "team/memory"; none of ""."""
    return prefix.split("/") if prefix else []


def asset_key(name: str, prefix: str = "") -> dg.AssetKey:
    """The key of the asset `name` in a home whose setting `asset_key_prefix` is `prefix`."""
    return dg.AssetKey([*key_prefix(prefix), name])


def code_version(name: str, services: "Services") -> str:
    """The version of what makes the asset `name`, in all datasets alike; what a model reads changes with the prompt and
    the model. A schema of one dataset's own makes its passages stale, and no asset."""
    if name in _CODE_VERSIONS:
        return _CODE_VERSIONS[name]
    if name == "session_lessons":
        from sessiongraph.persistence.session_lessons import lessons_version

        return lessons_version(services.llm)
    from sessiongraph.extraction.window_extraction import extractor_version

    return extractor_version(services.llm)
