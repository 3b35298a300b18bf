"""Drafts: what a model has written of an answer so far, for whoever looks on; the answer is read when it is whole.

Invariant: no draft holds what a model thought. Some only say where a thought ends, so the first answer of a model is
not shown as it comes; of one that thinks so, nothing is shown before the end of the thought.
"""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from sessiongraph.llm.thinking import without_thinking

# Gets the whole of what was written, each time that it has grown.
OnDraft = Callable[[str], None]

_SECONDS_BETWEEN = 0.05


class Drafts:
    """The drafts of one model."""

    def __init__(self) -> None:
        # Whether it was seen to think aloud; None until it has answered.
        self._thinks: bool | None = None
        self.are_refused = False

    def learn(self, said: str) -> None:
        """Learn from a whole answer whether the model thinks aloud; one that did once may do so again."""
        self._thinks = bool(self._thinks) or without_thinking(said) != said.strip()

    async def collect(self, stream: AsyncIterator[Any], on_draft: OnDraft) -> list[Any]:
        """All pieces of `stream`; `on_draft` is told of what they say as they come."""
        pieces, written, shown, shown_at = [], "", "", 0.0
        async for piece in stream:
            pieces.append(piece)
            written += _text(piece)
            if time.monotonic() - shown_at < _SECONDS_BETWEEN:
                continue
            draft = self._visible(written)
            if draft and draft != shown:
                shown, shown_at = draft, time.monotonic()
                on_draft(draft)
        return pieces

    def _visible(self, written: str) -> str:
        answer = without_thinking(written)
        is_after_a_thought = answer != written.strip()
        return answer if self._thinks is False or (self._thinks and is_after_a_thought) else ""


def _text(piece: Any) -> str:
    """What a piece of litellm's adds to the answer."""
    choices = getattr(piece, "choices", None) or []
    content = getattr(getattr(choices[0], "delta", None), "content", None) if choices else None
    return content if isinstance(content, str) else ""
