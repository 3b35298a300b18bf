"""Recall of the evidence that answers a question, against gold labels, with no model as a judge.

    python benchmarks/retrieval.py DATA.json... [--steps] [--stronger [NAME]] [--costs] [--endpoint SCRIPT]
        [--out FILE.md]

DATA.json has the format of LoCoMo (see `locomo`) or of MuSiQue with passages (see `retrieval_data`). A LoCoMo
conversation is asked about three times: persisted from sessions, a passage being a turn, which is an utterance and its
reply; the same with a turn for each utterance, as others measure; and added as documents. A passage counts when it
holds an utterance, or is the passage, that answers. Of a question's evidence, R@k is the mean share in the best k,
any@k how often some of it is among them, all@k how often all is. Sessions are ranked as wholes, or by their best
passage where words or vectors are alone. Each conversation has a row, marked where weights were chosen on it. With
`--steps`, steps are switched off one by one. `--endpoint` is a script that serves an OpenAI-compatible model on
`--port`, given the data as MOCK_REPLAY: what a real model once extracted.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import numpy as np

from benchmarks.embedders import EMBEDDERS, MINILM, text_embedder
from benchmarks.locomo import read_conversations
from benchmarks.locomo_sessions import environment
from benchmarks.measure import free_port, wait_for_port, write_figures
from benchmarks.query_cost import query_cost
from benchmarks.retrieval_data import Asked, from_documents, from_musique, from_sessions, read_musique
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.ranking import Ranking
from sessiongraph.retrieval.ranking_weights import DEFAULT_WEIGHTS, RankingWeights
from sessiongraph.text_index.bm25_index import ANSERINI

DEPTHS = (2, 5, 10, 25)
SESSION_DEPTH = 5
# How many are ranked: enough for the best five sessions to be among them.
RANKED = 100
# The conversations on whose questions the weights of ranking were chosen.
TUNED_ON = frozenset(("conv-26", "conv-30", "conv-41", "conv-42", "conv-43"))
COSTS = (1_000, 10_000, 100_000)
# What is switched off, one by one: the weights of each step.
STEPS = {
    "phrases": ("bigrams",),
    "neighbours": ("neighbours",),
    "best of session": ("best_of_document",),
    "words of session": ("document_words",),
    "speaker": ("speaker",),
    "time": ("time",),
    "graph": ("graph_walk", "redundancy"),
    "novelty": ("redundancy",),
    "vectors": ("passage_vector_share",),
}

Rank = Callable[[Asked, int], Sequence[int]]
Figures = dict[str, float]


def figures(asked: Sequence[Asked], rank: Rank, rank_sessions: Rank | None = None) -> Figures:
    """Recall of passages and sessions, in percent, and the median milliseconds that ranking a question's passages took.

    `rank_sessions` gives a row of each session; for None they are ranked by their best passage.
    """
    return averaged([shares for data in asked for shares in measured(data, rank, rank_sessions)])


def averaged(measured: Sequence[Figures]) -> Figures:
    """The figures of questions taken together: their means, of which recall is in percent, and the median time."""
    means = {name: round(100 * float(np.mean([shares[name] for shares in measured])), 1) for name in measured[0]}
    return {**means, "p50 ms": round(float(np.median([shares["p50 ms"] for shares in measured])), 1)}


def measured(data: Asked, rank: Rank, rank_sessions: Rank | None) -> list[Figures]:
    """By question: the shares of its evidence that are found, and the milliseconds that it took."""
    documents = data.documents
    document_of = {key: documents[row] for row, held in enumerate(data.holds) for key in held}
    found: list[Figures] = []
    for number, gold in enumerate(data.gold):
        started = time.perf_counter()
        rows = rank(data, number)
        taken = time.perf_counter() - started
        shares: Figures = {}
        for depth in DEPTHS:
            there = gold & {key for row in rows[:depth] for key in data.holds[row]}
            shares |= {f"R@{depth}": len(there) / len(gold), f"any@{depth}": float(bool(there))}
            shares[f"all@{depth}"] = float(there == gold)
        ranked = list(dict.fromkeys(documents[row] for row in (rank_sessions(data, number) if rank_sessions else rows)))
        wanted = {document_of[key] for key in gold if key in document_of}
        shares["sess. Hit@1"] = float(bool(wanted & set(ranked[:1])))
        shares[f"sess. R@{SESSION_DEPTH}"] = len(wanted & set(ranked[:SESSION_DEPTH])) / max(len(wanted), 1)
        shares[f"sess. any@{SESSION_DEPTH}"] = float(bool(wanted & set(ranked[:SESSION_DEPTH])))
        found.append({**shares, "p50 ms": 1000 * taken})
    return found


def compared(asked: Sequence[Asked], stronger: str | None, steps: bool) -> dict[str, Figures]:
    """Figures by what passages are ranked by, and of each conversation; with `steps`, without each of them."""
    rows = {"BM25 alone": figures(asked, by_words)}
    for name in filter(None, ("default", stronger)):
        data = asked if name == "default" else [one.embedded(text_embedder(name)) for one in asked]
        rows[f"{name}: vectors alone"] = figures(data, by_vectors)
        rows |= by_conversation(f"{name}: all", data)
    if not steps:
        return rows
    for step, names in STEPS.items():
        weights = replace(DEFAULT_WEIGHTS, **dict.fromkeys(names, 0.0))
        rows[f"default: without {step}"] = figures(asked, *by_all(weights))
    rank_passages, _ = by_all(DEFAULT_WEIGHTS)
    rows["default: without sessions as wholes"] = figures(asked, rank_passages)
    return rows


def by_conversation(title: str, asked: Sequence[Asked]) -> dict[str, Figures]:
    """Figures of all signals: of all conversations, of each, and of those whose questions chose no weight."""
    by_name = {data.name: measured(data, *by_all(DEFAULT_WEIGHTS)) for data in asked}
    rows = {title: averaged([shares for found in by_name.values() for shares in found])}
    if len(by_name) > 1:
        rows |= {f"{title}, {_marked(name)}": averaged(found) for name, found in by_name.items()}
    unseen = [found for name, found in by_name.items() if name not in TUNED_ON]
    if 1 < len(unseen) < len(by_name):
        rows[f"{title}, what was not tuned on"] = averaged([shares for found in unseen for shares in found])
    return rows


def _marked(name: str) -> str:
    return f"{name} (tuned on)" if name in TUNED_ON else name


def by_words(data: Asked, number: int) -> Sequence[int]:
    return _sorted(data.scope.snapshot.passage_index.scores(data.questions[number], ANSERINI))


def by_vectors(data: Asked, number: int) -> Sequence[int]:
    return _sorted(data.scope.snapshot.passage_vectors @ data.vectors[number])


def _sorted(scores: np.ndarray) -> Sequence[int]:
    rows: list[int] = np.argsort(-scores, kind="stable")[:RANKED].tolist()
    return rows


def by_all(weights: RankingWeights) -> tuple[Rank, Rank]:
    """The ranking of passages, and of sessions, by all signals."""

    @lru_cache(maxsize=1)  # of sessions right after those of passages
    def ranking(data: Asked, number: int) -> Ranking:
        query = Query(data.questions[number], data.vectors[number], is_sentence_vector=data.reads_sentences)
        return Ranking([data.scope], query, weights)

    def passages(data: Asked, number: int) -> Sequence[int]:
        return [hit.row for hit in ranking(data, number).passages(RANKED)]

    def sessions(data: Asked, number: int) -> Sequence[int]:
        return [hit.row for hit in ranking(data, number).documents(RANKED)]

    return passages, sessions


@contextmanager
def served(script: Path | None, replayed: Path) -> Iterator[str]:
    """The address of the endpoint that `script` serves, which replays what was extracted; "local" without one."""
    if script is None:
        yield "local"
        return
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, str(script), "--port", str(port)],
        env={**os.environ, "MOCK_REPLAY": str(replayed)},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def prepared(path: Path, endpoint: Path | None, limit: int | None) -> dict[str, list[Asked]]:
    """What is asked about `path`, by the table that it makes."""
    if (data := read_musique(path)) is not None:
        with served(endpoint, path) as llm, environment("sqlite", None, llm):
            # What an endpoint replays is its extraction; its vectors are none.
            os.environ |= {"EMBEDDING_MODEL": "local/wordllama"}
            how = "extracted by local/extractive" if llm == "local" else "extractions replayed"
            return {f"{path.stem}, {how}": [asyncio.run(from_musique(path.stem, data))]}
    tables: dict[str, list[Asked]] = {}
    for name, prepare, by_utterance in (
        ("persisted from sessions", from_sessions, False),
        ("persisted utterance by utterance", from_sessions, True),
        ("added as documents", from_documents, False),
    ):
        conversations = read_conversations(path, limit, by_utterance)
        with environment("sqlite", None, "local"):
            tables[f"{path.stem}, {name}"] = [asyncio.run(prepare(conversation)) for conversation in conversations]
    return tables


def markdown(title: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    columns = list(next(iter(rows.values())))
    lines = [f"## {title}", "", f"| | {' | '.join(columns)} |", "| --- |" + " --: |" * len(columns)]
    lines += [f"| {name} | {' | '.join(f'{value:,.1f}' for value in row.values())} |" for name, row in rows.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="*")
    parser.add_argument(
        "--endpoint", type=Path, metavar="SCRIPT", help="serves the model that extracts MuSiQue's graph"
    )
    parser.add_argument("--limit", type=int, help="only the first so many conversations")
    parser.add_argument("--steps", action="store_true", help="without each step of ranking, too")
    parser.add_argument(
        "--stronger", nargs="?", const=MINILM, choices=EMBEDDERS[1:], help="another embedder, too; needs its extra"
    )
    parser.add_argument("--costs", action="store_true", help="what a query costs, by the number of chunks")
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="where the tables go, and as .json the figures")
    chosen = parser.parse_args()
    tables: dict[str, dict[str, Figures]] = {}
    for path in chosen.data:
        for name, asked in prepared(path, chosen.endpoint, chosen.limit).items():
            questions, passages = (sum(len(getattr(data, what)) for data in asked) for what in ("gold", "holds"))
            title = f"{name}: {questions} questions, {passages} passages"
            tables[title] = compared(asked, chosen.stronger, chosen.steps)
            print(markdown(title, tables[title]), flush=True)
    if chosen.costs:
        tables["What a query costs"] = {f"{chunks:,} chunks": query_cost(chunks) for chunks in COSTS}
        print(markdown("What a query costs", tables["What a query costs"]))
    if chosen.out is not None:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text("\n".join(markdown(title, rows) for title, rows in tables.items()), encoding="utf-8")
        write_figures(chosen.out.with_suffix(".json"), tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
