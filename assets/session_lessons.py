"""The asset `session_lessons`."""

import dagster as dg

from assets.session_cognify import session_knowledge
from resources.graph import GraphResource
from sessiongraph.dagster import column_schema, datasets_partitions, materialize_session_lessons


class LessonsConfig(dg.Config):
    """`retry_failed`: whether sessions that failed too often are tried once more.

    `relearn`: whether sessions that were there before lessons were, or were read by another model or version, are read.
    """

    retry_failed: bool = False
    relearn: bool = False


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[session_knowledge],
    group_name="memory",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"columns": column_schema("session_lessons")},
    description="""What sessions teach as a whole: what was decided, what is open, what the user corrected, what worked.

Sessions of which something is new are read by one call each; the others cost none. Each lesson names the turns that it
rests on, and goes with them. `sessiongraph memory lessons` shows them. One that fails is tried again by the next run,
three times where the fault is its own. After a change of prompt or model, and in sessions of before there were
lessons, what is there stays until run config `relearn`.""",
)
def session_lessons(
    context: dg.AssetExecutionContext, config: LessonsConfig, graph: GraphResource
) -> dg.MaterializeResult:
    return materialize_session_lessons(context, graph.client, retry_failed=config.retry_failed, relearn=config.relearn)
