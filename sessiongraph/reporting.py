"""Telling Dagster what was done outside of its runs, so that asset history shows every change whoever made it.

Invariant: the work has been committed before it is reported. If the report cannot be made, the work stands and a
warning says so. Events carry counts and ids, never what was said.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from resources.bundle import Resources
from resources.types import Dataset

logger = logging.getLogger("sessiongraph")

# Where Dagster keeps the data version of a materialization.
_DATA_VERSION_TAG = "dagster/data_version"


async def report_materialization(
    bundle: Resources, asset: str, dataset: Dataset, operation_id: str, metadata: Callable[[], Mapping[str, Any]]
) -> None:
    """Record in Dagster's event log that the operation `operation_id` materialized `asset` for `dataset`.

    `metadata` makes what the event says; it is called in a thread, because Dagster is slow to import.
    """
    try:
        await asyncio.to_thread(_report, bundle, asset, dataset, operation_id, metadata)
    except Exception as error:
        logger.warning(
            "What was done to %s of dataset %s is committed, but could not be reported to Dagster (%s: %s). "
            "Its asset history lacks this entry; check DAGSTER_HOME or SESSIONGRAPH_HOME.",
            asset,
            dataset.key,
            type(error).__name__,
            error,
        )


def _report(
    bundle: Resources, asset: str, dataset: Dataset, operation_id: str, metadata: Callable[[], Mapping[str, Any]]
) -> None:
    import dagster as dg

    from assets.metadata import data_version
    from assets.partitions import datasets_partitions
    from orchestration.instance import dagster_instance

    instance = dagster_instance(bundle.settings.home)
    partitions = str(datasets_partitions.name)
    if not instance.has_dynamic_partition(partitions, dataset.key):
        instance.add_dynamic_partitions(partitions, [dataset.key])
    event = dg.AssetMaterialization(
        asset_key=asset,
        partition=dataset.key,
        metadata={**metadata(), "operation": operation_id},
        # As a run would set it, so that staleness holds across both.
        tags={_DATA_VERSION_TAG: bundle.store(dataset).read(lambda con: data_version(con, asset))},
    )
    instance.report_runless_asset_event(event)
