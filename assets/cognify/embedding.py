"""Vectors for what is in the graph: every live passage, and every statement of its claims.

Invariant: what is to be embedded is a set difference too, between the live texts and those that have a vector of this
model. So a call that failed, a process that was killed and an embedder that was changed are all made good by the next
build, and nothing is embedded twice. A text without a vector is still found by its words.
Invariant: all vectors of one model in a dataset have one length; others are refused, for nothing compares with them.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np

from assets.cognify.planning import Passage
from resources.errors import LLMFailedError
from resources.graph_store.store import GraphStore, Transaction
from resources.ids import text_id
from resources.llm.embedder import Embedder
from resources.types import Usage

logger = logging.getLogger("sessiongraph")

# Vectors are committed after this many texts, which bounds what is held in memory and what a kill can cost.
_COMMIT_TEXTS = 4096
# What an endpoint answers where it will not have a text; anything else is a fault of the endpoint.
_REFUSED = (400, 413, 422)


@dataclass
class Embedded:
    """What embedding used, and how many texts are still without a vector."""

    usage: Usage = field(default_factory=Usage)
    missing: int = 0


async def embed_missing(
    store: GraphStore, embedder: Embedder, passages: Sequence[Passage], *, run_id: str, asset: str
) -> Embedded:
    """Give a vector to those live texts of `passages` that have none.

    A text that the endpoint refuses stays without. Raises LLMFailedError where no call can succeed (authentication).
    """
    result = Embedded()
    texts = await asyncio.to_thread(store.read, lambda con: missing_texts(con, passages, embedder.identity))
    for start in range(0, len(texts), _COMMIT_TEXTS):
        batch = texts[start : start + _COMMIT_TEXTS]
        vectors: dict[str, np.ndarray] = {}
        try:
            result.usage += await _embed(embedder, batch, vectors)
            await asyncio.to_thread(
                store.write, run_id, asset, lambda tx, found=vectors: _insert(tx, passages, found, embedder.identity)
            )
        except LLMFailedError as error:
            if error.fatal:
                raise
            logger.warning("%d texts are without a vector until the next run: %s", len(texts) - start, error)
            result.missing += len(texts) - start
            break
        result.missing += len(batch) - len(vectors)
    return result


def missing_texts(connection: duckdb.DuckDBPyConnection, passages: Sequence[Passage], model: str) -> list[str]:
    """The distinct texts of live `passages`, and of their claims, that have no vector of `model`."""
    live = dict(connection.execute("SELECT passage_id, window_id FROM live_windows").fetchall())
    own = {text_id(p.window.text): p.window.text for p in passages if p.id in live}
    rows = connection.execute(
        """SELECT DISTINCT statement FROM claims
        WHERE window_id IN (SELECT unnest($1))
        AND md5(statement) NOT IN (SELECT text_id FROM embeddings WHERE model = $2)""",
        [[live[p.id] for p in passages if p.id in live], model],
    ).fetchall()
    known = connection.execute(
        "SELECT text_id FROM embeddings WHERE model = ? AND text_id IN (SELECT unnest(?))", [model, list(own)]
    ).fetchall()
    for (id_,) in known:
        del own[id_]
    return list(dict.fromkeys([*own.values(), *(statement for (statement,) in rows)]))


async def _embed(embedder: Embedder, texts: list[str], vectors: dict[str, np.ndarray]) -> Usage:
    """Put the vectors of `texts` into `vectors`, by text id; a text that is refused is left out."""
    try:
        found, usage = await embedder.embed(texts)
    except LLMFailedError as error:
        if error.status not in _REFUSED:
            raise
        if len(texts) == 1:
            logger.warning("A text is without a vector, because the embedder refuses it: %s", error)
            return error.usage or Usage()
        middle = len(texts) // 2
        first = await _embed(embedder, texts[:middle], vectors)
        return first + await _embed(embedder, texts[middle:], vectors)
    vectors.update(zip(map(text_id, texts), found, strict=True))
    return usage


def _insert(tx: Transaction, passages: Sequence[Passage], vectors: dict[str, np.ndarray], model: str) -> None:
    """Add `vectors`, but for those that another process added, or whose texts were forgotten, meanwhile.

    Raises LLMFailedError where the model has given the dataset vectors of another length before.
    """
    lengths = tx.connection.execute(
        "SELECT DISTINCT octet_length(vector) // 4 FROM embeddings WHERE model = ?", [model]
    ).fetchall()
    given = {(vector.size,) for vector in vectors.values()}
    if given - set(lengths) and lengths:
        raise LLMFailedError(
            f"{model} gave vectors of {given.pop()[0]} numbers where the dataset has some of {lengths[0][0]}. If the "
            "model behind that name was changed, set EMBEDDING_DIMENSIONS and run cognify(): all is embedded anew.",
            model=model,
        )
    new = vectors.keys() & {text_id(text) for text in missing_texts(tx.connection, passages, model)}
    tx.insert(
        "embeddings",
        [{"text_id": id_, "model": model, "vector": vectors[id_].astype("<f4").tobytes()} for id_ in sorted(new)],
    )
