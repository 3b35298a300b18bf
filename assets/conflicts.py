"""The asset `conflicts`."""

import dagster as dg

from assets.cognify import knowledge_graph
from assets.session_cognify import session_knowledge
from resources.graph import GraphResource
from sessiongraph.dagster import datasets_partitions, materialize_conflicts


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[knowledge_graph, session_knowledge],
    group_name="memory",
    owners=["team:sessiongraph"],
    kinds={"python"},
    tags={"path": "offline"},
    code_version="1",
    description="""Facts that contradict each other, and of which none closes another: two homes, two employers.

Derived from the graph by rule whenever it is read, and stored nowhere: this says how many there are, and which, by
their ids. A person decides: `sessiongraph facts conflicts` shows the words and evidence, `facts correct` and
`facts retract` say what is right. No model is asked.""",
)
def conflicts(context: dg.AssetExecutionContext, graph: GraphResource) -> dg.MaterializeResult:
    return materialize_conflicts(context, graph.client)
