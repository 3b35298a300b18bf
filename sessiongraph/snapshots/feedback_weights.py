"""Feedback weights: what users' ratings of answers say about the passages and facts that the answers used.

Derived from the rated turns that a dataset holds, so that a changed rating or a forgotten turn takes its weight along.
Invariants: only who may write a dataset influences its ranking, for only they bring turns into it; a weight is within
±MAX_WEIGHT; a user counts once for each passage or fact, by the mean of their ratings, however often they rate.
"""

import threading
from collections.abc import Mapping

from cachetools import LRUCache

from sessiongraph.errors import StoreBusyError
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore

# In standard deviations of ranking scores; the limit that the unanimous ratings of very many users approach.
MAX_WEIGHT = 0.5
# Users without an opinion that a weight starts from: one user alone moves it by a third of MAX_WEIGHT.
_PRIOR_USERS = 2
_REMEMBERED_STORES = 64

# By id of a passage or fact.
Weights = Mapping[str, float]

_RATINGS = f"""
SELECT element, {MAX_WEIGHT} * sum(rating) / (count(*) + {_PRIOR_USERS}) FROM (
    SELECT element, user_id, avg((score - 3) / 2.0) AS rating FROM (
        SELECT DISTINCT t.passage_id, unnest(t.elements) AS element, t.score, d.user_id
        FROM current_turns t JOIN documents d ON d.id = t.document_id WHERE t.score IS NOT NULL) rated
    GROUP BY element, user_id) opinions
GROUP BY element HAVING sum(rating) <> 0
"""


class FeedbackWeights:
    """Reads the weights of stores, and remembers them for as long as the stores do not change.

    Methods block; they may be called from several threads.
    """

    def __init__(self) -> None:
        # By key of a store: its signature, and the weights that were read then.
        self._known: LRUCache[str, tuple[object, Weights]] = LRUCache(_REMEMBERED_STORES)
        self._guard = threading.Lock()

    def read(self, store: GraphStore) -> Weights:
        """The weights in `store`; those last known, or none, while a writer has it."""
        key = store.key
        with self._guard:
            known = self._known.get(key)
        try:
            signature = store.signature()
            if known is not None and known[0] == signature:
                return known[1]
            weights = store.read(_read_weights, wait_seconds=0.0)
        except StoreBusyError:
            return known[1] if known else {}
        with self._guard:
            self._known[key] = (signature, weights)
        return weights


def _read_weights(connection: StoreConnection) -> Weights:
    return {element: float(weight) for element, weight in connection.execute(_RATINGS).fetchall()}
