"""A home whose main dataset holds a graph of `growth_data`, committed as the project's own assets would have done it.

Documents and sessions alternate, a passage and five facts each, of the embedded extractor and embedder: so nothing of
it is due, and what is added to it is work like any other.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.growth_data import Facts, Rows
from sessiongraph.client import SessionGraph
from sessiongraph.extraction.ledger import Passage, window_id
from sessiongraph.extraction.window_extraction import extractor_version
from sessiongraph.ids import content_id, session_document_id, text_id, turn_passage_id
from sessiongraph.persistence.turn_passages import StagedTurn, session_passages
from sessiongraph.prompts.prompt_format import Part, Window
from sessiongraph.services import Services
from sessiongraph.settings import Settings
from sessiongraph.store.graph_store import Transaction
from sessiongraph.types import Dataset

_BULK = 20_000


def build_home(home: Path, count: int) -> None:
    """Make `home`, with about `count` facts in its main dataset and a checkpoint of them."""
    build_datasets(home, {"main_dataset": count})


def build_datasets(home: Path, counts: Mapping[str, int]) -> None:
    """Make `home`, with datasets of about so many facts, by name, each with a checkpoint of them."""
    client = SessionGraph(Settings(home=home))
    services = client.services
    try:
        user = services.access.default_user()
        for name, count in counts.items():
            dataset = services.access.get_or_create_by_key(f"{user.name}/{name}")
            facts, commits = Facts(max(count, 1000)), _Commits(services, dataset)
            while facts.count < count:
                facts.commit(commits, min(_BULK, count - facts.count))  # type: ignore[arg-type]
            services.make_checkpoint(dataset)
    finally:
        services.close()


class _Commits:
    """Takes what `Facts` commits, and commits it with the ids, windows and asset names of the project."""

    def __init__(self, services: Services, dataset: Dataset) -> None:
        self._store, self._owner = services.store(dataset), (dataset.owner_id, dataset.owner_name)
        self._extractor, self._model = extractor_version(services.llm), services.embedder.identity
        self._count = 0

    def write(self, run_id: str, asset: str, change: Callable[[Any], None]) -> None:
        taken = _Taken()
        change(taken)
        rows = taken.rows
        passages = self._renamed(rows)
        windows = self._windows(rows, passages)
        for table in ("mentions", "claims"):
            for row in rows[table]:
                row["window_id"] = windows[row["window_id"]]
        # Facts draws the same names twice for a window now and then: an extractor does not say a thing twice.
        rows["mentions"] = list({tuple(row.values()): row for row in rows["mentions"]}.values())
        self._embed(rows, passages)
        self._commit(rows, passages)

    def _renamed(self, rows: Rows) -> dict[str, Passage]:
        """Give documents and passages the ids that the project gives; returns the passages by their earlier ids."""
        documents = {row["id"]: row for row in rows["documents"]}
        passages = {}
        for row in documents.values():
            row["user_id"], row["user_name"] = self._owner
        for row in rows["chunks"]:
            document, before = documents[row["document_id"]], row["passage_id"]
            row["passage_id"] = content_id("chunk", document["id"], str(row["start"]), str(row["stop"]))
            window = Window(f"document: {document['name']}", (), (Part("document", document["text"]),))
            passages[before] = Passage(row["passage_id"], document["id"], window)
        for row in rows["turns"]:
            document, before = documents[row["document_id"]], row["passage_id"]
            document["id"] = row["document_id"] = session_document_id(self._owner[0], document["session_id"])
            row["passage_id"] = turn_passage_id(document["id"], row["turn_id"])
            passages[before] = self._turn_passage(row)
        return passages

    def _turn_passage(self, row: Mapping[str, Any]) -> Passage:
        said: datetime = row["created_at"]
        turn = (row["passage_id"], row["document_id"], row["turn_id"], row["question"], row["answer"], said)
        [passage] = session_passages([StagedTurn(*turn, 1, None, row["content_hash"], self._owner[1])])
        return passage

    def _windows(self, rows: Rows, passages: Mapping[str, Passage]) -> dict[str, str]:
        """Name windows as the embedded extractor does, in the ledger too; returns their ids by the earlier ones."""
        windows = {}
        for row in rows["ledger"]:
            passage = passages[row["passage_id"]]
            windows[row["window_id"]] = window = window_id(passage.window, self._extractor)
            row |= {"passage_id": passage.id, "window_id": window, "extractor": self._extractor}
        for row in rows["windows"]:
            row["id"] = windows[row["id"]]
        return windows

    def _embed(self, rows: Rows, passages: Mapping[str, Passage]) -> None:
        texts = [row["statement"] for row in rows["claims"]] + [passage.text for passage in passages.values()]
        vectors = zip(texts, rows["embeddings"], strict=True)
        by_text = {text_id(text): row | {"text_id": text_id(text), "model": self._model} for text, row in vectors}
        rows["embeddings"] = list(by_text.values())

    def _commit(self, rows: Rows, passages: Mapping[str, Passage]) -> None:
        self._count += 1
        run_id = f"run-{self._count:05d}"

        def insert(asset: str, *tables: str, of: Callable[[dict[str, Any]], bool] = lambda row: True) -> None:
            def change(tx: Transaction) -> None:
                for table in tables:
                    tx.insert(table, [row for row in rows[table] if of(row)])

            self._store.write(run_id, asset, change)

        turns = {row["passage_id"] for row in rows["turns"]}
        told = {row["window_id"] for row in rows["ledger"] if row["passage_id"] in turns}

        def is_of_turns(row: dict[str, Any]) -> bool:
            return row["passage_id"] in turns if "passage_id" in row else row.get("window_id", row.get("id")) in told

        sessions = [row for row in rows["documents"] if row["kind"] == "session"]
        rows["node_sets"] = [{"document_id": row["id"], "name": "user_sessions_from_cache"} for row in sessions]
        insert("documents", "documents", of=lambda row: row["kind"] != "session")
        insert(
            "session_turns", "documents", "node_sets", "turns", of=lambda row: row.get("kind", "session") == "session"
        )
        evidence = ("ledger", "windows", "mentions", "claims")
        insert("knowledge_graph", "chunks", *evidence, of=lambda row: not is_of_turns(row))
        insert("session_knowledge", *evidence, of=is_of_turns)
        insert("session_knowledge", "embeddings")


class _Taken:
    """Rows by table, where a transaction is asked for."""

    def __init__(self) -> None:
        self.rows: Rows = defaultdict(list)

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        self.rows[table].extend(rows)
