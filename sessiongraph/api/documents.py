"""`add` and `cognify`: documents into a dataset, and from there into its graph."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any

from sessiongraph.api.context import acting_user, all_permitted, node_set_names, permitted, resources
from sessiongraph.dagster.event_reporting import report_build, report_materialization
from sessiongraph.errors import NoGraphDataError, SessionGraphError
from sessiongraph.extraction.build_graph import KnowledgeReport, build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.extraction.embedding import embed_missing
from sessiongraph.ids import dataset_parts, new_id
from sessiongraph.ingestion.ingest import IngestReport, ingest
from sessiongraph.ingestion.resolve_inputs import parse, resolve_inputs
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.services import Resources
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import MAIN_DATASET, Dataset, User

Data = str | os.PathLike[str]


async def add(
    data: Data | Sequence[Data],
    dataset_name: str = MAIN_DATASET,
    *,
    user: User | None = None,
    node_set: Sequence[str] | None = None,
) -> IngestReport:
    """Put texts, files or folders into a dataset, which is created if the user has none of that name.

    A string is a text; a path (a Path, or a string that starts with /, ./, ../, ~/ or file://) is a file or a folder
    of txt, md, html, csv, json, pdf and docx. The same content twice is one document. `node_set` tags the documents.

    Raises InvalidInputError or UnreadableDocumentError before anything is written, PermissionDeniedError.
    """
    node_sets = node_set_names(node_set, "node_set") if node_set is not None else []
    dataset_parts(dataset_name)
    inputs = await asyncio.to_thread(resolve_inputs, data)
    bundle = resources()
    owner = await acting_user(bundle, user)
    documents = [await asyncio.to_thread(parse, item) for item in inputs.items]
    dataset = await _writable(bundle, owner, dataset_name)
    run_id = new_id()
    report = await ingest(bundle.store(dataset), documents, user=owner, node_sets=node_sets, run_id=run_id)
    report.skipped = inputs.skipped
    if report.added:
        await report_materialization(bundle, "documents", dataset, run_id, lambda: _ingest_metadata(report))
    return report


async def _writable(bundle: Resources, user: User, name: str) -> Dataset:
    """The dataset to write to: an existing one that `user` may write, else a new one of their own."""
    if "/" in name:
        return await permitted(bundle, user, name, "write")
    return await asyncio.to_thread(bundle.access.create_dataset, user, name)


async def cognify(
    datasets: Sequence[str] | str | None = None, *, user: User | None = None, retry_failed: bool = False
) -> dict[str, KnowledgeReport]:
    """Bring what was added to `datasets` (all that the user may write, for None) into their graphs.

    Only what is not there yet is extracted, and embedded: where the embedder was changed, that is every text of the
    graph, those of sessions too. A passage that failed three times by its own fault (a refusal, an answer that does not
    validate) is quarantined, and tried again only with `retry_failed` or when its window changes.

    Returns a report for each dataset, by its name (another's: by owner/name).
    Raises DatasetNotFoundError, PermissionDeniedError, NoGraphDataError where there are no documents,
    LLMNotConfiguredError, LLMFailedError.
    """
    bundle = resources()
    acting = await acting_user(bundle, user)
    chosen = await all_permitted(bundle, acting, datasets, "write")
    # By the name that the user calls it by: another's dataset may have the same name as one's own.
    reports = {
        dataset.name if dataset.owner_id == acting.id else dataset.key: await _cognify(bundle, dataset, retry_failed)
        for dataset in chosen
    }
    if not any(report.passages or report.usage.embedding_calls for report in reports.values()):
        named = ", ".join(dataset.name for dataset in chosen) or "your datasets"
        raise NoGraphDataError(f"There are no documents in {named}. Put some in first: add(…, dataset_name=…).")
    return reports


async def _cognify(bundle: Resources, dataset: Dataset, retry_failed: bool) -> KnowledgeReport:
    store, run_id = bundle.store(dataset), new_id()
    if not store.exists:
        return KnowledgeReport(run_id)
    await chunk_documents(store, run_id)
    report = await build_knowledge(
        store,
        bundle.llm,
        bundle.embedder,
        read_chunk_passages,
        run_id=run_id,
        asset="knowledge_graph",
        retry_failed=retry_failed,
    )
    if report.failure is None:
        await _embed_turns(bundle, store, report)
    await report_build(bundle, "knowledge_graph", dataset, report)
    return report


async def _embed_turns(bundle: Resources, store: GraphStore, report: KnowledgeReport) -> None:
    """Where the embedder was changed, what sessions said needs vectors of the new one too."""
    turns = await asyncio.to_thread(store.read, lambda con: read_turn_passages(con, None))
    try:
        embedded = await embed_missing(store, bundle.embedder, turns, run_id=report.run_id, asset="session_knowledge")
    except SessionGraphError as error:
        report.failure = error
        return
    report.usage, report.unembedded = report.usage + embedded.usage, report.unembedded + embedded.missing


def _ingest_metadata(report: IngestReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import ingest_metadata

    return ingest_metadata(report)
