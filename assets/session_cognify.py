"""The asset `session_knowledge`."""

import dagster as dg

from assets.cognify import KnowledgeConfig
from assets.session_extraction import session_turns
from resources.graph import GraphResource
from sessiongraph.dagster import column_schema, datasets_partitions, materialize_session_knowledge


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[session_turns],
    group_name="sessions",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"columns": column_schema("session_knowledge")},
    description="""Entities and facts of what was said in sessions, in the same graph as those of the documents.

Every staged turn that is not in the ledger at this content becomes knowledge; refusals, badly
rated turns and repeats are skipped, and say so. A turn that fails is tried again by the next run, until it
has failed too often by its own fault; run config `retry_failed` tries it then. After a change of prompt or model
what is there is stale, and extracted anew by run config `reextract` alone.""",
)
def session_knowledge(
    context: dg.AssetExecutionContext, config: KnowledgeConfig, graph: GraphResource
) -> dg.MaterializeResult:
    return materialize_session_knowledge(
        context, graph.client, retry_failed=config.retry_failed, reextract=config.reextract
    )
