"""Schedules: what is run by the clock, whether or not anything asked for it."""

from collections.abc import Iterator

import dagster as dg

from orchestration.jobs import COGNIFY, PERSIST_SESSIONS
from orchestration.prune_history import prune_history
from orchestration.run_requests import TRIGGER_TAG, attempts, run_tags
from resources.graph import GraphResource
from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.dagster.failure_check import is_undone
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.errors import CacheUnavailableError, CachingDisabledError


@dg.schedule(
    job_name=PERSIST_SESSIONS,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="""Persists what is left of every dataset's sessions, whatever the sensor thinks of them.

So it takes up what failed, what was written while nothing ran, and what a hint in the cache was wrong about.""",
)
def nightly_sweep(
    context: dg.ScheduleEvaluationContext, graph: GraphResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    try:
        graph.services.cache.recheck()
    except CachingDisabledError:
        yield dg.SkipReason("CACHING=false: there is no session cache to persist.")
        return
    except CacheUnavailableError as error:
        yield dg.SkipReason(str(error))
        return
    night = context.scheduled_execution_time.date().isoformat()
    for key in datasets_partitions.get_partition_keys(dynamic_partitions_store=context.instance):
        yield dg.RunRequest(run_key=f"{night} {key}", partition_key=key, tags=run_tags(key, "schedule"))


@dg.schedule(
    job_name=COGNIFY,
    cron_schedule="30 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="""Tries documents again of which something failed, in a run, by the API or on the command line.

Datasets of which nothing failed, or only what is quarantined, have no run.""",
)
def nightly_retry(
    context: dg.ScheduleEvaluationContext, graph: GraphResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    instance, night = context.instance, context.scheduled_execution_time.date().isoformat()
    key = asset_key("knowledge_graph", graph.services.settings.asset_key_prefix)
    undone = [
        dataset
        for dataset in datasets_partitions.get_partition_keys(dynamic_partitions_store=instance)
        if is_undone(instance, key, "knowledge_graph", dataset) or attempts(instance, COGNIFY, dataset, night).failed
    ]
    if not undone:
        yield dg.SkipReason("No documents are left to be tried again.")
    for dataset in undone:
        yield dg.RunRequest(run_key=f"{night} {dataset}", partition_key=dataset, tags=run_tags(dataset, "schedule"))


@dg.schedule(
    job=prune_history,
    cron_schedule="30 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Forgets old runs and observations, each night when the sweep is done.",
)
def nightly_pruning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    night = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=f"{night} prune", tags={TRIGGER_TAG: "schedule"})


SCHEDULES = [nightly_sweep, nightly_retry, nightly_pruning]
