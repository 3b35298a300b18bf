"""Forgetting, on real conversations: is the graph afterwards the one that never had it, row by row and byte by byte?

    python benchmarks/forgetting.py DATA.json [--limit 2] [--targets 3]

DATA.json has LoCoMo's format (see `locomo`). A conversation's sessions are those of two users in turn, and the start of
each is a document too. Of each kind (a turn, a session, a document, all of a user's sessions), some targets are drawn,
forgotten in a copy of the whole graph, and the copy is held against a graph that was built without them. Words that
only the target had must be in no row and in no byte. Exits with 1 unless all are the same.
"""

import argparse
import asyncio
import random
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.locomo import Conversation, read_conversations
from benchmarks.measure import fresh_home, write_figures
from tests.support.dataset_state import DatasetState, read_state

KINDS = ("turn", "session", "document", "user")
_WHOLE = "whole"
_DOCUMENT_TURNS = 6
_WORD = re.compile(r"[A-Za-z]{5,}")


@dataclass(frozen=True)
class Target:
    """What is forgotten: of `kind`, its turns by (session, turn id), and documents by their text."""

    kind: str
    name: str
    turns: frozenset[tuple[str, str]] = frozenset()
    texts: frozenset[str] = frozenset()


@dataclass
class Found:
    """Of one kind: targets forgotten, turns extracted anew for it, rows that differ, and words that were left."""

    targets: int = 0
    turns: int = 0
    anew: int = 0
    rows: int = 0
    differences: list[str] = field(default_factory=list)
    words: int = 0
    words_left: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.differences or self.words_left)


class Trial:
    """One conversation in a home of its own: what was said, by whom, and the graphs with and without."""

    def __init__(self, conversation: Conversation) -> None:
        from sessiongraph.default_client import default_services
        from sessiongraph.types import Turn

        self._bundle = default_services()
        access = self._bundle.access
        self.owner, self.guest = access.default_user(), access.create_user(f"guest-{conversation.id}")
        self.turns: dict[tuple[str, str], Turn] = {}
        self.texts: list[str] = []
        for number, session in enumerate(conversation.sessions):
            user = (self.owner, self.guest)[number % 2]
            for place, said in enumerate(session.turns):
                key = (session.id, f"{session.id}-{place}")
                moment = session.said_at + timedelta(seconds=place)
                self.turns[key] = Turn(key[1], user.id, session.id, said.question, said.answer, moment)
            self.texts.append("\n".join(f"{it.question} {it.answer}" for it in session.turns[:_DOCUMENT_TURNS]))

    def targets(self, kind: str, count: int, chance: random.Random) -> Iterator[Target]:
        sessions = sorted({session for session, _ in self.turns})
        if kind == "turn":
            for key in chance.sample(sorted(self.turns), count):
                yield Target(kind, key[1], frozenset([key]))
        elif kind == "session":
            for session in chance.sample(sessions, count):
                yield Target(kind, session, frozenset(key for key in self.turns if key[0] == session))
        elif kind == "document":
            for text in chance.sample(self.texts, count):
                yield Target(kind, text[:20], texts=frozenset([text]))
        else:
            theirs = frozenset(key for key, turn in self.turns.items() if turn.user_id == self.guest.id)
            yield Target(kind, self.guest.name, theirs)

    async def build(self, name: str, without: Target | None = None) -> None:
        """A dataset of all that was said and read, but for a target."""
        import sessiongraph

        absent = without or Target("", "")
        await sessiongraph.datasets.create(name)
        await sessiongraph.datasets.grant(name, self.guest, "write")
        await sessiongraph.add([text for text in self.texts if text not in absent.texts], name)
        await sessiongraph.cognify(name)
        cache = self._bundle.cache
        cache.clear()
        kept = [turn for key, turn in self.turns.items() if key not in absent.turns]
        cache.put_turns(kept)
        for user in (self.owner, self.guest):
            ids = sorted({turn.session_id for turn in kept if turn.user_id == user.id})
            dataset = f"{self.owner.name}/{name}"
            await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(user, ids, dataset, create=True)

    async def forget(self, name: str, target: Target) -> int:
        """Copy the whole graph to dataset `name`, forget `target` there, and say how many turns were extracted anew."""
        import sessiongraph
        from sessiongraph.ingestion.ingest import document_id

        await sessiongraph.datasets.create(name)
        copy = self.store(name).path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.store(_WHOLE).path, copy)
        if target.kind == "document":
            (text,) = target.texts
            given: dict[str, Any] = {"document_id": document_id(text)}
        elif target.kind == "user":
            given = {"user": self.guest}
        else:
            session, turn = min(target.turns)
            owner = self.owner if self.turns[session, turn].user_id == self.owner.id else self.guest
            given = {"session_id": session, "user": owner} | ({"turn_id": turn} if target.kind == "turn" else {})
        report = await sessiongraph.forget(name, from_cache=False, **given)
        return report.extracted

    def store(self, name: str):  # type: ignore[no-untyped-def]
        return self._bundle.store(self._bundle.access.resolve(self.owner, name, "read"))

    def state(self, name: str) -> DatasetState:
        return read_state(self.store(name), self._bundle.embedder.identity)

    def own_words(self, target: Target) -> set[str]:
        """The words that only the target has."""
        rest = [f"{turn.question} {turn.answer}" for key, turn in self.turns.items() if key not in target.turns]
        rest += [text for text in self.texts if text not in target.texts]
        own = [f"{self.turns[key].question} {self.turns[key].answer}" for key in target.turns] + list(target.texts)
        common = {word.casefold() for text in rest for word in _WORD.findall(text)}
        return {word for text in own for word in _WORD.findall(text) if word.casefold() not in common}

    def words_in(self, name: str, words: set[str]) -> set[str]:
        """Those of `words` in a row or a byte of the dataset."""
        from sessiongraph.store.schema import TABLES

        store = self.store(name)
        rows = store.read(lambda con: [con.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES])
        told = {word for word in _WORD.findall(repr(rows))}
        data = store.path.read_bytes()
        return {word for word in words if word in told or word.encode() in data}


