"""Graphs that have grown get a checkpoint, and others no run."""

import dagster as dg

from benchmarks.growth_data import Facts
from orchestration.sensors import graph_checkpoints
from resources.graph import GraphResource
from tests.orchestration.conftest import MAIN, Project


def tick(project: Project, cursor: str | None) -> dg.SensorResult:
    with dg.build_sensor_context(
        instance=project.instance, cursor=cursor, resources={"graph": GraphResource()}
    ) as context:
        result = graph_checkpoints(context)
    assert isinstance(result, dg.SensorResult)
    return result


def test_a_graph_that_has_grown_gets_a_checkpoint_once(project: Project) -> None:
    store, facts = project.resources.store(project.main_dataset()), Facts(4000)
    facts.commit(store, 500)
    before = tick(project, None)
    assert not before.run_requests

    facts.commit(store, 3000)
    due = tick(project, before.cursor)
    [request] = due.run_requests or []
    ran = project.launch("checkpoint", request)

    assert ran.success and request.partition_key == MAIN
    told = ran.metadata["graph_checkpoint"]
    assert told["passages"] == 700 and told["facts"] > 3400 and told["commit"] == 2
    [folder] = store.checkpoints.iterdir()
    assert folder.name.startswith("000000000002-")
    assert not tick(project, due.cursor).run_requests


def test_by_hand_one_is_made_of_any_graph_and_of_none(project: Project) -> None:
    ran = project.run("checkpoint")
    assert ran.success and "nothing to hold" in ran.metadata["graph_checkpoint"]["note"]

    Facts(100).commit(project.resources.store(project.main_dataset()), 100)

    assert project.run("checkpoint").metadata["graph_checkpoint"]["passages"] == 20
