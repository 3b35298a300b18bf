"""Schedules: what is run by the clock, whether or not anything asked for it."""

from collections.abc import Iterator

import dagster as dg

from orchestration.jobs import PERSIST_SESSIONS
from orchestration.prune_history import prune_history
from orchestration.run_requests import TRIGGER_TAG, run_tags
from resources.graph import GraphResource
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
    job=prune_history,
    cron_schedule="30 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Forgets old runs and observations, each night when the sweep is done.",
)
def nightly_pruning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    night = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=f"{night} prune", tags={TRIGGER_TAG: "schedule"})


SCHEDULES = [nightly_sweep, nightly_pruning]
