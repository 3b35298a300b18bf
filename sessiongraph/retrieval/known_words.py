"""How many of a question's words the searched texts know: what words can say of it at all. Pure."""

from collections import Counter
from collections.abc import Sequence
from math import log1p

from sessiongraph.text_index.bm25_index import BM25View


def known_share(indexes: Sequence[BM25View], query: str) -> float:
    """The share of the words of `query` that any text of `indexes` holds, each word counted by its inverse document
    frequency (BM25's, so that "der" and "ist" count little): 0 to 1, and 1 for a query without words."""
    count = sum(index.count for index in indexes)
    frequencies: Counter[str] = Counter()
    for index in indexes:
        frequencies.update(index.word_frequencies(query))
    weights = {word: log1p((count - texts + 0.5) / (texts + 0.5)) for word, texts in frequencies.items()}
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if frequencies[word]) / total if total else 1.0
