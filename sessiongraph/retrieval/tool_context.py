"""What tools gave and what was attached, as sources: the contexts of turns that a question's words are found in.

What was said goes first. A context is a source only where it has more of the question's words than any one of the
sources that were found; it is told apart from what somebody said, and an excerpt of it is shown. By words alone: it is
data more often than sentences. Pure.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from sessiongraph.columnar.vectors import Array
from sessiongraph.retrieval.scope import Hit, Scope, passage_hits
from sessiongraph.text_index.bm25_index import ANSERINI
from sessiongraph.text_index.tokenizer import Tokenizer

# Contexts among the sources of one question, and those that are looked at.
_MOST = 2
_CONSIDERED = 20
_EXCERPT = 800
# A line that is longer is looked at in pieces.
_PIECE = re.compile(r"[^\n]{1,300}(?:\s|\Z)|[^\n]{1,300}|\n")


def context_hits(scopes: Sequence[Scope], query: str, found: Iterable[str]) -> list[tuple[Hit, str]]:
    """Turns whose context has more of the words of `query` than any text that was `found`, with an excerpt of it."""
    scopes = [scope for scope in scopes if len(scope.snapshot.context_rows)]
    if not scopes:
        return []
    tokenizer = scopes[0].snapshot.context_index.tokenizer
    wanted = set(tokenizer.query_stems(query))
    least = max((_covered(text, wanted, tokenizer) for text in found), default=0)
    hits = [hit for scope in scopes for hit in _best(scope, query)]
    counted = [(hit, _covered(_context(hit), wanted, tokenizer)) for hit in hits]
    better = [(hit, count) for hit, count in counted if count > least]
    best = sorted(better, key=lambda it: (-it[1], -it[0].score, it[0].id))[:_MOST]
    return [(hit, _excerpt(_context(hit), wanted, tokenizer)) for hit, _ in best]


def _best(scope: Scope, query: str) -> list[Hit]:
    snapshot = scope.snapshot
    scores: Array = snapshot.context_index.scores(query, ANSERINI)
    usable = np.flatnonzero((scores > 0) & scope.allowed[snapshot.context_rows])
    order = np.argsort(-scores[usable], kind="stable")[:_CONSIDERED]
    best = usable[order]
    return passage_hits(scope, snapshot.context_rows[best], scores[best])


def _covered(text: str, wanted: set[str], tokenizer: Tokenizer) -> int:
    return len(wanted.intersection(tokenizer.stems(text)))


def _excerpt(text: str, wanted: set[str], tokenizer: Tokenizer) -> str:
    """The part of `text` with most of what is wanted: whole lines, or pieces of long ones."""
    if len(text) <= _EXCERPT:
        return text
    pieces = _PIECE.findall(text)
    counts = [_covered(piece, wanted, tokenizer) for piece in pieces]
    start = stop = max(range(len(pieces)), key=lambda place: (counts[place], -place))
    length, grown = len(pieces[start]), True
    while grown:
        grown = False
        for at in (stop + 1, start - 1):
            if 0 <= at < len(pieces) and length + len(pieces[at]) <= _EXCERPT:
                start, stop, length, grown = min(start, at), max(stop, at), length + len(pieces[at]), True
    cut = "".join(pieces[start : stop + 1]).strip()
    return f"{'… ' if start else ''}{cut}{' …' if stop < len(pieces) - 1 else ''}"


def _context(hit: Hit) -> str:
    return str(hit.scope.snapshot.passages["context"].iloc[hit.row])
