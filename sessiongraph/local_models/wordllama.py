"""The embedding model `local/wordllama`: static token embeddings whose weights ship in the wheel.

Loaded on first use, from the installed package alone: nothing is ever downloaded.
"""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from wordllama.inference import WordLlamaInference

DIMENSIONS = 256


class WordLlama:
    """The model, loaded when it is first used. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: WordLlamaInference | None = None

    def embed(self, texts: list[str]) -> "np.ndarray":
        """Unit vectors of `texts`: float32, shape (len(texts), 256). A text without a known token is all zeros.

        A text's vector depends on that text alone, not on what it is embedded with.
        """
        import numpy as np

        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        filled = [number for number, text in enumerate(texts) if text.strip()]
        with self._lock:
            if self._model is None:
                self._model = _loaded()
            if filled:
                vectors[filled] = self._model.embed([texts[number] for number in filled])
        vectors = np.nan_to_num(vectors, copy=False)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms > 0, norms, 1)


def _loaded() -> "WordLlamaInference":
    wordllama = _imported()
    # Its own default looks in the wrong folder, and then goes to the network.
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, dim=DIMENSIONS, disable_download=True)


def _imported() -> Any:
    """wordllama, without what its import does to the host's logging: basicConfig(INFO), where nobody else set it up."""
    root, placeholder = logging.getLogger(), logging.NullHandler()
    root.addHandler(placeholder)
    try:
        import wordllama
    finally:
        root.removeHandler(placeholder)
    return wordllama
