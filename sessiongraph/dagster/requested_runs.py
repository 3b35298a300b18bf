"""Runs that the service is asked for: written down in the home, until a sensor of the project has put them into
Dagster's queue.

Invariant: what was asked for is run once. A request is a file, which stays until there is a run with its id in a tag;
the id is the run's key too, so that asking Dagster again makes no second run.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from sessiongraph.ids import new_id

# On a run: the request that it is of, and whose that is (a user's id).
REQUEST_TAG, ASKED_BY_TAG = "sessiongraph/request", "sessiongraph/asked_by"
JOBS = ("persist_sessions", "cognify")
_FOLDER = "run_requests"


@dataclass(frozen=True)
class RequestedRun:
    """A run of `job` for the dataset of the key `dataset`, asked for by the user of the id `user_id`."""

    id: str
    job: str
    dataset: str
    user_id: str
    run_config: Mapping[str, Any]


@dataclass(frozen=True)
class RunState:
    """What has become of a request: `state` is requested, or that of its run in lower case (queued, success, …).

    `report` has the figures that its assets reported, by asset; `failure` what ended it.
    """

    id: str
    job: str
    dataset: str
    state: str
    run_id: str | None = None
    report: Mapping[str, Mapping[str, float]] | None = None
    failure: str | None = None


def sensor_name(job: str) -> str:
    """The sensor that takes up the requests for `job`."""
    return f"requested_{job}"


def ask(home: Path, job: str, dataset: str, user_id: str, run_config: Mapping[str, Any]) -> RequestedRun:
    """Write a request down, for good. Blocks."""
    request = RequestedRun(new_id(), job, dataset, user_id, run_config)
    folder = home / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f".{request.id}"
    with written.open("w", encoding="utf-8") as file:
        json.dump(asdict(request), file)
        file.flush()
        os.fsync(file.fileno())
    written.rename(folder / f"{request.id}.json")
    return request


def pending(home: Path, job: str, most: int) -> list[RequestedRun]:
    """The oldest requests for `job` that were not dropped, `most` at the most. Blocks."""
    with suppress(FileNotFoundError):
        files = sorted((home / _FOLDER).glob("*.json"), key=_written_at)
        found = (_read(file) for file in files)
        return [it for it in found if it is not None and it.job == job][:most]
    return []


def drop(home: Path, request_id: str) -> None:
    """Forget a request, which has its run. Blocks."""
    (home / _FOLDER / f"{request_id}.json").unlink(missing_ok=True)


def state_of(home: Path, instance: dg.DagsterInstance, request_id: str, user_id: str) -> RunState | None:
    """What has become of a request of this user; None where they made none of this id. Blocks."""
    run = run_of(instance, request_id)
    if run is not None:
        return _run_state(instance, run, request_id) if run.tags.get(ASKED_BY_TAG) == user_id else None
    request = _read(home / _FOLDER / f"{request_id}.json")
    if request is None or request.user_id != user_id:
        return None
    return RunState(request.id, request.job, request.dataset, "requested")


def run_of(instance: dg.DagsterInstance, request_id: str) -> dg.DagsterRun | None:
    """The run of a request, where Dagster has it already."""
    runs = instance.get_runs(dg.RunsFilter(tags={REQUEST_TAG: request_id}), limit=1)
    return runs[0] if runs else None


def _run_state(instance: dg.DagsterInstance, run: dg.DagsterRun, request_id: str) -> RunState:
    report: dict[str, dict[str, float]] = {}
    failures = []
    wanted = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.STEP_FAILURE}
    for entry in instance.all_logs(run.run_id, of_type=wanted):
        event = entry.dagster_event
        if event is None:
            continue
        if event.is_step_failure:
            error = event.step_failure_data.user_failure_data
            failures.append((error.description if error else None) or entry.user_message or "It failed.")
        elif event.asset_key is not None:
            metadata = event.step_materialization_data.materialization.metadata
            report[event.asset_key.path[-1]] = {
                name: value.value
                for name, value in metadata.items()
                if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue) and value.value is not None
            }
    return RunState(
        request_id,
        run.job_name,
        run.tags.get("dagster/partition", ""),
        run.status.value.lower(),
        run.run_id,
        report or None,
        failures[0] if failures else None,
    )


def _read(file: Path) -> RequestedRun | None:
    """The request in `file`; None where it is gone, or no request."""
    try:
        return RequestedRun(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _written_at(file: Path) -> float:
    with suppress(OSError):
        return file.stat().st_mtime
    return 0.0
