"""Cost of a commit, of a refresh in another process and of a search as a graph grows, and memory for each fact.

    python benchmarks/growth.py [--postgres] --out benchmarks/results/growth.json

A store grows by bulk commits from one size to the next; at each, a process of its own reads it from the beginning, then
finds what this one commits (about 1,000 rows, over all tables), and searches. No model is called: words, names and
vectors are drawn from a seed. All figures of a size are of one run, beside `product`: one float32 product of a question
with all vectors of facts, the least that an exact search can cost. With --postgres, the same of a store in a PostgreSQL
of its own, size by size. With matplotlib (the extra `bench`), a plot as well.
"""

import argparse
import gc
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import numpy as np

from benchmarks import targets
from benchmarks.growth_data import DIMENSIONS, MODEL, SENTENCE_FACTS, Facts
from benchmarks.measure import postgres_server, resident_bytes, write_figures
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.ranking import Ranking
from sessiongraph.retrieval.scope import Scope
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import Dataset

SIZES = (1_000, 10_000, 100_000, 300_000, 1_000_000)
_BULK = 20_000
# A commit of so many facts is one of about 1,000 rows.
_COMMITTED_FACTS = 150
_COMMITS, _SEARCHES = 5, 40
# What is shown and plotted, with its unit.
_SHOWN = {
    "commit": "ms",
    "found_after": "ms",
    "refresh": "ms",
    "search_p95": "ms",
    "product": "ms",
    "load": "s",
    "bytes_per_fact": "bytes",
}


# Opens a store, in whichever process.
Opening = Callable[[], GraphStore]


def measured_at(opening: Opening, facts: Facts) -> dict[str, float]:
    """All figures of the store as it is now; medians, but for `search_p95`."""
    store = opening()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    reader = context.Process(target=_read, args=(opening, theirs), daemon=True)
    reader.start()
    theirs.close()  # so that its end is seen
    try:
        figures: dict[str, float] = {"facts": facts.count, **ours.recv()}
        commits, found = [], []
        for _ in range(_COMMITS):
            started = time.perf_counter()
            statement = facts.commit(store, _COMMITTED_FACTS)
            committed = time.perf_counter()
            ours.send(statement)
            found.append(ours.recv())
            found[-1]["found_after"] = 1000 * (time.perf_counter() - committed)
            commits.append(1000 * (committed - started))
        figures["commit"] = statistics.median(commits)
        for name in found[0]:
            figures[name] = statistics.median(one[name] for one in found)
        ours.send(None)
        return {name: round(value, 3) for name, value in (figures | ours.recv()).items()}
    finally:
        reader.terminate()
        reader.join()


def _read(opening: Opening, pipe: Connection) -> None:
    """The process that reads: what loading costs, what finding each statement that it is sent does, and searches."""
    reader, store = SnapshotReader(), opening()
    dataset = Dataset("growth", "growth", "u", "ana")
    before = resident_bytes()
    started = time.perf_counter()
    snapshot = reader.snapshot(store, MODEL)
    load = time.perf_counter() - started
    gc.collect()
    count = len(snapshot.facts)
    pipe.send({"load": load, "bytes_per_fact": (resident_bytes() - before) / count, "counted": snapshot.nbytes / count})
    draw = np.random.default_rng(1)
    _searched(Scope(dataset, snapshot), "warm", _vector(draw))
    while (statement := pipe.recv()) is not None:
        started = time.perf_counter()
        snapshot = reader.snapshot(store, MODEL)
        refreshed = time.perf_counter()
        scope = Scope(dataset, snapshot)
        hits = _searched(scope, statement, _vector(draw))
        searched = time.perf_counter()
        assert any(scope.snapshot.facts["statement"].iloc[hit.row] == statement for hit in hits), statement
        pipe.send({"refresh": 1000 * (refreshed - started), "first_search": 1000 * (searched - refreshed)})
    scope = Scope(dataset, snapshot)
    asked = snapshot.facts["statement"].iloc[draw.integers(0, len(snapshot.facts), _SEARCHES)].tolist()
    times = [_milliseconds(partial(_searched, scope, f"What of {text}", _vector(draw))) for text in asked]
    products = [_milliseconds(lambda: snapshot.fact_vectors @ _vector(draw)) for _ in range(9)]
    pipe.send({"search_p95": float(np.quantile(times, 0.95)), "product": statistics.median(products)})


