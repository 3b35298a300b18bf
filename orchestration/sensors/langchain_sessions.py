"""The sensor `langchain_sessions`: what LangChain's RedisChatMessageHistory writes is persisted, too."""

from contextlib import closing
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from orchestration.jobs import PERSIST_SESSIONS
from orchestration.run_requests import TOO_MANY, attempts, in_flight, run_tags
from orchestration.sensor_cursor import Cursor
from orchestration.sensors.session_exports import SOURCES_ALONE
from resources.graph import GraphResource
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.errors import SessionGraphError

# A run reads all of that Redis, and a tick lists its keys.
INTERVAL_SECONDS = 300


class LangChainCursor(Cursor):
    """Which messages there were when a run was last launched, as a hash."""

    seen: str = Field(default="")


@dg.sensor(
    job_name=PERSIST_SESSIONS,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Persists what was added to the Redis of LangChain's that LANGCHAIN_REDIS_URL names.

It belongs to the dataset LANGCHAIN_REDIS_DATASET. A run that failed is tried again by `new_sessions`, and the nightly
sweep reads that Redis too, whatever was seen.""",
)
def langchain_sessions(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    from sessiongraph.importers.langchain_source import langchain_redis

    settings = graph.services.settings
    source, key = langchain_redis(settings), settings.langchain_redis_dataset
    if source is None or not settings.caching:
        return dg.SkipReason("LANGCHAIN_REDIS_URL is not set." if source is None else "CACHING=false: no cache for it.")
    try:
        with closing(source):
            now = source.state()
    except SessionGraphError as error:
        return dg.SkipReason(str(error))
    if now == LangChainCursor.read(context.cursor).seen:
        return dg.SkipReason("Nothing was added since it was last read.")
    busy = in_flight(context.instance)
    if busy is None or key in busy:
        return dg.SkipReason(TOO_MANY if busy is None else f"{key}: run {busy[key]} is queued or under way.")
    before = attempts(context.instance, PERSIST_SESSIONS, key, f"{key} langchain {now}")
    if datetime.now(UTC) < (then := before.next_try()):
        return dg.SkipReason(f"{key}: run {before.last_run} left something undone; wait until {then:%H:%M:%S} UTC.")
    is_listed = context.instance.has_dynamic_partition(str(datasets_partitions.name), key)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=before.run_key, partition_key=key, run_config=SOURCES_ALONE, tags=run_tags(key, "sensor")
            )
        ],
        cursor=LangChainCursor(seen=now).model_dump_json(),
        dynamic_partitions_requests=None if is_listed else [datasets_partitions.build_add_request([key])],
    )
