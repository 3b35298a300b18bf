"""What the work costs beside its model calls: wall and CPU seconds, calls, memory, disk; as one table.

    python benchmarks/cost.py [--quick] [--out FILE.json]

Every work runs in a process of its own, against an endpoint in another: CPU seconds are those of the first. Imports
are left out and stand on a line of their own. Calls through the Python API include their report to Dagster.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.endpoint import Calls, Endpoint, endpoint
from benchmarks.measure import write_figures

_WORKS = Path(__file__).with_name("cost_works.py")


@dataclass(frozen=True)
class Work:
    """A work and its size; `latency_ms` of the endpoint, or None for the embedded models."""

    name: str
    size: int
    latency_ms: float | None
    dimensions: int = 1536
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Measured:
    """A step of a work: what it told, and what the endpoint was asked during it."""

    work: Work
    step: str
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    calls: Calls
    megabytes: float | None = None


WORKS = [
    Work("cognify", 100, 0),
    Work("cognify", 100, 200),
    Work("persist", 10, 200),
    Work("persist", 100, 200),
    Work("persist", 1000, 200),
    Work("persist-as-run", 10, 200),
    Work("write", 1000, 0),
    Work("disk", 82, 0),
    Work("disk", 82, None, environment=(("LLM_MODEL", "local/extractive"),)),
    Work("embedded", 1000, None),
]
QUICK = [work for work in WORKS if work.size <= 100]
_IMPORTS = "import time; at = time.process_time(); import sessiongraph; print(time.process_time() - at)"


def measure(work: Work) -> Iterator[Measured]:
    """The steps of `work`, the loading of everything first."""
    serving = nullcontext(None) if work.latency_ms is None else endpoint(work.latency_ms, work.dimensions)
    with serving as served:
        settings = {**os.environ, **dict(work.environment)} if served else _embedded()
        process = subprocess.Popen(
            [sys.executable, str(_WORKS), work.name, str(work.size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=settings,
        )
        assert process.stdin is not None and process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                yield _measured(work, json.loads(line), served)
                process.stdin.write("\n")
                process.stdin.flush()
        if process.wait():
            raise RuntimeError(f"{work} ended with {process.returncode}")


def _embedded() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_", "EMBEDDING_"))}
    return kept | {"CACHE_BACKEND": "sqlite"}


def _measured(work: Work, told: dict[str, Any], served: Endpoint | None) -> Measured:
    return Measured(work=work, calls=served.calls() if served else Calls(), **told)


def import_seconds(times: int = 3) -> float:
    """CPU seconds of `import sessiongraph`, the least of `times`."""
    spent = [
        subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
        for _ in range(times)
    ]
    return min(float(ran.stdout) for ran in spent)


def rows_of(found: list[Measured], imports: float) -> list[list[str]]:
    """The table, headings first."""
    rows = [
        ["work", "endpoint", "wall s", "CPU s", "chat", "embedding", "at once", "words of prompt", "peak MB"],
        ["import sessiongraph", "", "", f"{imports:.2f}", "", "", "", "", ""],
    ]
    for it in found:
        asked = "embedded" if it.work.latency_ms is None else f"{it.work.latency_ms:g} ms"
        what = it.step if it.megabytes is None else f"{it.step}: {it.megabytes} MB"
        calls = (it.calls.chat, it.calls.embedding, it.calls.at_once, it.calls.prompt_words)
        cost = (f"{it.wall_seconds:.2f}", f"{it.cpu_seconds:.2f}", *map(str, calls), f"{it.peak_rss_mb:.0f}")
        rows.append([what, asked, *cost])
    return rows


def show(console: Console, found: list[Measured], imports: float) -> None:
    table = Table(title="What the work costs")
    headings, *rows = rows_of(found, imports)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("work", "endpoint") else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def markdown(found: list[Measured], imports: float) -> str:
    headings, *rows = rows_of(found, imports)
    lines = [headings, ["---", "---", *["---:"] * (len(headings) - 2)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--only", help="only works of this name")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="where the figures go, and as .md the table")
    chosen = parser.parse_args()
    console, found = Console(), []
    for work in QUICK if chosen.quick else WORKS:
        if chosen.only in (None, work.name):
            console.print(f"{work.name} {work.size}", highlight=False)
            found += list(measure(work))
    imports = import_seconds()
    show(console, found, imports)
    if chosen.out is not None:
        rows = [{**vars(it), "work": vars(it.work), "calls": vars(it.calls)} for it in found]
        write_figures(chosen.out, {"import_cpu_seconds": imports, "steps": rows})
        chosen.out.with_suffix(".md").write_text(markdown(found, imports), encoding="utf-8")


if __name__ == "__main__":
    main()
