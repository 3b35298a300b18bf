"""The asset `session_knowledge`. What of a turn becomes knowledge stands in `turns`; building it, in cognify."""

import asyncio

import dagster as dg

from assets.cognify import KnowledgeConfig, configured_extractor, knowledge_result
from assets.session_extraction import session_turns
from resources.graph import GraphStoreResource, LLMResource
from sessiongraph.dagster.column_schema import column_schema
from sessiongraph.dagster.partitions import datasets_partitions, partition_dataset
from sessiongraph.dagster.run_errors import errors_in_run_log
from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.persistence.turn_passages import read_turn_passages


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[session_turns],
    group_name="sessions",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"dagster/column_schema": column_schema("session_knowledge")},
    code_version=configured_extractor(),
    description="""Entities and facts of what was said in sessions, in the same graph as those of the documents.

Every staged turn that is not in the ledger at this content and extractor version becomes knowledge; refusals, badly
rated turns and repeats are skipped, and say so. A turn that fails is tried again by the next run, until it
has failed too often by its own fault; run config `retry_failed` tries it then.""",
)
def session_knowledge(
    context: dg.AssetExecutionContext, config: KnowledgeConfig, graph: GraphStoreResource, llm: LLMResource
) -> dg.MaterializeResult:
    with errors_in_run_log():
        store = graph.store(partition_dataset(context, graph))
        report = asyncio.run(
            build_knowledge(
                store,
                llm.llm,
                llm.embedder,
                read_turn_passages,
                run_id=context.run.run_id,
                asset="session_knowledge",
                retry_failed=config.retry_failed,
            )
        )
        return knowledge_result(context, store, graph.snapshots, report)
