"""The dry run of persisting, for the UI: a job that says what `persist_sessions` would do, and does nothing."""

import asyncio

import dagster as dg

from assets.session_extraction import SessionTurnsConfig
from resources.graph import GraphStoreResource, LLMResource, SessionCacheResource
from sessiongraph.dagster.metadata import estimate_metadata
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.dagster.run_errors import errors_in_run_log
from sessiongraph.persistence.estimate import dry_run
from sessiongraph.persistence.session_routing import belongs_to, discover_sessions, named_sessions


@dg.op(
    description="What would become of every cached turn of the dataset, and the calls, tokens and US dollars that it "
    "would take. Writes nothing and calls no model; run config `sessions` as for `session_turns`.",
    tags={"kind": "python"},
)
def estimate_sessions(
    context: dg.OpExecutionContext,
    config: SessionTurnsConfig,
    graph: GraphStoreResource,
    session_cache: SessionCacheResource,
    llm: LLMResource,
) -> None:
    with errors_in_run_log():
        dataset, cache = graph.dataset(context.partition_key), session_cache.cache
        if config.sessions is None:
            sessions, belongs = discover_sessions(cache, graph.access, dataset), belongs_to(dataset)
        else:
            pairs = [(it.user, it.session_id) for it in config.sessions]
            sessions, belongs = named_sessions(graph.access, dataset, pairs), lambda turn: True
        found = asyncio.run(dry_run(cache, graph.store(dataset), llm.llm, sessions, belongs=belongs))
        context.log.info(str(found))
        context.add_output_metadata(estimate_metadata(found))


@dg.job(
    partitions_def=datasets_partitions,
    executor_def=dg.in_process_executor,
    description="A dry run of `persist_sessions`: what it would stage, extract and skip, and what that would cost.",
    tags={"path": "offline", "dry_run": "true"},
    metadata={"owner": "team:sessiongraph"},
)
def estimate_persist() -> None:
    estimate_sessions()
