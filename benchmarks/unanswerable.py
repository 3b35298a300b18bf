"""Rate at which questions that nothing answers are answered all the same, and what declining costs the others.

    python benchmarks/unanswerable.py DATA.json [--llm local|http://host:port/v1] [--type TYPE] [--out FIGURES.json]

DATA.json has LoCoMo's format (see `locomo`); its category 5 asks for what was never said, mostly by asking one speaker
about what the other did. Each conversation is persisted into a dataset of its own and asked all of its questions. An
answer claims to know unless it is "I don't know"; of the answerable questions it says too how many answers cite a
passage that holds the gold evidence, and how many of the gold answer's words they have.
"""

import argparse
import asyncio
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.locomo import ANSWERABLE, Conversation, GoldQuestion, read_conversations
from benchmarks.locomo_sessions import environment, put_turns
from benchmarks.measure import Cost, measured, write_figures

_ARTICLES = frozenset(("a", "an", "the"))


@dataclass(frozen=True)
class Asked:
    """A question, what was answered, and whether that was an answer that rests on the gold evidence."""

    conversation: str
    category: int
    question: str
    gold: str
    answer: str
    answered: bool
    evidence_cited: bool
    words_found: float


async def run(conversations: list[Conversation], kind: str) -> tuple[list[Asked], Cost]:
    asked: list[Asked] = []
    turn_of = {conversation.id: await _persisted(conversation) for conversation in conversations}
    with measured() as cost:
        for conversation in conversations:
            for question in conversation.questions:
                asked.append(await _ask(conversation.id, question, turn_of[conversation.id], kind))
    return asked, cost


async def _persisted(conversation: Conversation) -> dict[str, str]:
    """Put the conversation into a dataset of its own; the id of the turn in which each utterance was said."""
    from sessiongraph import datasets, persist_sessions_in_knowledge_graph_pipeline

    await datasets.create(conversation.id)
    turn_of = await put_turns(conversation)
    session_ids = [session.id for session in conversation.sessions]
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=session_ids, dataset=conversation.id, create=True)
    return turn_of


async def _ask(dataset: str, question: GoldQuestion, turn_of: dict[str, str], kind: str) -> Asked:
    import sessiongraph

    [found] = await sessiongraph.search(question.text, sessiongraph.SearchType(kind), datasets=[dataset])
    cited = {citation.turn_id for citation in found.citations}
    return Asked(
        dataset,
        question.category,
        question.text,
        question.answer,
        str(found),
        found.answered,
        found.answered and any(turn_of[dia_id] in cited for dia_id in question.evidence),
        _share(question.answer, str(found)) if found.answered else 0.0,
    )


def _share(gold: str, said: str) -> float:
    """Of the words of `gold`, how many `said` has."""
    wanted = _words(gold)
    return len(wanted & _words(said)) / len(wanted) if wanted else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower())) - _ARTICLES


def figures(asked: list[Asked], cost: Cost) -> dict[str, float]:
    """Shares in percent."""
    known = [one for one in asked if one.category in ANSWERABLE]
    unknown = [one for one in asked if one.category not in ANSWERABLE]

    def percent(found: float, of: list[Asked]) -> float:
        return round(100 * found / len(of), 1) if of else 0.0

    return {
        "unanswerable questions": len(unknown),
        "wrongly claims to know (%)": percent(sum(one.answered for one in unknown), unknown),
        "answerable questions": len(known),
        "answered (%)": percent(sum(one.answered for one in known), known),
        "answered from the gold evidence (%)": percent(sum(one.evidence_cited for one in known), known),
        "words of the gold answer found (%)": percent(sum(one.words_found for one in known), known),
        "milliseconds a question": round(1000 * cost.wall_seconds / len(asked), 1),
    }


def show(console: Console, found: dict[str, float]) -> None:
    table = Table(title="Questions that nothing answers, beside those that something does")
    table.add_column("")
    table.add_column("", justify="right")
    for name, figure in found.items():
        table.add_row(name, f"{figure:,}")
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--llm", default="local", help="local, or the address of an OpenAI-compatible endpoint")
    parser.add_argument("--type", default="GRAPH_COMPLETION", help="the search type that is asked")
    parser.add_argument("--limit", type=int, help="only the first so many conversations")
    parser.add_argument("--out", type=Path, help="where figures and answers go as JSON")
    chosen = parser.parse_args()
    with environment("sqlite", None, chosen.llm):
        asked, cost = asyncio.run(run(read_conversations(chosen.data, chosen.limit), chosen.type))
    found = figures(asked, cost)
    show(Console(), found)
    write_figures(
        chosen.out, {"llm": chosen.llm, "type": chosen.type, **found, "asked": [asdict(one) for one in asked]}
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
