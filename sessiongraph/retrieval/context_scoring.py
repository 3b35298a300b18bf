"""What the conversation or document around a passage lends to it: its neighbours, the best passage, the words in all.

A passage that may not be used lends nothing. Pure.
"""

from collections.abc import Sequence

import numpy as np

from sessiongraph.retrieval.score_fusion import z_scores
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.text_index.bm25_index import Occurrences
from sessiongraph.text_index.document_bm25 import DocumentIndex


def neighbours(snapshot: Snapshot, scores: np.ndarray) -> np.ndarray:
    """The sum of the scores of the turns before and after each one, in the same session: (n,).

    0 for a chunk: it was cut to stand for itself, where a turn leans on what was said around it.
    """
    padded = np.append(scores, np.float32(0))  # where there is none, its row is -1
    return np.where(snapshot.is_turn, padded[snapshot.previous] + padded[snapshot.next], np.float32(0))


def best_of_document(snapshot: Snapshot, scores: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """The best score in each passage's document or session, its own among them: (n,); 0 where it is alone in it."""
    documents = snapshot.documents
    if not len(documents):
        return scores
    best = np.full(int(documents.max()) + 1, -np.inf, np.float32)
    np.maximum.at(best, documents, scores if allowed is None else np.where(allowed, scores, -np.inf))
    return np.where(_in_company(snapshot), np.where(np.isfinite(best), best, 0)[documents], 0)


def words_of_documents(
    snapshots: Sequence[Snapshot], asked: Sequence[Sequence[Occurrences]], allowed: Sequence[np.ndarray | None]
) -> list[np.ndarray]:
    """How well each passage's whole document or session fits the words `asked`: z-scores of BM25; 0 if it is alone."""
    found = [_document_index(snapshot).scores(words) for snapshot, words in zip(snapshots, asked, strict=True)]
    masks = [
        _holding(snapshot, mask, len(scores)) for snapshot, mask, scores in zip(snapshots, allowed, found, strict=True)
    ]
    fitting = z_scores(found, masks)
    return [
        np.where(_in_company(snapshot), scores[snapshot.documents], 0) if len(scores) else scores
        for snapshot, scores in zip(snapshots, fitting, strict=True)
    ]


def _in_company(snapshot: Snapshot) -> np.ndarray:
    return (snapshot.previous >= 0) | (snapshot.next >= 0)


def _holding(snapshot: Snapshot, mask: np.ndarray | None, count: int) -> np.ndarray:
    """Which documents hold a passage that `mask` allows."""
    holding = np.zeros(count, bool)
    holding[snapshot.documents if mask is None else snapshot.documents[mask]] = True
    return holding


def _document_index(snapshot: Snapshot) -> DocumentIndex:
    """That of `snapshot`, made once and kept as functools.cached_property does."""
    kept: DocumentIndex | None = vars(snapshot).get("_document_index")
    if kept is None:
        kept = vars(snapshot)["_document_index"] = DocumentIndex(snapshot.passage_index, snapshot.documents)
    return kept
