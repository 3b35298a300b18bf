"""Texts that are longer than what an embedder reads: told by its refusal, cut in two, and put together again.

The vector of a whole is the mean of its parts', weighted by their lengths, as in OpenAI's cookbook ("Embedding texts
that are longer than the model's maximum context length").
"""

import re

import numpy as np

from sessiongraph.errors import LLMFailedError

# How servers say it: "maximum context length is 8192 tokens", "must have less than 512 tokens", "input is too long",
# "exceeds the context length", "too large to process. increase the physical batch size".
_ABOUT_LENGTH = re.compile(
    r"context.?length|too (?:long|large|many tokens)|(?:less|fewer) than \d+ tokens|"
    r"(?:maximum|max)\b.{0,30}(?:length|tokens)|exceed\w*\b.{0,40}(?:length|limit|tokens|context)",
    re.IGNORECASE | re.DOTALL,
)
# Nothing so short is too long: another fault is worded like it.
_FEWEST_CHARS = 100


def is_about_length(error: LLMFailedError) -> bool:
    """Whether a text was refused because it is too long."""
    return bool(_ABOUT_LENGTH.search(str(error)))


def halves(text: str) -> tuple[str, str] | None:
    """The halves of `text`, parted between two words where its middle has a space; None of what is short."""
    if len(text) < _FEWEST_CHARS:
        return None
    middle = len(text) // 2
    space = text.rfind(" ", middle // 2, middle)
    cut = space + 1 if space >= 0 else middle
    return text[:cut], text[cut:]


def mean(vectors: tuple[np.ndarray, np.ndarray], lengths: tuple[int, int]) -> np.ndarray:
    """The vector (d,) of a text whose parts have these `vectors`, each (d,), and `lengths`."""
    units = [vector / (np.linalg.norm(vector) or 1) for vector in vectors]
    return np.average(units, axis=0, weights=lengths).astype(np.float32)
