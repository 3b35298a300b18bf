"""What ratings of answers say about the passages and facts that the answers used.

Derived from the turns that a dataset holds, with their scores, so that a changed rating or a forgotten turn takes its
weight along. Invariants: only who may write a dataset moves what is found in it, for only they bring turns into it; a
weight is within ±MOST; a user counts once for each passage or fact, by their mean, however often they ask and rate.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from sessiongraph.errors import StoreBusyError
from sessiongraph.llm.lru_cache import RecentlyUsed
from sessiongraph.services import Services
from sessiongraph.types import Dataset

# In standard deviations of the scores that rank; what unanimous users without number approach.
MOST = 0.5
# How many users' silence a weight starts from: one user alone moves a third of MOST.
_SILENT = 2

# By dataset's key: the weight of each passage and fact, by id.
Weights = Mapping[str, Mapping[str, float]]

_RATINGS = f"""
SELECT element, {MOST} * sum(rating) / (count(*) + {_SILENT}) FROM (
    SELECT element, user_id, avg((score - 3) / 2) AS rating FROM (
        SELECT unnest(list_distinct(t.elements)) AS element, t.score, d.user_id
        FROM current_turns t JOIN documents d ON d.id = t.document_id WHERE t.score IS NOT NULL)
    GROUP BY element, user_id)
GROUP BY element HAVING sum(rating) <> 0
"""

_known: RecentlyUsed[tuple[object, Mapping[str, float]]] = RecentlyUsed(64)


def weights(services: Services, datasets: Sequence[Dataset]) -> Weights:
    """The weights in each of `datasets`; those last known where a writer has the store. Blocks."""
    return {dataset.key: _weights(services, dataset) for dataset in datasets}


def _weights(services: Services, dataset: Dataset) -> Mapping[str, float]:
    store = services.store(dataset)
    key, state = str(Path(store.path).resolve()), store.signature()
    seen = _known.get(key)
    if seen is not None and seen[0] == state:
        return seen[1]
    try:
        found = store.read(_rated, wait_seconds=0.0)
    except StoreBusyError:
        return seen[1] if seen else {}
    _known.put(key, (state, found))
    return found


def _rated(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    return {element: float(weight) for element, weight in connection.execute(_RATINGS).fetchall()}
