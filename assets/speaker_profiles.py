"""The asset `speaker_profiles`."""

import dagster as dg

from assets.cognify import knowledge_graph
from assets.session_cognify import session_knowledge
from resources.graph import GraphResource
from sessiongraph.dagster import datasets_partitions, materialize_speaker_profiles


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[knowledge_graph, session_knowledge],
    group_name="memory",
    owners=["team:sessiongraph"],
    kinds={"python"},
    tags={"path": "offline"},
    code_version="1",
    description="""What stands about each person who speaks in sessions: who they are, what they prefer and plan.

Derived from the graph by rule whenever it is read, and stored nowhere: this says how many facts there are of each
kind. `sessiongraph memory profiles` shows them, each with its evidence. No model is asked.""",
)
def speaker_profiles(context: dg.AssetExecutionContext, graph: GraphResource) -> dg.MaterializeResult:
    return materialize_speaker_profiles(context, graph.client)
