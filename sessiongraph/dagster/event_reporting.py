"""Telling Dagster what was done outside of its runs, so that asset history shows every change whoever made it.

Invariant: the work has been committed before it is reported. If the report cannot be made, the work stands and a
warning says so. Events carry counts and ids, never what was said.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sessiongraph.dagster.data_version import PASSAGES
from sessiongraph.extraction.build_graph import KnowledgeReport
from sessiongraph.extraction.window_extraction import extractor_version
from sessiongraph.services import Services
from sessiongraph.types import Dataset

if TYPE_CHECKING:
    from dagster import AssetSpec

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


async def report_build(services: Services, asset: str, dataset: Dataset, report: KnowledgeReport) -> None:
    """Record what a build of `asset` brought into the graph, also where it failed. Raises its failure then."""
    if report.settled:
        await report_materialization(
            services, asset, dataset, report.run_id, lambda: _build_metadata(services, dataset, report)
        )
    if report.failure is not None:
        raise report.failure


def _build_metadata(services: Services, dataset: Dataset, report: KnowledgeReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import document_names, knowledge_metadata

    return knowledge_metadata(report, services.store(dataset).read(document_names))


def _report(
    services: Services, asset: str, dataset: Dataset, operation_id: str, metadata: Callable[[], Mapping[str, Any]]
) -> None:
    from sessiongraph.dagster.materialization import event, store_metadata
    from sessiongraph.dagster.partitions import datasets_partitions

    instance = services.dagster_instance
    partitions = str(datasets_partitions.name)
    if not instance.has_dynamic_partition(partitions, dataset.key):
        instance.add_dynamic_partitions(partitions, [dataset.key])
    stored, version = store_metadata(services.store(dataset), services.snapshots, dataset.key, asset, operation_id)
    told = {**metadata(), **stored, "operation": operation_id}
    # With the tags that a run would set, so that staleness holds across both.
    spec = _spec(asset)
    code_version = extractor_version(services.llm) if asset in PASSAGES else None
    instance.report_runless_asset_event(event(instance, spec, dataset.key, told, version, code_version))


def _spec(asset: str) -> "AssetSpec":
    from assets.cognify import knowledge_graph
    from assets.ingestion import documents
    from assets.session_cognify import session_knowledge
    from assets.session_extraction import session_turns

    made = (documents, knowledge_graph, session_turns, session_knowledge)
    return next(spec for it in made for spec in it.specs if spec.key.to_user_string() == asset)
