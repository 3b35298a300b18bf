"""Accents: what readers leave out is folded, what makes another letter is not."""

import unicodedata

import pytest

from sessiongraph.accent_folding import strip_accents


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("café Zürich", "cafe zurich"), ("ﬁancée ½", "fiancee 1⁄2"), ("Ｐａｒｉｓ", "paris"), ("Nguyễn", "nguyen"),
        ("Γιάννης", "γιαννησ"), ("за́мок ёлка", "замок елка"), ("مُحَمَّد أحمد", "محمد احمد"), ("דָּוִד", "דוד"),
    ],
)  # fmt: skip
def test_what_readers_leave_out_is_folded(text: str, folded: str) -> None:
    assert strip_accents(text.casefold()) == folded


@pytest.mark.parametrize(
    "text",
    [
        "किताब ज़मीन",
        "মিতা",
        "ภาษาไทย",
        "தமிழ்",
        "ಕನ್ನಡ",
        "ລາວ",
        "ខ្មែរ",
        "မြန်မာ",
        "がぎぐ",
        "ガギグ",
        "한국어",
        "мой",
        "їжак",
        "ў",
        "رؤى",
        "北京",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_what_makes_another_letter_is_kept(text: str, form: str) -> None:
    kept = strip_accents(unicodedata.normalize(form, text))
    assert kept == unicodedata.normalize("NFKC", text)
