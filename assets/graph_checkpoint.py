"""The asset `graph_checkpoint`."""

import dagster as dg

from assets.cognify import knowledge_graph
from assets.session_cognify import session_knowledge
from resources.graph import GraphResource
from sessiongraph.dagster import datasets_partitions, materialize_graph_checkpoint


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[knowledge_graph, session_knowledge],
    group_name="knowledge",
    owners=["team:sessiongraph"],
    kinds={"python", "numpy"},
    tags={"path": "offline"},
    code_version="1",
    description="""What the graph is derived to, as files that every process of the machine maps instead of reading all.

Resolved, indexed, with its vectors, as of a commit; who opens it adds what was committed since. The sensor
`graph_checkpoints` makes it when so much has come that reading it costs more. It is derived: to delete it costs time,
never data, and `forget` removes it before anything else.""",
)
def graph_checkpoint(context: dg.AssetExecutionContext, graph: GraphResource) -> dg.MaterializeResult:
    return materialize_graph_checkpoint(context, graph.client)
