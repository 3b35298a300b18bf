"""The job `prune_history`: what Dagster remembers of long ago is forgotten, so that its storage does not grow for ever.

Invariant: the history of assets outlives that of runs. A run that materialized something is deleted only after
KEEP_HISTORY_DAYS, any other after KEEP_RUNS_DAYS; observations of the session cache after KEEP_OBSERVATIONS_DAYS.
Skipped ticks Dagster prunes by itself, by `retention` in `dagster.yaml`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.run_requests import TRIGGER_TAG
from sessiongraph.settings import Settings, load_settings

# Runs deleted or looked at by one run of the job, oldest first: the next night goes on.
MOST_RUNS = 5000


@dataclass(frozen=True)
class Pruned:
    """How many runs were deleted, how many were kept for what they materialized, how many observations went."""

    runs: int
    kept: int
    observations: int


def prune(instance: dg.DagsterInstance, settings: Settings, now: datetime) -> Pruned:
    """Forget what is older than `settings` say. Blocks."""
    from sessiongraph.dagster.private_api import FINISHED_STATUSES

    old = now - timedelta(days=settings.keep_runs_days)
    oldest = now - timedelta(days=settings.keep_history_days)
    deleted = kept = 0
    finished = dg.RunsFilter(statuses=FINISHED_STATUSES, created_before=old)
    for record in instance.get_run_records(finished, limit=MOST_RUNS, ascending=True):
        run_id = record.dagster_run.run_id
        if record.create_timestamp.replace(tzinfo=UTC) >= oldest and _materialized(instance, run_id):
            kept += 1
        else:
            instance.delete_run(run_id)
            deleted += 1
    before = now - timedelta(days=settings.keep_observations_days)
    return Pruned(deleted, kept, _delete_observations(instance, before))


def _materialized(instance: dg.DagsterInstance, run_id: str) -> bool:
    made = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=1)
    return bool(made.records)


def _delete_observations(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete observations that no run made. DagsterInstance has no way to, so its tables are asked."""
    import sqlalchemy as sa

    from sessiongraph.dagster.private_api import RUNLESS_RUN_ID, SqlEventLogStorage, SqlEventLogStorageTable

    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    table = SqlEventLogStorageTable
    old = sa.and_(
        table.c.run_id == RUNLESS_RUN_ID,
        table.c.dagster_event_type == dg.DagsterEventType.ASSET_OBSERVATION.value,
        table.c.timestamp < before.astimezone(UTC).replace(tzinfo=None),
    )
    # SQLite keeps them twice: by run, and in an index of all assets.
    with storage.run_connection(RUNLESS_RUN_ID) as connection:
        connection.execute(table.delete().where(old))
    with storage.index_connection() as connection:
        found = connection.execute(sa.select(sa.func.count()).select_from(table).where(old)).scalar()
        connection.execute(table.delete().where(old))
    return int(found or 0)


@dg.op(description="Deletes old runs and observations from Dagster's storage, and says how many.")
def prune_runs_and_observations(context: dg.OpExecutionContext) -> None:
    done = prune(context.instance, load_settings(), datetime.now(UTC))
    context.log.info(
        f"Deleted {done.runs} runs and {done.observations} observations; kept {done.kept} for their assets."
    )
    context.add_output_metadata({"runs": done.runs, "kept_runs": done.kept, "observations": done.observations})


@dg.job(
    description="""Forgets old runs and observations: Dagster's history stays small and quick.

KEEP_RUNS_DAYS, KEEP_OBSERVATIONS_DAYS, and for runs that materialized something KEEP_HISTORY_DAYS.""",
    tags={TRIGGER_TAG: "manual"},
)
def prune_history() -> None:
    prune_runs_and_observations()
