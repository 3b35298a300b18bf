"""What sessions and datasets should hold, in plain dictionaries: what the state machine holds the real thing against.

It knows the rules of what becomes of a turn in its own words; nothing here is taken from the code under test but the
types that it is given, and the builder of an undisturbed dataset.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.extraction.corrections import write
from sessiongraph.ingestion.ingest import ingest
from sessiongraph.ingestion.parsing import ParsedDocument
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.persistence.persist import persist_sessions
from sessiongraph.store.connection import Row
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.types import Turn, User

USER = User("user-1", "ana")
# The model fails on whatever holds this word, for as long as the endpoint is told so.
POISON = "Poisonville"


@dataclass(frozen=True)
class Said:
    """A turn as the model knows it."""

    question: str
    answer: str
    created_at: datetime
    score: int | None = None


Session = dict[str, Said]


def in_order(session: Session) -> list[tuple[str, Said]]:
    """A session's turns as they were said; no two at the same moment."""
    return sorted(session.items(), key=lambda item: item[1].created_at)


def verdicts(session: Session) -> dict[str, tuple[str, str | None]]:
    """What must become of each turn, and why."""
    found: dict[str, tuple[str, str | None]] = {}
    kept: set[tuple[str, str]] = set()
    for turn_id, said in in_order(session):
        words = (said.question, said.answer)
        if not "".join(words).strip():
            found[turn_id] = ("skipped", "empty")
        elif said.score in (1, 2):
            found[turn_id] = ("skipped", f"rated {said.score} of 5")
        elif said.answer == "I don't know.":
            found[turn_id] = ("skipped", "no answer was given")
        elif words in kept:
            found[turn_id] = ("skipped", "repeats an earlier turn")
        else:
            found[turn_id] = ("persisted", None)
            kept.add(words)
    return found


def may_fail(session: Session, turn_id: str) -> bool:
    """Whether a failing model can have been asked about this turn: the word is in it or was said before it."""
    turns = in_order(session)
    place = [id_ for id_, _ in turns].index(turn_id)
    return any(POISON in said.question + said.answer for _, said in turns[: place + 1])


@dataclass
class ReferenceCache:
    """Sessions that live, and every turn that was ever said."""

    sessions: dict[str, Session] = field(default_factory=dict)
    ever: dict[tuple[str, str], Said] = field(default_factory=dict)

    def put(self, session_id: str, turn_id: str, said: Said) -> None:
        self.sessions.setdefault(session_id, {})[turn_id] = self.ever[session_id, turn_id] = said

    def drop(self, session_id: str, turn_id: str) -> None:
        del self.sessions[session_id][turn_id]
        if not self.sessions[session_id]:
            del self.sessions[session_id]

    def turns(self) -> Iterator[tuple[str, str]]:
        return ((session_id, turn_id) for session_id, session in self.sessions.items() for turn_id in session)


@dataclass
class ReferenceDataset:
    """What a dataset was given: texts, the latest version of every turn that it was given, and corrections (a table,
    and a row of it)."""

    documents: list[str] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    corrections: list[tuple[str, Row]] = field(default_factory=list)

    def stage(self, session_id: str, session: Session) -> None:
        self.sessions.setdefault(session_id, {}).update(session)

    def forget_turn(self, session_id: str, turn_id: str) -> None:
        del self.sessions[session_id][turn_id]
        if not self.sessions[session_id]:
            del self.sessions[session_id]


def turn(session_id: str, turn_id: str, said: Said, position: int = 0) -> Turn:
    made = Turn(turn_id, USER.id, session_id, said.question, said.answer, said.created_at, position)
    return replace(made, score=said.score)


def document(text: str) -> ParsedDocument:
    return ParsedDocument("text", None, text, "text/plain")


async def build_undisturbed(path: Path, reference: ReferenceDataset, llm: LLM, embedder: Embedder) -> DuckDBStore:
    """What `reference` was given, in one run into a new store."""
    store = DuckDBStore(path)
    if reference.documents:
        # One after another: of two documents without a day, the one that came in later is the newer.
        for text in reference.documents:
            await ingest(store, [document(text)], user=USER, node_sets=[], run_id="reference")
        await chunk_documents(store, "reference")
        built = await build_knowledge(
            store, llm, embedder, read_chunk_passages, run_id="reference", asset="knowledge_graph"
        )
        assert built.failure is None
    if reference.sessions:
        given = {
            session_id: [turn(session_id, *item, position=place) for place, item in enumerate(in_order(session))]
            for session_id, session in reference.sessions.items()
        }
        cache = SimpleNamespace(get_turns=lambda user_id, session_id: given[session_id], note_staged=lambda turns: None)
        models = (llm, embedder)
        persisted = await persist_sessions(cache, store, *models, USER, list(given), run_id="reference")  # type: ignore[arg-type]
        assert persisted.failure is None
    for table, row in reference.corrections:
        correct(store, table, row)
    return store


def correct(store: DuckDBStore, table: str, row: Row) -> None:
    write(store, table, [row], USER, run_id="correct", asset="x")
