"""The sensor `new_sessions`: what it launches is persisted, and what it does not launch, it says why."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration import run_requests
from orchestration.run_requests import DATASET_TAG, TRIGGER_TAG, USER_TAG
from orchestration.sensors.new_sessions import NewSessionsCursor, new_sessions
from resources.graph import GraphResource
from sessiongraph.persistence import due_sessions
from tests.orchestration.conftest import MAIN, Project

CAROL = ("Where is Carol?", "Carol Brown is in Berlin.")
ERIN = ("Where is Erin?", "Erin Green is in Rome.")


@pytest.fixture
def project(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project with an instance on disk, in which whatever waits is due."""
    monkeypatch.setenv("PERSIST_IDLE_SECONDS", "0")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(project, instance=instance)


def tick(project: Project, cursor: str | None = None) -> dg.SensorResult:
    resources = {"graph": GraphResource()}
    with dg.build_sensor_context(instance=project.instance, cursor=cursor, resources=resources) as context:
        result = new_sessions(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result if isinstance(result, dg.SensorResult) else dg.SensorResult(skip_reason=result)


def requests(result: dg.SensorResult) -> list[dg.RunRequest]:
    return list(result.run_requests or [])


def skipped(result: dg.SensorResult) -> str:
    assert result.skip_reason is not None, requests(result)
    return result.skip_reason.skip_message or ""


def observed(result: dg.SensorResult) -> dict[str, Any]:
    [event] = result.asset_events or [None]
    assert isinstance(event, dg.AssetObservation) and event.asset_key == dg.AssetKey("session_cache")
    return {name: value.value for name, value in event.metadata.items()}


def node_names(project: Project, key: str = MAIN) -> set[str]:
    dataset = project.resources.access.get_or_create_by_key(key)
    return set(project.resources.snapshot(dataset).entities["name"])


def add_run(project: Project, status: dg.DagsterRunStatus, job: str = "persist_sessions", **tags: str) -> str:
    run = dg.DagsterRun(job_name=job, status=status, tags={"dagster/partition": MAIN, TRIGGER_TAG: "sensor", **tags})
    project.instance.add_run(run)
    return run.run_id


def test_what_is_due_is_persisted_with_nobody_naming_it_and_then_nothing_is_due(project: Project) -> None:
    project.say("s1", CAROL)
    project.say("s2", ERIN)

    first = tick(project)
    [request] = requests(first)

    assert request.partition_key == MAIN
    assert request.tags == {DATASET_TAG: MAIN, TRIGGER_TAG: "sensor", USER_TAG: "default_user"}
    assert [it.partition_keys for it in first.dynamic_partitions_requests or []] == [[MAIN]]
    ran = project.launch("persist_sessions", request)
    assert ran.success and {"Berlin", "Rome"} <= node_names(project)
    assert skipped(tick(project)) == "Every cached turn is persisted."


def test_a_session_in_use_is_not_due_until_it_is_idle(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSIST_IDLE_SECONDS", "300")
    project.say("s1", CAROL, ERIN)

    assert skipped(tick(project)) == "2 turns of 1 sessions wait; none is due yet."

    monkeypatch.setenv("PERSIST_TURNS", "2")
    assert len(requests(tick(project))) == 1


def test_a_session_that_lives_for_a_minute_is_launched_at_the_first_tick(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSIST_IDLE_SECONDS", "300")
    monkeypatch.setenv("SESSION_TTL_SECONDS", "60")
    project.say("s1", CAROL)

    [request] = requests(tick(project))

    assert project.launch("persist_sessions", request).success and "Berlin" in node_names(project)


def test_each_turn_goes_to_its_own_dataset_though_one_session_has_turns_of_several(project: Project) -> None:
    access = project.resources.access
    other = access.create_dataset(project.user, "project_x")
    ana = access.create_user("ana")
    project.say("mixed", CAROL)
    project.resources.cache.put_turns(
        [
            replace(turn, turn_id="in-x", question=ERIN[0], answer=ERIN[1], dataset_id=other.id)
            for turn in project.resources.cache.get_turns(project.user.id, "mixed")
        ]
    )
    project.say("hers", ("Where is Mallory?", "Mallory Black is in Oslo."), user=ana)

    found = {request.partition_key: request for request in requests(tick(project))}

    assert set(found) == {MAIN, other.key, "ana/main_dataset"}
    assert found["ana/main_dataset"].tags[USER_TAG] == "ana"
    assert all(project.launch("persist_sessions", request).success for request in found.values())
    assert "Berlin" in node_names(project) and "Rome" not in node_names(project)
    assert "Rome" in node_names(project, other.key) and "Berlin" not in node_names(project, other.key)
    assert "Oslo" in node_names(project, "ana/main_dataset")
    assert skipped(tick(project)) == "Every cached turn is persisted."


def test_turns_without_permission_or_dataset_are_reported_and_stop_nothing(project: Project) -> None:
    access = project.resources.access
    shared, gone = access.create_dataset(project.user, "shared"), access.create_dataset(project.user, "gone")
    eve = access.create_user("eve")
    access.grant(shared, eve, "read", by=project.user)
    project.say("s1", CAROL, user=eve, dataset_id=shared.id)
    project.say("s2", CAROL, dataset_id=gone.id)
    access.delete_dataset(gone, project.user)

    result = tick(project)

    assert "2 of them belong to no dataset that their user may write" in skipped(result)
    assert observed(result)["turns_without_dataset"] == 2
    project.say("s3", ERIN)
    assert [request.partition_key for request in requests(tick(project))] == [MAIN]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
@pytest.mark.parametrize("job", ["persist_sessions", "cognify"])
def test_a_run_of_the_dataset_under_way_is_waited_for_and_others_are_not(
    project: Project, status: dg.DagsterRunStatus, job: str
) -> None:
    other = project.resources.access.create_dataset(project.user, "project_x")
    run_id = add_run(project, status, job)
    project.say("s1", CAROL)

    assert skipped(tick(project)) == f"{MAIN} (1 due): run {run_id} of the dataset is queued or under way."

    project.say("s2", ERIN, dataset_id=other.id)
    assert [request.partition_key for request in requests(tick(project))] == [other.key]


def test_two_ticks_at_once_ask_for_one_run(project: Project) -> None:
    project.say("s1", CAROL)

    [one], [other] = requests(tick(project)), requests(tick(project))

    assert one.run_key == other.run_key


def test_a_batch_that_failed_is_tried_again_later_each_time(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.say("s1", CAROL)
    keys = set()
    for tries in range(4):
        reason_or_request = tick(project)
        if tries:
            assert "left something undone; it is tried again at" in skipped(reason_or_request)
            with monkeypatch.context() as later:
                later.setattr(run_requests, "_FIRST_WAIT", timedelta(0))
                reason_or_request = tick(project)
        [request] = requests(reason_or_request)
        keys.add(request.run_key)
        add_run(project, dg.DagsterRunStatus.FAILURE, **{"dagster/run_key": request.run_key or ""})
        before = run_requests.attempts(project.instance, "persist_sessions", MAIN, "another batch")
        assert before.tries == tries + 1
        assert before.next_try() - before.ended == timedelta(seconds=30 * 2**tries)
    assert len(keys) == 4, "Dagster launches no run key twice"


def test_a_wait_never_outlasts_a_session(project: Project) -> None:
    for _ in range(9):
        add_run(project, dg.DagsterRunStatus.FAILURE)
    before = run_requests.attempts(project.instance, "persist_sessions", MAIN, "batch")

    assert before.next_try() - before.ended == timedelta(hours=1)
    assert before.next_try(before.ended + timedelta(seconds=40)) - before.ended == timedelta(seconds=10)


def test_a_run_that_staged_but_could_not_extract_is_tried_again_though_nothing_waits_in_the_cache(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.say("s1", CAROL)
    [request] = requests(tick(project))
    project.endpoint.fail(401)
    assert not project.launch("persist_sessions", request).success
    assert "left something undone; it is tried again at" in skipped(tick(project))
    monkeypatch.setattr(run_requests, "_FIRST_WAIT", timedelta(0))
    project.endpoint.heal()

    [again] = requests(tick(project))

    assert project.launch("persist_sessions", again).success and "Berlin" in node_names(project)
    assert skipped(tick(project)) == "Every cached turn is persisted."


def test_what_fails_for_good_is_left_to_the_night(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_requests, "_FIRST_WAIT", timedelta(0))
    add_run(project, dg.DagsterRunStatus.FAILURE)
    for _ in range(8):
        [request] = requests(tick(project))
        add_run(project, dg.DagsterRunStatus.FAILURE, **{"dagster/run_key": request.run_key or ""})

    assert "8 runs in a row left something undone; the nightly sweep tries again" in skipped(tick(project))


def test_a_session_that_no_run_can_read_is_not_launched_at_every_tick(project: Project) -> None:
    project.say("s1", CAROL)
    [request] = requests(tick(project))
    add_run(project, dg.DagsterRunStatus.SUCCESS, **{"dagster/run_key": request.run_key or ""})

    assert "left them waiting; it is tried again at" in skipped(tick(project))

    project.say("s2", ERIN)  # Another batch.
    assert len(requests(tick(project))) == 1


def test_a_session_that_is_gone_when_the_run_begins_does_not_fail_it(project: Project) -> None:
    project.say("s1", CAROL)
    [request] = requests(tick(project))
    project.resources.cache.clear()

    assert project.launch("persist_sessions", request).success


GARBAGE = st.one_of(
    st.text(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    ).map(json.dumps),
    st.fixed_dictionaries(
        {"version": st.integers(-1, 3), "place": st.integers(), "observed": st.floats() | st.text()}
    ).map(json.dumps),
)


@given(text=GARBAGE)
def test_no_cursor_is_garbage_enough_to_stop_the_sensor(text: str) -> None:
    read = NewSessionsCursor.read(text)
    assert read.version == 1 and 0 <= read.place < 2**62 and read.observed >= 0
    assert NewSessionsCursor.read(read.model_dump_json()) == read


@pytest.mark.parametrize("cursor", ["garbage", '{"version": 0, "last": "x"}', '{"place": 9007199254740993}', ""])
def test_a_lost_cursor_costs_no_turn(project: Project, cursor: str) -> None:
    project.say("s1", CAROL)

    first = tick(project, cursor)

    # A place beyond everything comes to the end at once, and the next tick begins anew.
    assert requests(first) or requests(tick(project, first.cursor))
    assert len(first.cursor or "") < 100


def test_a_tick_that_has_to_stop_goes_on_at_the_next(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_sessions, "MOST_PAGES", 1)
    monkeypatch.setattr("sessiongraph.session_cache.sqlite.PAGE", 2)
    monkeypatch.setenv("SESSION_TTL_SECONDS", "100000")
    users = [project.resources.access.create_user(f"user{n}") for n in range(5)]
    for user in users:
        project.say("s1", CAROL, user=user)

    cursor, seen, ticks = None, [], 0
    while ticks == 0 or json.loads(cursor or "{}")["place"]:
        result = tick(project, cursor)
        assert not result.asset_events, "a part is no observation of the whole"
        cursor, ticks = result.cursor, ticks + 1
        seen += [request.partition_key for request in requests(result)]

    assert seen == [f"user{n}/main_dataset" for n in range(5)] and ticks == 3


def test_a_batch_is_bounded_and_takes_what_expires_first(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_sessions, "BATCH", 3)
    for ttl in (900, 500, 700, 600, 800):
        monkeypatch.setenv("SESSION_TTL_SECONDS", str(ttl))
        project.say(f"s{ttl}", CAROL)

    [request] = requests(tick(project))

    config = request.run_config["ops"]["session_turns"]["config"]
    assert [it["session_id"] for it in config["sessions"]] == ["s500", "s600", "s700"] and config["whole"] is False


def test_the_cache_is_observed_every_few_minutes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSIST_IDLE_SECONDS", "300")
    monkeypatch.setenv("SESSION_TTL_SECONDS", "5000")
    project.say("s1", CAROL, ERIN)

    first = tick(project)
    figures = observed(first)

    assert 4000 < figures.pop("nearest_expiry_seconds") <= 5000
    assert 0 <= figures.pop("oldest_unpersisted_seconds") < 60
    assert figures == {
        "sessions": 1,
        "turns": 2,
        "unpersisted_sessions": 1,
        "unpersisted_turns": 2,
        "due_sessions": 0,
        "turns_without_dataset": 0,
    }
    assert not tick(project, first.cursor).asset_events
    old = json.loads(first.cursor or "") | {"observed": time.time() - 301}
    assert tick(project, json.dumps(old)).asset_events


def test_without_a_cache_it_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHING", "false")
    assert skipped(tick(project)) == "CACHING=false: there is no session cache to persist."


def test_a_cache_that_is_down_is_no_failure_of_the_sensor(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CACHE_BACKEND", "redis")
        monkeypatch.setenv("CACHE_PORT", str(closed.getsockname()[1]))
        assert "CACHE_PORT" in skipped(tick(project))


def test_a_tick_opens_no_store(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a tick opened a store")

    project.say("s1", CAROL)
    monkeypatch.setattr(duckdb, "connect", refuse)
    assert len(requests(tick(project))) == 1


@hypothesis_settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["say", "edit", "rate", "tick"])), max_size=12))
def test_whatever_is_said_edited_and_rated_is_in_the_end_persisted(project: Project, said: list) -> None:  # type: ignore
    cache, user = project.resources.cache, project.user
    cache.clear()
    now = datetime.now(UTC)
    for number, (session, act) in enumerate(said):
        name = f"s{session}"
        turns = cache.get_turns(user.id, name)
        if act == "say" or (act != "tick" and not turns):
            project.say(name, *[(f"Q{n}?", f"A{n} {number} {now}.") for n in range(len(turns) + 1)])
        elif act == "tick":
            for request in requests(tick(project)):
                project.launch("persist_sessions", request)
        else:
            cache.update_turn(
                user.id, name, turns[-1].turn_id, **({"score": 4} if act == "rate" else {"answer": f"{number}."})
            )
    for request in requests(tick(project)):
        assert project.launch("persist_sessions", request).success
    assert skipped(tick(project)) == "Every cached turn is persisted."
    staged = project.resources.store(project.main_dataset()).read(
        lambda con: con.execute("SELECT turn_id, answer, score FROM current_turns").fetchall()
    )
    cached = {(t.turn_id, t.answer, t.score) for n in range(4) for t in cache.get_turns(user.id, f"s{n}")}
    assert cached <= set(staged)


def test_the_service_knows_the_sensor_by_its_name():
    """By whose ticks it tells whether a daemon persists."""
    from sessiongraph.dagster.daemon import PERSISTING_SENSOR

    assert new_sessions.name == PERSISTING_SENSOR
