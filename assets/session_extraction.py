"""The asset `session_turns`, and the session cache that it is made from.

Which sessions it takes stands in `discovery`, how they are copied in `staging`.
"""

import asyncio

import dagster as dg

from resources.graph import GraphStoreResource, SessionCacheResource
from sessiongraph.dagster.column_schema import column_schema
from sessiongraph.dagster.materialization import result
from sessiongraph.dagster.metadata import staging_metadata
from sessiongraph.dagster.partitions import datasets_partitions, partition_dataset
from sessiongraph.dagster.run_errors import errors_in_run_log
from sessiongraph.persistence.session_routing import belongs_to, discover_sessions, named_sessions
from sessiongraph.persistence.session_staging import StagingReport, sessions_not_found, stage_sessions_of_users
from sessiongraph.types import Dataset

session_cache = dg.AssetSpec(
    "session_cache",
    group_name="sessions",
    owners=["team:sessiongraph"],
    kinds={"python"},
    description="""Turns as they are said, until they expire: SQLite, or Redis with CACHE_BACKEND=redis.

Written by `sessiongraph.search(session_id=…)` and `sessions.add_turn`, outside of any run. The sensor `new_sessions`
observes how many turns wait to be persisted, for how long, and when the first of them expires.""",
)


class NamedSession(dg.Config):
    """A session: its user's name or id, and its id."""

    user: str
    session_id: str


class SessionTurnsConfig(dg.Config):
    """`sessions`: those to take; left out, all that have turns which belong to the dataset, and of those these turns.

    `whole`: whether named sessions are taken whole, wherever they were searched, and must be known; otherwise just
    their turns that belong to the dataset, if any are left.
    """

    sessions: list[NamedSession] | None = None
    whole: bool = True


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[session_cache],
    group_name="sessions",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"dagster/column_schema": column_schema("session_turns")},
    code_version="1",
    description="""Turns of cached sessions, copied into the dataset's own store: from here on none can expire.

Takes every cached turn that belongs to the dataset: it was searched in it, or in none and this is its user's
`main_dataset`. Run config `sessions: [{user: …, session_id: …}]` takes just those sessions, and all of their turns;
with `whole: false`, as the sensor runs it, only those of their turns that belong to the dataset.""",
)
def session_turns(
    context: dg.AssetExecutionContext,
    config: SessionTurnsConfig,
    graph: GraphStoreResource,
    session_cache: SessionCacheResource,
) -> dg.MaterializeResult:
    with errors_in_run_log():
        dataset = partition_dataset(context, graph)
        report = _stage(dataset, config, graph, session_cache, context.run.run_id)
        for name, reason in report.unread.items():
            context.log.warning(f"Session {name} could not be read: {reason}")
        metadata = staging_metadata(report)
        return result(graph.store(dataset), graph.snapshots, dataset.key, "session_turns", report.run_id, metadata)


def _stage(
    dataset: Dataset, config: SessionTurnsConfig, graph: GraphStoreResource, source: SessionCacheResource, run_id: str
) -> StagingReport:
    cache, store = source.cache, graph.store(dataset)
    if config.sessions is None:
        sessions = discover_sessions(cache, graph.access, dataset)
    else:
        sessions = named_sessions(graph.access, dataset, [(it.user, it.session_id) for it in config.sessions])
    if config.sessions is None or not config.whole:
        return asyncio.run(stage_sessions_of_users(cache, store, sessions, run_id=run_id, belongs=belongs_to(dataset)))
    report = asyncio.run(stage_sessions_of_users(cache, store, sessions, run_id=run_id))
    if report.missing and not report.found:
        raise sessions_not_found(report.missing, list(sessions))
    return report