async def run(conversations: list[Conversation], count: int, console: Console) -> dict[str, Found]:
    found = {kind: Found() for kind in KINDS}
    for conversation in conversations:
        with fresh_home():
            trial = Trial(conversation)
            await trial.build(_WHOLE)
            for kind in KINDS:
                for number, target in enumerate(trial.targets(kind, count, random.Random(conversation.id + kind))):
                    console.print(f"{conversation.id}: forget {kind} {target.name!r}", highlight=False)
                    await _try(trial, target, f"{kind}-{number}", found[kind])
    return found


async def _try(trial: Trial, target: Target, name: str, found: Found) -> None:
    found.anew += await trial.forget(name, target)
    await trial.build(f"never-{name}", without=target)
    kept, never = trial.state(name), trial.state(f"never-{name}")
    found.targets += 1
    found.turns += len(target.turns)
    found.rows += sum(len(rows) for rows in vars(never).values() if isinstance(rows, list))
    found.differences += [f"{target.name}: {table}" for table in kept.differences(never)]
    # A word that the graph has which never had the target comes from elsewhere: from part of another, or a model.
    words = trial.own_words(target) - trial.words_in(f"never-{name}", trial.own_words(target))
    found.words += len(words)
    found.words_left += sorted(trial.words_in(name, words))


def show(console: Console, found: dict[str, Found]) -> None:
    table = Table(title="Forgotten in a copy of the whole graph, beside a graph that never had it")
    for heading in ("kind", "targets", "their turns", "turns extracted anew", "rows compared", "rows that differ in"):
        table.add_column(heading)
    table.add_column("words only theirs")
    table.add_column("words left")
    for kind, it in found.items():
        differ, left = ", ".join(it.differences) or "none", ", ".join(it.words_left) or "none"
        table.add_row(kind, *map(str, (it.targets, it.turns, it.anew, it.rows, differ, it.words, left)))
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=2, help="only the first so many conversations")
    parser.add_argument("--targets", type=int, default=3, help="how many of each kind in each conversation")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    chosen = parser.parse_args()
    console = Console()
    found = asyncio.run(run(read_conversations(chosen.data, chosen.limit), chosen.targets, console))
    show(console, found)
    write_figures(chosen.out, {kind: vars(it) for kind, it in found.items()})
    return 0 if all(it.good for it in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
