"""CPU seconds of a fresh process: what each command costs before and beside its work, on a small dataset.

    python benchmarks/light_starts.py [--runs 5] [--beside CHECKOUT] [--out FIGURES.json]

With the embedded models. CPU seconds are those of the process and its children, imports included; the median of the
runs counts. `--beside` is another checkout, run in turn with this one by the same Python.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.measure import write_figures

HERE = Path(__file__).resolve().parent.parent
DATASET = ("-d", "demo")
# What the issue of every figure is: the most that it should be, on the machine that it was set for.
AIMS = {
    "--help": 0.3,
    "sessions list": 0.8,
    "status": 1.1,
    "search": 3.5,
    "add, one sentence": 2.5,
    "persist, one turn due": 4.8,
    "persist, nothing due": 1.5,
}
_SAY = (
    "import asyncio, sys; from sessiongraph import sessions; "
    "asyncio.run(sessions.add_turn('first', f'Where is Dan {sys.argv[1]}?', f'Dan {sys.argv[1]} lives in Rome.', "
    "dataset='demo'))"
)


class Fresh:
    """Runs commands of a checkout in a home of its own, each in a fresh process."""

    def __init__(self, checkout: Path, home: Path) -> None:
        self._home = home
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(checkout),
            "SESSIONGRAPH_HOME": str(home / "home"),
            "DAGSTER_DISABLE_TELEMETRY": "1",
        }
        self._turn = 0
        for command in (
            ("add", "Alice moved to Paris in 2010. She works as a software engineer.", *DATASET),
            ("cognify", *DATASET),
            ("search", "Where does Alice live?", *DATASET, "--session", "first"),
        ):
            self.cost(*command)

    def costs(self) -> Iterator[tuple[str, float]]:
        """What each command costs, by its name in AIMS."""
        self._turn += 1
        for name, command in (
            ("--help", ("--help",)),
            ("sessions list", ("sessions", "list")),
            ("status", ("status",)),
            ("search", ("search", "Where does Alice live?", *DATASET)),
            ("add, one sentence", ("add", f"Bob number {self._turn} lives in Berlin with Carla.", *DATASET)),
        ):
            yield name, self.cost(*command)
        self._run([sys.executable, "-c", _SAY, str(self._turn)])
        yield "persist, one turn due", self.cost("persist", "first", *DATASET)
        yield "persist, nothing due", self.cost("persist", "first", *DATASET)

    def cost(self, *arguments: str) -> float:
        """CPU seconds of `sessiongraph` with `arguments`."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._run([sys.executable, "-c", "from sessiongraph.cli import main; main()", *arguments])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, env=self._environment, cwd=self._home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command[-4:])} failed:\n{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--beside", type=Path, help="another checkout")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    checkouts = {"here": HERE, **({"beside": options.beside.resolve()} if options.beside else {})}
    found: dict[str, dict[str, list[float]]] = {name: {} for name in checkouts}
    with tempfile.TemporaryDirectory(prefix="sessiongraph-starts-") as folder:
        fresh = {}
        for name, checkout in checkouts.items():
            (home := Path(folder) / name).mkdir()
            fresh[name] = Fresh(checkout, home)
        for _ in range(options.runs):
            for name, processes in fresh.items():
                for command, seconds in processes.costs():
                    found[name].setdefault(command, []).append(seconds)
    figures = {
        name: {command: round(statistics.median(costs), 2) for command, costs in commands.items()}
        for name, commands in found.items()
    }
    show(figures)
    write_figures(options.out, figures)


def show(figures: dict[str, dict[str, float]]) -> None:
    table = Table("a fresh process", *figures, "aim", title="CPU seconds, the median of the runs")
    for command, aim in AIMS.items():
        table.add_row(command, *(f"{commands[command]:.2f}" for commands in figures.values()), f"{aim:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
