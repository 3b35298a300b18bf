"""The one partitioning of all assets: by dataset.

A partition's key is a dataset's key, "owner/name". Sessions are never partitions: they are run config.
"""

from typing import Any

import dagster as dg

from resources.graph import GraphStoreResource
from sessiongraph.ids import key_parts
from sessiongraph.types import Dataset


class DatasetPartitions(dg.DynamicPartitionsDefinition):
    """Dynamic partitions that a run may be of before they are listed: it creates the dataset, and lists it.

    So `dg launch --partition default_user/main_dataset` works in a home that nobody has used yet.
    """

    def validate_partition_key(self, partition_key: str, context: Any) -> None:
        """Raise InvalidInputError unless `partition_key` is well formed."""
        key_parts(partition_key)


datasets_partitions = DatasetPartitions(name="datasets")


def partition_dataset(context: dg.AssetExecutionContext, graph: GraphStoreResource) -> Dataset:
    """The dataset that the run is of. Raises DatasetNotFoundError where its owner does not exist."""
    dataset = graph.dataset(context.partition_key)
    context.instance.add_dynamic_partitions("datasets", [dataset.key])
    return dataset
