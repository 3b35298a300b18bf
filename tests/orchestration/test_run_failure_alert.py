"""Whoever gets the alert of a failure learns which run, and why, and nothing of what was said."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.run_requests import run_tags
from orchestration.sensors.run_failure_alert import run_failures
from tests.orchestration.conftest import MAIN, Project


@contextmanager
def receiver(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A URL, and what is posted to it."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.shutdown()
        server.server_close()


def failure_of(project: Project, job: str) -> dg.RunFailureSensorContext:
    """What the daemon hands to the sensor for a real run of the dataset that failed."""
    result = (
        build_defs()
        .resolve_job_def(job)
        .execute_in_process(
            partition_key=MAIN, instance=project.instance, tags=run_tags(MAIN, "sensor"), raise_on_error=False
        )
    )
    assert not result.success
    return dg.build_run_status_sensor_context(
        sensor_name="run_failures",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=project.instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()


def test_a_failure_is_posted_with_its_cause(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.drop("people.txt", "Alice Smith moved to Paris.")
    monkeypatch.delenv("LLM_ENDPOINT")
    context = failure_of(project, "cognify")

    with receiver() as (url, received):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
        assert run_failures(context) is None

    [alert] = received
    assert alert["run_id"] == context.dagster_run.run_id
    assert (alert["job"], alert["dataset"], alert["trigger"]) == ("cognify", MAIN, "sensor")
    assert alert["cause"].startswith("LLMNotConfiguredError: ") and "LLM_API_KEY" in alert["cause"]
    assert alert["text"] == f"Run {alert['run_id']} (cognify of {MAIN}) failed: {alert['cause']}"


def test_an_alert_holds_nothing_of_what_was_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.say("s1", ("Where is Xylophone Fred?", "Xylophone Fred is in Timbuktu."))
    project.endpoint.fail(401, message="no access for 'Xylophone Fred is in Timbuktu'")
    context = failure_of(project, "persist_sessions")

    with receiver() as (url, received):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
        run_failures(context)

    posted = json.dumps(received)
    assert "LLMFailedError" in posted and "Xylophone" not in posted and "Timbuktu" not in posted


def test_an_error_of_the_program_is_posted_by_its_class_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("Xylophone Fred")

    monkeypatch.setattr("sessiongraph.dagster.asset_runs.run_dataset", broken)
    context = failure_of(project, "persist_sessions")

    with receiver() as (url, received):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
        run_failures(context)

    assert received[0]["cause"] == "ZeroDivisionError"


def test_without_a_url_nothing_is_sent_and_a_refusal_is_seen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHING", "false")
    context = failure_of(project, "persist_sessions")

    reason = run_failures(context)
    assert isinstance(reason, dg.SkipReason) and "ALERT_WEBHOOK_URL is not set" in (reason.skip_message or "")

    with receiver(status=500) as (url, received):
        monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
        with pytest.raises(OSError, match="500"):
            run_failures(context)
    assert len(received) == 1
