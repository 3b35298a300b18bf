"""Every way into the project shows one code location: what is switched on under one name is on under all of them."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from sessiongraph.dagster_home import write_dagster_home
from sessiongraph.project_files import LOCATION, MODULE, workspace_yaml

_DG = "import sys; from dagster_dg_cli.cli import main; sys.argv[0] = 'dg'; main()"


def _of_module(text: str) -> tuple[str, str]:
    """The location's name and module that a workspace file loads."""
    (loaded,) = yaml.safe_load(text)["load_from"]
    return loaded["python_module"]["location_name"], loaded["python_module"]["module_name"]


def test_every_workspace_names_one_location_and_one_module(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    (served,) = yaml.safe_load((project_root / "deploy/systemd/workspace.yaml").read_text())["load_from"]
    service = (project_root / "deploy/systemd/sessiongraph-code.service").read_text()
    ((host, port, folder, module, location),) = re.findall(
        r"-h (\S+) -p (\S+) -d (\S+) -m (\S+) --location-name (\S+)", service
    )

    assert _of_module((project_root / "workspace.yaml").read_text()) == (LOCATION, MODULE)
    assert _of_module(workspace_yaml(project_root)) == (LOCATION, MODULE)
    assert (project["code_location_name"], project["code_location_target_module"]) == (LOCATION, MODULE)
    assert (location, module) == (LOCATION, MODULE)
    assert folder.endswith("/site-packages/sessiongraph/project")
    assert served["grpc_server"] == {"host": host, "port": int(port), "location_name": LOCATION}


@pytest.mark.timeout(300)
def test_dg_checks_lists_and_launches_in_a_home_that_nobody_has_used(project_root: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = {"SESSIONGRAPH_HOME": str(home), "DAGSTER_HOME": str(write_dagster_home(home))}
    environment = {**os.environ, **settings, "LLM_MODEL": "local/extractive", "EMBEDDING_MODEL": "local/wordllama"}

    def dg(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", _DG, *words]
        done = subprocess.run(command, cwd=project_root, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    launched = dg("launch", "--job", "persist_sessions", "--partition", "default_user/main_dataset")
    listed = json.loads(dg("list", "defs", "--json").stdout)

    assert "RUN_SUCCESS" in launched.stderr
    assert "All definitions loaded successfully" in dg("check", "defs").stdout
    assert {asset["asset_key"] for asset in listed["assets"]} == {
        "documents",
        "knowledge_graph",
        "session_cache",
        "session_turns",
        "session_lessons",
        "conflicts",
        "speaker_profiles",
        "session_knowledge",
        "graph_checkpoint",
    }
