"""The wheel, installed beside somebody else's project: no checkout is on the path of anything that runs here."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support import dagster_ui

# Each test starts several Pythons, which is slow where many do at once.
pytestmark = pytest.mark.timeout(300)

_RUN_SECONDS = 120
ASSETS = {"documents", "knowledge_graph", "session_cache", "session_turns", "session_knowledge", "graph_checkpoint"} | {
    "session_lessons",
    "conflicts",
    "speaker_profiles",
}

# Another's code location: `assets` and `resources` are names that Dagster's own tutorials use.
OTHER_PROJECT = {
    "pyproject.toml": """\
[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "shop"
code_location_name = "shop"
code_location_target_module = "shop"
""",
    "assets/__init__.py": "",
    "assets/chats.py": '''\
"""An asset that brings a chat of the shop into a knowledge graph."""

import asyncio

import dagster as dg

from resources.chat_source import ChatSource
from sessiongraph import sessions
from sessiongraph.dagster import persist_dataset_sessions


@dg.asset
def remembered_chat(context: dg.AssetExecutionContext, chats: ChatSource) -> dg.MaterializeResult:
    for question, answer in chats.turns():
        asyncio.run(sessions.add_turn("chat", question, answer, dataset="customers"))
    return persist_dataset_sessions(context, dataset_key="default_user/customers")
''',
    "resources/__init__.py": "",
    "resources/chat_source.py": """\
import dagster as dg


class ChatSource(dg.ConfigurableResource):
    def turns(self) -> list[tuple[str, str]]:
        return [("Where does Alice live?", "Alice lives in Paris since 2010.")]
""",
    "shop.py": """\
import dagster as dg

from assets.chats import remembered_chat
from resources.chat_source import ChatSource

defs = dg.Definitions([remembered_chat], resources={"chats": ChatSource()})
""",
}


@dataclass(frozen=True)
class Environment:
    """A Python with the wheel and what it depends on, and nothing of the checkout."""

    folder: Path

    @property
    def site_packages(self) -> Path:
        return self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def variables(self) -> dict[str, str]:
        """The environment of a person who has set nothing."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder)}

    def run(self, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """Run `command` in `cwd`; it must end well."""
        program = str(self.folder / "bin" / command[0])
        done = subprocess.run(
            [program, *command[1:]], cwd=cwd, env=self.variables(), capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(build, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel in an environment that borrows the dependencies of this one, but not its editable install."""
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv")
    venv.create(environment.folder, with_pip=False, symlinks=True)
    # A folder that a .pth file names is put on the path, and the .pth files in it are not read.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (environment.site_packages / "dependencies.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    for name, module in (("dagster", "dagster._cli"), ("dg", "dagster_dg_cli.cli")):
        script = environment.folder / "bin" / name
        script.write_text(
            f"#!{environment.folder}/bin/python\nfrom {module} import main\nif __name__ == '__main__':\n    main()\n"
        )
        script.chmod(0o755)
    pip = [sys.executable, "-m", "pip", "--python", str(environment.folder / "bin" / "python"), "install", "-q"]
    install = [*pip, "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return environment


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Somebody else's project, with `assets` and `resources` of its own."""
    folder = tmp_path / "shop"
    for name, text in OTHER_PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_wheel_holds_one_package_with_the_project_inside(wheel: Path, project_root: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    carried = {name.removeprefix("sessiongraph/project/") for name in names if name.startswith("sessiongraph/project/")}
    packages = ("assets", "orchestration", "resources")
    ours = {path.relative_to(project_root) for package in packages for path in (project_root / package).rglob("*.py")}

    assert {name.split("/")[0] for name in names} == {
        "sessiongraph",
        f"sessiongraph-{version('sessiongraph')}.dist-info",
    }
    assert carried == {path.as_posix() for path in ours}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_site_packages_gains_one_name(installed: Environment, tmp_path: Path) -> None:
    gained = {path.name for path in installed.site_packages.iterdir()}
    code = """\
import importlib, importlib.util, pathlib, sessiongraph
print(pathlib.Path(sessiongraph.__file__).parent)
print([name for name in ("assets", "orchestration", "resources", "tests") if importlib.util.find_spec(name)])
"""
    where, found = installed.run(tmp_path, "python", "-c", code).stdout.splitlines()

    assert gained - {"dependencies.pth"} == {"sessiongraph", f"sessiongraph-{version('sessiongraph')}.dist-info"}
    assert Path(where) == installed.site_packages / "sessiongraph"
    assert found == "[]"
    shown = installed.run(tmp_path, "sessiongraph", "--version").stdout
    assert shown == f"sessiongraph {version('sessiongraph')}\n"


def test_the_story_of_the_readme_runs(installed: Environment, project_root: Path, tmp_path: Path) -> None:
    readme = (project_root / "README.md").read_text(encoding="utf-8")
    (story,) = (code for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "asyncio.run(" in code)

    done = installed.run(tmp_path, "python", "-c", story)

    answers = done.stdout.splitlines()
    assert "Paris" in answers[0] and "software engineer" in answers[1] and "Paris" in answers[3]
    assert "2 turn(s) persisted (2 extracted now)" in answers[2]


def test_what_is_done_without_the_project_is_reported_to_dagster(installed: Environment, shop: Path) -> None:
    done = installed.run(shop, "sessiongraph", "add", "Alice moved to Paris in 2010.")

    code = """\
from pathlib import Path
from dagster import AssetKey
from sessiongraph.dagster_home import DagsterInstances
instance = DagsterInstances().of(Path(".sessiongraph"))
print(instance.get_latest_materialization_event(AssetKey("documents")).asset_materialization.partition)
"""
    assert "could not be reported" not in done.stderr
    assert installed.run(shop, "python", "-c", code).stdout == "default_user/main_dataset\n"


def test_sessiongraph_dev_shows_and_runs_the_project_in_a_folder_with_other_packages_of_its_names(
    installed: Environment, shop: Path
) -> None:
    inbox = shop / ".sessiongraph" / "inbox" / "default_user" / "main_dataset"
    inbox.mkdir(parents=True)
    (inbox / "alice.txt").write_text("Alice moved to Paris in 2010.")
    port = dagster_ui.free_port()
    command = [str(installed.folder / "bin" / "sessiongraph"), "dev", "--port", str(port)]
    with dagster_ui.running(command, shop, installed.variables(), shop / "log", port) as ask:
        answer = ask(
            "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } "
            "assetNodes { assetKey { path } } schedules { name } sensors { name } } } } }"
        )
        (found,) = answer["repositoriesOrError"]["nodes"]
        status = _launched(ask, found["name"], "documents", "default_user/main_dataset")

    assert found["location"]["name"] == "orchestration"
    assert {node["assetKey"]["path"][-1] for node in found["assetNodes"]} == ASSETS
    assert {"new_sessions", "inbox"} <= {sensor["name"] for sensor in found["sensors"]}
    assert found["schedules"]
    assert status == "SUCCESS", (shop / "log").read_text()


def _launched(ask: dagster_ui.Ask, repository: str, asset: str, partition: str) -> str:
    """How a run ends that the UI was asked for."""
    location = f'repositoryLocationName: "orchestration", repositoryName: "{repository}"'
    launched = ask(
        f'mutation {{ launchRun(executionParams: {{ selector: {{ {location}, jobName: "__ASSET_JOB", '
        f'assetSelection: [{{ path: ["{asset}"] }}] }}, executionMetadata: {{ tags: [{{ key: "dagster/partition", '
        f'value: "{partition}" }}] }} }}) {{ __typename ... on LaunchRunSuccess {{ run {{ id }} }} '
        "... on PythonError { message } } }"
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    deadline = time.monotonic() + _RUN_SECONDS
    while True:
        run = ask(f'{{ runOrError(runId: "{launched["run"]["id"]}") {{ ... on Run {{ status }} }} }}')["runOrError"]
        if run["status"] in ("SUCCESS", "FAILURE", "CANCELED") or time.monotonic() > deadline:
            return str(run["status"])
        time.sleep(0.3)


def test_sessiongraph_init_writes_a_project_that_dagster_accepts_and_runs(
    installed: Environment, tmp_path: Path
) -> None:
    installed.run(tmp_path, "sessiongraph", "init", "my_memory")
    project = tmp_path / "my_memory"
    inbox = project / ".sessiongraph" / "inbox" / "default_user" / "main_dataset"
    inbox.mkdir(parents=True)
    (inbox / "alice.txt").write_text("Alice moved to Paris in 2010.")

    checked = installed.run(project, "dg", "check", "defs")
    launched = installed.run(
        project, "dg", "launch", "--assets", "documents", "--partition", "default_user/main_dataset"
    )
    status = json.loads(installed.run(project, "sessiongraph", "status", "--json").stdout)

    assert "All definitions loaded successfully" in checked.stdout
    assert "RUN_SUCCESS" in launched.stderr
    assert [(dataset["dataset"], dataset["documents"]) for dataset in status["datasets"]] == [
        ("default_user/main_dataset", 1)
    ]


def test_an_asset_of_somebody_elses_persists_a_session(installed: Environment, shop: Path) -> None:
    installed.run(shop, "sessiongraph", "datasets", "create", "customers")

    done = installed.run(shop, "dagster", "asset", "materialize", "--select", "remembered_chat", "-m", "shop")

    listed = json.loads(installed.run(shop, "sessiongraph", "status", "--json").stdout)
    (customers,) = (dataset for dataset in listed["datasets"] if dataset["dataset"] == "default_user/customers")
    assert "RUN_SUCCESS" in done.stderr
    assert (customers["sessions"], customers["turns"], customers["failed"]) == (1, 1, 0)
