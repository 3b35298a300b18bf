"""The asset `session_turns`."""

import dagster as dg

from assets.session_cache import session_cache
from resources.graph import GraphResource
from sessiongraph.dagster import column_schema, datasets_partitions, materialize_session_turns


class NamedSession(dg.Config):
    """A session: its user's name or id, and its id."""

    user: str
    session_id: str


class SessionTurnsConfig(dg.Config):
    """`sessions`: those to take; left out, all that have turns which belong to the dataset, and of those these turns.

    Exports in the inbox are taken in before, unless sessions are named; with `[]` they alone.

    `whole`: whether named sessions are taken whole, wherever they were searched, and must be known; otherwise just
    their turns that belong to the dataset, if any are left.
    """

    sessions: list[NamedSession] | None = None
    whole: bool = True

    @property
    def named(self) -> list[tuple[str, str]] | None:
        """`sessions` as pairs."""
        return None if self.sessions is None else [(it.user, it.session_id) for it in self.sessions]


@dg.asset(
    partitions_def=datasets_partitions,
    deps=[session_cache],
    group_name="sessions",
    owners=["team:sessiongraph"],
    kinds={"python", "duckdb"},
    tags={"path": "offline"},
    metadata={"columns": column_schema("session_turns")},
    code_version="1",
    description="""Turns of cached sessions, copied into the dataset's own store: from here on none can expire.

Takes every cached turn that belongs to the dataset: it was searched in it, or in none and this is its user's
`main_dataset`. Run config `sessions: [{user: …, session_id: …}]` takes just those sessions, and all of their turns;
with `whole: false`, as the sensor runs it, only those of their turns that belong to the dataset.

Where none is named, exports of conversations (ChatGPT, Claude, Claude Code, Slack, WhatsApp, a JSONL of turns) in
`sessions/` in the dataset's inbox, `<SESSIONGRAPH_HOME>/inbox/<owner>/<name>/`, are taken into the cache and staged
before. They are deleted then; what cannot be read whole goes to `rejected/` in that folder.""",
)
def session_turns(
    context: dg.AssetExecutionContext, config: SessionTurnsConfig, graph: GraphResource
) -> dg.MaterializeResult:
    return materialize_session_turns(context, graph.client, sessions=config.named, whole=config.whole)
