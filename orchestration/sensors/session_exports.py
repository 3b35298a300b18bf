"""The sensor `session_exports`: exports of conversations put into an inbox become sessions, and are persisted."""

from typing import Any

import dagster as dg
from pydantic import Field

from orchestration.checks.all_datasets import survey_home
from orchestration.jobs import PERSIST_SESSIONS
from orchestration.sensor_cursor import Cursor
from orchestration.sensors.inbox import INTERVAL_SECONDS, InboxTick
from resources.graph import GraphResource
from sessiongraph.errors import FilesUnavailableError

# Nothing of what is cached: the run takes the exports in, which it does when no sessions are named.
SOURCES_ALONE: dict[str, Any] = {"ops": {"session_turns": {"config": {"sessions": []}}}}


class SessionExportsCursor(Cursor):
    """What stood in the folder for exports of each inbox, as a hash of its files' names, sizes and times."""

    seen: dict[str, str] = Field(default_factory=dict)


@dg.sensor(
    job_name=PERSIST_SESSIONS,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Persists exports of conversations that land in `sessions/` in a dataset's inbox.

It waits until none of them has changed between two ticks. The folder of a dataset that does not exist yet creates it,
where its owner does. Exports that no run takes are tried a few times, later each time, and then left alone until they
change. A run that failed is tried again by `new_sessions`.""",
)
def session_exports(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    from sessiongraph.ingestion.inbox_folders import waiting_session_files

    services = graph.services
    if not services.settings.caching:
        return dg.SkipReason("CACHING=false: there is no session cache to take exports into.")
    before = SessionExportsCursor.read(context.cursor)
    try:
        dropped, _ = survey_home(services)
    except FilesUnavailableError as error:
        return dg.SkipReason(str(error))
    tick = InboxTick(
        context.instance, services, PERSIST_SESSIONS, waiting_session_files, dropped, before.seen, config=SOURCES_ALONE
    )
    return tick.result(SessionExportsCursor(seen=tick.now).model_dump_json(), [], [])
