"""Real conversations through the whole of session persistence: cached, persisted, the cache cleared, asked about.

    python benchmarks/locomo_sessions.py DATA.json [--cache sqlite|redis] [--llm local|http://host:port/v1]

DATA.json has LoCoMo's format (see `locomo`). Each conversation gets a dataset of its own. Exits with 1 unless the
ledger accounts for every turn exactly once and a second persist calls no model.
"""

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.locomo import ANSWERABLE, Conversation, GoldQuestion, read_conversations
from benchmarks.measure import Cost, fresh_home, measured, redis_server, write_figures

QUESTIONS = 10

# What LLM_MODEL and EMBEDDING_MODEL are called at an endpoint that is given by its address.
_SERVED_MODEL = "openai/mock"


@dataclass
class Answer:
    question: str
    gold: str
    answer: str
    answered: bool
    citations: list[str]
    evidence_cited: bool


@dataclass
class Result:
    """What became of one conversation; `unaccounted` and `repeated` are turns without and with several ledger rows."""

    conversation: str
    sessions: int
    turns: int
    put: Cost = field(default_factory=Cost)
    persist: Cost = field(default_factory=Cost)
    ledger: dict[str, int] = field(default_factory=dict)
    unaccounted: int = 0
    repeated: int = 0
    cache_emptied: bool = False
    usage: dict[str, Any] = field(default_factory=dict)
    entities: int = 0
    facts: int = 0
    again: Cost = field(default_factory=Cost)
    again_calls: int = 0
    search: Cost = field(default_factory=Cost)
    answers: list[Answer] = field(default_factory=list)

    @property
    def exactly_once(self) -> bool:
        return self.unaccounted == self.repeated == 0 and sum(self.ledger.values()) == self.turns

    @property
    def passed(self) -> bool:
        return self.exactly_once and self.cache_emptied and self.again_calls == 0


async def run(conversations: list[Conversation]) -> list[Result]:
    return [await _run(conversation) for conversation in conversations]


async def _run(conversation: Conversation) -> Result:
    import sessiongraph
    from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist

    result = Result(conversation.id, len(conversation.sessions), conversation.turns)
    await sessiongraph.datasets.create(conversation.id)
    with measured() as result.put:
        turn_of = await put_turns(conversation)
    session_ids = [session.id for session in conversation.sessions]
    with measured() as result.persist:
        report = await persist(session_ids=session_ids, dataset=conversation.id, create=True)
    result.usage = asdict(report.usage)
    await sessiongraph.sessions.clear()
    result.cache_emptied = not await sessiongraph.sessions.list_sessions()
    await _check_ledger(result, set(turn_of.values()))
    graph = await sessiongraph.graph(dataset=conversation.id)
    result.entities, result.facts = graph.number_of_nodes(), graph.number_of_edges()
    with measured() as result.again:
        report = await persist(session_ids=session_ids, dataset=conversation.id, create=True)
    result.again_calls = report.usage.calls + report.usage.embedding_calls
    questions = [question for question in conversation.questions if question.category in ANSWERABLE][:QUESTIONS]
    with measured() as result.search:
        result.answers = [await _ask(conversation.id, question, turn_of) for question in questions]
    return result


async def put_turns(conversation: Conversation) -> dict[str, str]:
    """Put the conversation's turns into the cache; the id of the turn in which each utterance was said."""
    from sessiongraph import sessions

    turn_of: dict[str, str] = {}
    for session in conversation.sessions:
        for turn in session.turns:
            turn_id = await sessions.add_turn(
                session.id, turn.question, turn.answer, created_at=session.said_at, dataset=conversation.id
            )
            turn_of |= dict.fromkeys(turn.dia_ids, turn_id)
    return turn_of


async def _check_ledger(result: Result, turn_ids: set[str]) -> None:
    """Hold the turns that were put against the dataset's own store."""
    from sessiongraph.api.context import acting_user, permitted
    from sessiongraph.default_client import default_services

    services = default_services()
    dataset = await permitted(services, await acting_user(services, None), result.conversation, "read")
    rows = await asyncio.to_thread(
        services.store(dataset).read,
        lambda connection: connection.execute(
            """SELECT turn_id, disposition, reason
            FROM current_ledger JOIN current_turns USING (passage_id)"""
        ).fetchall(),
    )
    counted = Counter(turn_id for turn_id, _, _ in rows)
    result.unaccounted = len(turn_ids - counted.keys())
    result.repeated = sum(count > 1 for count in counted.values())
    named = (disposition + (f": {reason}" if reason else "") for _, disposition, reason in rows)
    result.ledger = dict(Counter(named).most_common())


