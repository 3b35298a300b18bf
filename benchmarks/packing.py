"""Whether packing windows into calls changes what is extracted, and what it saves: packed beside one window a call.

    python benchmarks/packing.py [--endpoint mock_openai.py --data DATA.json] [--out FILE.json]

Sessions and documents of `workload`, extracted by the benchmarks' endpoint. With `--endpoint`, also the passages of
DATA (MuSiQue's, see `retrieval_data`) by that script, which replays what a real model once extracted from each. What
`graph()` shows is compared: entities by name; facts by subject, relation and object. Prompts are counted as they are
made.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import workload
from benchmarks.endpoint import MODEL, endpoint
from benchmarks.measure import fresh_home, write_figures
from benchmarks.retrieval import served
from benchmarks.retrieval_data import read_musique
from sessiongraph.extraction import window_extraction
from sessiongraph.extraction.schema_fit import SchemaFit
from sessiongraph.llm import litellm_runtime
from sessiongraph.llm.response_parsing import schema_text
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import Window

DATASET = "measured"
SESSIONS, DOCUMENTS = 10, 100


@dataclass
class Extracted:
    """The names of entities, the facts, and what asking for them took; tokens as litellm counts gpt-4o's."""

    calls: int = 0
    tokens: int = 0
    entities: set[str] = field(default_factory=set)
    facts: set[tuple[str, str, str]] = field(default_factory=set)


async def persisted() -> None:
    import sessiongraph

    await sessiongraph.datasets.create(DATASET)
    ids = [f"session-{number}" for number in range(SESSIONS)]
    for number, id_ in enumerate(ids):
        for question, answer in workload.session(number):
            await sessiongraph.sessions.add_turn(id_, question, answer)
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, dataset=DATASET, create=True)


async def cognified(texts: Sequence[str]) -> None:
    import sessiongraph

    await sessiongraph.add(texts, DATASET)
    await sessiongraph.cognify(DATASET)


def compared(prepare: Callable[[], Awaitable[None]]) -> list[dict[str, Any]]:
    """What `prepare` gives, packed and with one window a call; the second with the percentages that both have."""
    packed, alone = (_extracted(prepare, chars) for chars in (window_extraction.CALL_CHARS, 0))
    shares = {name: _shared(getattr(packed, name), getattr(alone, name)) for name in ("entities", "facts")}
    return [
        {"windows": "packed", **_figures(packed)},
        {"windows": "one a call", **_figures(alone), **{f"{name}_in_common": share for name, share in shares.items()}},
    ]


def _shared(some: set[Any], others: set[Any]) -> float:
    return round(100 * len(some & others) / max(len(some | others), 1), 2)


def _figures(found: Extracted) -> dict[str, Any]:
    counted = {"entities": len(found.entities), "facts": len(found.facts)}
    return {"calls": found.calls, "prompt_tokens": found.tokens, **counted}


def _extracted(prepare: Callable[[], Awaitable[None]], chars: int) -> Extracted:
    with fresh_home(), _packed(chars) as found:
        asyncio.run(_graph(prepare, found))
    return found


async def _graph(prepare: Callable[[], Awaitable[None]], found: Extracted) -> None:
    import sessiongraph

    await prepare()
    graph = await sessiongraph.graph(dataset=DATASET)
    name = dict(graph.nodes(data="name"))
    found.entities = set(name.values())
    found.facts = {(name[one], relation, name[other]) for one, other, relation in graph.edges(data="relation")}


@contextmanager
def _packed(chars: int) -> Iterator[Extracted]:
    """Calls of up to `chars`, each counted; what an earlier call was answered is forgotten."""
    found, before, prompt_of = Extracted(), window_extraction.CALL_CHARS, window_extraction.prompt_of
    litellm = litellm_runtime.load()
    schema: int = litellm.token_counter(model="gpt-4o", text=schema_text(Extraction))

    def counted(
        windows: Sequence[Window], fit: SchemaFit | None = None
    ) -> tuple[list[dict[str, str]], list[list[int]]]:
        messages, numbers = prompt_of(windows, fit)
        found.calls += 1
        found.tokens += schema + litellm.token_counter(model="gpt-4o", messages=messages)
        return messages, numbers

    window_extraction.CALL_CHARS, window_extraction.prompt_of = chars, counted
    try:
        yield found
    finally:
        window_extraction.CALL_CHARS, window_extraction.prompt_of = before, prompt_of


@contextmanager
def _replayed(script: Path, data: Path) -> Iterator[None]:
    """The models of the environment are those that `script` serves; its vectors are none."""
    with served(script, data) as url:
        os.environ |= {"LLM_MODEL": MODEL, "LLM_ENDPOINT": url, "LLM_API_KEY": "none"}
        os.environ |= {"EMBEDDING_MODEL": "local/wordllama"}
        os.environ.pop("EMBEDDING_DIMENSIONS", None)
        yield


def markdown(tables: dict[str, list[dict[str, Any]]]) -> str:
    columns = ("calls", "prompt_tokens", "entities", "facts", "entities_in_common", "facts_in_common")
    headings = ["", "windows", "calls", "prompt tokens", "entities", "facts", "entities in both", "facts in both"]
    lines = [headings, ["---", "---", *["--:"] * len(columns)]]
    for name, rows in tables.items():
        for row in rows:
            cells = [f"{row[column]:,}" if column in row else "" for column in columns]
            cells[4:] = [f"{cell} %" if cell else "" for cell in cells[4:]]
            lines.append([name, row["windows"], *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", type=Path, metavar="SCRIPT", help="replays DATA: as that of `retrieval`")
    parser.add_argument("--data", type=Path, help="what the endpoint replays")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="where the figures go, and as .md the table")
    chosen = parser.parse_args()
    if (chosen.endpoint is None) != (chosen.data is None):
        parser.error("--endpoint and --data belong together")
    tables = {}
    with endpoint(0):
        tables[f"{SESSIONS} sessions of 10 turns"] = compared(persisted)
        texts = workload.documents(DOCUMENTS)
        tables[f"{DOCUMENTS} documents"] = compared(lambda: cognified(texts))
    if chosen.endpoint is not None and chosen.data is not None and (data := read_musique(chosen.data)) is not None:
        passages = [f"{passage['title']}\n{passage['text']}" for passage in data["passages"]]
        with _replayed(chosen.endpoint, chosen.data):
            tables[f"{len(passages)} passages, replayed"] = compared(lambda: cognified(passages))
    print(markdown(tables))
    if chosen.out is not None:
        write_figures(chosen.out, tables)
        chosen.out.with_suffix(".md").write_text(markdown(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
