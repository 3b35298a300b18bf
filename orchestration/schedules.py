"""The schedules: what is run by the clock, whether or not anything asked for it."""

from collections.abc import Iterator

import dagster as dg

from assets.partitions import datasets_partitions
from orchestration.jobs import persist_sessions
from resources.settings import load_settings


@dg.schedule(
    job=persist_sessions,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Persist what is left of every dataset's sessions before it expires, and what failed before.",
)
def nightly_sweep(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    if not load_settings().caching:
        yield dg.SkipReason("CACHING=false: there is no session cache to persist.")
        return
    night = context.scheduled_execution_time.date().isoformat()
    for key in datasets_partitions.get_partition_keys(dynamic_partitions_store=context.instance):
        yield dg.RunRequest(run_key=f"{night} {key}", partition_key=key)
