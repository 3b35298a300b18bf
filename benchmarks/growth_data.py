"""A graph of any size, drawn from a seed and committed in bulk: documents and turns of one passage and five facts each.

Words are as unevenly frequent as in texts, and so are the entities that facts are about: a few are in very many.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from sessiongraph.ids import content_id, text_id
from sessiongraph.store.graph_store import GraphStore, Transaction

MODEL = "growth"
DIMENSIONS = 256
SENTENCE_FACTS = 5
_WORDS, _PASSAGE_WORDS, _STATEMENT_WORDS, _RELATIONS = 30_000, 40, 5, 200
_START = datetime(2024, 1, 1)

Rows = dict[str, list[dict[str, Any]]]


class Facts:
    """`count` facts so far, about entities of which there are a tenth as many as facts in the end."""

    def __init__(self, in_the_end: int) -> None:
        self.count = 0
        self._draw = np.random.default_rng(7)
        self._entities = max(in_the_end // 10, 50)
        letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
        self._words = ["".join(self._draw.choice(letters, size)) for size in self._draw.integers(3, 10, _WORDS)]

    def commit(self, store: GraphStore, facts: int) -> str:
        """Commit `facts` more (a multiple of SENTENCE_FACTS); the statement of the last."""
        rows: Rows = {}
        statement = ""
        for _ in range(0, facts, SENTENCE_FACTS):
            statement = self._add_passage(rows)
        self._add_vectors(rows)

        def insert(tx: Transaction) -> None:
            for table, table_rows in rows.items():
                tx.insert(table, table_rows)

        store.write("run", "growth", insert)
        return statement

    def _add_passage(self, rows: Rows) -> str:
        number = self.count // SENTENCE_FACTS
        document, passage, window = (content_id(kind, str(number)) for kind in ("document", "passage", "window"))
        text, is_turn = " ".join(self._said(_PASSAGE_WORDS)), number % 2 == 1
        row: dict[str, Any] = {
            "id": document,
            "kind": "session" if is_turn else "document",
            "name": f"text {number}",
            "source": None,
        }
        row |= {"text": None if is_turn else text, "user_id": "u", "user_name": "ana", "created_at": _START}
        _add(rows, "documents", row | {"session_id": f"s{number}" if is_turn else None})
        if is_turn:
            row = {
                "passage_id": passage,
                "document_id": document,
                "turn_id": f"t{number}",
                "question": text,
                "answer": "",
            }
            row |= {"content_hash": window, "created_at": _START + timedelta(seconds=number), "position": 1}
            _add(rows, "turns", row | {"score": None, "feedback": None})
        else:
            _add(rows, "chunks", {"passage_id": passage, "document_id": document, "start": 0, "stop": len(text)})
        row = {"passage_id": passage, "window_id": window, "extractor": "x", "disposition": "persisted", "reason": None}
        _add(rows, "ledger", row)
        _add(rows, "windows", {"id": window, "summary": text[:60]})
        speaker = "user" if is_turn else "document"
        return [self._add_fact(rows, window, speaker) for _ in range(SENTENCE_FACTS)][-1]

    def _add_fact(self, rows: Rows, window: str, speaker: str) -> str:
        # The more often an entity is spoken of, the more often again.
        about = (int(self._draw.beta(0.6, 3) * self._entities), int(self._draw.random() * self._entities))
        subject, object_ = map(self._name, about)
        said = " ".join(self._said(_STATEMENT_WORDS))
        statement = f"{subject} {said} {object_} {self.count}."
        row: dict[str, Any] = {
            "window_id": window,
            "subject": subject,
            "relation": f"relation {self.count % _RELATIONS}",
        }
        row |= {"object": object_, "statement": statement, "valid_at": None, "stated_by": speaker}
        _add(rows, "claims", row)
        for name in dict.fromkeys((subject, object_)):
            kind = "Person" if len(name) % 3 else "Place"
            row = {"window_id": window, "name": name, "type": kind, "description": f"{name} of {said}"}
            _add(rows, "mentions", row | {"stated_by": speaker})
        self.count += 1
        return statement

    def _add_vectors(self, rows: Rows) -> None:
        texts = [row["statement"] for row in rows["claims"]]
        texts += [row["question"] for row in rows["turns"]] + [row["text"] for row in rows["documents"] if row["text"]]
        vectors = self._draw.standard_normal((len(texts), DIMENSIONS), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows["embeddings"] = [
            {"text_id": text_id(text), "model": MODEL, "vector": vector.tobytes()}
            for text, vector in zip(texts, vectors, strict=True)
        ]

    def _said(self, words: int) -> list[str]:
        """Words by Zipf's law."""
        return [self._words[rank % _WORDS] for rank in self._draw.zipf(1.3, words).tolist()]

    def _name(self, entity: int) -> str:
        first, second = self._words[entity % _WORDS], self._words[(entity * 7919 + 13) % _WORDS]
        return f"{first.title()} {second.title()} {entity}"


def _add(rows: Rows, table: str, row: dict[str, Any]) -> None:
    rows.setdefault(table, []).append(row)
