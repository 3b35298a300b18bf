"""Context scores of passages: from their neighbours, the best passage and the words of their document or session.

A passage that may not be used contributes to no context. Pure.
"""

import numpy as np

from sessiongraph.snapshots.snapshot import Snapshot


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


def document_word_scores(snapshot: Snapshot, scores: np.ndarray) -> np.ndarray:
    """The score of each passage's whole document or session, of which `scores` has one each: (n,); 0 for the only
    passage of one."""
    return np.where(_has_neighbours(snapshot), scores[snapshot.documents], 0) if len(scores) else scores


def allowed_documents(snapshot: Snapshot, mask: np.ndarray | None, count: int) -> np.ndarray:
    """Which of `count` documents have a passage that `mask` allows: (count,) bool."""
    allowed = np.zeros(count, bool)
    allowed[snapshot.documents if mask is None else snapshot.documents[mask]] = True
    return allowed


def _has_neighbours(snapshot: Snapshot) -> np.ndarray:
    return (snapshot.previous >= 0) | (snapshot.next >= 0)
