"""The Dagster project as files: where it lies, how Dagster is told of it, and how it is written out to be edited.

In a checkout it is the folder above this package; the wheel carries it inside the package, where nothing imports it as
`sessiongraph.project`: whoever loads it puts its folder first on the path. So `assets`, `orchestration` and `resources`
are ours only in processes that Dagster starts for it, and nobody's own packages of those names are in the way.
"""

import json
import re
import shutil
from importlib.metadata import version
from pathlib import Path

from sessiongraph.dagster_home import PROJECT_DAGSTER_YAML
from sessiongraph.errors import InvalidInputError

PACKAGES = ("assets", "orchestration", "resources")
# One name in every workspace: what is switched on under it is on in all.
LOCATION = "orchestration"
MODULE = "orchestration.definitions"

_WORKSPACE_YAML = f"""\
load_from:
  - python_module:
      module_name: {MODULE}
      location_name: {LOCATION}
"""

_WORKSPACE_COMMENT = """\
# For `dagster-webserver` and `dagster-daemon`; `dg dev` and `dagster dev` read the same from pyproject.toml.
"""

_PYPROJECT = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["sessiongraph~={version}"]

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "{location}"
code_location_name = "{location}"
code_location_target_module = "{module}"
"""

_README = """\
# {name}

The Dagster project of sessiongraph {version}, yours to change.

- `assets/`: what is made, one file an asset: its dependencies, partitions and description. The work is done by the
  library, `sessiongraph`
- `resources/`: what it is made with: session cache, graph stores, LLM
- `orchestration/`: when it is made: jobs, schedules, sensors, checks; `definitions.py` puts them together

In this folder, with sessiongraph installed:

```bash
dg check defs     # does everything load?
dg dev            # the UI, on http://127.0.0.1:3000
dg launch --job persist_sessions --partition default_user/main_dataset
```

Graphs, sessions and Dagster's history are kept in `.sessiongraph`, which the Python API and the command line find when
they are called in this folder. `sessiongraph dev` shows the same history with the project that came with the package.
"""

_GITIGNORE = """\
.sessiongraph/
.env
.venv/
__pycache__/
"""


def project_folder() -> Path:
    """The folder that holds the project's packages: that of an installed wheel, or the checkout."""
    package = Path(__file__).resolve().parent
    carried = package / "project"
    return carried if carried.is_dir() else package.parent


def workspace_yaml(working_directory: Path | None = None) -> str:
    """A workspace that loads the project from `working_directory`, or else from where Dagster is started."""
    if working_directory is None:
        return _WORKSPACE_YAML
    # YAML reads a string of JSON as it is, whatever a path has in it.
    return f"{_WORKSPACE_YAML}      working_directory: {json.dumps(str(working_directory), ensure_ascii=False)}\n"


def write_project(folder: Path) -> None:
    """Write the project into `folder`, as one that stands by itself.

    Raises InvalidInputError where `folder` is a file, is not empty or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(path.name for path in folder.iterdir())
        if there:
            raise InvalidInputError(f"{folder} is not empty ({there[0]} is in it). Name a new folder.")
        for package in PACKAGES:
            shutil.copytree(
                project_folder() / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )
        for name, text in _own_files(folder).items():
            (folder / name).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise InvalidInputError(f"{folder} is a file. Name a new folder.") from None
    except OSError as error:
        raise InvalidInputError(f"{folder} cannot be written ({error.strerror}). Name another folder.") from error


def _own_files(folder: Path) -> dict[str, str]:
    """What a project has beside its packages, by file name."""
    values = {
        "name": _project_name(folder),
        "version": version("sessiongraph"),
        "location": LOCATION,
        "module": MODULE,
    }
    return {
        "pyproject.toml": _PYPROJECT.format(**values),
        "README.md": _README.format(**values),
        "workspace.yaml": _WORKSPACE_COMMENT + workspace_yaml(),
        "dagster.yaml": PROJECT_DAGSTER_YAML,
        ".gitignore": _GITIGNORE,
    }


def _project_name(folder: Path) -> str:
    """The folder's name as one that a Python project may have; never that of the package that it depends on."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return "memory" if name in ("", "sessiongraph") else name
