"""The job `estimate_persist`: the dry run of the job `persist_sessions`, which says what that would do and cost."""

import dagster as dg

from assets.session_extraction import SessionTurnsConfig
from resources.graph import GraphResource
from sessiongraph.dagster import datasets_partitions, estimate_dataset_sessions


class EstimateConfig(SessionTurnsConfig):
    """What the run whose price is asked for would be configured with."""

    retry_failed: bool = False
    reextract: bool = False


@dg.op(
    description="What would become of every cached turn of the dataset, and the calls, tokens and US dollars that it "
    "would take. Writes nothing and calls no model; run config `sessions` and `whole` as for `session_turns`, "
    "`retry_failed` and `reextract` as for `session_knowledge`.",
    tags={"kind": "python"},
)
def estimate_sessions(context: dg.OpExecutionContext, config: EstimateConfig, graph: GraphResource) -> None:
    found = estimate_dataset_sessions(
        context,
        graph.client,
        sessions=config.named,
        whole=config.whole,
        retry_failed=config.retry_failed,
        reextract=config.reextract,
    )
    context.add_output_metadata(found)


@dg.job(
    partitions_def=datasets_partitions,
    executor_def=dg.in_process_executor,
    description="A dry run of `persist_sessions`: what it would stage, extract and skip, and what that would cost.",
    tags={"path": "offline", "dry_run": "true"},
    metadata={"owner": "team:sessiongraph"},
)
def estimate_persist() -> None:
    estimate_sessions()
