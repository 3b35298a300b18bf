"""Files made, cut off or named to do harm: each is a clear error or a read within bounds, and none takes long."""

import io
import random
import time
import zipfile
from collections.abc import Iterator

import pytest
from docx import Document

from sessiongraph.errors import UnreadableDocumentError
from tests.sessiongraph.ingestion.conftest import Read, line, pdf
from tests.sessiongraph.ingestion.test_word import docx

MOST_SECONDS = 40.0


@pytest.fixture(autouse=True)
def within_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < MOST_SECONDS


NOISE = random.Random(5).randbytes(200_000)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".html", ".json"])
@pytest.mark.parametrize(
    "content",
    [NOISE, b"\x7fELF" + NOISE, b"ID3\x03" + NOISE, b"\0" * 100_000, b"SQLite format 3\0" + NOISE],
    ids=["noise", "a program", "music", "zeros", "a database"],
)
def test_a_binary_under_a_name_of_text_is_refused(read: Read, suffix: str, content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match=f"a{suffix} cannot be read: it is"):
        read(f"a{suffix}", content)


class TestTables:
    def test_a_million_columns(self, read: Read) -> None:
        names = ",".join(f"c{number}" for number in range(1_000_000))
        document = read("a.csv", f"{names}\n{','.join('1' * 1_000_000)}\n")
        assert document.text.startswith("c0: 1; c1: 1;") and document.text.endswith("c999999: 1.")

    def test_names_that_unfold_beyond_all_bounds(self, read: Read) -> None:
        with pytest.raises(UnreadableDocumentError, match="50,000,000"):
            read("a.csv", "n" * 500_000 + ",b\n" + "1,2\n" * 200)

    def test_a_quote_that_is_never_closed(self, read: Read) -> None:
        with pytest.raises(UnreadableDocumentError, match="line 2 is not valid CSV"):
            read("a.csv", 'a,b\n"' + "x" * 3_000_000)


class TestPages:
    @pytest.mark.parametrize(
        "page",
        [
            "<style>.old div{display:none}</style>" + "<div>" * 50_000 + "Asta",
            "<style>" + "{" * 100_000 + "/*" * 100_000 + "</style>Asta",
            "<style>" + "@media x{" * 50_000 + "p{display:none}</style>Asta",
            "<style>" + ":not(" * 5_000 + "a" + ")" * 5_000 + "{display:none}</style>Asta",
            "<style>"
            + "".join(f".a{n} .b{{display:none}}" for n in range(500))
            + "</style>"
            + "<p class=b>Asta" * 9_000,
            '<p style="' + "a:b;" * 300_000 + '">Asta',
            "<table><tr><th>a<th>b</tr>" + "<tr><td colspan=99999999>Asta</tr>" * 500 + "</table>",
        ],
        ids=["deep", "open comments", "open rules", "a deep selector", "many rules", "a long style", "wide cells"],
    )
    def test_are_read_within_bounds(self, read: Read, page: str) -> None:
        assert "Asta" in read("a.html", page).text

    def test_styles_that_are_too_large_to_follow_are_told(self, read: Read) -> None:
        rules = "".join(f".a{number}{{display:none}}" for number in range(500))
        (warning,) = read("a.html", f"<style>{rules}</style>" + "<p>Asta" * 5_000).warnings
        assert warning.startswith("its style sheets are too large to follow")


class TestWord:
    @pytest.mark.parametrize("member", ["word/document.xml", "word/footnotes.xml", "word/media/image1.png"])
    def test_a_bomb_is_refused_before_it_unpacks(self, read: Read, member: str) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, b" " * 210_000_000)
        with pytest.raises(UnreadableDocumentError, match="unpacks to more than 200 MB"):
            read("a.docx", out.getvalue())

    def test_entities_are_not_unfolded(self, read: Read) -> None:
        entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefg", "bcdefgh", strict=True)
        )
        main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        xml = (
            f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><w:document xmlns:w="{main}"><w:body><w:p><w:r>'
            "<w:t>&h;</w:t></w:r></w:p></w:body></w:document>"
        )
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(docx(Document()))) as source, zipfile.ZipFile(out, "w") as target:
            for name in source.namelist():
                target.writestr(name, xml if name == "word/document.xml" else source.read(name))
        with pytest.raises(UnreadableDocumentError):
            read("a.docx", out.getvalue())

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
    def test_a_download_that_was_cut_off(self, read: Read, part: float) -> None:
        content = docx(Document())
        with pytest.raises(UnreadableDocumentError, match="damaged, or no Word document"):
            read("a.docx", content[: int(len(content) * part)])


class TestPdf:
    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
    def test_a_download_that_was_cut_off(self, read: Read, part: float) -> None:
        content = pdf(line(60, 700, "Asta was built in Visby."))
        with pytest.raises(UnreadableDocumentError, match=r"a.pdf cannot be read: it (is damaged|holds no text)"):
            read("a.pdf", content[: int(len(content) * part)])

    def test_pages_that_contain_each_other(self, read: Read) -> None:
        content = pdf(line(60, 700, "Asta"), line(60, 700, "Dora"))
        looped = content.replace(b"/Type /Page /Parent", b"/Type /Pages /Kids [3 0 R 4 0 R 5 0 R] /Count 9 /Parent")
        with pytest.raises(UnreadableDocumentError):
            read("a.pdf", looped)

    def test_twenty_thousand_words_upon_each_other(self, read: Read) -> None:
        page = b"".join(line(20 + number * 37 % 560, 20 + number * 7 % 750, f"w{number}") for number in range(20_000))
        assert "w19999" in read("a.pdf", pdf(page)).text

    def test_a_reader_that_dies_is_a_damaged_file(self, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
        from sessiongraph.ingestion.formats import pdf as reader

        monkeypatch.setattr(reader, "_PROCESS", "-c=import os; os.abort()")
        with pytest.raises(UnreadableDocumentError, match="it is damaged, or no PDF"):
            read("a.pdf", pdf(line(60, 700, "Asta")))
