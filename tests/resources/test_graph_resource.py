"""The resources: a run has one client, which is closed with it; ticks keep theirs; fields are settings."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from resources.graph import GraphResource
from resources.llm import LLMResource
from resources.session_cache import SessionCacheResource
from sessiongraph.client import SessionGraph
from sessiongraph.errors import InvalidInputError
from sessiongraph.services import Services
from tests.orchestration.conftest import MAIN, Project

SECRET = "sk-nobody-may-see-this"


def open_parts(client: SessionGraph) -> set[str]:
    """What the client has opened and not closed yet."""
    return {"cache", "access", "llm", "embedder", "snapshots"} & set(vars(client.services))


def test_the_steps_of_a_run_share_one_client_and_it_is_closed_when_the_run_ends(project: Project) -> None:
    seen: list[SessionGraph] = []

    @dg.asset
    def first(graph: GraphResource) -> None:
        graph.services.cache.check()
        graph.services.access.default_user()
        seen.append(graph.client)

    @dg.asset(deps=[first])
    def second(graph: GraphResource) -> None:
        assert {"cache", "access"} <= open_parts(graph.client)
        seen.append(graph.client)

    ran = dg.materialize([first, second], resources={"graph": GraphResource()}, instance=project.instance)

    assert ran.success and len(set(map(id, seen))) == 1
    assert open_parts(seen[0]) == set()


def test_two_runs_do_not_share_a_client(project: Project) -> None:
    seen: list[SessionGraph] = []

    @dg.asset
    def only(graph: GraphResource) -> None:
        seen.append(graph.client)

    for _ in range(2):
        dg.materialize([only], resources={"graph": GraphResource()}, instance=project.instance)

    assert seen[0] is not seen[1]


def test_a_client_is_closed_when_a_run_fails_too(project: Project) -> None:
    seen: list[SessionGraph] = []

    @dg.asset
    def failing(graph: GraphResource) -> None:
        graph.services.cache.check()
        seen.append(graph.client)
        raise ZeroDivisionError

    resources = {"graph": GraphResource()}
    ran = dg.materialize([failing], resources=resources, instance=project.instance, raise_on_error=False)

    assert not ran.success and open_parts(seen[0]) == set()


def ticked_services(project: Project, resource: GraphResource) -> Services:
    seen: list[Services] = []

    @dg.sensor(job_name="any")
    def ticking(graph: GraphResource) -> dg.SkipReason:
        graph.services.cache.check()
        seen.append(graph.services)
        return dg.SkipReason("it was looked at")

    with dg.build_sensor_context(project.instance, resources={"graph": resource}) as context:
        ticking(context)
    return seen[0]


def test_ticks_keep_their_connections_and_others_of_other_settings_have_their_own(
    project: Project, tmp_path: Path
) -> None:
    first = ticked_services(project, GraphResource())
    cache = vars(first)["cache"]

    assert ticked_services(project, GraphResource()) is first and vars(first)["cache"] is cache
    cache.check()
    elsewhere = ticked_services(project, GraphResource(home=str(tmp_path / "elsewhere")))
    assert elsewhere is not first and elsewhere.settings.home == tmp_path / "elsewhere"


def test_a_tick_sees_what_the_environment_says_now(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ticked_services(project, GraphResource()).settings
    monkeypatch.setenv("PERSIST_TURNS", "7")

    assert (before.persist_turns, ticked_services(project, GraphResource()).settings.persist_turns) == (20, 7)


def test_every_field_is_a_setting_and_what_is_left_out_is_the_environments(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    monkeypatch.setenv("MY_PORT", "7000")
    monkeypatch.setenv("LLM_MAX_RETRIES", "9")
    cache = SessionCacheResource(
        caching=True,
        backend="redis",
        host="cache.example",
        port=dg.EnvVar.int("MY_PORT"),
        username="u",
        password=dg.EnvVar("MY_KEY"),
        ttl_seconds=60,
    )
    llm = LLMResource(
        model="openai/m",
        endpoint="http://llm.example",
        api_key=dg.EnvVar("MY_KEY"),
        max_concurrency=2,
        timeout_seconds=5.5,
        embedding_model="openai/e",
        embedding_endpoint="http://embedder.example",
        embedding_api_key=dg.EnvVar("MY_KEY"),
        embedding_dimensions=8,
    )
    graph = GraphResource(home=str(tmp_path / "h"), session_cache=cache, llm=llm)

    settings = settings_in_a_run(project, graph)

    assert settings == graph.settings().model_dump(), "definitions are built with what a run is done with"
    assert (settings["home"], settings["llm_max_retries"]) == (tmp_path / "h", 9)
    assert (settings["cache_backend"], settings["cache_host"], settings["cache_port"]) == (
        "redis",
        "cache.example",
        7000,
    )
    assert (settings["cache_username"], settings["session_ttl_seconds"], settings["caching"]) == ("u", 60, True)
    assert (settings["llm_model"], settings["llm_endpoint"]) == ("openai/m", "http://llm.example")
    assert (settings["llm_max_concurrency"], settings["llm_timeout_seconds"]) == (2, 5.5)
    assert (settings["embedding_model"], settings["embedding_endpoint"]) == ("openai/e", "http://embedder.example")
    assert settings["embedding_dimensions"] == 8
    for secret in ("cache_password", "llm_api_key", "embedding_api_key"):
        assert settings[secret].get_secret_value() == SECRET


def settings_in_a_run(project: Project, resource: GraphResource) -> dict[str, Any]:
    seen: list[dict[str, Any]] = []

    @dg.asset
    def only(graph: GraphResource) -> None:
        seen.append(graph.client.settings.model_dump())

    assert dg.materialize([only], resources={"graph": resource}, instance=project.instance).success
    return seen[0]


def test_definitions_with_another_model_and_home_work_with_these(project: Project, tmp_path: Path) -> None:
    inbox = tmp_path / "elsewhere" / "inbox" / MAIN
    inbox.mkdir(parents=True)
    (inbox / "people.txt").write_text("Alice Smith moved to Paris.")
    defs = build_defs(llm=LLMResource(model="openai/another-model"), home=str(tmp_path / "elsewhere"))

    job = defs.resolve_job_def("cognify")
    assert job.execute_in_process(partition_key=MAIN, instance=project.instance).success

    assert {request.body["model"] for request in project.endpoint.chats} == {"another-model"}
    assert not (project.home / "datasets").exists()


def test_the_ui_shows_what_is_set_and_of_secrets_the_variables_name(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    defs = build_defs(llm=LLMResource(model="openai/m", api_key=dg.EnvVar("MY_KEY")))

    resources = defs.resources or {}
    shown = resources["llm"].get_resource_definition().config_schema.default_value  # what the UI's page is made of

    assert shown["model"] == "openai/m" and shown["api_key"] == {"env": "MY_KEY"}
    assert SECRET not in str(shown) and set(resources) == {"graph", "session_cache", "llm"}


@pytest.mark.parametrize(
    "resources",
    [
        {"llm": LLMResource(api_key=SECRET)},
        {"llm": LLMResource(embedding_api_key=SECRET)},
        {"cache": SessionCacheResource(password=SECRET)},
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(project: Project, resources: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="dg.EnvVar") as refused:
        build_defs(**resources)

    assert SECRET not in str(refused.value)