async def _ask(dataset: str, question: GoldQuestion, turn_of: dict[str, str]) -> Answer:
    import sessiongraph

    [found] = await sessiongraph.search(question.text, datasets=[dataset])
    cited = {citation.turn_id for citation in found.citations}
    return Answer(
        question.text,
        question.answer,
        str(found),
        found.answered,
        [f"{citation.kind} {citation.name}: {citation.text}" for citation in found.citations],
        any(turn_of[dia_id] in cited for dia_id in question.evidence),
    )


@contextmanager
def environment(cache: str, redis: str | None, llm: str) -> Iterator[None]:
    """The settings of the run: an empty home, the cache (a Redis of its own unless `redis` says which), the models."""
    with ExitStack() as stack:
        stack.enter_context(fresh_home())
        os.environ |= {"CACHING": "true", "CACHE_BACKEND": cache}
        if cache == "redis":
            host, _, port = (redis or f"127.0.0.1:{stack.enter_context(redis_server())}").rpartition(":")
            os.environ |= {"CACHE_HOST": host, "CACHE_PORT": port}
        if llm == "local":
            models = {"LLM_MODEL": "local/extractive", "EMBEDDING_MODEL": "local/wordllama"}
        else:
            models = dict.fromkeys(("LLM_MODEL", "EMBEDDING_MODEL"), _SERVED_MODEL)
            models |= dict.fromkeys(("LLM_ENDPOINT", "EMBEDDING_ENDPOINT"), llm)
            models |= {"LLM_API_KEY": os.environ.get("LLM_API_KEY", "none")}
        os.environ |= models
        yield


def show(console: Console, results: list[Result]) -> None:
    for result in results:
        _show_answers(console, result)
    table = Table(title="Conversations persisted, each into a dataset of its own")
    table.add_column("")
    for result in results:
        table.add_column(result.conversation)
    for row in zip(*map(_figures, results), strict=True):
        table.add_row(row[0][0], *(figure for _, figure in row))
    console.print(table)


def _show_answers(console: Console, result: Result) -> None:
    table = Table(title=f"{result.conversation}, asked after its cache was cleared", show_lines=True)
    for heading in ("question", "gold answer", "answer", "citations", "evidence cited"):
        table.add_column(heading)
    for answer in result.answers:
        cited = "yes" if answer.evidence_cited else "no"
        table.add_row(answer.question, answer.gold, answer.answer, str(len(answer.citations)), cited)
    console.print(table)


def _figures(result: Result) -> list[tuple[str, str]]:
    usage, cited = result.usage, sum(answer.evidence_cited for answer in result.answers)
    once = "yes" if result.exactly_once else f"NO: {result.unaccounted} missing, {result.repeated} repeated"
    return [
        ("sessions", f"{result.sessions}"),
        ("turns put into the cache", f"{result.turns} in {result.put.wall_seconds:.2f} s"),
        ("turns in the ledger", ", ".join(f"{count} {what}" for what, count in result.ledger.items())),
        ("each exactly once", once),
        ("persisted in", f"{result.persist.wall_seconds:.2f} s, {result.persist.cpu_seconds:.2f} CPU s"),
        ("peak memory", f"{result.persist.peak_rss_mb:.0f} MB"),
        ("chat + embedding calls", f"{usage['calls']} + {usage['embedding_calls']}"),
        ("tokens in / out", f"{usage['prompt_tokens']:,} / {usage['completion_tokens']:,}"),
        ("entities, facts", f"{result.entities}, {result.facts}"),
        ("persisted again in", f"{result.again.wall_seconds:.2f} s, {result.again_calls} calls"),
        ("questions asked in", f"{len(result.answers)} in {result.search.wall_seconds:.2f} s"),
        ("evidence cited", f"{cited} of {len(result.answers)}"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", choices=("sqlite", "redis"), default="sqlite")
    parser.add_argument("--redis", metavar="HOST:PORT", help="an empty Redis 7+; without it, one is started")
    parser.add_argument("--llm", default="local", help="local, or the address of an OpenAI-compatible endpoint")
    parser.add_argument("--limit", type=int, help="only the first so many conversations")
    parser.add_argument("--out", type=Path, help="where figures and answers go as JSON")
    chosen = parser.parse_args()
    conversations = read_conversations(chosen.data, chosen.limit)
    with environment(chosen.cache, chosen.redis, chosen.llm):
        results = asyncio.run(run(conversations))
    show(Console(), results)
    run_of = {"cache": chosen.cache, "llm": chosen.llm}
    write_figures(chosen.out, {**run_of, "results": [{**asdict(it), "passed": it.passed} for it in results]})
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
