"""Where Dagster keeps the project's history, for whoever is not Dagster: the Python API, the CLI, `sessiongraph dev`.

Invariant: one home has one history. `<home>/dagster` is a DAGSTER_HOME of its own, laid out as the `dagster.yaml`
of the project's folder lays it out for `.sessiongraph`; where DAGSTER_HOME is set, that one is meant by everybody.
"""

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

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


def write_dagster_home(home: Path) -> Path:
    """The folder to be used as DAGSTER_HOME, made ready; a `dagster.yaml` that is there already stays as it is."""
    folder = home.absolute() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), (folder / "dagster.yaml").open("x", encoding="utf-8") as file:
        file.write(DAGSTER_YAML)
    return folder


class DagsterInstances:
    """The instances that a process has opened, each once: opening one takes longer than most work. For any thread."""

    def __init__(self) -> None:
        self._opened: dict[Path, DagsterInstance] = {}
        self._guard = threading.Lock()

    def of(self, home: Path) -> "DagsterInstance":
        """The instance of DAGSTER_HOME, or else that of `home`. Blocks."""
        folder = dagster_home(home)
        with self._guard:
            if folder not in self._opened:
                self._opened[folder] = _open(folder)
            return self._opened[folder]

    def close(self) -> None:
        """Give back their connections."""
        with self._guard:
            while self._opened:
                self._opened.popitem()[1].dispose()


def dagster_home(home: Path) -> Path:
    """The folder of DAGSTER_HOME where that is set, else that of `home`, made ready."""
    folder = os.environ.get("DAGSTER_HOME")
    return Path(folder).expanduser().absolute() if folder else write_dagster_home(home)


def _open(folder: Path) -> "DagsterInstance":
    import portalocker
    from dagster import DagsterInstance

    # Dagster makes its SQLite tables when it first opens them: processes that do so at once leave them broken for good.
    with portalocker.Lock(folder / "opening.lock", timeout=_OPENING_SECONDS):
        return DagsterInstance.from_config(str(folder))
