"""Long windows: a turn with a pasted log or letter is cut for extraction as a document is, and what comes of it joined.

Invariant: length alone decides, and only of what is too long for one call. A window's id is that of the whole, so none
is read anew for being cut; each piece has what was said before it, the turn's own earlier pieces included, as context.
"""

from collections import Counter
from collections.abc import Iterable

from sessiongraph.extraction.chunking import chunk_offsets
from sessiongraph.extraction.window_extraction import CALL_CHARS, WindowExtraction
from sessiongraph.prompts.prompt_format import CONTEXT_PARTS, Part, Window, as_context


def cut(window: Window) -> list[Window]:
    """What `window` is extracted in: itself where it fits into a call, else a piece of each chunk of its parts."""
    if sum(len(part.text) for part in window.parts) <= CALL_CHARS:
        return [window]
    context = window.context
    pieces = []
    for part in window.parts:
        for start, stop in chunk_offsets(part.text):
            piece = Part(part.role, part.text[start:stop])
            pieces.append(Window(window.source, context, (piece,)))
            context = (*context, *as_context([piece]))[-CONTEXT_PARTS:]
    return pieces


class LongWindows:
    """Windows of which the pieces are extracted, and what was extracted so far of those that are not complete."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self._pieces = {window: cut(window) for window in windows}
        self._having: dict[Window, list[Window]] = {}
        for window, pieces in self._pieces.items():
            for piece in pieces:
                self._having.setdefault(piece, []).append(window)
        self._extracted: dict[Window, dict[Window, WindowExtraction]] = {}

    @property
    def pieces(self) -> list[Window]:
        """What is to be extracted, in order."""
        return list(self._having)

    def take(self, extraction: WindowExtraction) -> list[tuple[WindowExtraction, str | None]]:
        """The windows that are complete with `extraction`, of one piece, as `_join` returns them."""
        complete = []
        for window in self._having[extraction.window]:
            extracted = self._extracted.setdefault(window, {})
            extracted[extraction.window] = extraction
            pieces = self._pieces[window]
            if len(extracted) == len(set(pieces)):
                complete.append(_join(window, [extracted[piece] for piece in pieces]))
                del self._extracted[window]  # or every answer would be kept until the last one is there
        return complete


def _join(window: Window, pieces: list[WindowExtraction]) -> tuple[WindowExtraction, str | None]:
    """What was extracted from `window`, piece by piece, and what is to be said of pieces that were left out.

    A piece that is at fault itself hides nothing that stands beside it. Where the service is at fault, or all pieces
    are, the window fails.
    """
    errors = [piece.error for piece in pieces if piece.error is not None]
    transient = next((error for error in errors if error.transient), None)
    if transient is not None or len(errors) == len(pieces):
        return WindowExtraction(window, error=transient or errors[0]), None
    joined = WindowExtraction(
        window,
        next((piece.summary for piece in pieces if piece.summary), None),
        _distinct(row for piece in pieces for row in piece.mentions),
        _distinct(row for piece in pieces for row in piece.claims),
        dropped=sum((piece.dropped for piece in pieces), Counter()),
    )
    return joined, f"{len(errors)} of its {len(pieces)} parts could not be read: {errors[0]}" if errors else None


def _distinct(rows: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    return list({tuple(row.items()): row for row in rows}.values())
