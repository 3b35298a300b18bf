"""The sensor `new_sessions`: what was said is persisted before it expires, without anyone naming a session.

What is due stands in `sessiongraph/persistence/due_rules.py`; how it is looked for, in `due_sessions.py` beside it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from orchestration.jobs import PERSIST_SESSIONS
from orchestration.run_requests import TOO_MANY, Attempts, attempts, in_flight, recently_failed, run_tags
from orchestration.sensor_cursor import Cursor
from resources.graph import GraphResource
from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.errors import CacheUnavailableError, CachingDisabledError
from sessiongraph.ids import content_id
from sessiongraph.persistence.due_rules import DueRules
from sessiongraph.persistence.due_sessions import DueSessions, Survey, survey
from sessiongraph.persistence.session_routing import Routes
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.types import WaitingSession

INTERVAL_SECONDS = 15
# The next tick launches more: the queue takes a few at a time.
_MOST_RUNS = 20
# Datasets of which former runs are looked at, each by one request.
_MOST_LOOKED_AT = 100
# How often a run that failed is tried again where nothing waits in the cache any more; then, the night does it.
_MOST_TRIES = 8
_OBSERVE_SECONDS = 300
_MOST_REASONS = 10


class NewSessionsCursor(Cursor):
    """Where a tick had to stop (0: nowhere), and when the last one observed the cache."""

    place: int = Field(default=0, ge=0, lt=2**62)
    observed: float = Field(default=0.0, ge=0, allow_inf_nan=False)


@dg.sensor(
    job_name=PERSIST_SESSIONS,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Persists sessions that are idle, have many turns or old ones waiting, or expire soon.

One run a dataset at a time takes a batch of its due sessions; what failed is tried again, later each time. Set by
PERSIST_IDLE_SECONDS, PERSIST_TURNS, PERSIST_WAIT_SECONDS and PERSIST_BEFORE_EXPIRY_SECONDS. Every few minutes it
observes session_cache.""",
)
def new_sessions(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    services, now = graph.services, datetime.now(UTC)
    cursor = NewSessionsCursor.read(context.cursor)
    key = asset_key("session_cache", services.settings.asset_key_prefix)
    rules = DueRules.of(services.settings, INTERVAL_SECONDS)
    try:
        cache = services.cache
        routes = Routes(services.access)
        seen = survey(cache, routes, rules, cache.now(), cursor.place)
        whole = cursor.place == 0 == seen.next_place
        observe = whole and now.timestamp() - cursor.observed >= _OBSERVE_SECONDS
        events = [_observation(key, cache, seen, now)] if observe else []
    except CachingDisabledError:
        return dg.SkipReason("CACHING=false: there is no session cache to persist.")
    except CacheUnavailableError as error:
        return dg.SkipReason(str(error))
    requests, reasons = _requests(context.instance, seen, routes, now)
    for reason in reasons if requests else ():
        context.log.info(reason)
    missing = {str(request.partition_key) for request in requests} - set(
        datasets_partitions.get_partition_keys(dynamic_partitions_store=context.instance) if requests else ()
    )
    return dg.SensorResult(
        run_requests=requests or None,
        skip_reason=None if requests else _skip_reason(seen, reasons),
        cursor=NewSessionsCursor(
            place=seen.next_place, observed=now.timestamp() if observe else cursor.observed
        ).model_dump_json(),
        asset_events=events,
        dynamic_partitions_requests=[datasets_partitions.build_add_request(sorted(missing))] if missing else None,
    )


def _requests(
    instance: dg.DagsterInstance, seen: Survey, routes: Routes, now: datetime
) -> tuple[list[dg.RunRequest], list[str]]:
    """The runs to launch, most urgent datasets first, and why there is none of other datasets with work to do."""
    failed = recently_failed(instance, PERSIST_SESSIONS, now)
    if not (seen.due or failed):
        return [], []
    busy = in_flight(instance)
    if busy is None:
        return [], [TOO_MANY]
    never = now + timedelta(days=36500)
    urgent = sorted(seen.due, key=lambda key: (seen.due[key].expires_at or never, key))
    requests: list[dg.RunRequest] = []
    reasons: list[str] = []
    looked_at = 0
    for key in [*urgent, *(key for key in failed if key not in seen.due)]:
        if len(requests) == _MOST_RUNS or looked_at == _MOST_LOOKED_AT:
            reasons.append("The next tick goes on with further datasets.")
            break
        candidate = _RunCandidate.of(key, seen.due.get(key, DueSessions()))
        if key in busy:
            reasons.append(f"{candidate}: run {busy[key]} of the dataset is queued or under way.")
            continue
        looked_at += 1
        before = attempts(instance, PERSIST_SESSIONS, key, candidate.name)
        if (reason := candidate.not_now(before, now)) is None:
            requests.append(candidate.request(before, routes))
        elif reason:
            reasons.append(f"{candidate}: {reason}")
    return requests, reasons


@dataclass(frozen=True)
class _RunCandidate:
    """A run that might be launched, and what for: a batch of due sessions, or for none a run that failed."""

    key: str
    due: DueSessions
    sessions: list[WaitingSession]
    name: str

    @classmethod
    def of(cls, key: str, due: DueSessions) -> "_RunCandidate":
        batch = due.batch
        state = [part for it in batch for part in (it.user_id, it.session_id, it.last_activity.isoformat())]
        return cls(key, due, batch, f"{key} {content_id('batch', key, *state)}")

    def __str__(self) -> str:
        return f"{self.key} ({self.due.count} due)"

    def not_now(self, before: Attempts, now: datetime) -> str | None:
        """Why not to launch it now, "" where there is nothing to tell; None to launch it."""
        if not self.sessions and not before.failed:
            return ""
        if not self.sessions and before.of_batch >= _MOST_TRIES:
            return f"{before.of_batch} runs in a row left something undone; the nightly sweep tries again."
        if now < (then := before.next_try(self.due.expires_at)):
            why = "left something undone" if before.failed else "left them waiting"
            return f"run {before.last_run} {why}; it is tried again at {then:%H:%M:%S} UTC."
        return None

    def request(self, before: Attempts, routes: Routes) -> dg.RunRequest:
        users = sorted({routes.user_name(session.user_id) for session in self.sessions})
        sessions = [{"user": it.user_id, "session_id": it.session_id} for it in self.sessions]
        return dg.RunRequest(
            run_key=before.run_key,
            partition_key=self.key,
            run_config={"ops": {"session_turns": {"config": {"sessions": sessions, "whole": False}}}},
            tags=run_tags(self.key, "sensor", users[0] if len(users) == 1 else None),
        )


def _observation(key: dg.AssetKey, cache: SessionCache, seen: Survey, now: datetime) -> dg.AssetObservation:
    sessions, turns = cache.count()
    metadata: dict[str, dg.MetadataValue] = {
        "sessions": dg.MetadataValue.int(sessions),
        "turns": dg.MetadataValue.int(turns),
        "unpersisted_sessions": dg.MetadataValue.int(seen.sessions),
        "unpersisted_turns": dg.MetadataValue.int(seen.turns),
        "due_sessions": dg.MetadataValue.int(sum(due.count for due in seen.due.values())),
        "turns_without_dataset": dg.MetadataValue.int(seen.unroutable),
        "oldest_unpersisted_seconds": dg.MetadataValue.float(_seconds(now - seen.oldest) if seen.oldest else 0.0),
    }
    if seen.nearest_expiry is not None:
        metadata["nearest_expiry_seconds"] = dg.MetadataValue.float(_seconds(seen.nearest_expiry - now))
    return dg.AssetObservation(key, metadata=metadata)


def _seconds(span: timedelta) -> float:
    return round(max(span.total_seconds(), 0.0), 1)


def _skip_reason(seen: Survey, reasons: list[str]) -> str:
    if reasons:
        more = len(reasons) - _MOST_REASONS
        return " ".join([*reasons[:_MOST_REASONS], *([f"So with {more} more datasets."] if more > 0 else [])])
    if not seen.turns:
        return "Every cached turn is persisted."
    lost = f" {seen.unroutable} of them belong to no dataset that their user may write." if seen.unroutable else ""
    return f"{seen.turns} turns of {seen.sessions} sessions wait; none is due yet.{lost}"
