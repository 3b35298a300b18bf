"""What the work costs beside its model calls: wall and CPU seconds, calls, tokens, memory, disk; as one table.

    python benchmarks/cost.py [--quick] [--only WORK] [--postgres] [--peer-python PYTHON] [--out FILE.json]

Every work runs in a process of its own, against an endpoint in another: CPU seconds are those of the first and its
children. Imports are left out and stand on a line of their own. Calls through the Python API include their report to
Dagster. PYTHON, of an environment that has cognee, runs the works of `cognee_workloads` beside ours. With --out, the
figures as JSON, the table beside them as .md, and with matplotlib (the extra `bench`) a plot as .svg.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import targets
from benchmarks.endpoint import Calls, endpoint
from benchmarks.measure import postgres_server, write_figures

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Work:
    """A work and its size; `latency_ms` of the endpoint, or None for the embedded models."""

    name: str
    size: int
    latency_ms: float | None
    dimensions: int = 1536


@dataclass(frozen=True)
class Measured:
    """A step of a work: what it told (see `measured_process`), and what the endpoint was asked during it."""

    work: Work
    step: str
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    calls: Calls
    turns: int | None = None
    texts: int | None = None
    megabytes: float | None = None

    @property
    def figures(self) -> dict[str, float]:
        """By the names that targets have."""
        found = {"wall_seconds": self.wall_seconds, "cpu_seconds": self.cpu_seconds, "peak_rss_mb": self.peak_rss_mb}
        found |= {"chat": self.calls.chat, "embedding": self.calls.embedding}
        return found if self.megabytes is None else found | {"megabytes": self.megabytes}

    @property
    def tokens_a_turn(self) -> float | None:
        return self.calls.prompt_tokens / self.turns if self.turns else None


WORKS = [
    Work("cognify", 100, 0),
    Work("cognify", 100, 200),
    Work("persist", 10, 200),
    Work("persist", 100, 200),
    Work("persist", 1000, 200),
    Work("persist-as-run", 10, 200),
    Work("write", 1000, 0),
    Work("disk", 82, 0),
    Work("disk", 82, None),
    Work("embedded", 1000, None),
]
QUICK = [work for work in WORKS if work.size <= 100]
POSTGRES_WORKS = [Work("persist", 10, 200), Work("persist", 100, 200)]
# What the peer is given: a quarter of an hour for it.
PEER_WORKS = [Work("cognify", 100, 0), Work("persist", 10, 200), Work("write", 1000, 0)]
_IMPORTS = "import time; at = time.process_time(); import sessiongraph; print(time.process_time() - at)"
_HEADINGS = ["work", "endpoint", "wall s", "CPU s", "calls", "at once", "prompt tokens", "a turn", "peak MB"]


def measure(work: Work, python: str = sys.executable, script: str = "cost_workloads.py") -> Iterator[Measured]:
    """The steps of `work`, the loading of everything first. Raises RuntimeError, with what it said, where it fails."""
    serving = nullcontext(None) if work.latency_ms is None else endpoint(work.latency_ms, work.dimensions)
    with serving as served, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [python, str(_FOLDER / script), work.name, str(work.size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=dict(os.environ) if served else _embedded(),
        )
        assert process.stdin is not None and process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                calls = served.calls() if served else Calls()
                yield Measured(work=work, calls=calls, **json.loads(line))
                process.stdin.write("\n")
                process.stdin.flush()
        if process.wait():
            said.seek(0)
            raise RuntimeError(f"{work} ended with {process.returncode}:\n{said.read()[-4000:]}")


def measure_on_postgres(work: Work, server: str) -> Iterator[Measured]:
    """The steps of `work` again, with graphs and users in a database of their own on `server`."""
    from sessiongraph.database import open_database
    from tests.support.postgres_server import drop_database, new_database

    database = open_database(url := new_database(server))
    assert database.engine  # with its tables, which are made once
    database.close()
    os.environ["SESSIONGRAPH_DATABASE_URL"] = url
    try:
        for it in measure(work):
            yield replace(it, step=f"{it.step}, on PostgreSQL")
    finally:
        del os.environ["SESSIONGRAPH_DATABASE_URL"]
        drop_database(url)


def _embedded() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_", "EMBEDDING_"))}
    return kept | {"CACHE_BACKEND": "sqlite"}


def import_seconds(times: int = 3) -> float:
    """CPU seconds of `import sessiongraph`, the least of `times`."""
    spent = [
        subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
        for _ in range(times)
    ]
    return min(float(ran.stdout) for ran in spent)


@dataclass(frozen=True)
class Costs:
    """What was measured of us, CPU seconds of the import and then steps; and of the peer, where it was at hand."""

    imports: float
    steps: list[Measured]
    peer_steps: list[Measured]

    @property
    def rows(self) -> list[list[str]]:
        """The table, headings first. What is loaded at first is shown once for each latency."""
        rows = [[*_HEADINGS, "at most", f"{targets.PEER}, measured earlier"]]
        imports = ["import sessiongraph", "", "", f"{self.imports:.2f}", *[""] * 5]
        rows.append(imports + _against(targets.IMPORT, {"cpu_seconds": self.imports}))
        for (step, latency_ms), it in _distinct(self.steps).items():
            rows.append(_row(it) + _against(targets.STEPS.get((step, latency_ms)), it.figures))
        for it in _distinct(self.peer_steps).values():
            what, *figures = _row(it)
            rows.append([f"{targets.PEER}: {what}", *figures, "", ""])
        return rows

    @property
    def tokens(self) -> str:
        """A sentence about the prompts of a turn, ours and the peer's."""
        theirs = _distinct(self.peer_steps)
        said = []
        for key, it in _distinct(self.steps).items():
            if it.tokens_a_turn:
                of_peer = theirs[key].tokens_a_turn if key in theirs else None
                said.append(f"{it.step}: {it.tokens_a_turn:,.0f} ({f'{of_peer:,.0f}' if of_peer else 'not measured'})")
        return f"Prompt tokens for each turn, in brackets {targets.PEER}'s on the same turns: {'; '.join(said)}."


