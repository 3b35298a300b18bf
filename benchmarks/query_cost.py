"""Cost of ranking passages and facts for a question, by the number of chunks: milliseconds and memory.

The texts are made up from a seed: each names three of the people, places and things that there are, with a fact between
two of them, and filler whose words are as unevenly common as those of English (Zipf). No model is asked.
"""

import random
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from sessiongraph.ids import text_id
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.ranking import Ranking
from sessiongraph.retrieval.scope import Scope
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction
from sessiongraph.text_index.tokenizer import Tokenizer
from sessiongraph.types import Dataset

DIMENSIONS = 256
QUERIES = 50
_MODEL = "made-up"
_DOCUMENT_CHUNKS = 10


def query_cost(chunks: int) -> dict[str, float]:
    """Figures of a dataset of `chunks`, with a fact in each; `ms` are those of ranking both kinds, warm."""
    with tempfile.TemporaryDirectory(prefix="sessiongraph-benchmark-") as folder:
        store = DuckDBStore(Path(folder) / "graph.duckdb")
        made = random.Random(chunks)
        names = [f"Name{number} Surname{number % 997}" for number in range(max(chunks // 2, 10))]
        store.write("run", "benchmark", lambda tx: _fill(tx, chunks, names, made))
        snapshot = store.read(lambda connection: SnapshotBuilder(_MODEL, Tokenizer()).refresh(connection))
    scope = Scope(Dataset("made-up", "made-up", "u", "u"), snapshot)
    vectors = _unit(np.random.default_rng(chunks), QUERIES)
    started = time.perf_counter()
    _ask(scope, made.choice(names), vectors[0])
    first = time.perf_counter() - started
    seconds, computed = [], []
    for vector in vectors:
        started, before = time.perf_counter(), time.process_time()
        _ask(scope, made.choice(names), vector)
        seconds.append(time.perf_counter() - started)
        computed.append(time.process_time() - before)
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    cpu_p50, cpu_p95 = np.percentile(computed, (50, 95)) * 1000
    return {
        "chunks": chunks,
        "facts": len(snapshot.facts),
        "first ms": round(1000 * first, 1),
        "p50 ms": round(float(p50), 1),
        "p95 ms": round(float(p95), 1),
        "CPU p50 ms": round(float(cpu_p50), 1),
        "CPU p95 ms": round(float(cpu_p95), 1),
        "MB": round(snapshot.nbytes / 1e6, 1),
    }


def _ask(scope: Scope, name: str, vector: np.ndarray) -> None:
    ranking = Ranking([scope], Query(f"Where did {name} move last year?", vector, date(2024, 5, 8)))
    ranking.passages(10)
    ranking.facts(10)


def _fill(tx: Transaction, chunks: int, names: list[str], made: random.Random) -> None:
    rows: dict[str, list[dict[str, object]]] = {
        table: [] for table in ("documents", "chunks", "windows", "mentions", "claims", "ledger", "embeddings")
    }
    words = [f"word{number}" for number in range(20_000)]
    shares = np.cumsum(1 / np.arange(1, len(words) + 1)).tolist()
    vectors = _unit(np.random.default_rng(1), 2 * chunks)
    for first in range(0, chunks, _DOCUMENT_CHUNKS):
        document, text = f"d{first}", ""
        for number in range(first, min(first + _DOCUMENT_CHUNKS, chunks)):
            subject, object_, other = made.sample(names, 3)
            statement = f"{subject} moved to {object_}."
            chunk = f"{statement} {other} {' '.join(made.choices(words, cum_weights=shares, k=40))}."
            id_ = f"p{number}"
            rows["chunks"].append(
                {"passage_id": id_, "document_id": document, "start": len(text), "stop": len(text) + len(chunk)}
            )
            rows["windows"].append({"id": id_, "summary": ""})
            for name in (subject, object_, other):
                rows["mentions"].append(
                    {"window_id": id_, "name": name, "type": "Concept", "description": "", "stated_by": "document"}
                )
            claim = {"subject": subject, "relation": "moved near", "object": object_, "statement": statement}
            rows["claims"].append({"window_id": id_, **claim, "valid_at": None, "stated_by": "document"})
            entry: dict[str, object] = {
                "passage_id": id_,
                "window_id": id_,
                "extractor": "x",
                "disposition": "persisted",
                "reason": None,
            }
            rows["ledger"].append(entry)
            for said, vector in ((chunk, vectors[2 * number]), (statement, vectors[2 * number + 1])):
                rows["embeddings"].append({"text_id": text_id(said), "model": _MODEL, "vector": vector.tobytes()})
            text += chunk
        row: dict[str, object] = {"id": document, "kind": "document", "name": document, "source": None, "text": text}
        row |= {"user_id": "u", "user_name": "u", "session_id": None, "created_at": date(2024, 1, 1)}
        rows["documents"].append(row)
    distinct = {str(row["text_id"]): row for row in rows["embeddings"]}
    rows["embeddings"] = list(distinct.values())
    for table, some in rows.items():
        tx.insert(table, some)


def _unit(random_: np.random.Generator, count: int) -> np.ndarray:
    vectors = random_.standard_normal((count, DIMENSIONS), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
