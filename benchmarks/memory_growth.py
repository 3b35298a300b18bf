"""Whether memory stays bounded, and CPU seconds linear, while many documents come into one dataset, batch by batch.

    python benchmarks/memory_growth.py [--documents 100000] [--batch 5000] [--out FILE.json]

Each batch of short documents is added and cognified by the Python API in this process; the endpoint is in another, at
0 ms, with vectors of few dimensions so that it is not what is measured. Memory is what the process holds after a batch.
With --out, a table beside the figures as .md, and with matplotlib (the extra `bench`) a plot as .svg.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import workload
from benchmarks.endpoint import Endpoint, endpoint
from benchmarks.measure import fresh_home, measured, resident_bytes, write_figures

DATASET = "measured"
DIMENSIONS = 64
# How many lines the table has.
_LINES = 10

Row = dict[str, float]


async def run(documents: int, batch: int, served: Endpoint) -> list[Row]:
    """The figures of each batch; `documents` are those done by its end. What is loaded once has been."""
    import sessiongraph

    await sessiongraph.add(["Wanda Riedl met Luca Falk in Graz."], "loaded")
    await sessiongraph.cognify("loaded")
    served.calls()
    texts = _notes()
    rows: list[Row] = []
    for done in range(batch, documents + 1, batch):
        with measured() as cost:
            await sessiongraph.add(list(islice(texts, batch)), DATASET)
            await sessiongraph.cognify(DATASET)
        calls = served.calls()
        row = {"documents": done, "cpu_seconds": cost.cpu_seconds, "wall_seconds": cost.wall_seconds}
        row |= {"resident_mb": round(resident_bytes() / 2**20, 1), "peak_rss_mb": cost.peak_rss_mb}
        rows.append(row | {"chat": calls.chat, "embedding": calls.embedding})
        print(row, file=sys.stderr)
    return rows


def _notes() -> Iterator[str]:
    """Texts of three sentences, no two the same."""
    number = 0
    while True:
        yield f"Note {number + 1}. {workload.later_turn(number)[1]}"
        number += 1


def markdown(rows: Sequence[Row]) -> str:
    batch = int(rows[0]["documents"])
    lines = [
        f"| documents | CPU s for the last {batch:,} | calls | MB held | peak MB |",
        "| --: | --: | --: | --: | --: |",
    ]
    for row in [*rows[:: -(-len(rows) // _LINES)], rows[-1]]:
        calls = f"{row['chat']:.0f} + {row['embedding']:.0f}"
        cells = (f"{row['documents']:,.0f}", f"{row['cpu_seconds']:.1f}", calls)
        lines.append(f"| {' | '.join(cells)} | {row['resident_mb']:,.0f} | {row['peak_rss_mb']:,.0f} |")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def plot(path: Path, rows: Sequence[Row]) -> None:
    """Memory, and CPU seconds of a batch, by documents done. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, sharex=True, figsize=(7, 5))
    for axes, name, label in ((above, "resident_mb", "MB held"), (below, "cpu_seconds", "CPU seconds a batch")):
        axes.plot([row["documents"] for row in rows], [row[name] for row in rows])
        axes.set_ylim(bottom=0)
        axes.set_ylabel(label)
        axes.grid(True, alpha=0.3)
    below.set_xlabel("documents in the dataset")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=5_000)
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="where the figures go, and table and plot beside")
    chosen = parser.parse_args()
    with endpoint(0, DIMENSIONS) as served, fresh_home():
        rows = asyncio.run(run(chosen.documents, chosen.batch, served))
    print(markdown(rows))
    if chosen.out is not None:
        figures: dict[str, Any] = {"dimensions": DIMENSIONS, "batch": chosen.batch, "rows": rows}
        write_figures(chosen.out, figures)
        chosen.out.with_suffix(".md").write_text(markdown(rows), encoding="utf-8")
        try:
            plot(chosen.out.with_suffix(".svg"), rows)
        except ImportError:
            print("No plot: install matplotlib, or the extra `bench`.", file=sys.stderr)


if __name__ == "__main__":
    main()
