"""One table of all that `make bench` measured, as the README shows it: each work, what it took, the aim, the peer.

    python benchmarks/summary.py FOLDER

FOLDER holds cost.json and growth.json and, where they were made, packing.json and bounded.json; bench.md goes beside.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import targets
from benchmarks.targets import PEER, Target, text

Json = dict[str, Any]
Line = tuple[str, str, str, str]

# Works whose steps are shown though nothing is aimed at.
_ALSO = ("persist-as-run", "embedded")
# The number of sessions whose prompt tokens are shown: they hardly depend on it.
_TOKENS_OF = 10
_GROWTH = {
    "search_p95": "search without a model, p95, at",
    "found_after": "a commit until another process finds it, at",
}


def lines_of_costs(costs: Json) -> Iterator[Line]:
    yield _line("`import sessiongraph`", targets.IMPORT, {"cpu_seconds": costs["import_cpu_seconds"]})
    beside = {(step["step"], step["work"]["latency_ms"]): step for step in costs["peer_steps"]}
    for step in costs["steps"]:
        key = (step["step"], step["work"]["latency_ms"])
        where = "embedded models" if key[1] is None else f"{key[1]:g} ms"
        target = targets.STEPS.get(key)
        if target is not None:
            now = beside.get(key)
            work, took, most, peer = _line(f"{key[0]} ({where})", target, {**step, **step["calls"]})
            yield work, took, most, f"{peer}; beside ours: {_taken({**now, **now['calls']}, target)}" if now else peer
        elif step["work"]["name"] in _ALSO and step["step"] != costs["steps"][0]["step"]:
            rate = f", {step['texts'] / step['cpu_seconds']:,.0f} a CPU second" if step["texts"] else ""
            yield f"{key[0]} ({where})", text({"cpu_seconds": step["cpu_seconds"]}) + rate, "", ""
    for step in costs["steps"]:
        key = (step["step"], step["work"]["latency_ms"])
        if step["turns"] and step["work"]["size"] == _TOKENS_OF:
            theirs = f"{_tokens(beside[key]):,.0f}" if key in beside else "not measured"
            yield f"{key[0]}: prompt tokens a turn", f"{_tokens(step):,.0f}", "", theirs


def lines_of_growth(growth: Json) -> Iterator[Line]:
    for row in growth["rows"]:
        for name, what in _GROWTH.items():
            target = targets.GROWTH.get((name, row["facts"]))
            if target is not None:
                yield _line(f"{what} {row['facts']:,} facts", target, {"milliseconds": row[name]})
    last = growth["rows"][-1]
    yield f"memory of a fact, at {last['facts']:,}", f"{last['bytes_per_fact']:,.0f} bytes", "", ""


def lines_of_packing(packing: Json) -> Iterator[Line]:
    for name, (packed, alone) in packing.items():
        took = "; ".join(
            f"{row['windows']}: {row['calls']:,} calls, {row['prompt_tokens']:,} prompt tokens"
            for row in (packed, alone)
        )
        both = f"in both {alone['entities_in_common']} % of entities, {alone['facts_in_common']} % of facts"
        yield f"extraction from {name}", f"{took}; {both}", "", ""


def lines_of_bounded(bounded: Json) -> Iterator[Line]:
    first, last = bounded["rows"][0], bounded["rows"][-1]
    took = "; ".join(
        f"{row['documents']:,}: {row['cpu_seconds']:.1f} CPU s, {row['resident_mb']:,.0f} MB" for row in (first, last)
    )
    yield f"{bounded['batch']:,} documents more into a dataset, and what is held then, by its size", took, "", ""


def _line(work: str, target: Target, found: Json) -> Line:
    return work, _taken(found, target), targets.verdict(target.aim, found), targets.peer(target)


def _taken(found: Json, target: Target) -> str:
    return text({name: found[name] for name in {*target.aim, *target.peer} & found.keys()})


def _tokens(step: Json) -> float:
    tokens: float = step["calls"]["prompt_tokens"] / step["turns"]
    return tokens


_LINES = {
    "cost": lines_of_costs,
    "growth": lines_of_growth,
    "packing": lines_of_packing,
    "bounded": lines_of_bounded,
}


def markdown(folder: Path) -> str:
    lines = [("work", "took", "at most", f"{PEER}, measured earlier"), ("---",) * 4]
    for name, lines_of in _LINES.items():
        file = folder / f"{name}.json"
        if file.exists():
            lines += lines_of(json.loads(file.read_text(encoding="utf-8")))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print(markdown(folder))
    (folder / "bench.md").write_text(markdown(folder), encoding="utf-8")


if __name__ == "__main__":
    main()
