"""How a run ends that cannot do its work: with the message that names the cause and the next step."""

import socket

import dagster as dg
import pytest

from sessiongraph.errors import InvalidInputError
from sessiongraph.services import Services
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.file_lock import dataset_lock
from sessiongraph.types import Dataset
from tests.orchestration.conftest import MAIN, Project


def named(user: str, session_id: str) -> list[dict[str, str]]:
    return [{"user": user, "session_id": session_id}]


def test_no_session_of_those_named_is_known(project: Project) -> None:
    ran = project.run("persist_sessions", sessions=named("default_user", "nope"))

    assert not ran.success
    assert ran.error.startswith("SessionsNotFoundError: No session found: 'default_user/nope'")


def test_a_named_user_may_not_write_the_dataset(project: Project) -> None:
    ana = project.resources.access.create_user("ana")
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."), user=ana)

    ran = project.run("persist_sessions", sessions=named("ana", "s1"))

    assert ran.error.startswith("PermissionDeniedError: 'ana' may not write 'default_user/main_dataset'")
    assert not project.resources.store(project.main_dataset()).exists


@pytest.mark.parametrize(("user", "session_id"), [("nobody", "s1"), ("default_user", "../x")])
def test_a_named_user_or_session_is_refused(project: Project, user: str, session_id: str) -> None:
    ran = project.run("persist_sessions", sessions=named(user, session_id))

    assert ran.error.startswith("InvalidInputError: ")


def test_there_is_no_cache(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHING", "false")

    ran = project.run("persist_sessions")

    assert ran.error.startswith("CachingDisabledError: ") and "CACHING=true" in ran.error


def test_the_cache_does_not_answer(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CACHE_BACKEND", "redis")
        monkeypatch.setenv("CACHE_PORT", str(closed.getsockname()[1]))
        ran = project.run("persist_sessions")

    assert ran.error.startswith("CacheUnavailableError: ")


def test_the_model_has_no_key(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.drop("people.txt", "Alice Smith moved to Paris.")
    monkeypatch.delenv("LLM_ENDPOINT")

    ran = project.run("cognify")

    assert ran.error.startswith("LLMNotConfiguredError: ") and "LLM_API_KEY" in ran.error


def test_the_model_refuses_everything(project: Project) -> None:
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."))
    project.endpoint.fail(401)

    ran = project.run("persist_sessions")

    assert ran.error.startswith("LLMFailedError: ") and "HTTP 401" in ran.error
    assert ran.metadata["session_turns"]["turns_staged"] == 1  # safe, whatever the model does


def test_what_was_done_before_a_run_failed_is_in_its_assets_history(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.CALL_CHARS", 100)
    project.say("s1", ("Where is Alice?", "Alice Smith is in Paris."), ("And Carol?", "Carol Brown is in Berlin. " * 5))
    project.endpoint.fail(401, when="Carol Brown is in Berlin")

    ran = project.run("persist_sessions")

    assert ran.error.startswith("LLMFailedError: ")
    event = project.instance.get_latest_materialization_event(dg.AssetKey("session_knowledge"))
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.partition == MAIN
    assert event.asset_materialization.metadata["persisted"].value == 1


def impatient_store(services: Services, dataset: Dataset) -> DuckDBStore:
    return DuckDBStore(services.folder(dataset) / "graph.duckdb", wait_seconds=0.0)


def test_another_process_holds_the_store(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Services, "store", impatient_store)
    project.drop("people.txt", "Alice Smith moved to Paris.")
    path = project.resources.store(project.main_dataset()).path
    with dataset_lock(path.with_suffix(".lock"), exclusive=True, wait_seconds=0.0):
        ran = project.run("cognify")

    assert ran.error.startswith("StoreBusyError: ")
    assert (project.home / "inbox" / "default_user/main_dataset" / "people.txt").exists()


def test_the_owner_of_the_partition_does_not_exist(project: Project) -> None:
    ran = project.run("cognify", key="nobody/notes")

    assert ran.error.startswith("DatasetNotFoundError: ") and "'nobody'" in ran.error
    assert project.instance.get_dynamic_partitions("datasets") == []


@pytest.mark.parametrize("key", ["main_dataset", "a/b/c", "/x", "../x"])
def test_what_is_no_dataset_key_is_no_partition(project: Project, key: str) -> None:
    with pytest.raises(InvalidInputError):
        project.run("cognify", key=key)
