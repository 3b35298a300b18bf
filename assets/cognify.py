"""The asset `knowledge_graph`."""

import dagster as dg

from assets.ingestion import documents
from resources.graph import GraphResource
from sessiongraph.dagster import column_schema, datasets_partitions, materialize_knowledge_graph


class KnowledgeConfig(dg.Config):
    """`retry_failed`: whether passages that failed too often, and are quarantined, are tried once more.

    `reextract`: whether what another model or version extracted, and stays in the graph, is extracted anew.
    """

    retry_failed: bool = False
    reextract: bool = False


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[documents],
    group_name="knowledge",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"columns": column_schema("knowledge_graph")},
    description="""Entities, facts and embeddings of the dataset's documents, each with its evidence.

Chunks, extracts, embeds and commits what is not in the ledger at this content; what is unchanged costs no model call.
After a change of prompt or model what is there is stale, and extracted anew by run config `reextract` alone.
`session_knowledge` adds to the same graph.""",
)
def knowledge_graph(
    context: dg.AssetExecutionContext, config: KnowledgeConfig, graph: GraphResource
) -> dg.MaterializeResult:
    return materialize_knowledge_graph(
        context, graph.client, retry_failed=config.retry_failed, reextract=config.reextract
    )
