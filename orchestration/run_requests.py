"""Runs as sensors and schedules ask for them: their tags, which are under way, and when to try again what failed.

Invariants: a dataset has one run at a time from a sensor, asked for by one query a tick; a batch that failed is tried
again, later each time, and the same batch twice at once never: its run key names the run that went before it. A run
that succeeded and left something undone counts as one that failed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import dagster as dg

from sessiongraph.dagster.asset_runs import UNDONE

DATASET_TAG = "sessiongraph/dataset"
USER_TAG = "sessiongraph/user"
# What launched the run: sensor, schedule, automation, or manual (the UI and `dg launch`).
TRIGGER_TAG = "sessiongraph/trigger"

_PARTITION_TAG = "dagster/partition"
_RUN_KEY_TAG = "dagster/run_key"
# With that many runs under way, nothing is launched until there are fewer.
MOST_IN_FLIGHT = 1000
TOO_MANY = f"{MOST_IN_FLIGHT} runs are queued or under way: no more are launched until there are fewer."
# Runs looked back at; the more of them in a row had to be tried again, the longer the wait.
_LOOK_BACK = 10
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)


def run_tags(dataset_key: str, trigger: str, user: str | None = None) -> dict[str, str]:
    """The tags of a run of one dataset; `user` where all that it is about is one user's."""
    return {DATASET_TAG: dataset_key, TRIGGER_TAG: trigger, **({USER_TAG: user} if user else {})}


def in_flight(instance: dg.DagsterInstance) -> dict[str, str] | None:
    """The id of a run that is queued or under way, by dataset; None where there are MOST_IN_FLIGHT of them or more."""
    from sessiongraph.dagster.private_api import NOT_FINISHED_STATUSES

    records = instance.get_run_records(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES), limit=MOST_IN_FLIGHT)
    if len(records) >= MOST_IN_FLIGHT:
        return None
    runs = [record.dagster_run for record in records]
    return {run.tags[_PARTITION_TAG]: run.run_id for run in runs if _PARTITION_TAG in run.tags}


def recently_failed(instance: dg.DagsterInstance, job: str, now: datetime, limit: int = 100) -> list[str]:
    """Datasets of which a run of `job` that nobody launched by hand left something undone within a day."""
    mine: dict[str, str | list[str]] = {TRIGGER_TAG: ["sensor", "schedule"]}
    since = now - timedelta(days=1)
    failed = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.FAILURE], tags=mine, updated_after=since)
    partly = dg.RunsFilter(
        job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS], tags={**mine, **UNDONE}, updated_after=since
    )
    records = [record for runs in (failed, partly) for record in instance.get_run_records(runs, limit=limit)]
    return list(dict.fromkeys(it.dagster_run.tags[_PARTITION_TAG] for it in records if _has_dataset(it)))


def _has_dataset(record: dg.RunRecord) -> bool:
    return _PARTITION_TAG in record.dagster_run.tags


@dataclass(frozen=True)
class Attempts:
    """The runs that went before a batch: the last one's id, when it ended, and whether it failed, in whole or in part.

    `tries` is how many, up to the last, failed or were of the very same batch, which is asked for once more then;
    `of_batch` how many of these were of that batch.
    """

    batch: str
    last_run: str | None
    ended: datetime
    failed: bool
    tries: int
    of_batch: int

    @property
    def run_key(self) -> str:
        return f"{self.batch} after {self.last_run or 'none'}"

    def next_try(self, expires_at: datetime | None = None) -> datetime:
        """When to try again; earlier where something expires: at a quarter of the time that is left then."""
        if not self.tries:
            return self.ended
        wait = min(_FIRST_WAIT * 2 ** (self.tries - 1), _LONGEST_WAIT)
        if expires_at is not None:
            wait = min(wait, max(expires_at - self.ended, timedelta(0)) / 4)
        return self.ended + wait


def attempts(instance: dg.DagsterInstance, job: str, dataset_key: str, batch: str) -> Attempts:
    """What went before the batch named `batch` (any text that is the same for the same work)."""
    of_dataset = dg.RunsFilter(job_name=job, tags={_PARTITION_TAG: dataset_key})
    records = instance.get_run_records(of_dataset, limit=_LOOK_BACK)
    if not records:
        return Attempts(batch, None, datetime.fromtimestamp(0, UTC), False, 0, 0)
    tries = [*takewhile(lambda record: _failed(record) or _is_of_batch(record, batch), records)]
    of_batch = sum(_is_of_batch(record, batch) for record in tries)
    last = records[0]
    ended = datetime.fromtimestamp(last.end_time, UTC) if last.end_time else last.update_timestamp
    return Attempts(batch, last.dagster_run.run_id, ended, _failed(last), len(tries), of_batch)


def _failed(record: dg.RunRecord) -> bool:
    if record.dagster_run.status is dg.DagsterRunStatus.SUCCESS:
        return UNDONE.items() <= record.dagster_run.tags.items()
    return record.dagster_run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def _is_of_batch(record: dg.RunRecord, batch: str) -> bool:
    return record.dagster_run.tags.get(_RUN_KEY_TAG, "").startswith(f"{batch} after ")
