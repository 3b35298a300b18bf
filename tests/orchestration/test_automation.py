"""Declarative automation: off by default, and right about what is to be made."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.automation import AUTOMATED, build_automation_sensor
from orchestration.definitions import build_defs
from tests.orchestration.conftest import MAIN, Project

OTHER = "default_user/other"


@pytest.fixture
def lasting(project: Project, tmp_path: Path) -> Iterator[Project]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("datasets", [MAIN, OTHER])
        yield replace(project, instance=instance)


class Ticks:
    """The ticks of the automation sensor, a minute apart unless told otherwise; `asked` as asset and dataset."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._cursor: Any = None

    def asked(self, hour: int, minute: int, defs: dg.Definitions | None = None) -> set[tuple[str, str]]:
        result = dg.evaluate_automation_conditions(
            defs or build_defs(),
            self._instance,
            asset_selection=dg.AssetSelection.assets(*AUTOMATED),
            evaluation_time=datetime(2030, 1, 1, hour, minute, tzinfo=UTC),
            cursor=self._cursor,
        )
        self._cursor = result.cursor
        names = ("knowledge_graph", "session_turns", "session_knowledge")
        return {(name, str(key)) for name in names for key in result.get_requested_partitions(dg.AssetKey(name))}


def test_it_is_off_until_somebody_starts_it_and_says_what_it_replaces() -> None:
    automation = build_automation_sensor("")
    assert automation.default_status is dg.DefaultSensorStatus.STOPPED
    assert "new_sessions" in (automation.description or "")
    sensors = [sensor.name for sensor in build_defs().get_repository_def().sensor_defs]
    assert "automation" in sensors and "default_automation_condition_sensor" not in sensors


def test_what_changed_is_asked_for_once_and_what_did_not_is_not(lasting: Project) -> None:
    ticks = Ticks(lasting.instance)
    ticks.asked(0, 1)
    assert {name for name, _ in ticks.asked(0, 11)} == {"session_turns"}  # both datasets, by the clock

    made(lasting, "documents", "1"), made(lasting, "session_turns", "1")
    assert ticks.asked(0, 12) == {
        ("knowledge_graph", MAIN),
        ("session_knowledge", MAIN),
    }  # and not of the other dataset
    assert ticks.asked(0, 13) == set()

    made(lasting, "documents", "1"), made(lasting, "session_turns", "1")  # made again, and the same
    assert ticks.asked(0, 14) == set()


def made(project: Project, asset: str, version: str) -> None:
    tags = {"dagster/data_version": version}
    project.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=MAIN, tags=tags))


def test_another_prompt_starts_nothing(lasting: Project) -> None:
    ticks = Ticks(lasting.instance)
    ticks.asked(0, 1)
    knowledge = ("knowledge_graph", "session_knowledge")

    changed = build_defs().map_asset_specs(
        func=lambda it: it.replace_attributes(code_version="x") if it.key.to_user_string() in knowledge else it
    )

    assert ticks.asked(0, 2, changed) == set()


@pytest.mark.parametrize("partly", [False, True])
def test_what_failed_is_tried_again_every_hour_until_it_is_in(lasting: Project, partly: bool) -> None:
    lasting.drop("alice.txt", "Alice Smith moved to Paris.")
    lasting.drop("carol.txt", "Carol Brown is in Berlin.")
    lasting.endpoint.reply("no JSON", when="Carol" if partly else "")
    ticks = Ticks(lasting.instance)
    ticks.asked(0, 55)
    assert lasting.run("cognify").success is partly
    ticks.asked(0, 57)
    assert ticks.asked(0, 58) == set()

    assert ("knowledge_graph", MAIN) in ticks.asked(1, 1)
    assert ticks.asked(1, 2) == set()

    lasting.endpoint.heal()
    assert lasting.run("cognify").success
    ticks.asked(1, 4)
    assert "knowledge_graph" not in {name for name, _ in ticks.asked(2, 1)}
