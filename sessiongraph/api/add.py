"""Adding documents to a dataset."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any

from sessiongraph.api.context import acting_user, node_set_names, permitted
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.ids import dataset_parts, new_id
from sessiongraph.ingestion.ingest import IngestReport, ingest
from sessiongraph.ingestion.resolve_inputs import parse, resolve_inputs
from sessiongraph.services import Services
from sessiongraph.types import Dataset, User

Data = str | os.PathLike[str]


async def add(
    services: Services,
    data: Data | Sequence[Data],
    dataset_name: str,
    *,
    user: User | None,
    node_set: Sequence[str] | None,
) -> IngestReport:
    """As `SessionGraph.add` says."""
    node_sets = node_set_names(node_set, "node_set") if node_set is not None else []
    dataset_parts(dataset_name)
    inputs = await asyncio.to_thread(resolve_inputs, data)
    owner = await acting_user(services, user)
    documents = [await asyncio.to_thread(parse, item) for item in inputs.items]
    dataset = await _writable(services, owner, dataset_name)
    run_id = new_id()
    report = await ingest(services.store(dataset), documents, user=owner, node_sets=node_sets, run_id=run_id)
    report.skipped = inputs.skipped
    if report.added:
        await report_materialization(services, "documents", dataset, run_id, lambda: _ingest_metadata(report))
    return report


async def _writable(services: Services, user: User, name: str) -> Dataset:
    """The dataset to write to: an existing one that `user` may write, else a new one of their own."""
    if "/" in name:
        return await permitted(services, user, name, "write")
    return await asyncio.to_thread(services.access.create_dataset, user, name)


def _ingest_metadata(report: IngestReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import ingest_metadata

    return ingest_metadata(report)
