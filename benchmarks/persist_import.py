"""A large import, persisted with nobody's hand on it: time, memory, and how much each run took.

    python benchmarks/persist_import.py [--turns 100000] [--seconds 3600] [--drop]

Starts `sessiongraph dev` in a home of its own, with the embedded models, and imports a JSONL of ten turns a session in
another process (with `--drop`: puts it into the dataset's inbox). From there on the daemon's sensors do the rest: it is
looked at every few seconds how many turns are staged and in the ledger, and how much memory its processes hold. When
all are there, or the time is up, the daemon is ended, and the dataset is exported, and imported into another home.
PERSIST_TURNS is 10, so that no session waits to be idle.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.daemon import daemon
from benchmarks.measure import fresh_home

_TURNS_OF_ONE = 10
_LOOK_SECONDS = 5
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "si", "te", "vo")
_STEPS = {
    "import": "sessions.import_file(sys.argv[1], dataset='main_dataset')",
    "export": "sessiongraph.export_dataset('main_dataset', sys.argv[1])",
    "import of the export": "sessiongraph.import_dataset(sys.argv[1])",
}
_MEASURE = """
import asyncio, json, sys
import sessiongraph
from sessiongraph import sessions
from benchmarks.measure import measured
with measured() as cost:
    asyncio.run({call})
print(json.dumps(vars(cost)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3600.0, help="how long the daemon is waited for")
    parser.add_argument("--drop", action="store_true", help="by the inbox, and not by the command")
    given = parser.parse_args()
    with fresh_home() as folder:
        home, export = folder / "home", folder / "turns.jsonl"
        os.environ.update(SESSIONGRAPH_HOME=str(home), PERSIST_TURNS=str(_TURNS_OF_ONE))
        os.chdir(folder)
        with export.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(turn) + "\n" for turn in _turns(given.turns))
        print(f"{given.turns:,} turns, {export.stat().st_size / 1e6:,.0f} MB", flush=True)
        with daemon(home):
            begun = time.monotonic()
            if given.drop:
                inbox = home / "inbox" / "default_user" / "main_dataset" / "sessions"
                inbox.mkdir(parents=True)
                export.rename(inbox / export.name)
            else:
                _measured("import", export)
            _watch(home, begun, given.turns, given.seconds)
        _tell_runs()
        archive = folder / "work.zip"
        _measured("export", archive)
        print(f"the archive has {archive.stat().st_size / 1e6:,.0f} MB", flush=True)
        os.environ["SESSIONGRAPH_HOME"] = str(folder / "other")
        _measured("import of the export", archive)


def _turns(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        name, town = _name(number), _name(number % 997)
        yield {
            "session_id": f"talk-{number // _TURNS_OF_ONE}",
            "turn_id": f"t{number}",
            "question": f"My colleague {name} Smith moved to {town}ville.",
            "answer": "Noted.",
            "created_at": 1_700_000_000 + 60 * number,
        }


def _name(number: int) -> str:
    return "".join(_SYLLABLES[int(digit)] for digit in str(number)).capitalize()


def _measured(name: str, path: Path) -> None:
    """Tell what a step costs in a process of its own."""
    code = _MEASURE.format(call=_STEPS[name])
    paths = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path)], env={**os.environ, **paths}, stdout=subprocess.PIPE, check=True
    )
    cost = json.loads(ran.stdout)
    print(
        f"{name}: {cost['wall_seconds']:.1f} s ({cost['cpu_seconds']:.1f} s CPU), at most {cost['peak_rss_mb']:.0f} MB",
        flush=True,
    )


def _watch(home: Path, begun: float, turns: int, seconds: float) -> None:
    """Tell how far the daemon is, until all is in the ledger or the time is up; and the most memory of one process."""
    most, told = 0.0, (-1, -1)
    while True:
        most = max(most, _largest_mb(home))
        now = _counted()
        if now != told:
            print(f"{time.monotonic() - begun:6.0f} s: {now[0]:,} staged, {now[1]:,} in the ledger", flush=True)
            told = now
        if now[1] >= turns or time.monotonic() - begun > seconds:
            print(f"the largest process of the daemon's held {most:.0f} MB", flush=True)
            return
        time.sleep(_LOOK_SECONDS)


def _counted() -> tuple[int, int]:
    from sessiongraph.default_client import default_services
    from sessiongraph.errors import StoreBusyError

    services = default_services()
    found = [it for it in services.access.all_datasets() if it.name == "main_dataset"]
    if not found or not services.store(found[0]).exists:
        return 0, 0
    query = "SELECT (SELECT count(DISTINCT passage_id) FROM turns), (SELECT count(DISTINCT passage_id) FROM ledger)"
    while True:
        try:
            [counts] = services.store(found[0]).read(lambda con: con.execute(query).fetchall())
            return counts
        except StoreBusyError:
            continue


def _largest_mb(home: Path) -> float:
    """The memory of the largest process that works on `home`."""
    return max((_resident_mb(status.parent, home) for status in Path("/proc").glob("[0-9]*/status")), default=0.0)


def _resident_mb(process: Path, home: Path) -> float:
    try:
        if f"SESSIONGRAPH_HOME={home}\0".encode() not in (process / "environ").read_bytes():
            return 0.0
        if process.name == str(os.getpid()):
            return 0.0
        return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def _tell_runs() -> None:
    from sessiongraph.default_client import default_services

    instance = default_services().dagster_instance
    for record in reversed(instance.get_run_records(limit=1000)):
        run = record.dagster_run
        spent = (
            f"{record.end_time - record.start_time:.0f} s" if record.end_time and record.start_time else "unfinished"
        )
        print(f"run {run.run_id[:8]} ({run.job_name}): {run.status.value}, {spent}", flush=True)


if __name__ == "__main__":
    main()
