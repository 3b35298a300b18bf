"""The sensor `graph_checkpoints`: what every process reads anew is put into a checkpoint, once it is worth it."""

import dagster as dg
from pydantic import Field

from orchestration.jobs import CHECKPOINT
from orchestration.run_requests import TOO_MANY, in_flight, run_tags
from orchestration.sensor_cursor import Cursor
from resources.graph import GraphResource
from sessiongraph.errors import StoreBusyError
from sessiongraph.services import Services
from sessiongraph.types import Dataset

INTERVAL_SECONDS = 60
# Runs of one tick: others are for later ones, so that those who persist need not wait.
_MOST_RUNS = 2


class CheckpointCursor(Cursor):
    """Of each dataset of which nothing was due, what its store told of its last commit, and by which code."""

    seen: dict[str, str] = Field(default_factory=dict)


@dg.sensor(
    job_name=CHECKPOINT,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Makes a checkpoint of a graph when reading what was committed since the last one costs more.

A store that was not written since the last tick is not opened.""",
)
def graph_checkpoints(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    from sessiongraph.snapshots.checkpoint import DERIVING_CODE

    services, before = graph.services, CheckpointCursor.read(context.cursor)
    busy = in_flight(context.instance)
    if busy is None:
        return dg.SkipReason(TOO_MANY)
    seen, requests = dict[str, str](), list[dg.RunRequest]()
    for dataset in services.access.all_datasets():
        written = f"{services.store(dataset).signature()} {DERIVING_CODE}"
        if before.seen.get(dataset.key) == written:
            seen[dataset.key] = written
        elif dataset.key not in busy and len(requests) < _MOST_RUNS:
            if _is_due(services, dataset):
                requests.append(dg.RunRequest(partition_key=dataset.key, tags=run_tags(dataset.key, "sensor")))
            else:
                seen[dataset.key] = written
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else "No graph has grown by enough.",
        cursor=CheckpointCursor(seen=seen).model_dump_json(),
    )


def _is_due(services: Services, dataset: Dataset) -> bool:
    try:
        return services.is_checkpoint_due(dataset)
    except StoreBusyError:
        return False
