"""Estimated tokens of texts in prompts, and what fits into a budget of them. Pure: no tokenizer is loaded."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

# English has 4 to 5 letters a token; other scripts have about one, some more.
CHARS_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """About how many tokens `text` takes."""
    ascii_ = sum(map(str.isascii, text))
    return ascii_ // CHARS_PER_TOKEN + len(text) - ascii_


def first_fitting(items: Sequence[T], render: Callable[[Sequence[T]], str], tokens: int) -> Sequence[T]:
    """As many of `items`, from the first on, as `render` makes a text of at most `tokens` of."""
    counts = range(1, len(items) + 1)
    return items[: bisect_right(counts, tokens, key=lambda count: estimated_tokens(render(items[:count])))]
