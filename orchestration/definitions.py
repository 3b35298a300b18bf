"""Everything that Dagster is told of, put together in one place; each kind is defined in a module of its own."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.cognify import knowledge_graph
from assets.ingestion import documents
from assets.session_cognify import session_knowledge
from assets.session_extraction import session_cache, session_turns
from orchestration.checks import CHECKS
from orchestration.estimate_job import estimate_persist
from orchestration.freshness_and_automation import automation, upkept
from orchestration.jobs import JOBS
from orchestration.schedules import SCHEDULES
from orchestration.sensors import SENSORS
from resources.graph import GraphStoreResource, LLMResource, SessionCacheResource


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The project's definitions; `resource_overrides` stand in for resources of the same key."""
    resources = {"graph": GraphStoreResource(), "session_cache": SessionCacheResource(), "llm": LLMResource()}
    return dg.Definitions(
        assets=upkept([documents, knowledge_graph, session_cache, session_turns, session_knowledge]),
        asset_checks=CHECKS,
        jobs=[*JOBS, estimate_persist],
        schedules=SCHEDULES,
        sensors=[*SENSORS, automation],
        resources={**resources, **(resource_overrides or {})},
        # A dataset's four assets share its store and its models: one process makes them at a quarter of the cost.
        executor=dg.in_process_executor,
    )


defs = build_defs()
