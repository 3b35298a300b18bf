"""A day of a machine that keeps twenty datasets: CPU seconds, memory, and what is written to its disk.

    python benchmarks/day.py [--rounds 10] [--out day.json]

`sessiongraph dev` runs on a home with datasets of 0 to 300,000 facts. In each round ten turns are said in a new session
of every dataset; the sensor finds them, and Dagster launches a run for each. Four processes search all the while, a
question a second, in a dataset drawn at random of those with facts. The day ends when all runs have, and every turn
must then be in the ledger of its dataset. Imports and the daemon's own work are in the figures: that is what the
machine pays.

With --tree, another checkout does the same, in a home that it makes: a day of before. It needs the module
`benchmarks/growth_home.py`. Linux, and root: costs are those of a control group.
"""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.control_group import ControlGroup, control_group
from benchmarks.measure import free_port, fresh_home, write_figures

SIZES = (*[0] * 4, *[1_000] * 4, *[10_000] * 4, *[30_000] * 4, *[100_000] * 3, 300_000)
_DATASETS = {f"dataset_{number:02}": size for number, size in enumerate(SIZES)}
_SEARCHERS, _TURNS = 4, 10
_LOOK_SECONDS, _PATIENCE_SECONDS = 1.0, 1800

_BUILD = """
import json, sys
from pathlib import Path
from benchmarks.growth_home import build_datasets
build_datasets(Path(sys.argv[1]), json.loads(sys.argv[2]))
"""
_DEV = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
_SAY = """
import asyncio, json, sys
from sessiongraph import sessions

async def say(datasets, round_, turns):
    for dataset in datasets:
        for number in range(turns):
            person, town = f"Person {round_} {number} {dataset[-2:]}son", f"Town{number}ville"
            await sessions.add_turn(f"{dataset}-{round_}", f"My friend {person} moved to {town}.", f"So {town} it is.",
                                    dataset=dataset)

asyncio.run(say(json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
"""
# Until its input ends; then, the milliseconds of all that it has searched.
_SEARCH = """
import asyncio, json, random, select, sys, time
import sessiongraph

async def search(datasets, seed):
    draw, took = random.Random(seed), []
    while not select.select([sys.stdin], [], [], 1.0)[0]:
        begun = time.perf_counter()
        question = f"Who moved to {draw.choice(['Lisbon', 'Oslo', 'Kyoto'])}?"
        await sessiongraph.search(question, datasets=[draw.choice(datasets)], only_context=True)
        took.append(1000 * (time.perf_counter() - begun))
    print(json.dumps(took))

asyncio.run(search(json.loads(sys.argv[1]), int(sys.argv[2])))
"""
_COUNT = """
import json, sys
from sessiongraph.default_client import default_services
services = default_services()
query = ("SELECT count(DISTINCT turn_id) FROM current_turns JOIN current_ledger USING (passage_id) "
         "WHERE disposition = 'persisted' AND question LIKE 'My friend Person %'")
datasets = [it for it in services.access.all_datasets() if it.name in json.loads(sys.argv[1])]
print(sum(services.store(it).read(lambda con: con.execute(query).fetchall()[0][0]) for it in datasets))
"""


class Day:
    """The processes of a day on `home`, with the code of the checkout `tree`, in `group`."""

    def __init__(self, tree: Path, home: Path, group: ControlGroup) -> None:
        self._tree, self._home, self._group = tree, home, group
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "SESSIONGRAPH_HOME": str(home),
            "SESSIONGRAPH_LOG_LEVEL": "ERROR",
            "PERSIST_TURNS": str(_TURNS),
        }
        self.most_memory_mb = 0.0

    def start(self, code: str, *arguments: str, **options: Any) -> Any:
        command = [sys.executable, "-c", code, *arguments]
        return self._group.start(command, env=self._environment, cwd=self._home.parent, **options)

    def wait(self, code: str, *arguments: str) -> str:
        """What such a process prints, when it has ended well."""
        with self.start(code, *arguments, stdout=-1) as process:
            said, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{code.strip().splitlines()[-1]} ended with {process.returncode}")
        return str(said)

    def until_persisted(self, runs: int) -> None:
        """Look on until so many runs have persisted sessions, and none is left."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (now := self._runs()).get("SUCCESS", 0) < runs or sum(now.values()) > now.get("SUCCESS", 0):
            if now.get("FAILURE") or time.monotonic() > deadline:
                raise RuntimeError(f"{runs} runs were to be done, and there are {now}")
            time.sleep(_LOOK_SECONDS)
            self.most_memory_mb = max(self.most_memory_mb, self._group.own_memory_mb)

    def _runs(self) -> Mapping[str, int]:
        """How many runs that persist sessions there are, by status, as Dagster's file has it: to ask costs seconds."""
        query = "SELECT status, count(*) FROM runs WHERE pipeline_name = 'persist_sessions' GROUP BY status"
        with suppress(sqlite3.OperationalError):  # it is not there yet
            connection = sqlite3.connect(f"file:{self._home}/dagster/history/runs.db?mode=ro", uri=True)
            try:
                return dict(connection.execute(query).fetchall())
            finally:
                connection.close()
        return {}


def day(tree: Path, home: Path, rounds: int) -> dict[str, float]:
    """The figures of a day: seconds, CPU seconds, megabytes, and the milliseconds of a search."""
    names = json.dumps(list(_DATASETS))
    with control_group("sessiongraph-day-home") as group:
        Day(tree, home, group).wait(_BUILD, str(home), json.dumps(_DATASETS))
    with control_group("sessiongraph-day") as group:
        it = Day(tree, home, group)
        with (home.parent / "dev.log").open("ab") as log:
            it.start(_DEV, "dev", "--port", str(free_port()), stdout=log, stderr=log)
        filled = json.dumps([name for name, size in _DATASETS.items() if size])
        searchers = [it.start(_SEARCH, filled, str(seed), stdin=-1, stdout=-1) for seed in range(_SEARCHERS)]
        begun = time.monotonic()
        for number in range(rounds):
            it.wait(_SAY, names, str(number), str(_TURNS))
            it.until_persisted((number + 1) * len(_DATASETS))
            print(f"round {number + 1} of {rounds}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        took = sorted(ms for process in searchers for ms in json.loads(process.communicate()[0]))
        figures = {
            "runs": rounds * len(_DATASETS),
            "seconds": round(time.monotonic() - begun, 1),
            "cpu_seconds": round(group.cpu_seconds, 1),
            "most_memory_mb": round(it.most_memory_mb, 1),
            "written_mb": round(group.written_mb, 1),
            "searches": len(took),
            "search_p50_ms": round(took[len(took) // 2], 1),
            "search_p95_ms": round(took[len(took) * 95 // 100], 1),
        }
        figures["lost"] = rounds * len(_DATASETS) * _TURNS - int(it.wait(_COUNT, names))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="twenty runs each")
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parent.parent, help="another checkout")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    chosen = parser.parse_args()
    with fresh_home() as folder:
        figures = day(chosen.tree.resolve(), folder / "home", chosen.rounds)
    for name, value in figures.items():
        print(f"{name:16} {value}")
    write_figures(chosen.out, figures)
    return int(figures["lost"] != 0)


if __name__ == "__main__":
    sys.exit(main())
