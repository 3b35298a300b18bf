"""What readers see of a dataset: the live passages and, derived from their evidence, entities and facts.

Invariants:
- Everything shown is a function of the live evidence, never of the order or the runs in which it came. The order of
  rows is none of that: it tells nothing, and whoever orders by score breaks ties by id.
- No entity or fact without evidence. Evidence keeps its own wording; what an entity shows is chosen from it.
- What a user or a document states stands above what only an assistant claimed.
A snapshot is immutable; nothing here opens a store. It shares its memory with those before and after it (`growing`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import Codes
from sessiongraph.columnar.vectors import Array, Vectors
from sessiongraph.entity_resolution.entity_resolver import Merge
from sessiongraph.snapshots.adjacency import Adjacency
from sessiongraph.text_index.bm25_index import LexicalView


class EntityKeys(Mapping[str, int]):
    """Row of the entity that each name key means."""

    def __init__(self, codes: Codes, rows: Array) -> None:
        self._codes, self._rows = codes, rows

    def __getitem__(self, key: str) -> int:
        code = self._codes.get(key)
        # A code that came later is another snapshot's.
        if code is None or code >= len(self._rows) or self._rows[code] < 0:
            raise KeyError(key)
        return int(self._rows[code])

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes.values.array[: len(self._rows)][self._rows >= 0])

    def __len__(self) -> int:
        return int((self._rows >= 0).sum())


@dataclass(frozen=True)
class Snapshot:
    """One state of a dataset.

    `passages`: id, document_id, kind, name, user_id, session_id, turn_id, text, said_at, run_id, window_id, node_sets,
        summary. `previous` and `next` are the rows of a passage's neighbours in its document or session, -1 for none;
        `documents` numbers these; `is_turn` is true of turns and false of chunks.
    `entities`: id, name, type, description, aliases. `facts`: id, subject and object (rows of `entities`), relation,
        statement, valid_at, stated_by, said_at (when it was first said by whom it shows), and, where a later one closed
        it, valid_until and superseded_by (the id of that). `claimed` is true of those that only an assistant stated.
    `adjacency`: who stands next to whom.
    `mentions`: entity, passage (rows), key, name, type, description, stated_by.
    `claims`: fact, passage (rows), statement, stated_by.
    `passage_vectors`, `fact_vectors`: (n, d) float32, L2-normalised; zeros where a text has no embedding.
    `nbytes`: rough size in memory, most of which snapshots of one dataset share.
    """

    passages: pd.DataFrame
    previous: Array
    next: Array
    documents: Array
    is_turn: Array
    entities: pd.DataFrame
    entity_keys: EntityKeys
    merges: Sequence[Merge]
    facts: pd.DataFrame
    claimed: Array
    adjacency: Adjacency
    mentions: pd.DataFrame
    claims: pd.DataFrame
    passage_vectors: Vectors
    fact_vectors: Vectors
    passage_index: LexicalView
    fact_index: LexicalView
    nbytes: int

    @property
    def is_empty(self) -> bool:
        return self.passages.empty

    def stating(self, fact: int) -> Array:
        """The rows of the claims of a fact, best standing first, and of those what was said earlier."""
        rows = np.flatnonzero(self.claims["fact"].to_numpy() == fact)
        passages = self.claims["passage"].to_numpy()[rows]
        by_assistant = self.claims["stated_by"].to_numpy()[rows] == "assistant"
        order = np.lexsort((passages, self.passages["said_at"].to_numpy()[passages], by_assistant))
        return rows[order]


def load_snapshot(connection: duckdb.DuckDBPyConnection, embedding_model: str) -> Snapshot:
    """Read and derive the present state of the dataset behind `connection`."""
    from sessiongraph.snapshots.snapshot_builder import Derivation  # which makes snapshots, and so imports this module

    return Derivation(embedding_model).refresh(connection)
