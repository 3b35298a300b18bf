"""The whole of it with nobody's hand on it: the daemon runs, another process talks, and what it says is persisted.

    python benchmarks/daemon.py [--json figures.json]

Starts `sessiongraph dev` in a home of its own, on an endpoint that takes a second for an answer. Then: a conversation
is persisted by itself, and how long a turn takes into the graph; a session with a minute to live is persisted before
its end; everything is killed in the middle of a run, more is said while nothing runs, and after the next start all of
it is in the graph, once, and no run, slot or lock is left behind. Exits with 1 unless all of that is seen.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.endpoint import Endpoint, endpoint
from benchmarks.measure import free_port, fresh_home, write_figures
from tests.support.dataset_state import doubled

LATENCY_MS = 1000
TTL_SECONDS = 60
# Enough to be due at once, by the default of PERSIST_TURNS.
TURNS = 20
_PATIENCE_SECONDS = 240
_DEV = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
_SAY = """
import asyncio, sys
from sessiongraph import sessions

async def say(session_id, count):
    for number in range(int(count)):
        await sessions.add_turn(session_id, f"Where is Person {session_id} {number}?",
                                f"Person {session_id} {number} is in Town {number}.")

asyncio.run(say(*sys.argv[1:]))
"""


@dataclass
class Figures:
    """Seconds. `to_graph` is from a turn's being said to its being in the ledger, `spent` what that went on."""

    ready: float = 0.0
    to_graph: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)
    ttl_left: float = 0.0
    after_restart: float = 0.0
    turns: int = 0
    lost: int = 0
    doubled: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.failures)


def run(home: Path, served: Endpoint) -> Figures:
    """The story, from an empty home."""
    figures, said = Figures(), 0
    with daemon(home) as ready:
        figures.ready = ready
        begun = time.time()
        said += _say("chat", TURNS)
        _until(lambda: len(settled()) == said, "the conversation's turns are in the ledger")
        figures.to_graph = round(time.time() - begun, 1)
        _until(lambda: not _unfinished(), "its run has ended")
        figures.spent = _spent(begun)

        said += _say("brief", 3, SESSION_TTL_SECONDS=str(TTL_SECONDS))
        begun = time.time()
        _until(lambda: len(settled()) == said, "the brief session's turns are in the ledger", TTL_SECONDS)
        figures.ttl_left = round(TTL_SECONDS - (time.time() - begun), 1)

        served.calls()
        said += _say("killed", TURNS)
        _until(lambda: served.calls().chat > 0, "a run asks the model")
    said += _say("absent", TURNS)
    with daemon(home):
        begun = time.time()
        _until(lambda: len(settled()) == said, "all is in the ledger after the restart")
        figures.after_restart = round(time.time() - begun, 1)
        _until(lambda: not _unfinished(), "no run is left unfinished")
    figures.turns = said
    figures.lost = said - len(settled())
    figures.doubled = sum(_store().read(doubled).values())
    figures.runs = _runs()
    figures.failures += _left_behind()
    return figures


@contextmanager
def daemon(home: Path) -> Iterator[float]:
    """`sessiongraph dev` on `home`, killed with all of its processes at the end; the seconds until it answered."""
    port, begun = free_port(), time.monotonic()
    with (home.parent / f"{home.name}-dev.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _DEV, "dev", "--port", str(port)],
            stdout=log, stderr=log, cwd=home.parent, start_new_session=True,
        )  # fmt: skip
    try:
        _until(lambda: _answers(port), "the UI answers")
        yield round(time.monotonic() - begun, 1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def settled() -> set[str]:
    """The turns that the main dataset's ledger knows."""
    if not _store().exists:
        return set()
    query = "SELECT turn_id FROM current_ledger JOIN current_turns USING (passage_id) WHERE disposition = 'persisted'"
    return {turn for (turn,) in _store().read(lambda con: con.execute(query).fetchall())}


def _store() -> Any:
    from sessiongraph.default_client import default_services

    access = default_services().access
    return default_services().store(access.create_dataset(access.default_user(), "main_dataset"))


def _instance() -> Any:
    from sessiongraph.default_client import default_services

    return default_services().dagster_instance


def _say(session_id: str, count: int, **settings: str) -> int:
    """Let another process say `count` turns."""
    subprocess.run([sys.executable, "-c", _SAY, session_id, str(count)], env={**os.environ, **settings}, check=True)
    return count


def _until(holds: Callable[[], bool], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"After {seconds:g} s it was not so that {what}.")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2):
            return True
    except OSError:
        return False


def _spent(said: float) -> dict[str, float]:
    """Where the time went between `said` and the end of the run that persisted it, in seconds."""
    [record] = _instance().get_run_records(limit=1)
    run_id = record.dagster_run.run_id
    logs = _instance().all_logs(run_id)
    starts = [it.timestamp for it in logs if it.dagster_event and it.dagster_event.is_step_start]
    seconds = 0.0
    for entry in logs:
        event = entry.dagster_event
        if (
            event
            and event.is_step_materialization
            and "seconds" in event.step_materialization_data.materialization.metadata
        ):
            seconds += event.step_materialization_data.materialization.metadata["seconds"].value
    created, started, ended = record.create_timestamp.timestamp(), record.start_time, record.end_time
    return {
        "waiting for the sensor's tick": round(created - said, 1),
        "queued, and its process starting": round(starts[0] - created, 1),
        "ours: extracting and committing, the model's second included": round(seconds, 1),
        "the rest of the run: events, checks, pages": round(ended - starts[0] - seconds, 1),
        "of the start, after Dagster called it started": round(starts[0] - started, 1),
    }


def _unfinished() -> list[str]:
    from dagster import RunsFilter
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    records = _instance().get_run_records(RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    return [record.dagster_run.run_id for record in records]


def _runs() -> dict[str, int]:
    counted: dict[str, int] = {}
    for record in _instance().get_run_records():
        status = record.dagster_run.status.value
        counted[status] = counted.get(status, 0) + 1
    return counted


def _left_behind() -> list[str]:
    """Pool slots that are held, a store that cannot be written at once, and an unchanged persist that works."""
    from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
    from sessiongraph import sessions

    failures = []
    limits = _instance().event_log_storage
    for pool in limits.get_concurrency_keys():
        if limits.get_concurrency_info(pool).active_slot_count:
            failures.append(f"a slot of pool {pool} is held")
    store = _store()
    quick = type(store)(store.path, wait_seconds=1.0)
    quick.write("check", "check", lambda tx: setattr(tx, "changed", True))

    async def again() -> Any:
        return await persist(
            session_ids=[session.session_id for session in await sessions.list_sessions()], create=True
        )

    report = asyncio.run(again())
    if report.staged or report.settled:
        failures.append(f"an unchanged persist worked: {report}")
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    with endpoint(LATENCY_MS, dimensions=64) as served, fresh_home() as folder:
        os.environ["SESSIONGRAPH_HOME"] = str(folder / "home")
        os.chdir(folder)
        print(f"{datetime.now(UTC):%H:%M:%S} UTC", flush=True)
        try:
            figures = run(folder / "home", served)
        except BaseException:
            sys.stderr.write((folder / "home-dev.log").read_text()[-6000:])
            raise
    for name, value in asdict(figures).items():
        print(f"{name:14} {value}")
    write_figures(arguments.json, asdict(figures))
    sys.exit(not figures.good)


if __name__ == "__main__":
    main()
