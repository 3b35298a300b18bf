"""Who says what in a passage: conversations are told as lines that start with a name, and questions ask about one.

Or they ask about who asks, who has said the questions of their own turns.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.tokenizer import words

# "Ana Lopes: …", at the start of a line.
_SPOKEN = re.compile(r"^[ \t]*([^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}):[ \t]+(.+)$", re.MULTILINE)

# "How do I …?" and "Can I …?" ask for advice, and "tell me" is no part of what is asked.
_OF_SELF = re.compile(
    r"\b(?:my|mine|myself)\b|(?<!how do )(?<!can )(?<!could )(?<!may )(?<!must )(?<!should )(?<!would )\bI\b",
    re.IGNORECASE,
)


def asks_of_self(query: str) -> bool:
    """Whether `query` asks for what who asks it said, did or has."""
    return _OF_SELF.search(query) is not None


def said_by(passages: pd.DataFrame, rows: Array, user_id: str) -> Array:
    """1 for a turn of the user's own, 0 for turns of others and documents: one of each of `rows`."""
    is_turn = passages["kind"].to_numpy()[rows] == "session"
    return (is_turn & (passages["user_id"].to_numpy()[rows] == user_id)).astype(np.float64)


def said_by_named(texts: Iterable[str], query: str) -> np.ndarray:
    """For each of `texts`, the share of the words of `query` that a speaker whom it names says there: (n,), 0 to 1.

    0 for texts without such lines, and for all where the query names no speaker.
    """
    asked = set(words(query))
    shares = []
    for text in texts:
        said = [(set(words(name)), line) for name, line in _SPOKEN.findall(text)]
        named = [(name, line) for name, line in said if name and name <= asked]
        wanted = asked - {word for name, _ in said for word in name}
        own = {word for _, line in named for word in words(line)}
        shares.append(len(own & wanted) / len(wanted) if named and wanted else 0.0)
    return np.array(shares)
