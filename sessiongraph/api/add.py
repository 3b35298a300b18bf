"""Adding documents to a dataset."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sessiongraph import telemetry
from sessiongraph.api.context import acting_user, node_set_names, permitted
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import dataset_parts, new_id
from sessiongraph.ingestion.ingest import IngestReport, ingest, without_secrets
from sessiongraph.ingestion.parsing import ParsedDocument
from sessiongraph.ingestion.resolve_inputs import Inputs, parse, resolve_inputs
from sessiongraph.metadata import Metadata, checked_metadata
from sessiongraph.services import Services
from sessiongraph.types import Dataset, Progress, ProgressCallback, User

Data = str | os.PathLike[str]


async def add(
    services: Services,
    data: Data | Sequence[Data],
    dataset_name: str,
    *,
    user: User | None,
    node_set: Sequence[str] | None,
    said_at: date | None = None,
    metadata: Metadata | None = None,
    progress: ProgressCallback | None = None,
) -> IngestReport:
    """As `SessionGraph.add` says."""
    return await add_inputs(
        services,
        lambda: resolve_inputs(data),
        dataset_name,
        user=user,
        node_set=node_set,
        said_at=said_at,
        metadata=metadata,
        progress=progress,
    )


def _counts(report: IngestReport) -> dict[str, int]:
    return {"sessiongraph.documents.added": report.added, "sessiongraph.documents.known": report.known}


@telemetry.traced("add", _counts)
async def add_inputs(
    services: Services,
    resolve: Callable[[], Inputs],
    dataset_name: str,
    *,
    user: User | None,
    node_set: Sequence[str] | None,
    said_at: date | None = None,
    metadata: Metadata | None = None,
    progress: ProgressCallback | None = None,
) -> IngestReport:
    """As `add`, of what `resolve` gives; it is called in a thread."""
    given, metadata = _day(said_at), checked_metadata(metadata)
    node_sets = node_set_names(node_set, "node_set") if node_set is not None else []
    dataset_parts(dataset_name)
    inputs = await asyncio.to_thread(resolve)
    owner = await acting_user(services, user)
    documents = []
    for item in inputs.items:
        documents.append(await asyncio.to_thread(parse, item))
        if progress is not None:
            progress(Progress("files", len(documents), len(inputs.items)))
    documents = [replace(document, said_on=given or document.said_on, metadata=metadata) for document in documents]
    dataset = await writable(services, owner, dataset_name)
    telemetry.annotate({"sessiongraph.dataset.id": dataset.id})
    report = await add_documents(services, documents, dataset, user=owner, node_sets=node_sets)
    report.skipped = inputs.skipped
    return report


async def add_documents(
    services: Services, documents: Sequence[ParsedDocument], dataset: Dataset, *, user: User, node_sets: Sequence[str]
) -> IngestReport:
    """Put `documents` into a dataset that `user` may write, without their secrets where it allows none; report it."""
    if not dataset.allow_secrets:
        documents = [await asyncio.to_thread(without_secrets, document) for document in documents]
    run_id = new_id()
    report = await ingest(services.store(dataset), documents, user=user, node_sets=node_sets, run_id=run_id)
    if report.added:
        await report_materialization(services, "documents", dataset, run_id, lambda: _ingest_metadata(report))
    return report


def _day(said_at: date | None) -> date | None:
    """The day of `said_at`, in its own time zone. Raises InvalidInputError where it is no date."""
    if said_at is None or isinstance(said_at, date):
        return said_at.date() if isinstance(said_at, datetime) else said_at
    raise InvalidInputError(f"said_at is of type {type(said_at).__name__}: give a date or a datetime.")


async def writable(services: Services, user: User, name: str) -> Dataset:
    """The dataset to write to: an existing one that `user` may write, else a new one of their own."""
    if "/" in name:
        return await permitted(services, user, name, "write")
    return await asyncio.to_thread(services.access.create_dataset, user, name)


def _ingest_metadata(report: IngestReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import ingest_metadata

    return ingest_metadata(report)
