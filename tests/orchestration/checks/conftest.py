"""A dataset with documents and sessions in its graph, its checks, and a way to harm its store."""

from collections.abc import Callable, Iterator

import dagster as dg
import duckdb
import pytest

from orchestration.checks.check_factory import Check, CheckContext, evaluate
from orchestration.checks.integrity import INTEGRITY
from orchestration.checks.quality import AT_RISK, JUNK_RATE, quality_checks
from tests.orchestration.conftest import Project

Judge = Callable[..., dg.AssetCheckResult]
Harm = Callable[..., None]


@pytest.fixture
def judge(project: Project) -> Judge:
    """The result of a check, by its name, on the main dataset as it is now."""

    def result(name: str, asset: str = "session_knowledge", run_id: str | None = None) -> dg.AssetCheckResult:
        checks: list[Check] = [
            *INTEGRITY,
            *quality_checks("chunks" if asset == "knowledge_graph" else "turns"),
            AT_RISK,
            JUNK_RATE,
        ]
        check = next(check for check in checks if check.name == name)
        made_in = (project.main_dataset(), project.resources, project.instance, run_id)
        return evaluate(check, CheckContext(asset, dg.AssetKey(asset), *made_in))

    return result


@pytest.fixture
def harm(project: Project) -> Iterator[Harm]:
    """Change the store's file behind everybody's back."""

    def do(*statements: str) -> None:
        with duckdb.connect(str(project.resources.store(project.main_dataset()).path)) as connection:
            for statement in statements:
                connection.execute(statement)

    yield do


@pytest.fixture
def built(project: Project) -> Project:
    """The project with a document and a session in the graph."""
    project.drop("people.txt", "Alice Smith moved to Paris. Bob Jones works for Acme Corporation.")
    project.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."), ("And Dan?", "I don't know."))
    assert project.run("build_memory").success
    return project
