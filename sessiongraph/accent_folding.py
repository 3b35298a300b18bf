"""Removal of accents, for names and words that are compared without them."""

import unicodedata


def strip_accents(text: str) -> str:
    """`text` without combining marks: "café" as "cafe"."""
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
