"""The asset `documents`."""

import dagster as dg

from resources.graph import GraphResource
from sessiongraph.dagster import column_schema, datasets_partitions, materialize_documents


@dg.asset(
    partitions_def=datasets_partitions,
    group_name="ingestion",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"columns": column_schema("documents")},
    code_version="1",
    description="""Texts of the dataset, each stored once by its content.

Takes the files in the dataset's inbox, `<SESSIONGRAPH_HOME>/inbox/<owner>/<name>/` (txt, md, html, csv, tsv, json,
jsonl, pdf, docx, vtt, srt, eml, mbox), and moves the originals beside the store; those that cannot be read go to
`rejected/` in the inbox.
`sessiongraph.add()` reports its documents here too. An empty inbox is fine: nothing is added.""",
)
def documents(context: dg.AssetExecutionContext, graph: GraphResource) -> dg.MaterializeResult:
    return materialize_documents(context, graph.client)
