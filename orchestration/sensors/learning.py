"""The sensor `learning`: what sessions teach, profiles and conflicts are made anew, once their graph has changed."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from orchestration.jobs import LEARN
from orchestration.run_requests import TOO_MANY, attempts, in_flight, recently_failed, run_tags
from orchestration.sensor_cursor import Cursor
from resources.graph import GraphResource
from sessiongraph.errors import StoreBusyError
from sessiongraph.services import Services
from sessiongraph.types import Dataset

# Sessions that go on are read once in a while, not with each of their turns.
INTERVAL_SECONDS = 600
# Runs of one tick: others are for later ones, so that those who persist need not wait. And of one state of a graph.
_MOST_RUNS, _MOST_TRIES = 5, 10
_NEWEST = "SELECT coalesce(max(seq), 0) FROM commits WHERE asset <> 'session_lessons'"


class LearningCursor(Cursor):
    """Of each dataset of which nothing was to be made, what its store told of its last commit."""

    seen: dict[str, str] = Field(default_factory=dict)


@dg.sensor(
    job_name=LEARN,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Has sessions read for what they teach, and profiles and conflicts told, where a graph has changed.

A store that was not written since the last tick is not opened. What a run left undone is tried again, later each
time. With a real model a session costs one call each time that something of it is new.""",
)
def learning(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    services, before, now = graph.services, LearningCursor.read(context.cursor), datetime.now(UTC)
    busy = in_flight(context.instance)
    if busy is None:
        return dg.SkipReason(TOO_MANY)
    undone = recently_failed(context.instance, LEARN, now)
    seen, requests = dict[str, str](), list[dg.RunRequest]()
    for dataset in services.access.all_datasets():
        written = services.store(dataset).signature()
        if before.seen.get(dataset.key) == str(written) and dataset.key not in undone:
            seen[dataset.key] = str(written)
        elif written and dataset.key not in busy and len(requests) < _MOST_RUNS:
            if (commit := _newest_commit(services, dataset)) is None:
                continue
            tried = attempts(context.instance, LEARN, dataset.key, f"{dataset.key} as of {commit}")
            if tried.of_batch >= (_MOST_TRIES if tried.failed else 1):
                seen[dataset.key] = str(written)
            elif not tried.failed or now >= tried.next_try():
                tags = run_tags(dataset.key, "sensor")
                requests.append(dg.RunRequest(run_key=tried.run_key, partition_key=dataset.key, tags=tags))
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else "No graph has changed.",
        cursor=LearningCursor(seen=seen).model_dump_json(),
    )


def _newest_commit(services: Services, dataset: Dataset) -> int | None:
    """The newest commit that is not of lessons; None where a writer has the store."""
    try:
        rows: list[tuple[int]] = services.store(dataset).read(lambda con: con.execute(_NEWEST).fetchall())
    except StoreBusyError:
        return None
    return rows[0][0]
