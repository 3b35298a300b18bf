"""Vectors for what is in the graph: every live passage, and every statement of its claims.

Invariant: what is to be embedded is a set difference too, between the live texts and those that have a vector of this
model. So a call that failed, a process that was killed and an embedder that was changed are all made good by the next
build, and nothing is embedded twice. A text without a vector is still found by its words.
Invariant: all vectors of one model in a dataset have one length; others are refused, for nothing compares with them.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sessiongraph.errors import LLMFailedError
from sessiongraph.extraction.ledger import Passage
from sessiongraph.ids import text_id
from sessiongraph.llm.embedder import Embedder
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.types import Progress, ProgressCallback, Usage

logger = logging.getLogger("sessiongraph")

# Vectors are committed after this many texts, which bounds what is held in memory and what a kill can cost.
_COMMIT_TEXTS = 4096

# Of some passages, those that are in the graph, and each one's window.
_LIVE = """
SELECT passage_id, window_id FROM (
    SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger
    WHERE disposition <> 'failed' AND passage_id IN (SELECT unnest($1))) newest
WHERE nth = 1 AND disposition = 'persisted'
"""
# Which of some texts, and of the statements of some windows, have no vector: statements with a window, texts without.
# The vectors are gone through once, and only those of these are looked at.
_MISSING = """
WITH asked AS (
    SELECT md5(statement) AS id, statement, min(window_id) AS window_id FROM claims
    WHERE window_id IN (SELECT unnest($1)) AND seq IN (SELECT seq FROM windows WHERE id IN (SELECT unnest($1)))
    GROUP BY statement
    UNION ALL SELECT unnest($2), NULL, NULL)
SELECT id, statement, window_id FROM asked
WHERE id NOT IN (SELECT text_id FROM embeddings WHERE model = $3 AND text_id IN (SELECT id FROM asked))
"""


@dataclass
class EmbeddingReport:
    """What embedding used, how many texts it gave a vector, and how many are still without one.

    `asked_for` counts the texts that had none, by a document that has them.
    `unanswered` are those of them for which the embedder gave no answer, with the `error` of it: they may well have
    one the next time, unlike those that it refuses.
    """

    usage: Usage = field(default_factory=Usage)
    asked_for: Counter[str] = field(default_factory=Counter)
    embedded: int = 0
    missing: int = 0
    unanswered: int = 0
    error: LLMFailedError | None = None


async def embed_missing(
    store: GraphStore,
    embedder: Embedder,
    passages: Sequence[Passage],
    *,
    run_id: str,
    asset: str,
    progress: ProgressCallback | None = None,
) -> EmbeddingReport:
    """Give a vector to those live texts of `passages` that have none.

    A text that the endpoint refuses stays without. Raises LLMFailedError where no call can succeed (authentication).
    """
    report = EmbeddingReport()
    missing = await asyncio.to_thread(store.read, lambda con: missing_texts(con, passages, embedder.identity))
    texts, report.asked_for = list(missing), Counter(passage.document_id for passage in missing.values())
    for start in range(0, len(texts), _COMMIT_TEXTS):
        batch = texts[start : start + _COMMIT_TEXTS]
        if progress is not None:
            progress(Progress("texts embedded", start, len(texts), report.missing))
        having = [missing[text] for text in batch]
        vectors: dict[str, np.ndarray] = {}
        try:
            report.usage += await _embed(embedder, batch, vectors)
            await asyncio.to_thread(
                store.write,
                run_id,
                asset,
                lambda tx, having=having, vectors=vectors: _insert(tx, having, vectors, embedder.identity),
            )
        except LLMFailedError as error:
            if error.fatal:
                raise
            logger.warning("%d texts are without a vector until the next run: %s", len(texts) - start, error)
            report.unanswered, report.error = len(texts) - start, error
            report.missing += report.unanswered
            break
        report.embedded += len(vectors)
        report.missing += len(batch) - len(vectors)
    return report


def missing_texts(connection: StoreConnection, passages: Sequence[Passage], model: str) -> dict[str, Passage]:
    """The distinct texts of live `passages`, and of their claims, that have no vector of `model`.

    Each with one of the passages that have it.
    """
    windows = dict(connection.execute(_LIVE, [[passage.id for passage in passages]]).fetchall())
    live = [passage for passage in passages if passage.id in windows]
    passage_of = {windows[passage.id]: passage for passage in live}
    by_text = {text_id(passage.text): passage for passage in live}
    found = connection.execute(_MISSING, [list(passage_of), list(by_text), model]).fetchall()
    statements = {statement: passage_of[window_id] for _, statement, window_id in found if window_id is not None}
    said = (by_text[id_] for id_, _, window_id in found if window_id is None)
    return statements | {passage.text: passage for passage in said}


async def _embed(embedder: Embedder, texts: list[str], vectors: dict[str, np.ndarray]) -> Usage:
    """Put the vectors of `texts` into `vectors`, by text id; a text that gets none is left out, and told."""
    rows, usage = await embedder.embed_each(texts)
    vectors.update(
        (text_id(text), row) for text, row in zip(texts, rows, strict=True) if not isinstance(row, LLMFailedError)
    )
    if refused := [row for row in rows if isinstance(row, LLMFailedError)]:
        logger.warning("%d texts are without a vector, because the embedder refuses them: %s", len(refused), refused[0])
    return usage


def _insert(tx: Transaction, having: Sequence[Passage], vectors: dict[str, np.ndarray], model: str) -> None:
    """Add `vectors`, but for those that another process added, or whose texts were forgotten, meanwhile.

    The passages `having` have the texts. Raises LLMFailedError where the dataset has vectors of another length of
    that model.
    """
    stored = tx.connection.execute("SELECT octet_length(vector) FROM embeddings WHERE model = ? LIMIT 1", [model])
    lengths = {length // 4 for (length,) in stored.fetchall()}
    given = {vector.size for vector in vectors.values()}
    if given - lengths and lengths:
        raise LLMFailedError(
            f"{model} gave vectors of {given.pop()} numbers where the dataset has some of {lengths.pop()}. If the "
            "model behind that name was changed, set EMBEDDING_DIMENSIONS and run cognify(): all is embedded anew.",
            model=model,
        )
    new = vectors.keys() & {text_id(text) for text in missing_texts(tx.connection, having, model)}
    tx.insert(
        "embeddings",
        [{"text_id": id_, "model": model, "vector": vectors[id_].astype("<f4").tobytes()} for id_ in sorted(new)],
    )
