"""The sensor `dataset_partitions`: every dataset can be materialized, without anybody having listed it."""

from typing import TYPE_CHECKING

import dagster as dg

from resources.graph import GraphResource
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.types import DEFAULT_USER, MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.access.control import AccessControl


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Keeps the partitions equal to the datasets that there are.",
)
def dataset_partitions(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    wanted = partition_keys(graph.services.access)
    present = set(datasets_partitions.get_partition_keys(dynamic_partitions_store=context.instance))
    added, removed = sorted(wanted - present), sorted(present - wanted)
    if not (added or removed):
        return dg.SkipReason(f"The partitions are the {len(wanted)} datasets that there are.")
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if added:
        requests.append(datasets_partitions.build_add_request(added))
    if removed:
        requests.append(datasets_partitions.build_delete_request(removed))
    return dg.SensorResult(
        dynamic_partitions_requests=requests,
        skip_reason=f"Listed {len(added)} new datasets, dropped {len(removed)} deleted ones; no run is needed.",
    )


def partition_keys(access: "AccessControl") -> set[str]:
    """The keys of all datasets, and of every user's main dataset: their sessions go there before it exists."""
    owners = {DEFAULT_USER, *(user.name for user in access.list_users())}
    return {dataset.key for dataset in access.all_datasets()} | {f"{owner}/{MAIN_DATASET}" for owner in owners}
