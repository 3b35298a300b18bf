"""PDF as a person reads it: column after column, words whole, and no page dropped without a word."""

import random

import pytest

from sessiongraph.errors import UnreadableDocumentError
from tests.sessiongraph.ingestion.conftest import IMAGE, Read, line, pdf

LEFT = [
    "The shipyard of Visby was",
    "founded in 1871 by Asta",
    "Lind. It builds boats of",
    "oak, and has a slip for",
    "three of them at a time.",
]
RIGHT = [
    "Dora Holm runs the ferry to",
    "Kiel. She was born in Riga",
    "and came over in 1998 with",
    "her two daughters, who now",
    "sell the tickets on board.",
]


def columns(left: list[str], right: list[str], *, by_row: bool, shift: int = 0) -> bytes:
    """Two columns as programs write them: row by row, or one after the other."""
    pairs = [
        (line(60, 700 - 14 * number, a), line(330, 700 - shift - 14 * number, b))
        for number, (a, b) in enumerate(zip(left, right, strict=True))
    ]
    if by_row:
        return b"".join(a + b for a, b in pairs)
    return b"".join(a for a, _ in pairs) + b"".join(b for _, b in pairs)


class TestColumns:
    @pytest.mark.parametrize("by_row", [True, False])
    @pytest.mark.parametrize("shift", [0, 5])
    def test_one_is_read_after_the_other(self, read: Read, by_row: bool, shift: int) -> None:
        title = line(60, 740, "News of the harbours of Gotland and of what their people do")
        text = read("a.pdf", pdf(title + columns(LEFT, RIGHT, by_row=by_row, shift=shift))).text
        assert " ".join(text.split()) == " ".join(
            ["News of the harbours of Gotland and of what their people do", *LEFT, *RIGHT]
        )

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (
                ["Die Werft von Visby wurde", "im Jahr 1871 gegründet und", "baut seitdem Boote aus Holz"],
                ["Dora Holm führt die Fähre", "nach Kiel. Sie stammt aus", "Riga und lebt nun in Visby"],
            ),
            (
                ["Le chantier de Visby a été", "fondé en 1871 et construit", "des bateaux de bois de chêne"],
                ["Dora Holm conduit le bac à", "Kiel. Elle est née à Riga et", "habite maintenant à Visby"],
            ),
        ],
    )
    def test_in_other_languages(self, read: Read, left: list[str], right: list[str]) -> None:
        text = read("a.pdf", pdf(columns(left, right, by_row=True))).text
        assert " ".join(text.split()) == " ".join([*left, *right])

    def test_three_of_them(self, read: Read) -> None:
        third = [
            "Edda keeps the lighthouse",
            "and writes down each ship",
            "that goes by in the night",
            "or in fog, and what flag",
            "it had when she saw it.",
        ]
        page = b"".join(
            line(x, 700 - 14 * number, words, 9)
            for number, row in enumerate(zip(LEFT, RIGHT, third, strict=True))
            for x, words in zip((40, 220, 400), row, strict=True)
        )
        assert " ".join(read("a.pdf", pdf(page)).text.split()) == " ".join([*LEFT, *RIGHT, *third])

    def test_lines_are_read_from_above_however_they_were_written(self, read: Read) -> None:
        lines = [line(60, 700 - 14 * number, words) for number, words in enumerate(LEFT)]
        random.Random(3).shuffle(lines)
        assert read("a.pdf", pdf(b"".join(lines))).text == "\n".join(LEFT)


class TestHyphens:
    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ("The ship was re-", "built in Kiel", "The ship was rebuilt in Kiel"),
            ("Das Schiff wurde um-", "gebaut in Kiel", "Das Schiff wurde umgebaut in Kiel"),
            ("Le bateau fut recons-", "truit en chêne", "Le bateau fut reconstruit en chêne"),
            ("She lives in Saint-", "Malo with Jean", "She lives in Saint-Malo with Jean"),
            ("The years 1998-", "2004 were good", "The years 1998-\n2004 were good"),
        ],
    )
    def test_words_that_a_line_parts_are_whole(self, read: Read, first: str, second: str, expected: str) -> None:
        assert read("a.pdf", pdf(line(60, 700, first) + line(60, 686, second))).text == expected

    def test_a_word_that_has_a_hyphen_elsewhere_keeps_it(self, read: Read) -> None:
        page = line(60, 700, "A well-") + line(60, 686, "known ship, as well-known") + line(60, 672, "as any.")
        assert read("a.pdf", pdf(page)).text == "A well-known ship, as well-known\nas any."


class TestPagesWithoutText:
    TYPED = line(60, 700, "The charter of the ship Asta, which was signed in Visby on the first day of May, follows.")

    @pytest.mark.parametrize(
        ("pages", "told"),
        [
            ([TYPED, IMAGE], "1 of 2 page(s) (2)"),
            ([IMAGE, TYPED, IMAGE], "2 of 3 page(s) (1, 3)"),
            ([TYPED, IMAGE, TYPED, b""], "1 of 4 page(s) (2)"),
            ([TYPED, *[IMAGE] * 12], "12 of 13 page(s) (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)"),
        ],
    )
    def test_are_told_by_their_numbers(self, read: Read, pages: list[bytes], told: str) -> None:
        (warning,) = read("a.pdf", pdf(*pages)).warnings
        assert warning.startswith(f"{told} hold no text, only images: run OCR")

    def test_a_scan_with_a_stamp_is_told_too(self, read: Read) -> None:
        (warning,) = read("a.pdf", pdf(self.TYPED, IMAGE + b"\n" + line(60, 20, "Page 2 of 2"))).warnings
        assert warning.startswith("1 of 2 page(s) (2) are an image with a line of text")

    def test_pictures_beside_text_and_blank_pages_are_nothing_to_tell(self, read: Read) -> None:
        assert read("a.pdf", pdf(self.TYPED + IMAGE, b"")).warnings == ()

    def test_a_whole_scan_is_refused(self, read: Read) -> None:
        with pytest.raises(UnreadableDocumentError, match="only images. Run OCR"):
            read("a.pdf", pdf(IMAGE, IMAGE, IMAGE))


@pytest.mark.parametrize("seed", range(6))
def test_a_file_that_is_damaged_anywhere_is_read_or_refused(read: Read, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(pdf(columns(LEFT, RIGHT, by_row=True), IMAGE))
    for _ in range(25):
        content[chance.randrange(20, len(content))] = chance.randrange(256)
    try:
        assert read("a.pdf", bytes(content)).text
    except UnreadableDocumentError as error:
        assert str(error).startswith("a.pdf cannot be read: ")
