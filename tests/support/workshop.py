"""The plain steps as the assets and the API call them, over one dataset's store, for tests of `assets`.

Everything is real: DuckDB, SQLite and HTTP. `rows` shows a store as what it says, without when and by which commit.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sessiongraph.extraction.build_graph import KnowledgeReport, build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.ids import new_id
from sessiongraph.ingestion.ingest import ingest
from sessiongraph.ingestion.parsing import ParsedDocument
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.persistence.persist import PersistReport, persist_sessions
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.session_cache.sqlite import SqliteSessionCache
from sessiongraph.settings import load_settings
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import Turn, User

NOON = datetime(2024, 5, 8, 12, tzinfo=UTC)

# What a store says: commits, and the moment of ingestion, are how it came to say it.
_SAYS = {
    "documents": "id, kind, name, text, user_id, session_id",
    "node_sets": "document_id, name",
    "chunks": "passage_id, document_id, start, stop",
    "current_turns": "passage_id, question, answer, content_hash, created_at, position, score",
    "current_ledger": "passage_id, window_id, disposition, reason",
    "live_windows": "passage_id, window_id",
    "windows": "id, summary",
    "mentions": "window_id, name, type, description, stated_by",
    "claims": "window_id, subject, relation, object, statement, valid_at, stated_by",
    "embeddings": "text_id, model, vector",
}


@dataclass
class Workshop:
    """One user's cache, models and dataset under `home`."""

    home: Path
    user: User
    cache: SessionCache
    llm: LLM
    embedder: Embedder
    store: GraphStore

    @classmethod
    def at(cls, home: Path) -> "Workshop":
        """With the models of the environment."""
        settings = load_settings()
        cache = SqliteSessionCache(home / "sessions.sqlite", settings.session_ttl_seconds)
        store = DuckDBStore(home / "dataset" / "graph.duckdb", wait_seconds=30)
        return cls(home, User("user-1", "ana"), cache, LLM(settings), Embedder(settings), store)

    def other_store(self, name: str = "other") -> DuckDBStore:
        return DuckDBStore(self.home / name / "graph.duckdb")

    def say(self, session_id: str, *turns: tuple[str, str], ids: Sequence[str] | None = None) -> list[str]:
        """Add turns to a session, a minute apart; their ids, which tell their place where none are given."""
        said = len(self.cache.get_turns(self.user.id, session_id))
        made = [
            Turn(
                ids[n] if ids else f"{session_id}-{said + n}",
                self.user.id,
                session_id,
                question,
                answer,
                NOON + timedelta(minutes=said + n),
            )
            for n, (question, answer) in enumerate(turns)
        ]
        self.cache.put_turns(made)
        return [turn.turn_id for turn in made]

    async def persist(self, *session_ids: str, store: DuckDBStore | None = None, **options: Any) -> PersistReport:
        """Persist sessions into the dataset, or into another's `store`. Raises what ended it."""
        report = await persist_sessions(
            self.cache,
            store or self.store,
            options.pop("llm", self.llm),
            self.embedder,
            self.user,
            session_ids,
            run_id=new_id(),
            **options,
        )
        if report.failure is not None:
            raise report.failure
        return report

    async def add(self, *texts: str, store: DuckDBStore | None = None, node_sets: Sequence[str] = ()) -> list[str]:
        """Store documents; their ids."""
        documents = [ParsedDocument(name="text", source=None, text=text, media_type="text/plain") for text in texts]
        report = await ingest(store or self.store, documents, user=self.user, node_sets=node_sets, run_id=new_id())
        return report.document_ids

    async def cognify(self, *texts: str, store: DuckDBStore | None = None, **options: Any) -> KnowledgeReport:
        """Add documents, and bring all that there are into the graph. Raises what ended it."""
        if texts:
            await self.add(*texts, store=store)
        await chunk_documents(store or self.store, "chunk")
        report = await build_knowledge(
            store or self.store,
            options.pop("llm", self.llm),
            self.embedder,
            read_chunk_passages,
            run_id=new_id(),
            asset="knowledge_graph",
            **options,
        )
        if report.failure is not None:
            raise report.failure
        return report


def rows(store: GraphStore) -> dict[str, Counter[tuple[Any, ...]]]:
    """All that the store says, table by table; a row that is there twice counts twice."""
    return {
        table: Counter(store.read(lambda con, query=f"SELECT {columns} FROM {table}": con.execute(query).fetchall()))
        for table, columns in _SAYS.items()
    }


def doubled(store: GraphStore) -> list[tuple[Any, ...]]:
    """Whatever stands in the store more than once and must not."""
    return [row for table in rows(store).values() for row, count in table.items() if count > 1] + store.read(
        lambda con: con.execute(
            """SELECT passage_id, count(*) FROM ledger WHERE disposition <> 'failed'
            GROUP BY passage_id, window_id, disposition HAVING count(*) > 1"""
        ).fetchall()
    )


def entities(store: DuckDBStore) -> set[str]:
    """Names in the live evidence."""
    query = "SELECT DISTINCT name FROM mentions WHERE window_id IN (SELECT window_id FROM live_windows)"
    return {name for (name,) in store.read(lambda con: con.execute(query).fetchall())}
