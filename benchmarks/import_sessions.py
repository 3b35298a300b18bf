"""What importing a large export costs: time, and memory beside how large the file is.

    python benchmarks/import_sessions.py [--turns 100000] [--padding 0]

Writes an export in ChatGPT's shape, ten turns a conversation, and imports it twice into a fresh home, with the cache in
SQLite. `--padding` is how many characters each answer has beside its words: with 10,000 the file is a gigabyte.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.measure import fresh_home, measured, resident_bytes

_TURNS_OF_ONE = 10
_BEGAN_AT = 1_600_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=100_000)
    parser.add_argument("--padding", type=int, default=0)
    given = parser.parse_args()
    with fresh_home() as home:
        path = Path(home) / "conversations.json"
        with path.open("w", encoding="utf-8") as file:
            for n, conversation in enumerate(_conversations(given.turns, given.padding)):
                file.write(("," if n else "[") + json.dumps(conversation))
            file.write("]")
        print(f"{given.turns:,} turns, {os.path.getsize(path) / 1e6:,.0f} MB")
        asyncio.run(_measure(path))


async def _measure(path: Path) -> None:
    from sessiongraph import sessions

    await sessions.list_sessions()  # what everything loads is not measured
    before = resident_bytes()
    for name in ("first", "again"):
        with measured() as cost:
            report = await sessions.import_file(path)
        print(
            f"{name}: {cost.wall_seconds:.1f} s ({cost.cpu_seconds:.1f} s CPU), at most {cost.peak_rss_mb:.0f} MB, "
            f"{before / 1e6:.0f} MB of them before. {report}"
        )


def _conversations(turns: int, padding: int) -> Iterator[dict[str, Any]]:
    for number in range(0, turns, _TURNS_OF_ONE):
        nodes: dict[str, Any] = {"root": {"id": "root", "parent": None, "message": None, "children": []}}
        parent = "root"
        for n in range(number, min(number + _TURNS_OF_ONE, turns)):
            answer = f"Noted: you have {n} cats. {'x' * padding}"
            for role, words in (("user", f"I have {n} cats, and live in Lyon."), ("assistant", answer)):
                id_ = f"{role}-{n}"
                nodes[id_] = {"id": id_, "parent": parent, "children": [], "message": _message(id_, role, words, n)}
                parent = id_
        yield {"conversation_id": f"c{number}", "title": f"Talk {number}", "current_node": parent, "mapping": nodes}


def _message(id_: str, role: str, words: str, number: int) -> dict[str, Any]:
    return {
        "id": id_,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": _BEGAN_AT + 60 * number,
        "content": {"content_type": "text", "parts": [words]},
        "metadata": {"model_slug": "gpt-4o"},
        "recipient": "all",
    }


if __name__ == "__main__":
    main()
