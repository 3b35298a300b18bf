"""What a process that has just started pays for the graph that is there: CPU seconds and memory, by its size.

    python benchmarks/fresh_processes.py --sizes 10 30000 300000 --out benchmarks/results/fresh_processes.json

Each figure is of a process of its own, its imports excepted, which are the same for each: the first search; ten turns
persisted by the Python API, and as a Dagster run; and, beside them, opening the checkpoint and making it anew from
nothing. Medians of --times. With --without, before it the same without any checkpoint: what a process paid before there
were any. Homes are made once, in --homes. With --memory-gb, each process has no more than that, files' pages included.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import _bootstrap
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.control_group import control_group
from benchmarks.measure import write_figures

# The smallest is that of a first document: a search wants something to search in.
SIZES = (10, 30_000, 300_000)
# Made first, so that what comes after it has a checkpoint.
_WORK = ("make", "open", "search", "persist", "dagster")
_WITHOUT_ANY = _WORK[2:]
_SHOWN_WORK = {"search": "o-", "persist": "s-", "dagster": "^-"}
_PEOPLE = ["Ada", "Grace", "Alan", "Barbara", "Edsger", "Frances", "Donald", "Margaret", "John", "Radia"]
_PLACES = ["Lisbon", "Oslo", "Kyoto", "Quito", "Dakar", "Perth", "Cusco", "Turin", "Malmo", "Izmir"]
_MAIN = "default_user/main_dataset"


def said(session: str) -> list[tuple[str, str]]:
    """Ten turns, of other people and places for each session."""
    draw = random.Random(session)
    turns = []
    for _ in range(10):
        person, place = f"{draw.choice(_PEOPLE)} {draw.choice(_PEOPLE)}son", draw.choice(_PLACES)
        turns.append((f"My friend {person} moved to {place} in {1990 + draw.randrange(30)}.", f"So {place} it is."))
    return turns


async def say(session: str) -> None:
    import sessiongraph

    for question, answer in said(session):
        await sessiongraph.sessions.add_turn(session, question, answer, dataset="main_dataset")


# The work of a measured process: each function imports what it needs, and returns what is then measured.


def search() -> Callable[[], object]:
    import sessiongraph

    _import_engine()
    return lambda: asyncio.run(sessiongraph.search("Who moved to Lisbon?", datasets=["main_dataset"]))


def persist() -> Callable[[], object]:
    import sessiongraph

    session = f"bench-{uuid.uuid4().hex[:10]}"
    asyncio.run(say(session))
    _import_engine()
    _import_dagster()
    return lambda: asyncio.run(
        sessiongraph.persist_sessions_in_knowledge_graph_pipeline(
            user=None, session_ids=[session], dataset="main_dataset", create=True
        )
    )


def dagster() -> Callable[[], object]:
    asyncio.run(say(f"bench-{uuid.uuid4().hex[:10]}"))
    _import_engine()
    _import_dagster()
    from orchestration.definitions import defs
    from sessiongraph.dagster_home import DagsterInstances

    job = defs.resolve_job_def("persist_sessions")
    instance = DagsterInstances().of(Path(os.environ["SESSIONGRAPH_HOME"]))

    def run() -> None:
        result = job.execute_in_process(partition_key=_MAIN, instance=instance)
        assert result.success

    return run


def open_() -> Callable[[], object]:
    services = _services()
    dataset = services.access.get_or_create_by_key(_MAIN)
    _import_engine()
    return lambda: services.snapshot(dataset)


def make() -> Callable[[], object]:
    services = _services()
    dataset = services.access.get_or_create_by_key(_MAIN)
    _import_engine()
    shutil.rmtree(services.store(dataset).checkpoints, ignore_errors=True)
    return lambda: services.make_checkpoint(dataset)


def _services():  # type: ignore[no-untyped-def]
    from sessiongraph.client import SessionGraph
    from sessiongraph.settings import Settings

    return SessionGraph(Settings(home=Path(os.environ["SESSIONGRAPH_HOME"]))).services


def _import_engine() -> None:
    """Load what belongs to no graph: modules, and the weights of the embedded models."""
    import sessiongraph.retrieval.answer_strategies
    import sessiongraph.snapshots.snapshot_cache  # noqa: F401
    from sessiongraph.local_models import LocalModels
    from sessiongraph.settings import LOCAL_EMBEDDER

    LocalModels().embed(LOCAL_EMBEDDER, ["warm"], as_queries=False)


def _import_dagster() -> None:
    import dagster
    import spacy

    import sessiongraph.dagster.materialization  # noqa: F401

    assert dagster and spacy


def measured(name: str) -> dict[str, float]:
    """Of this process: CPU seconds of the work, and its own memory after it (MB): written, and mapped alone."""
    work = {"search": search, "persist": persist, "dagster": dagster, "open": open_, "make": make}[name]()
    with _imports_timed() as imports:
        started = time.process_time()
        work()
        took = time.process_time() - started
    return {"cpu": took - sum(imports), **_own_memory()}


# What every import goes through.
_loading: Any = _bootstrap


@contextmanager
def _imports_timed() -> Iterator[list[float]]:
    """The CPU seconds of each import that a thread begins, those that it leads to included."""
    took: list[float] = []
    importing, load = threading.local(), _loading._find_and_load

    def timed(*arguments: object) -> object:
        if getattr(importing, "now", False):
            return load(*arguments)
        importing.now, started = True, time.thread_time()
        try:
            return load(*arguments)
        finally:
            importing.now = False
            took.append(time.thread_time() - started)

    _loading._find_and_load = timed
    try:
        yield took
    finally:
        _loading._find_and_load = load


def _own_memory() -> dict[str, float]:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    return {name: int(lines[f"Private_{name.title()}"].split()[0]) / 1024 for name in ("dirty", "clean")}


# The benchmark.


def in_fresh_process(home: Path, name: str, memory_gb: float | None) -> dict[str, float]:
    environment = {**os.environ, "SESSIONGRAPH_HOME": str(home), "SESSIONGRAPH_LOG_LEVEL": "ERROR"}
    environment.pop("DAGSTER_HOME", None)
    command = [sys.executable, __file__, "--work", name]
    if memory_gb is None:
        said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    else:
        with control_group("sessiongraph-fresh", int(memory_gb * 1024**3)) as group:
            process = group.start(command, env=environment, stdout=subprocess.PIPE)
            said, _ = process.communicate()
        if process.returncode:
            raise MemoryError(f"{name} ended with {process.returncode} in {memory_gb:g} GB")
    figures: dict[str, float] = json.loads(said.splitlines()[-1])
    return figures


def measured_home(home: Path, times: int, memory_gb: float | None, with_checkpoint: bool) -> dict[str, float]:
    """The medians of each work on `home`."""
    row: dict[str, float] = {}
    for name in _WORK if with_checkpoint else _WITHOUT_ANY:
        figures = []
        for _ in range(times):
            if not with_checkpoint:
                for folder in home.glob("datasets/*/checkpoints"):
                    shutil.rmtree(folder)
            figures.append(in_fresh_process(home, name, memory_gb))
        row |= {f"{name} {of}": statistics.median(one[of] for one in figures) for of in figures[0]}
    return row


def markdown(found: Sequence[dict[str, float]]) -> str:
    """CPU seconds by size, in brackets how many times those of the first; and the memory that a search has written."""
    work = [name for name in _WORK if f"{name} cpu" in found[0]]
    lines = [["facts", *(f"{name} (CPU s)" for name in work), "a search's own memory (MB)"], ["--:"] * (len(work) + 2)]
    for row in found:
        cells = [f"{row[f'{name} cpu']:.2f} ({row[f'{name} cpu'] / found[0][f'{name} cpu']:.1f})" for name in work]
        lines.append([f"{int(row['facts']):,}", *cells, f"{row['search dirty']:.0f}"])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plot(path: Path, found: dict[str, list[dict[str, float]]]) -> None:
    """CPU seconds by facts, with a checkpoint and without. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for (title, rows), colour in zip(found.items(), ("tab:blue", "tab:grey"), strict=False):
        for name, style in _SHOWN_WORK.items():
            seconds = [row[f"{name} cpu"] for row in rows]
            axes.loglog([row["facts"] for row in rows], seconds, style, color=colour, label=f"{name}, {title}")
    axes.set_xlabel("facts in the graph")
    axes.set_ylabel("CPU seconds of a process that has just started")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, bbox_inches="tight")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--homes", type=Path, help="where the homes are made, or are already")
    parser.add_argument("--without", action="store_true", help="without any checkpoint, too")
    parser.add_argument("--memory-gb", type=float, help="of each process, by a control group of Linux; needs root")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON, and beside it table and plot")
    parser.add_argument("--work", choices=_WORK, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work is not None:
        print(json.dumps(measured(chosen.work)))
        return 0
    from benchmarks.growth_home import build_home  # which measured processes have no use for

    with tempfile.TemporaryDirectory(prefix="sessiongraph-fresh-") as folder:
        homes = chosen.homes or Path(folder)
        ways = {"without any": False, "with a checkpoint": True} if chosen.without else {"with a checkpoint": True}
        found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for size in sorted(chosen.sizes):
            home = homes / f"facts-{size}"
            if not home.exists():
                build_home(home, size)
            for way, with_checkpoint in ways.items():
                figures = measured_home(home, chosen.times, chosen.memory_gb, with_checkpoint)
                found[way].append({"facts": size, **figures})
                print(way, found[way][-1], file=sys.stderr, flush=True)
    text = "\n".join(f"{way.capitalize()}:\n\n{markdown(rows)}" for way, rows in found.items())
    print(text)
    write_figures(chosen.out, found)
    if chosen.out is not None:
        chosen.out.with_suffix(".md").write_text(text, encoding="utf-8")
        with suppress(ImportError):
            plot(chosen.out.with_suffix(".svg"), found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
