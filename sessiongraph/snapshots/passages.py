"""The table of live passages, with their neighbours, full-text indexes and vectors."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from sessiongraph.columnar.growing_arrays import GrowingTable, mask_of
from sessiongraph.columnar.key_index import KeyIndex
from sessiongraph.columnar.saved_arrays import SavedParts
from sessiongraph.columnar.texts import CodedColumn, GrowingTexts
from sessiongraph.columnar.vectors import Array, GrowingVectors, text_hashes
from sessiongraph.ids import text_id
from sessiongraph.prompts.prompt_format import turn_parts
from sessiongraph.snapshots.incremental_read import Columns
from sessiongraph.text_index.bm25_index import BM25Index
from sessiongraph.text_index.tokenizer import Tokenizer

_DISTINCT = ("id", "window_id", "turn_id", "text", "summary", "context")
# Columns whose strings repeat in many rows: each string is kept once.
_REPEATED = ("run_id", "document_id", "kind", "name", "user_id", "session_id")
_TEXTS = (*_DISTINCT, *_REPEATED)
COLUMNS = (*_TEXTS, "said_at", "node_sets", "answer_at")
# An order of passages that does not depend on commits: turns as they were said, after all documents.
ORDER_COLUMNS = ("said", "document_hash", "position", "passage_hash")
_MONTHS = (
    "", "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_EARLIEST = np.iinfo(np.int64).min


class PassageTable(SavedParts):
    """One row for each live passage. A row's number changes only when another is removed."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        numbers = dict.fromkeys(("previous", "next", "slot", "context_slot", "vector"), np.int32)
        places = {"said": np.int64, "document_hash": np.uint64, "position": np.int64, "passage_hash": np.uint64}
        repeated = {name: CodedColumn() for name in _REPEATED}
        self.table = GrowingTable(
            **{name: GrowingTexts() for name in _DISTINCT},
            **repeated,
            node_sets=CodedColumn(lists=True),
            said_at="datetime64[us]",
            answer_at=np.int32,
            is_turn=np.bool_,
            hash=np.uint64,
            **numbers,
            **places,
        )
        self.index = BM25Index(tokenizer, bigrams=True)
        # Of what tools gave, apart from what was said: its length and its words would change how words weigh.
        self.contexts = BM25Index(tokenizer)
        self.vectors = GrowingVectors()
        self._rows = KeyIndex(self.table["id"])
        self._documents = repeated["document_id"]

    def remove(self, ids: list[str]) -> tuple[Array, Array]:
        """Remove those of `ids` that are there.

        Returns the rows that they had, and each old row's new number, -1 for a removed one.
        """
        rows = np.array(sorted(row for id_ in ids if (row := self._rows.pop(id_)) >= 0), np.int32)
        if not len(rows):
            return rows, np.arange(len(self.table), dtype=np.int32)
        gone = self.table.take(rows, "text", "kind", "said_at", "context")
        documents = self._documents.codes[rows]
        self.index.remove(indexed_texts(gone))
        self.contexts.remove([text for text in gone["context"] if text])
        numbers = self.table.remove(rows)
        moved = numbers[(numbers >= 0) & (numbers != np.arange(len(numbers)))]
        self._rows.update(self.table["id"][moved], moved)
        self._link(np.concatenate([documents, self._documents.codes[moved]]))
        return rows, numbers

    def add(self, found: Columns, node_sets: dict[str, list[str]]) -> Array:
        """Add passages as `read_changes` returns them; returns their rows."""
        if not len(found["id"]):
            return np.zeros(0, np.int32)
        is_turn = found["kind"] == "session"
        columns: dict[str, Any] = {name: found[name] for name in _TEXTS}
        columns["answer_at"] = np.full(len(is_turn), -1, np.int32)
        for row in np.flatnonzero(is_turn).tolist():
            parts = turn_parts(found["question"][row], found["answer"][row])
            columns["text"][row] = "\n".join(part.text for part in parts)
            if parts and parts[-1].role == "assistant":
                columns["answer_at"][row] = len(columns["text"][row]) - len(parts[-1].text)
        columns["node_sets"] = [node_sets.get(id_) for id_ in columns["document_id"]]
        columns["is_turn"] = is_turn
        columns["said_at"] = found["said_at"].astype("datetime64[us]")
        columns["said"] = np.where(is_turn, columns["said_at"].astype(np.int64), _EARLIEST)
        columns["position"] = found["position"]
        columns["document_hash"], columns["passage_hash"] = _hashes(columns["document_id"]), _hashes(columns["id"])
        columns["hash"] = text_hashes([text_id(text) for text in columns["text"]])
        columns["previous"] = columns["next"] = columns["vector"] = np.full(len(is_turn), -1, np.int32)
        columns["slot"] = self.index.add(indexed_texts(columns))
        there = np.flatnonzero(columns["context"].astype(bool))
        columns["context_slot"] = np.full(len(is_turn), -1, np.int32)
        columns["context_slot"][there] = self.contexts.add(columns["context"][there].tolist())
        rows = self.table.extend(columns)
        self._rows.update(columns["id"], rows)
        self._link(self._documents.codes[rows])
        return rows

    def users(self, rows: Array) -> Array:
        """The ids of the users who said the passages `rows`; None for those that are no turns."""
        users: Array = self.table["user_id"][rows]
        users[~self.table["is_turn"][rows]] = None
        return users

    def tag(self, node_sets: dict[str, list[str]]) -> None:
        """Give the passages of documents their present node sets."""
        known = self._documents.dictionary
        documents = {code: tags for id_, tags in node_sets.items() if (code := known.get(id_)) is not None}
        rows = self._rows_of(np.array(list(documents), np.int64))
        self.table.put(rows, node_sets=[documents[code] for code in self._documents.codes[rows].tolist()])

    def _link(self, documents: Array) -> None:
        """Link the passages of `documents` anew, each with the ones before and after it."""
        rows = self._rows_of(documents)
        table = self.table
        keys = [table[name][rows] for name in ("passage_hash", "position", "said")]
        rows = rows[np.lexsort((*keys, self._documents.codes[rows]))]
        document = self._documents.codes[rows]
        same = document[1:] == document[:-1]
        previous, following = np.full((2, len(rows)), -1, np.int32)
        previous[1:][same] = rows[:-1][same]
        following[:-1][same] = rows[1:][same]
        table.put(rows, previous=previous, next=following)

    def _rows_of(self, documents: Array) -> Array:
        of_documents = mask_of(documents, len(self._documents.dictionary))
        return np.flatnonzero(of_documents[self._documents.codes]).astype(np.int32)

    def document_numbers(self) -> Array:
        """The number of each row's document, an array that does not change."""
        return self._documents.code_view()

    def _parts(self) -> Iterator[tuple[Any, str]]:
        yield self.table, "table"
        yield self.index, "index"
        yield self.contexts, "contexts"
        yield self.vectors, "vectors"
        yield self._rows, "rows"


def indexed_texts(columns: dict[str, Any]) -> list[str]:
    """The texts that passages are indexed by: their words and, for a turn, the date on which it was said.

    Questions name that date, turns seldom do.
    """
    return [
        f"{text}\n{said_at.year} {said_at.day} {_MONTHS[said_at.month]}" if kind == "session" else text
        for text, kind, said_at in zip(columns["text"], columns["kind"], columns["said_at"].tolist(), strict=True)
    ]


def _hashes(ids: Array) -> Array:
    """Hashes of ids, as an order that is the same everywhere: (n,) uint64."""
    digests = [hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest() for id_ in ids]
    return np.frombuffer(b"".join(digests), "<u8")
