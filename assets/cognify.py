"""The asset `knowledge_graph`, and what it shares with `session_knowledge`, which is made by the same code.

What building knowledge means stands in `knowledge`.
"""

import asyncio

import dagster as dg

from assets.ingestion import documents
from resources.graph import GraphStoreResource, LLMResource
from sessiongraph.dagster.column_schema import column_schema
from sessiongraph.dagster.materialization import event, result, store_metadata
from sessiongraph.dagster.metadata import document_names, knowledge_metadata
from sessiongraph.dagster.partitions import datasets_partitions, partition_dataset
from sessiongraph.dagster.run_errors import errors_in_run_log
from sessiongraph.extraction.build_graph import KnowledgeReport, build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.extraction.window_extraction import extractor_version
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.graph_store import GraphStore


class KnowledgeConfig(dg.Config):
    """`retry_failed`: whether passages that failed too often, and are quarantined, are tried once more."""

    retry_failed: bool = False


def configured_extractor() -> str:
    """The version of the extractor that the environment chooses: the code version of what it makes."""
    return extractor_version(LLMResource().llm)


def knowledge_result(
    context: dg.AssetExecutionContext, store: GraphStore, snapshots: SnapshotReader, report: KnowledgeReport
) -> dg.MaterializeResult:
    """The materialization that a build ends with; one that failed and changed something is recorded too, and raises."""
    asset, dataset = context.asset_key.to_user_string(), context.partition_key
    metadata = knowledge_metadata(report, store.read(document_names))
    if report.failure is None:
        return result(store, snapshots, dataset, asset, report.run_id, metadata)
    if report.settled:
        stored, version = store_metadata(store, snapshots, dataset, asset, report.run_id)
        spec = context.assets_def.get_asset_spec(context.asset_key)
        context.log_event(event(context.instance, spec, dataset, {**metadata, **stored}, version))
    raise report.failure


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[documents],
    group_name="knowledge",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"dagster/column_schema": column_schema("knowledge_graph")},
    code_version=configured_extractor(),
    description="""Entities, facts and embeddings of the dataset's documents, each with its evidence.

Chunks, extracts, embeds and commits what is not in the ledger at this content and extractor version; what is
unchanged costs no model call. `session_knowledge` adds to the same graph.""",
)
def knowledge_graph(
    context: dg.AssetExecutionContext, config: KnowledgeConfig, graph: GraphStoreResource, llm: LLMResource
) -> dg.MaterializeResult:
    with errors_in_run_log():
        store = graph.store(partition_dataset(context, graph))
        report = asyncio.run(_cognify(store, llm, context.run.run_id, config.retry_failed))
        return knowledge_result(context, store, graph.snapshots, report)


async def _cognify(store: GraphStore, models: LLMResource, run_id: str, retry_failed: bool) -> KnowledgeReport:
    await chunk_documents(store, run_id)
    return await build_knowledge(
        store,
        models.llm,
        models.embedder,
        read_chunk_passages,
        run_id=run_id,
        asset="knowledge_graph",
        retry_failed=retry_failed,
    )
