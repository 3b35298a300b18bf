"""How well turns are found, with no model as a judge: recall against the utterances that answer LoCoMo's questions.

    python benchmarks/retrieval.py DATA.json [--llm local|http://host:port/v1] [--out FIGURES.json]

Each conversation is persisted into a dataset of its own, as `locomo_sessions` does it, and asked all questions that
have evidence. A turn counts when it holds the utterance; R@k is the mean share of a question's utterances that the
best k turns hold. Sessions are ranked by their best turn. Signals are added one by one.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from locomo import Conversation, GoldQuestion, read_conversations
from locomo_sessions import environment, put_turns
from measure import write_figures
from rich.console import Console
from rich.progress import track
from rich.table import Table

from sessiongraph.retrieval import ranking
from sessiongraph.retrieval.ranking import Scope, rank_lexically, rank_passages

DEPTHS = (5, 10, 25)
SESSION_DEPTH = 5

Rank = Callable[[Scope, str, np.ndarray], list[int]]

# The weights that are zero while their signals are not yet added.
_WEIGHTS = ("NEIGHBOUR_WEIGHT", "DOCUMENT_WEIGHT", "ENTITY_WEIGHT")


@dataclass(frozen=True)
class Asked:
    """A conversation as it is searched: its snapshot, its questions' vectors, and what its turns hold."""

    scope: Scope
    questions: list[GoldQuestion]
    vectors: np.ndarray
    dia_ids: list[frozenset[str]]

    @property
    def sessions(self) -> list[str]:
        return list(self.scope.snapshot.passages["session_id"])


async def prepare(conversation: Conversation) -> Asked:
    """Persist the conversation, and read what a search would."""
    from sessiongraph import datasets, persist_sessions_in_knowledge_graph_pipeline
    from sessiongraph.runtime import resources

    dataset, bundle = await datasets.create(conversation.id), resources()
    turn_of = await put_turns(conversation)
    session_ids = [session.id for session in conversation.sessions]
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=session_ids, dataset=conversation.id)
    snapshot = await asyncio.to_thread(bundle.snapshot, dataset)
    vectors, _ = await bundle.embedder.embed([question.text for question in conversation.questions])
    said: dict[str, set[str]] = {}
    for dia_id, turn_id in turn_of.items():
        said.setdefault(turn_id, set()).add(dia_id)
    dia_ids = [frozenset(said[turn_id]) for turn_id in snapshot.passages["turn_id"]]
    return Asked(Scope(dataset, snapshot), conversation.questions, vectors, dia_ids)


def figures(asked: list[Asked], rank: Rank) -> dict[str, float]:
    """Recall of turns and sessions, in percent, and the milliseconds that ranking a question took."""
    shares: dict[str, list[float]] = {}
    seconds = 0.0
    for conversation in asked:
        sessions = conversation.sessions
        session_of = {dia_id: sessions[row] for row, held in enumerate(conversation.dia_ids) for dia_id in held}
        for question, vector in zip(conversation.questions, conversation.vectors, strict=True):
            started = time.perf_counter()
            rows = rank(conversation.scope, question.text, vector)
            seconds += time.perf_counter() - started
            for depth in DEPTHS:
                found = {dia_id for row in rows[:depth] for dia_id in conversation.dia_ids[row]}
                shares.setdefault(f"R@{depth}", []).append(_share(found, question.evidence))
            ranked = list(dict.fromkeys(sessions[row] for row in rows))
            gold = {session_of[dia_id] for dia_id in question.evidence if dia_id in session_of}
            shares.setdefault("sess. Hit@1", []).append(float(bool(gold & set(ranked[:1]))))
            shares.setdefault(f"sess. R@{SESSION_DEPTH}", []).append(_share(set(ranked[:SESSION_DEPTH]), gold))
    questions = sum(len(conversation.questions) for conversation in asked)
    means = {name: round(100 * float(np.mean(values)), 1) for name, values in shares.items()}
    return {**means, "ms": round(1000 * seconds / questions, 2)}


def _share(found: set[str], wanted: set[str] | frozenset[str]) -> float:
    return len(found & wanted) / len(wanted) if wanted else 0.0


def _words(scope: Scope, query: str, vector: np.ndarray) -> list[int]:
    return [hit.row for hit in rank_lexically([scope], query, len(scope.allowed))]


def _meaning(scope: Scope, query: str, vector: np.ndarray) -> list[int]:
    return list(np.argsort(-(scope.snapshot.passage_vectors @ vector), kind="stable"))


def _all(scope: Scope, query: str, vector: np.ndarray) -> list[int]:
    return [hit.row for hit in rank_passages([scope], query, vector, len(scope.allowed))]


def compared(asked: list[Asked]) -> dict[str, dict[str, float]]:
    """Figures by what passages are ranked by."""
    rows = {"words (BM25)": figures(asked, _words), "vectors": figures(asked, _meaning)}
    rows["words + vectors"] = _with_weights(asked, ())
    rows["  + neighbours"] = _with_weights(asked, _WEIGHTS[:1])
    rows["  + session"] = _with_weights(asked, _WEIGHTS[:2])
    rows["  + entities (all)"] = _with_weights(asked, _WEIGHTS)
    return rows


def _with_weights(asked: list[Asked], kept: tuple[str, ...]) -> dict[str, float]:
    with _zeroed([name for name in _WEIGHTS if name not in kept]):
        return figures(asked, _all)


@contextmanager
def _zeroed(weights: list[str]) -> Iterator[None]:
    before = {name: getattr(ranking, name) for name in weights}
    try:
        for name in weights:
            setattr(ranking, name, 0.0)
        yield
    finally:
        for name, weight in before.items():
            setattr(ranking, name, weight)


def show(console: Console, asked: list[Asked], rows: Mapping[str, Mapping[str, float]]) -> None:
    questions = sum(len(conversation.questions) for conversation in asked)
    turns = sum(len(conversation.dia_ids) for conversation in asked)
    table = Table(title=f"{questions} questions to {len(asked)} conversations, {turns} turns")
    table.add_column("ranked by", no_wrap=True)
    for name in next(iter(rows.values())):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.1f}" for value in row.values()))
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--llm", default="local", help="local, or the address of an OpenAI-compatible endpoint")
    parser.add_argument("--limit", type=int, help="only the first so many conversations")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    chosen = parser.parse_args()
    conversations = read_conversations(chosen.data, chosen.limit)
    console = Console()
    with environment("sqlite", None, chosen.llm):
        asked = asyncio.run(_prepare_all(conversations, console))
    rows = compared(asked)
    show(console, asked, rows)
    write_figures(chosen.out, {"llm": chosen.llm, "figures": rows})
    return 0


async def _prepare_all(conversations: list[Conversation], console: Console) -> list[Asked]:
    return [await prepare(conversation) for conversation in track(conversations, "Persisting", console=console)]


if __name__ == "__main__":
    sys.exit(main())
