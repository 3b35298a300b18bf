"""A model's context window: asked for where that can be done, and the tokens read held against what was sent.

Ollama, and servers like it, drop the front of a prompt that is longer than their window, with HTTP 200: only the number
of tokens that they have read tells.
"""

import os
from collections.abc import Sequence
from typing import Any

from sessiongraph.llm.endpoint import Endpoint

_OLLAMA = ("ollama/", "ollama_chat/")
_OLLAMA_URL = "http://localhost:11434"
_SHOW_SECONDS = 5.0

# Ollama loads a model anew for each size of window that it is asked for: so one for nearly all prompts.
_USUAL_WINDOW = 8192
# Bytes of UTF-8 in a token: of prose in a script that the tokenizer knows, and at the least.
_BYTES_PER_TOKEN = 4
_FEWEST_BYTES_PER_TOKEN = 3
# Windows are this large; nobody cuts off at less. A number below it is none of tokens that were counted.
_WINDOWS = tuple(1 << bits for bits in range(11, 21))
_NEAR = 0.98


def is_ollama(endpoint: Endpoint) -> bool:
    return endpoint.model.startswith(_OLLAMA)


async def longest_window(endpoint: Endpoint) -> int | None:
    """The tokens that an Ollama model can be asked to read at once; None where it does not say."""
    import httpx

    url = (endpoint.url or os.environ.get("OLLAMA_API_BASE") or _OLLAMA_URL).rstrip("/")
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    name = endpoint.model.partition("/")[2]
    try:
        async with httpx.AsyncClient(timeout=_SHOW_SECONDS, headers=headers) as client:
            told = (await client.post(f"{url}/api/show", json={"model": name})).json()
        sizes = [size for key, size in told["model_info"].items() if key.endswith(".context_length")]
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return max((size for size in sizes if isinstance(size, int) and size >= _WINDOWS[0]), default=None)


def window_for(messages: Sequence[dict[str, Any]], longest: int | None) -> int:
    """The window to ask for, so that `messages` fit, and an answer half as long."""
    wanted = _bytes(messages) * 3 // (2 * _FEWEST_BYTES_PER_TOKEN)
    window = _USUAL_WINDOW
    while window < wanted:
        window *= 2
    return window if longest is None else min(window, longest)


def estimated_tokens(messages: Sequence[dict[str, Any]]) -> int:
    return _bytes(messages) // _BYTES_PER_TOKEN


def was_cut_off(messages: Sequence[dict[str, Any]], read: int, window: int | None) -> bool:
    """Whether `read` tokens, as the endpoint counted them, are far fewer than `messages` have.

    Fewer than there are words always are; else they are where they fill `window`, or one of the usual sizes. Numbers
    that are smaller than any window are none that were counted.
    """
    if read < _WINDOWS[0] * _NEAR:
        return False
    if read < sum(len(message["content"].split()) for message in messages):
        return True
    fills = any(size * _NEAR <= read <= size for size in ([window] if window else _WINDOWS))
    return fills and estimated_tokens(messages) > read * 1.1


def _bytes(messages: Sequence[dict[str, Any]]) -> int:
    return sum(len(message["content"].encode("utf-8", "replace")) for message in messages)