def _distinct(steps: list[Measured]) -> dict[tuple[str, float | None], Measured]:
    """The first of each step and latency."""
    found: dict[tuple[str, float | None], Measured] = {}
    for it in steps:
        found.setdefault((it.step, it.work.latency_ms), it)
    return found


def _row(it: Measured) -> list[str]:
    asked = "embedded" if it.work.latency_ms is None else f"{it.work.latency_ms:g} ms"
    what = it.step if it.megabytes is None else f"{it.step}: {it.megabytes} MB"
    if it.texts:
        what += f": {it.texts / it.cpu_seconds:,.0f} a CPU second"
    calls = [f"{it.calls.chat} + {it.calls.embedding}", f"{it.calls.at_once}", f"{it.calls.prompt_tokens:,}"]
    return [
        what,
        asked,
        f"{it.wall_seconds:.2f}",
        f"{it.cpu_seconds:.2f}",
        *(["", "", ""] if it.work.latency_ms is None else calls),
        f"{it.tokens_a_turn:,.0f}" if it.tokens_a_turn else "",
        f"{it.peak_rss_mb:.0f}",
    ]


def _against(target: targets.Target | None, found: targets.Figures) -> list[str]:
    return ["", ""] if target is None else [targets.verdict(target.aim, found), targets.peer(target)]


def markdown(costs: Costs) -> str:
    headings, *rows = costs.rows
    lines = [headings, ["---", "---", *["---:"] * 7, "---", "---"], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{costs.tokens}\n"


def plot(path: Path, costs: Costs) -> None:
    """CPU seconds beside the peer's, on a logarithmic scale: those measured now where there are any.

    Raises ImportError without matplotlib.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    beside = {it.step: it.cpu_seconds for it in costs.peer_steps}
    bars = {"import": (costs.imports, beside.get("import", targets.IMPORT.peer["cpu_seconds"]))}
    for it in costs.steps:
        target = targets.STEPS.get((it.step, it.work.latency_ms))
        if target is not None and "cpu_seconds" in target.peer:
            bars[it.step] = (it.cpu_seconds, beside.get(it.step, target.peer["cpu_seconds"]))
    peer = targets.PEER if beside else f"{targets.PEER}, measured earlier"
    figure, axes = pyplot.subplots(figsize=(8, 0.7 * len(bars) + 1), layout="constrained")
    for offset, (label, taken) in enumerate(zip(("sessiongraph", peer), zip(*bars.values(), strict=True), strict=True)):
        drawn = axes.barh([row + 0.4 * offset for row in range(len(bars))], taken, height=0.38, label=label)
        axes.bar_label(drawn, fmt="%.2g", padding=3)
    axes.set_yticks([row + 0.2 for row in range(len(bars))], list(bars))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.1)
    axes.set_xlabel("CPU seconds")
    figure.legend(loc="outside upper center", ncols=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _told(steps: list[Measured]) -> list[Mapping[str, Any]]:
    return [{**vars(it), "work": vars(it.work), "calls": vars(it.calls)} for it in steps]


def write(path: Path, costs: Costs) -> None:
    """The figures at `path`, and beside them the table and the plot. Raises ImportError, last, without matplotlib."""
    figures: dict[str, Any] = {"import_cpu_seconds": costs.imports, "steps": _told(costs.steps)}
    write_figures(path, figures | {"peer_steps": _told(costs.peer_steps)})
    path.with_suffix(".md").write_text(markdown(costs), encoding="utf-8")
    plot(path.with_suffix(".svg"), costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--only", help="only works of this name")
    parser.add_argument("--postgres", action="store_true", help="persist into a PostgreSQL of its own, too")
    parser.add_argument("--peer-python", metavar="PYTHON", help="of an environment that has cognee")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="where the figures go, and table and plot beside")
    chosen = parser.parse_args()

    def steps(works: list[Work], **by: str) -> list[Measured]:
        found = []
        for work in works:
            if chosen.only in (None, work.name):
                print(work.name, work.size, *by.values(), file=sys.stderr)
                found += list(measure(work, **by))
        return found

    ours = steps(QUICK if chosen.quick else WORKS)
    if chosen.postgres:
        with postgres_server() as server:
            ours += [it for work in POSTGRES_WORKS for it in measure_on_postgres(work, server)]
    peer = steps(PEER_WORKS, python=chosen.peer_python, script="cognee_workloads.py") if chosen.peer_python else []
    costs = Costs(import_seconds(), ours, peer)
    print(markdown(costs))
    if chosen.out is not None:
        try:
            write(chosen.out, costs)
        except ImportError:
            print("No plot: install matplotlib, or the extra `bench`.", file=sys.stderr)


if __name__ == "__main__":
    main()
