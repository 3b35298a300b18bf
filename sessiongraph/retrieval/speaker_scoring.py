"""Speaker scores: passages that were said by whom the question names, or by the user who asks about themselves.

A transcript's lines start with the speaker's name; the question of a session's turn was said by its user.
"""

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd
import regex

from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.tokenizer import Tokenizer

# "Ana Lopes: …" or "李娜：…", at the start of a line.
_SPOKEN_LINE = regex.compile(
    r"^[ \t]*(\p{L}[\p{L}\p{M}\p{N}_.'’-]*(?: [\p{L}\p{M}\p{N}_.'’-]+){0,3})(?::[ \t]+|：[ \t]*)(.+)$", regex.MULTILINE
)


def own_turn_scores(passages: pd.DataFrame, rows: Array, user_ids: Collection[str]) -> Array:
    """By passage of `rows`: 1 for a turn of one of these users, 0 for turns of others and documents."""
    is_turn = passages["kind"].array[rows] == "session"
    return (is_turn & np.isin(passages["user_id"].array[rows], list(user_ids))).astype(np.float64)


def named_speaker_scores(texts: Iterable[str], query: str, tokenizer: Tokenizer) -> np.ndarray:
    """By text: the share of the words of `query` that a speaker whom it names says there: (n,), 0 to 1.

    0 for texts without lines of speakers, and for all where the query names no speaker.
    """
    stems = tokenizer.stems
    query_words = set(stems(query))
    shares = []
    for text in texts:
        lines = [(set(stems(name)), line) for name, line in _SPOKEN_LINE.findall(text)]
        of_named = [(name, line) for name, line in lines if name and name <= query_words]
        content = query_words - {word for name, _ in lines for word in name}
        said = {word for _, line in of_named for word in stems(line)}
        shares.append(len(said & content) / len(content) if of_named and content else 0.0)
    return np.array(shares)
