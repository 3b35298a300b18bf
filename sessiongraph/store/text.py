"""Texts as every store can keep them."""

from typing import Any


def storable(value: Any) -> Any:
    """`value` itself, a text without halves of surrogate pairs (of a cut emoji, of a file name): they end DuckDB."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
