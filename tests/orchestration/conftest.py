"""A project to run jobs in: its own home, a real model endpoint, and a Dagster instance of the test's own."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sessiongraph.services import Services
from sessiongraph.settings import load_settings
from sessiongraph.types import Dataset, Turn, User
from tests.support.openai_endpoint import OpenAIEndpoint

MAIN = "default_user/main_dataset"
EARLIER = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Project:
    """`run` runs a job in this process, one at a time; the rest is what a test puts in and looks at."""

    home: Path
    instance: dg.DagsterInstance
    endpoint: OpenAIEndpoint

    @property
    def resources(self) -> Services:
        """As a process sees them that starts now."""
        return Services(load_settings())

    @property
    def user(self) -> User:
        return self.resources.access.default_user()

    def main_dataset(self) -> Dataset:
        return self.resources.access.get_or_create_by_key(MAIN)

    def drop(self, name: str, content: str | bytes, key: str = MAIN) -> Path:
        """Put a file into the inbox of the dataset `key`."""
        path = self.home / "inbox" / key / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def say(
        self, session_id: str, *turns: tuple[str, str], user: User | None = None, dataset_id: str | None = None
    ) -> None:
        """Put turns into the cache, as a search does."""
        user_id = (user or self.user).id
        said = [
            Turn(
                turn_id=f"{session_id}-{number}",
                user_id=user_id,
                session_id=session_id,
                question=question,
                answer=answer,
                created_at=EARLIER + timedelta(minutes=number),
                dataset_id=dataset_id,
            )
            for number, (question, answer) in enumerate(turns)
        ]
        self.resources.cache.put_turns(said)

    def run(
        self,
        job: str,
        key: str = MAIN,
        sessions: Sequence[Mapping[str, str]] | None = None,
    ) -> "Ran":
        config = {} if sessions is None else {"ops": {"session_turns": {"config": {"sessions": list(sessions)}}}}
        return self._run(job, key, config, {})

    def launch(self, job: str, request: dg.RunRequest) -> "Ran":
        """Run what a sensor or schedule asked for, with its config and tags, as the daemon does."""
        tags = {**request.tags, **({"dagster/run_key": request.run_key} if request.run_key else {})}
        return self._run(job, request.partition_key, request.run_config or {}, tags)

    def _run(self, job: str, key: str | None, config: Mapping[str, Any], tags: Mapping[str, str]) -> "Ran":
        from orchestration.definitions import build_defs

        return Ran(
            build_defs()
            .resolve_job_def(job)
            .execute_in_process(
                partition_key=key, instance=self.instance, run_config=config, tags=tags, raise_on_error=False
            )
        )


class Ran:
    """What a run did, as its log tells it."""

    def __init__(self, result: dg.ExecuteInProcessResult) -> None:
        self.success = result.success
        self.run_id = result.run_id
        self._events = result.all_events

    @property
    def metadata(self) -> dict[str, dict[str, Any]]:
        """By asset; a table as the list of its rows."""
        return {
            event.asset_key.to_user_string(): {
                name: plain(value) for name, value in event.materialization.metadata.items()
            }
            for event in self._events
            if event.is_step_materialization and event.asset_key
        }

    @property
    def versions(self) -> dict[str, str]:
        return {
            event.asset_key.to_user_string(): (event.materialization.tags or {})["dagster/data_version"]
            for event in self._events
            if event.is_step_materialization and event.asset_key
        }

    @property
    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        """By "asset:check"."""
        found = [
            event.event_specific_data for event in self._events if event.event_type_value == "ASSET_CHECK_EVALUATION"
        ]
        return {f"{it.asset_key.to_user_string()}:{it.check_name}": it for it in found}  # type: ignore[union-attr]

    @property
    def error(self) -> str:
        """What the log says of the step that failed."""
        failed = [event for event in self._events if event.event_type_value == "STEP_FAILURE"]
        return failed[0].step_failure_data.user_failure_data.description or ""  # type: ignore[union-attr]

    @property
    def reported(self) -> str:
        """All that materializations and checks report."""
        return f"{self.metadata}{[(it.description, it.metadata) for it in self.checks.values()]}"


def plain(value: dg.MetadataValue) -> Any:
    return [dict(row.data) for row in value.records] if isinstance(value, dg.TableMetadataValue) else value.value


@pytest.fixture
def own_instance() -> Iterator[dg.DagsterInstance]:
    """Definitions ask the instance that was entered last for their state: without one of its own, a test would ask
    another test's, which may be gone. A sensor's context leaves its instance when it is collected: before, not during
    this test, or that of a test before would be the last one again."""
    gc.collect()
    gc.freeze()  # what is there now will be there next time: to look through all modules takes longer than most tests
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(autouse=True)
def some_instance(own_instance: dg.DagsterInstance) -> None:
    """Each test has one, also where it does not ask for it."""


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openai_endpoint: OpenAIEndpoint, own_instance: dg.DagsterInstance
) -> Project:
    settings = {
        "SESSIONGRAPH_HOME": str(tmp_path / "home"),
        "LLM_MODEL": "openai/test-model",
        "LLM_ENDPOINT": openai_endpoint.url,
        "LLM_MAX_RETRIES": "0",
        "LLM_TIMEOUT_SECONDS": "150",  # a machine that stands still for a minute fails no test
        "EMBEDDING_MODEL": "openai/test-embedder",
        "EMBEDDING_ENDPOINT": openai_endpoint.url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for name in ("CACHING", "CACHE_BACKEND", "LLM_API_KEY", "OPENAI_API_KEY", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sessiongraph.dagster.run_errors.RETRY_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)  # away from anybody's .env
    return Project(tmp_path / "home", own_instance, openai_endpoint)
