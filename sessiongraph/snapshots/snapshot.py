"""Snapshots: the live passages of a dataset and, derived from their evidence, its entities and facts.

Invariants:
- Everything shown is a function of the live evidence, never of the order or the runs in which it came. The order of
  rows is none of that: it tells nothing, and whoever orders by score breaks ties by id.
- No entity or fact without evidence. Evidence keeps its own wording; what an entity shows is chosen from it.
- What a user or a document states has priority over what only an assistant claimed.
A snapshot is immutable; nothing here opens a store. It shares its memory with those before and after it
(`growing_arrays`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sessiongraph.columnar.texts import StringCodes
from sessiongraph.columnar.vectors import Array, Vectors
from sessiongraph.entity_resolution.entity_resolver import Merge
from sessiongraph.entity_resolution.speaker_names import speaker_key
from sessiongraph.snapshots.adjacency import Adjacency
from sessiongraph.snapshots.corrected_claims import ClaimKeys, RetractedClaim
from sessiongraph.snapshots.corrections import EntityWord
from sessiongraph.text_index.bm25_index import BM25View
from sessiongraph.text_index.document_bm25 import DocumentIndex


class EntityKeys(Mapping[str, int]):
    """The row of the entity that each name key means. A speaker's label means them where no text names it otherwise."""

    def __init__(self, codes: StringCodes, rows: Array, labelled: Mapping[str, str]) -> None:
        self._codes, self._rows, self._labelled = codes, rows, labelled

    def __getitem__(self, key: str) -> int:
        row = self._row(key)
        if row is None and key in self._labelled:
            row = self._row(self._labelled[key])
        if row is None:
            raise KeyError(key)
        return row

    def evidence_key(self, key: str) -> str:
        """`key`, or that of the speaker whose label it is, where no text names it otherwise."""
        return self._labelled[key] if self._row(key) is None and key in self._labelled else key

    def _row(self, key: str) -> int | None:
        code = self._codes.get(key)
        # A code that was added later belongs to later snapshots.
        if code is None or code >= len(self._rows) or self._rows[code] < 0:
            return None
        return int(self._rows[code])

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes.values[np.flatnonzero(self._rows >= 0)])

    def __len__(self) -> int:
        return int((self._rows >= 0).sum())


@dataclass(frozen=True)
class Snapshot:
    """One state of a dataset.

    `passages`: id, document_id, kind, name, user_id, session_id, turn_id, text, said_at, run_id, window_id, node_sets,
        summary, context. `previous` and `next` are the rows of a passage's neighbours in its document or session, -1
        for none; `documents` numbers documents and sessions; `is_turn` is true of turns and false of chunks.
    `entities`: id, name, type, description, aliases. `facts`: id, subject and object (rows of `entities`), relation,
        statement, valid_at, stated_by, said_at (when it was first said by whom it shows) and, once it is superseded,
        valid_until and superseded_by (the id of the later fact). What a person corrected of it has corrected_by and
        corrected_at, and is `stated_by` "correction" where no passage states it so. `assistant_only` is true of facts
        that only an assistant stated.
    `speaker_labels`: by user id, what whoever says "I" in sessions is called.
    `adjacency`: the edges between passages and entities.
    `mentions`: entity, passage (rows), key, name, type, description, stated_by.
    `claims`: fact, passage (rows), statement, stated_by, and whether a person says that the statement is wrong
        (replaced). `claim_keys` has what each says in normal forms. `retracted`: the claims that a person says are
        wrong, which state no fact.
    `entity_words`: what people said of entities, by name key.
    `passage_vectors`, `fact_vectors`: (n, d) float32, L2-normalised; zeros where a text has no embedding.
    `passage_index`, `fact_index`, `document_index`: BM25 over the texts of passages, of facts and of whole documents.
    `context_index`: BM25 over the contexts of turns, of the passages `context_rows`: what tools gave, and nobody said.
    `nbytes`: rough size in memory, most of which snapshots of one dataset share.
    """

    passages: pd.DataFrame
    previous: Array
    next: Array
    documents: Array
    is_turn: Array
    entities: pd.DataFrame
    entity_keys: EntityKeys
    speaker_labels: Mapping[str, str]
    merges: Sequence[Merge]
    facts: pd.DataFrame
    assistant_only: Array
    adjacency: Adjacency
    mentions: pd.DataFrame
    claims: pd.DataFrame
    claim_keys: ClaimKeys
    retracted: Sequence[RetractedClaim]
    entity_words: Mapping[str, EntityWord]
    passage_vectors: Vectors
    fact_vectors: Vectors
    passage_index: BM25View
    fact_index: BM25View
    document_index: DocumentIndex
    context_index: BM25View
    context_rows: Array
    nbytes: int

    def speaker(self, user_id: str) -> int | None:
        """The row of the entity that the user is, if they have said anything of themselves."""
        return self.entity_keys.get(speaker_key(user_id))

    @cached_property
    def users_by_entity(self) -> dict[int, str]:
        """By row, the ids of the users whom entities are."""
        rows = ((self.speaker(user_id), user_id) for user_id in self.speaker_labels)
        return {row: user_id for row, user_id in rows if row is not None}

    @property
    def is_empty(self) -> bool:
        return self.passages.empty

    def claims_of(self, fact: int) -> Array:
        """The rows of the claims of a fact, in order of priority and then of time."""
        rows = np.flatnonzero(self.claims["fact"].to_numpy() == fact)
        passages = self.claims["passage"].to_numpy()[rows]
        by_assistant = (self.claims["stated_by"].iloc[rows] == "assistant").to_numpy()
        order = np.lexsort((passages, self.passages["said_at"].to_numpy()[passages], by_assistant))
        return rows[order]
