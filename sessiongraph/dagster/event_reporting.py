"""Reports to Dagster of what was done outside of its runs: asset history shows every change whoever made it.

Invariant: the work has been committed before it is reported. If the report cannot be made, the work stands and a
warning says so. Events carry counts and ids, never what was said.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sessiongraph.errors import StoreBusyError
from sessiongraph.services import Services
from sessiongraph.types import Dataset

if TYPE_CHECKING:
    from sessiongraph.extraction.build_graph import KnowledgeReport
    from sessiongraph.persistence.persist import PersistReport

logger = logging.getLogger("sessiongraph")


async def report_materialization(
    services: Services, asset: str, dataset: Dataset, operation_id: str, metadata: Callable[[], Mapping[str, Any]]
) -> None:
    """Record in Dagster's event log that the operation `operation_id` materialized `asset` for `dataset`.

    `metadata` makes what the event says; it is called in a thread, because Dagster is slow to import.
    """
    try:
        await asyncio.to_thread(_report, services, asset, dataset, operation_id, metadata)
    except Exception as error:
        logger.warning(
            "What was done to %s of dataset %s is committed, but could not be reported to Dagster (%s: %s). "
            "Its asset history lacks this entry; check DAGSTER_HOME or SESSIONGRAPH_HOME.",
            asset,
            dataset.key,
            type(error).__name__,
            error,
        )


async def report_build(services: Services, asset: str, dataset: Dataset, report: "KnowledgeReport") -> None:
    """Record what a build of `asset` brought into the graph, and what failed. Raises the build's failure."""
    if report.settled:
        await report_materialization(
            services, asset, dataset, report.run_id, lambda: _build_metadata(services, dataset, report)
        )
    await report_failures(services, asset, dataset, report)
    if report.failure is not None:
        raise report.failure


async def report_failures(
    services: Services, asset: str, dataset: Dataset, report: "KnowledgeReport | PersistReport"
) -> None:
    """Record how the check stands that fails where passages of `asset` failed, after what `report` says of them."""
    if not report.settled and (report.failure is None or isinstance(report.failure, StoreBusyError)):
        return
    try:
        await asyncio.to_thread(_report_failures, services, asset, dataset, report.failure)
    except Exception as error:
        logger.warning(
            "What failed of %s could not be reported to Dagster (%s: %s).", dataset.key, type(error).__name__, error
        )


def _report_failures(services: Services, asset: str, dataset: Dataset, failure: Exception | None) -> None:
    from sessiongraph.dagster.failure_check import report_failure_check
    from sessiongraph.dagster.partitions import list_partition

    instance = services.dagster_instance
    list_partition(instance, dataset)
    report_failure_check(instance, services, dataset, asset, failure)


def _build_metadata(services: Services, dataset: Dataset, report: "KnowledgeReport") -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import knowledge_metadata, names_of

    return knowledge_metadata(report, services.store(dataset).read(lambda con: names_of(con, report)))


def _report(
    services: Services, asset: str, dataset: Dataset, operation_id: str, metadata: Callable[[], Mapping[str, Any]]
) -> None:
    from sessiongraph.dagster.materialization import event
    from sessiongraph.dagster.partitions import list_partition

    instance = services.dagster_instance
    list_partition(instance, dataset)
    report = {**metadata(), "operation": operation_id}
    instance.report_runless_asset_event(event(instance, services, dataset, asset, operation_id, report))
