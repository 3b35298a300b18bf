"""Where Dagster keeps the project's history, for whoever is not Dagster: the Python API, the CLI, `sessiongraph dev`.

Invariant: one home has one history. `<home>/dagster` is a DAGSTER_HOME of its own, laid out as
`dagster/home_storage.py` has it, which the `dagster.yaml` of a project's folder names; where DAGSTER_HOME is set, that
one is meant by everybody.
"""

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.errors import InvalidInputError

if TYPE_CHECKING:
    from dagster import DagsterInstance

_OPENING_SECONDS = 60
# Storage is not named here: Dagster keeps it beside the file.
DAGSTER_YAML = """\
telemetry:
  enabled: false
# No invitation to a newsletter over one's first look at the assets.
nux:
  enabled: false
# A run whose process died is marked as failed, and gives back its place, also where its code server died with it.
run_launcher:
  module: sessiongraph.dagster.run_launcher
  class: WatchedRunLauncher
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  cancel_timeout_seconds: 180
  # A day: longer than any dataset takes, and an end for a run that hangs.
  max_runtime_seconds: 86400
  poll_interval_seconds: 30
# Ticks are many and short: those that had nothing to do are forgotten first. In days.
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      success: 30
      failure: 30
# Each dataset has one store with one writer: runs of it take turns, those of others go on beside it.
concurrency:
  runs:
    max_concurrent_runs: 4
    tag_concurrency_limits:
      - key: dagster/partition
        value:
          applyLimitPerUniqueValue: true
        limit: 1
"""


# The same for a project's folder, where Dagster keeps nothing beside the file.
PROJECT_DAGSTER_YAML = f"""\
# What `dagster dev`, `dg dev` and `dg launch` use in this folder while DAGSTER_HOME is not set.
# History lies where the Python API and the CLI keep it too, in the home of SESSIONGRAPH_HOME: all of them see one.
storage:
  custom:
    module: sessiongraph.dagster.home_storage
    class: HomeStorage
local_artifact_storage:
  module: sessiongraph.dagster.home_storage
  class: HomeArtifactStorage
compute_logs:
  module: sessiongraph.dagster.home_storage
  class: HomeComputeLogs

# From here on as sessiongraph writes it into other homes (sessiongraph/dagster_home.py).
{DAGSTER_YAML}"""

# As version 0.1.0 wrote it into homes.
_OLD_LAUNCHER = re.compile(rb"""^([^#\n]*\bmodule:\s*["']?)orchestration\.run_launcher\b""", re.MULTILINE)
_LAUNCHER = b"sessiongraph.dagster.run_launcher"


def dagster_home(home: Path) -> Path:
    """The folder of DAGSTER_HOME where that is set, else that of `home`; it may not be there yet."""
    folder = os.environ.get("DAGSTER_HOME")
    return Path(folder).expanduser().absolute() if folder else own_dagster_home(home)


def write_dagster_home(home: Path) -> Path:
    """The folder to be used as DAGSTER_HOME, made ready.

    A `dagster.yaml` that is there already stays as it is, but for the run launcher of an older version.
    Raises InvalidInputError where that cannot be written.
    """
    folder = own_dagster_home(home)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), (folder / "dagster.yaml").open("x", encoding="utf-8") as file:
        file.write(DAGSTER_YAML)
    _mend_run_launcher(folder / "dagster.yaml")
    return folder


def check_run_launcher(home: Path) -> None:
    """See to it that Dagster finds the run launcher that the `dagster.yaml` of `home`, or of DAGSTER_HOME, names.

    A file of ours is mended. Raises InvalidInputError, with the line to change, where it is the user's own.
    """
    folder = dagster_home(home)
    if folder.resolve() == own_dagster_home(home).resolve():
        _mend_run_launcher(folder / "dagster.yaml")
    elif line := _old_launcher_line(folder / "dagster.yaml"):
        raise _old_launcher(folder / "dagster.yaml", line, "The file is yours (DAGSTER_HOME) and was left as it is")


def own_dagster_home(home: Path) -> Path:
    """The folder in `home`, whatever DAGSTER_HOME says."""
    return home.absolute() / "dagster"


def _mend_run_launcher(file: Path) -> None:
    """Name the launcher by its module of today; everything else in `file` stays, byte for byte."""
    line = _old_launcher_line(file)
    if line is None:
        return
    try:
        # In place, so that links, owner and mode stay; what is longer than before needs no cutting off.
        with file.open("r+b") as opened:
            mended = _OLD_LAUNCHER.sub(rb"\1" + _LAUNCHER, opened.read())
            opened.seek(0)
            opened.write(mended)
    except OSError as error:
        raise _old_launcher(file, line, f"It could not be changed ({error.strerror})") from error


def _old_launcher_line(file: Path) -> int | None:
    """The line of `file` that names our launcher by its old module; None where none does."""
    try:
        text = file.read_bytes()
    except OSError:
        return None  # Dagster says what is wrong with it
    found = _OLD_LAUNCHER.search(text)
    # A module of that name may be somebody else's, too.
    return text.count(b"\n", 0, found.end()) + 1 if found and b"WatchedRunLauncher" in text else None


def _old_launcher(file: Path, line: int, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"{file}, line {line}, names the run launcher by a module that is gone, orchestration.run_launcher. "
        f"{why}: write `module: {_LAUNCHER.decode()}` there."
    )


class DagsterInstances:
    """The instances that a process has opened, each once: opening one takes longer than most work. For any thread."""

    def __init__(self) -> None:
        self._opened: dict[Path, DagsterInstance] = {}
        self._guard = threading.Lock()

    def of(self, home: Path) -> "DagsterInstance":
        """The instance of DAGSTER_HOME, or else that of `home`. Blocks.

        Raises InvalidInputError where its `dagster.yaml` names a run launcher that is gone and is not ours to mend.
        """
        folder = dagster_home(home)
        with self._guard:
            if folder not in self._opened:
                if folder == own_dagster_home(home):
                    write_dagster_home(home)
                check_run_launcher(home)
                self._opened[folder] = _open(folder)
            return self._opened[folder]

    def close(self) -> None:
        """Give back their connections."""
        with self._guard:
            while self._opened:
                self._opened.popitem()[1].dispose()


def _open(folder: Path) -> "DagsterInstance":
    import portalocker
    from dagster import DagsterInstance

    # Dagster makes its SQLite tables when it first opens them: processes that do so at once leave them broken for good.
    with portalocker.Lock(folder / "opening.lock", timeout=_OPENING_SECONDS):
        return DagsterInstance.from_config(str(folder))
