"""Texts as they can be sent and stored."""


def storable(text: str) -> str:
    """`text` with "?" for half of a surrogate pair (of a cut emoji, say), which ends DuckDB and is no UTF-8."""
    return text.encode("utf-8", "replace").decode()
