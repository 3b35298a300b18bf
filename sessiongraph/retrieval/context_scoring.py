"""Context scores of passages: from their neighbours, the best passage and the words of their document or session.

A passage that may not be used contributes to no context. Pure.
"""

from collections.abc import Sequence

import numpy as np

from sessiongraph.retrieval.score_fusion import z_scores
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.text_index.bm25_index import Postings


def neighbour_scores(snapshot: Snapshot, scores: np.ndarray) -> np.ndarray:
    """The sum of the scores of the turns before and after each one, in the same session: (n,).

    0 for a chunk: it was cut to stand for itself, whereas a turn depends on what was said before and after it.
    """
    padded = np.append(scores, np.float32(0))  # the row of a missing neighbour is -1
    return np.where(snapshot.is_turn, padded[snapshot.previous] + padded[snapshot.next], np.float32(0))


def best_document_scores(snapshot: Snapshot, scores: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """The best score in each passage's document or session, its own included: (n,); 0 for the only passage of one."""
    documents = snapshot.documents
    if not len(documents):
        return scores
    best = np.full(int(documents.max()) + 1, -np.inf, np.float32)
    np.maximum.at(best, documents, scores if allowed is None else np.where(allowed, scores, -np.inf))
    return np.where(_has_neighbours(snapshot), np.where(np.isfinite(best), best, 0)[documents], 0)


def document_word_scores(
    snapshots: Sequence[Snapshot], postings: Sequence[Sequence[Postings]], allowed: Sequence[np.ndarray | None]
) -> list[np.ndarray]:
    """The z-score of the BM25 score of each passage's whole document or session: (n,); 0 for the only passage of one.

    `postings` are those of the question's words, by snapshot.
    """
    found = [snapshot.document_index.scores(words) for snapshot, words in zip(snapshots, postings, strict=True)]
    masks = [
        _allowed_documents(snapshot, mask, len(scores))
        for snapshot, mask, scores in zip(snapshots, allowed, found, strict=True)
    ]
    return [
        np.where(_has_neighbours(snapshot), scores[snapshot.documents], 0) if len(scores) else scores
        for snapshot, scores in zip(snapshots, z_scores(found, masks), strict=True)
    ]


def _has_neighbours(snapshot: Snapshot) -> np.ndarray:
    return (snapshot.previous >= 0) | (snapshot.next >= 0)


def _allowed_documents(snapshot: Snapshot, mask: np.ndarray | None, count: int) -> np.ndarray:
    """Which of `count` documents have a passage that `mask` allows."""
    allowed = np.zeros(count, bool)
    allowed[snapshot.documents if mask is None else snapshot.documents[mask]] = True
    return allowed
