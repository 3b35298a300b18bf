"""The one partitioning of all assets: by dataset.

A partition's key is a dataset's key, "owner/name". Sessions are never partitions: they are run config.
"""

import dagster as dg

from sessiongraph.dagster.private_api import DatasetPartitions
from sessiongraph.services import Services
from sessiongraph.types import Dataset

PARTITIONS_NAME = "datasets"
datasets_partitions = DatasetPartitions(name=PARTITIONS_NAME)


def list_partition(instance: dg.DagsterInstance, dataset: Dataset) -> None:
    """Let the UI know the dataset's partition, where it does not yet."""
    if not instance.has_dynamic_partition(PARTITIONS_NAME, dataset.key):
        instance.add_dynamic_partitions(PARTITIONS_NAME, [dataset.key])


def run_dataset(instance: dg.DagsterInstance, services: Services, key: str) -> Dataset:
    """The dataset that a run is of, created and listed where it is not yet.

    Raises DatasetNotFoundError where its owner does not exist.
    """
    dataset = services.access.get_or_create_by_key(key)
    list_partition(instance, dataset)
    return dataset
