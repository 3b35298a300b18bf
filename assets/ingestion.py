"""The asset `documents`. What taking an inbox means stands in `inbox`."""

import asyncio

import dagster as dg

from resources.graph import GraphStoreResource
from sessiongraph.dagster.column_schema import column_schema
from sessiongraph.dagster.materialization import result
from sessiongraph.dagster.metadata import ingest_metadata
from sessiongraph.dagster.partitions import datasets_partitions, partition_dataset
from sessiongraph.dagster.run_errors import errors_in_run_log
from sessiongraph.ingestion.inbox import ingest_inbox
from sessiongraph.types import User


@dg.asset(
    partitions_def=datasets_partitions,
    group_name="ingestion",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"dagster/column_schema": column_schema("documents")},
    code_version="1",
    description="""Texts of the dataset, each stored once by its content.

Takes the files in the dataset's inbox, `<SESSIONGRAPH_HOME>/inbox/<owner>/<name>/` (txt, md, html, csv, tsv, json,
jsonl, pdf, docx), and moves the originals beside the store; those that cannot be read go to `rejected/` in the inbox.
`sessiongraph.add()` reports its documents here too. An empty inbox is fine: nothing is added.""",
)
def documents(context: dg.AssetExecutionContext, graph: GraphStoreResource) -> dg.MaterializeResult:
    with errors_in_run_log():
        dataset = partition_dataset(context, graph)
        store, inbox = graph.store(dataset), graph.inbox(dataset)
        owner = User(dataset.owner_id, dataset.owner_name)
        report = asyncio.run(ingest_inbox(inbox, graph.files(dataset), store, user=owner, run_id=context.run.run_id))
        for name, reason in report.failed.items():
            context.log.warning(f"{name} was rejected: {reason}")
        metadata = {**ingest_metadata(report), "inbox": dg.MetadataValue.path(str(inbox))}
        return result(store, graph.snapshots, dataset.key, "documents", report.run_id, metadata)
