"""Who says what in a passage: conversations are told as lines that start with a name, and questions ask about one."""

import re
from collections.abc import Iterable

import numpy as np

from resources.graph_store.lexical import words

# "Ana Lopes: …", at the start of a line.
_SPOKEN = re.compile(r"^[ \t]*([^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}):[ \t]+(.+)$", re.MULTILINE)


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
