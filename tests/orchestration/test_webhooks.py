"""Where no service runs, the daemon's ticks deliver to webhooks."""

from typing import Any

import dagster as dg
import pytest

from orchestration.sensors import webhooks
from resources.graph import GraphResource
from sessiongraph.access.webhooks import EVENTS
from tests.orchestration.conftest import Project
from tests.support.evidence import Evidence, put
from tests.support.webhook_receiver import receiving


def test_a_tick_delivers_what_a_run_has_committed(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SESSIONGRAPH_WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")

    def tick() -> Any:
        with dg.build_sensor_context(instance=project.instance, resources={"graph": GraphResource()}) as context:
            return webhooks(context)

    services, dataset = project.resources, project.main_dataset()
    with receiving() as receiver:
        _, secret = services.access.webhooks.create(project.user, dataset, receiver.url(), EVENTS)
        assert "Nothing was to be delivered" in tick().skip_message
        put(services.store(dataset), Evidence("a"))
        assert "1 events were delivered" in tick().skip_message
        [got] = receiver.got
        assert got.verified(secret)["data"]["passages"] == 1
        assert "Nothing was to be delivered" in tick().skip_message
