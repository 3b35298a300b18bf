"""Cognifying: what was added to datasets becomes graph."""

import asyncio
from collections.abc import Sequence

from sessiongraph import telemetry
from sessiongraph.api.context import acting_user, all_permitted, check_flag
from sessiongraph.dagster.event_reporting import report_build
from sessiongraph.errors import NoGraphDataError, SessionGraphError
from sessiongraph.extraction.all_documents import AllDocuments
from sessiongraph.extraction.build_graph import KnowledgeReport, build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.extraction.embedding import embed_missing
from sessiongraph.extraction.window_extraction import extractor_version
from sessiongraph.ids import new_id
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.services import Services
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import Dataset, ProgressCallback, User


def _counts(reports: dict[str, KnowledgeReport]) -> dict[str, int]:
    return {
        "sessiongraph.passages": sum(it.passage_count for it in reports.values()),
        "sessiongraph.passages.extracted": sum(it.extracted for it in reports.values()),
        "sessiongraph.passages.failed": sum(it.count("failed") for it in reports.values()),
    }


@telemetry.traced("cognify", _counts)
async def cognify(
    services: Services,
    datasets: Sequence[str] | str | None,
    *,
    user: User | None,
    retry_failed: bool,
    reextract: bool,
    progress: ProgressCallback | None = None,
) -> dict[str, KnowledgeReport]:
    """As `SessionGraph.cognify` says."""
    acting = await acting_user(services, user)
    chosen = await all_permitted(services, acting, datasets, "write")
    check_flag(reextract, "reextract")
    # By the name that the user calls it by: another's dataset may have the same name as one's own.
    reports = {
        dataset.name if dataset.owner_id == acting.id else dataset.key: await _cognify(
            services, dataset, retry_failed, reextract, progress
        )
        for dataset in chosen
    }
    if not any(report.passage_count or report.usage.embedding_calls for report in reports.values()):
        named = ", ".join(dataset.name for dataset in chosen) or "your datasets"
        raise NoGraphDataError(f"There are no documents in {named}. Put some in first: add(…, dataset_name=…).")
    return reports


async def _cognify(
    services: Services, dataset: Dataset, retry_failed: bool, reextract: bool, progress: ProgressCallback | None
) -> KnowledgeReport:
    store, run_id = services.store(dataset), new_id()
    if not store.exists:
        return KnowledgeReport(run_id)
    await chunk_documents(store, run_id)
    report = await build_knowledge(
        store,
        services.llm,
        services.embedder,
        read_chunk_passages,
        run_id=run_id,
        asset="knowledge_graph",
        retry_failed=retry_failed,
        reextract=reextract,
        progress=progress,
    )
    if report.failure is None:
        await _embed_turns(services, store, report)
    if report.settled:
        await asyncio.to_thread(services.keep_checkpoint, dataset)
    await report_build(services, "knowledge_graph", dataset, report)
    return report


async def _embed_turns(services: Services, store: GraphStore, report: KnowledgeReport) -> None:
    """Where the embedder was changed, what sessions said needs vectors of the new one too."""
    extractor = await asyncio.to_thread(extractor_version, services.llm)
    sessions = AllDocuments(store, "session_knowledge", extractor, services.embedder.identity)
    turns = await asyncio.to_thread(store.read, lambda con: read_turn_passages(con, sessions.look_for_unembedded(con)))
    try:
        embedded = await embed_missing(store, services.embedder, turns, run_id=report.run_id, asset="session_knowledge")
    except SessionGraphError as error:
        report.failure = error
        return
    await asyncio.to_thread(store.read, lambda con: sessions.keep_unembedded(con, embedded.asked_for))
    report.usage, report.unembedded = report.usage + embedded.usage, report.unembedded + embedded.missing
