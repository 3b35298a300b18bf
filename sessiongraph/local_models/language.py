"""Telling English, which the embedded parser knows, from other languages, of which it would make nonsense."""

import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# How much likelier another language must be: short lines of English with names often look a little like others.
_LIKELIER = 15.0
_CHARS = 1000
# No other language has these, so that most English is told without the model (half a second to load).
_ENGLISH_WORDS = re.compile(
    r"\b(?:the|and|my|your|their|with|from|where|what|when|which|who|how|does|did|are|have|has|they|she|you|this|that|"
    r"of|for|was|were|been|would|will)\b|\b(?:I|i)(?:'m|'ve|'ll|'d| am)\b"
)


class EnglishDetector:
    """Whether texts are English. Thread-safe; loads its model when it is first in doubt."""

    def __init__(self) -> None:
        self._identifier: LanguageIdentifier | None = None
        self._lock = threading.Lock()

    def is_english(self, text: str) -> bool:
        """Whether the words of `text` are English, or of no language that can be told."""
        text = text[:_CHARS]
        if text.isascii() and len(_ENGLISH_WORDS.findall(text)) * 8 >= len(text.split()):
            return True
        if not any(letter.isalpha() for letter in text):
            return True
        with self._lock:
            likelihoods = dict(self._model().rank(text))
        return max(likelihoods.values()) < _LIKELIER * max(likelihoods["en"], 1e-12)

    def _model(self) -> "LanguageIdentifier":
        if self._identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        return self._identifier
