"""`sessiongraph init`: a Dagster project to change. That Dagster accepts it is tested in tests/install."""

import filecmp
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.terminal import Terminal


def test_the_project_is_written_out_as_it_is_here(tmp_path: Path, project_root: Path) -> None:
    done = Terminal(tmp_path)("init", "my memory")

    folder = tmp_path / "my memory"
    assert (done.code, done.out) == (0, "The project is in my memory.\n")
    for package in ("assets", "orchestration", "resources"):
        compared = filecmp.dircmp(project_root / package, folder / package, ignore=["__pycache__"])
        assert (compared.left_only, compared.right_only, compared.diff_files) == ([], [], [])
    assert not list(folder.rglob("__pycache__"))
    for name in ("dagster.yaml", "workspace.yaml"):
        assert (folder / name).read_text() == (project_root / name).read_text()
    assert not (tmp_path / "home").exists()


def test_it_is_a_project_of_its_own_with_the_same_code_location(tmp_path: Path, project_root: Path) -> None:
    Terminal(tmp_path)("init", "My_Memory")

    ours = tomllib.loads((project_root / "pyproject.toml").read_text())
    written = tomllib.loads((tmp_path / "My_Memory" / "pyproject.toml").read_text())
    (loaded,) = yaml.safe_load((tmp_path / "My_Memory" / "workspace.yaml").read_text())["load_from"]
    assert written["tool"]["dg"] == ours["tool"]["dg"]
    assert loaded["python_module"]["location_name"] == written["tool"]["dg"]["project"]["code_location_name"]
    assert written["project"]["name"] == "my-memory"
    assert written["project"]["dependencies"] == [f"sessiongraph~={ours['project']['version']}"]


@pytest.mark.parametrize("name", [".git", "notes.txt"])
def test_a_folder_in_which_something_is_stays_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("mine")

    done = Terminal(tmp_path)("init", "mine")

    assert done.code == 2
    assert done.err == f"Error: mine is not empty ({name} is in it). Name a new folder.\n"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]


def test_an_empty_folder_and_one_whose_parents_are_missing_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert Terminal(tmp_path)("init", "empty").code == 0
    assert Terminal(tmp_path)("init", "there/is/none").code == 0
    assert (tmp_path / "there" / "is" / "none" / "orchestration" / "definitions.py").is_file()


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_in_the_way_is_named_in_the_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")

    done = Terminal(tmp_path)("init", name)

    assert done.code == 2
    assert done.err.startswith(f"Error: {name} ") and "folder" in done.err
    assert (tmp_path / "file").read_text() == "mine"