def _searched(scope: Scope, text: str, vector: np.ndarray) -> list[Any]:
    """What the default search type gathers: passages and facts."""
    ranking = Ranking([scope], Query(text, vector))
    ranking.passages(10)
    return ranking.facts(10)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def _vector(draw: np.random.Generator) -> np.ndarray:
    vector = draw.standard_normal(DIMENSIONS, np.float32)
    return vector / np.linalg.norm(vector)


def _in_file(path: Path) -> GraphStore:
    return DuckDBStore(path)


def _in_postgres(url: str, folder: Path) -> GraphStore:
    from sessiongraph.database import open_database
    from sessiongraph.store.postgres_store import PostgresStore

    return PostgresStore(open_database(url), "growth", folder)


@contextmanager
def _openings(folder: Path, on_postgres: bool) -> Iterator[dict[str, Opening]]:
    """How the stores that grow are opened, by the name of their engine."""
    openings: dict[str, Opening] = {"DuckDB": partial(_in_file, folder / "graph.duckdb")}
    if not on_postgres:
        yield openings
        return
    from tests.support.postgres_server import new_database

    with postgres_server() as server:
        yield openings | {"PostgreSQL": partial(_in_postgres, new_database(server), folder / "postgres")}


def grown(openings: dict[str, Opening], sizes: Sequence[int]) -> dict[str, list[dict[str, float]]]:
    """The figures of each store at each size, the stores in turn."""
    facts_of = {engine: Facts(max(sizes)) for engine in openings}
    rows: dict[str, list[dict[str, float]]] = {engine: [] for engine in openings}
    for size in sorted(sizes):
        for engine, opening in openings.items():
            facts, store = facts_of[engine], opening()
            while facts.count < size:
                facts.commit(store, min(_BULK, -(-(size - facts.count) // SENTENCE_FACTS) * SENTENCE_FACTS))
            rows[engine].append(measured_at(opening, facts))
            print(engine, rows[engine][-1], file=sys.stderr, flush=True)
    return rows


def markdown(rows: Sequence[dict[str, float]]) -> str:
    """A table of `rows`, in brackets how many times those of the first; and what is aimed at."""
    headings = ["facts", *(f"{name.replace('_', ' ')} ({unit})" for name, unit in _SHOWN.items())]
    lines = [headings, ["--:"] * len(headings)]
    for row in rows:
        cells = (f"{row[name]:,.1f} ({row[name] / rows[0][name]:,.1f})" for name in _SHOWN)
        lines.append([f"{row['facts']:,}", *cells])
    aims = [f"- {line}\n" for line in aimed_at(rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n" + "".join(aims)


def aimed_at(rows: Sequence[dict[str, float]]) -> list[str]:
    """A line for each target that `rows` have a figure of."""
    lines = []
    for row in rows:
        for name, unit in _SHOWN.items():
            target = targets.GROWTH.get((name, int(row["facts"])))
            if target is not None:
                what = f"{name.replace('_', ' ')} at {row['facts']:,} facts: {row[name]:,.0f} {unit}"
                lines.append(f"{what}; at most {targets.verdict(target.aim, {'milliseconds': row[name]})}")
    return lines


def plot(path: Path, rows: Sequence[dict[str, float]]) -> None:
    """The milliseconds of `rows` by facts, on logarithmic scales. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name in (name for name, unit in _SHOWN.items() if unit == "ms"):
        axes.loglog(
            [row["facts"] for row in rows], [row[name] for row in rows], marker="o", label=name.replace("_", " ")
        )
    axes.set_xlabel("facts in the graph")
    axes.set_ylabel("milliseconds")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--postgres", action="store_true", help="in a PostgreSQL of its own, too")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON, and beside it table and plot")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sessiongraph-growth-") as folder,
        _openings(Path(folder), chosen.postgres) as openings,
    ):
        rows = grown(openings, chosen.sizes)
    text = "\n".join(f"In {engine}:\n\n{markdown(of_engine)}" for engine, of_engine in rows.items())
    print(text)
    write_figures(chosen.out, {"rows": rows["DuckDB"], "on_postgres": rows.get("PostgreSQL", [])})
    if chosen.out is not None:
        chosen.out.with_suffix(".md").write_text(text, encoding="utf-8")
        try:
            plot(chosen.out.with_suffix(".svg"), rows["DuckDB"])
        except ImportError:
            print("No plot: install matplotlib, or the extra `bench`.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
