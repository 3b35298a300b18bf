"""What a user loses or gets wrong in the graph if a file is read badly: names, rows, whole pages."""

import io
import json
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from sessiongraph.errors import InvalidInputError, UnreadableDocumentError
from sessiongraph.ingestion.clean_text import clean
from sessiongraph.ingestion.formats import text, word
from sessiongraph.ingestion.parsing import SUPPORTED_SUFFIXES, is_supported, parse_file, parse_text


@pytest.fixture
def parsed(tmp_path: Path):
    """The text of a file of this name and content."""

    def parse(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return parse_file(path).text

    return parse


def pdf_bytes(*pages: str) -> bytes:
    """A PDF with one line of text a page ("" for none), written by hand."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, line in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET" if line else ""
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        out
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
        ).encode()
    )


def encrypted_pdf(user_password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_bytes("Alice lives in Paris."))))
    writer.encrypt(user_password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx_bytes(document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zip_bytes(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


class TestDocument:
    def test_says_what_was_read_and_from_where(self, tmp_path: Path):
        path = tmp_path / "Notes.MD"
        path.write_text("# Alice\n\nShe lives in Paris.")
        document = parse_file(path)
        assert (document.name, document.source, document.media_type) == (
            "Notes.MD",
            str(path),
            "text/markdown",
        )
        assert document.text == "# Alice\n\nShe lives in Paris."

    def test_a_given_name_is_shown_and_tells_the_format(self, tmp_path: Path):
        path = tmp_path / "upload_17"
        path.write_text("name,city\nAlice,Paris\n")
        document = parse_file(path, name="people.csv")
        assert (document.name, document.text) == ("people.csv", "name: Alice; city: Paris.")

    def test_a_string_has_no_source(self):
        document = parse_text("Alice lives in Paris.")
        assert (document.name, document.source, document.media_type) == ("text", None, "text/plain")

    @pytest.mark.parametrize("name", ["photo.png", "README", "archive.docx.zip", ".txt"])
    def test_other_formats_are_refused_with_a_list_of_those_that_are_read(self, tmp_path: Path, name: str):
        path = tmp_path / name
        path.write_text("Alice lives in Paris.")
        assert not is_supported(name)
        with pytest.raises(UnreadableDocumentError) as refused:
            parse_file(path)
        assert str(refused.value).startswith(f"{name} cannot be read: ")
        assert all(suffix in str(refused.value) for suffix in SUPPORTED_SUFFIXES)

    @pytest.mark.parametrize("suffix", SUPPORTED_SUFFIXES)
    def test_an_empty_file_is_refused_whatever_its_format(self, parsed, suffix: str):
        with pytest.raises(UnreadableDocumentError, match=f"empty{suffix} cannot be read"):
            parsed(f"empty{suffix}", b"")

    @pytest.mark.parametrize("empty", ["", " \n\t\r\n ", "\u200b\u202e\ufeff", "--- * ---\n…", "\0\0"])
    def test_a_text_without_letters_or_digits_is_refused(self, parsed, empty: str):
        with pytest.raises(InvalidInputError, match="text cannot be read: it holds no letter and no digit"):
            parse_text(empty)
        with pytest.raises(UnreadableDocumentError, match="blank.txt cannot be read"):
            parsed("blank.txt", empty)

    @pytest.mark.parametrize("suffix", [".txt", ".html", ".csv", ".json", ".jsonl"])
    @pytest.mark.parametrize("content", [pdf_bytes("Alice"), zip_bytes(a=b"b"), b"\x89PNG\r\n\x1a\n\0", b"{\\rtf1 A}"])
    def test_a_binary_file_under_a_text_suffix_is_refused(self, parsed, suffix: str, content: bytes):
        with pytest.raises(UnreadableDocumentError, match=r"it is .*, whatever its name says\. Rename it"):
            parsed(f"fake{suffix}", content)

    def test_too_much_text_is_refused_saying_the_limit(self, parsed, monkeypatch: pytest.MonkeyPatch):
        with pytest.raises(UnreadableDocumentError, match="more than 50,000,000 characters. Split it"):
            parse_text("a" * (text.MAX_CHARACTERS + 1))
        monkeypatch.setattr(text, "MAX_TEXT_BYTES", 1000)
        for suffix in (".txt", ".html", ".csv", ".json"):
            with pytest.raises(UnreadableDocumentError, match="Split it"):
                parsed(f"long{suffix}", "a" * 1001)

    def test_ten_megabytes_on_one_line_are_kept(self, parsed):
        line = "Alice lives in Paris. " * 470_000
        assert parsed("line.txt", line) == line.strip()
        assert parsed("spaces.txt", "Alice" + " " * 10_000_000 + "Paris").count(" ") == 10_000_000

    def test_a_missing_file_is_named(self, tmp_path: Path):
        with pytest.raises(UnreadableDocumentError, match="gone.txt cannot be read: No such file"):
            parse_file(tmp_path / "gone.txt")

    def test_a_folder_and_a_pipe_are_no_files(self, tmp_path: Path):
        (tmp_path / "folder.txt").mkdir()
        os.mkfifo(tmp_path / "pipe.txt")
        for name in ("folder.txt", "pipe.txt"):
            with pytest.raises(UnreadableDocumentError, match=f"{name} cannot be read: it is not a file"):
                parse_file(tmp_path / name)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_without_permission_is_named(self, tmp_path: Path):
        path = tmp_path / "secret.txt"
        path.write_text("Alice")
        path.chmod(0)
        with pytest.raises(UnreadableDocumentError, match=r"secret.txt cannot be read: Permission denied"):
            parse_file(path)

    def test_a_file_name_that_is_no_unicode_can_still_be_stored(self, tmp_path: Path):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n\xe2\x80\xae.txt"))
        path.write_text("Alice")
        document = parse_file(path)
        assert document.name == "caf\ufffd .txt"
        assert document.source is not None and document.source.encode()


class TestPlainText:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
    def test_is_read_in_the_encodings_that_editors_write(self, parsed, encoding: str):
        text = "Zoë Lévy lives “in” Évry and works at the café there."
        assert parsed("a.txt", text.encode(encoding)) == text

    def test_utf16_big_endian_is_told_by_its_mark(self, parsed):
        assert parsed("a.txt", b"\xfe\xff" + "Zoë 東京".encode("utf-16-be")) == "Zoë 東京"

    @pytest.mark.parametrize(
        "content",
        [
            bytes(range(256)) * 4,
            b"Alice \0 \xe9",
            b"\xff\xfe\x00\xd8",
            b"Alice \x81",
        ],
        ids=["binary", "NUL in no UTF-8", "broken UTF-16", "not even Windows-1252"],
    )
    def test_what_is_no_text_is_refused(self, parsed, content: bytes):
        with pytest.raises(UnreadableDocumentError, match="not text in a known encoding. Save it as UTF-8"):
            parsed("a.txt", content)

    def test_line_breaks_of_all_systems_are_one(self, parsed):
        assert parsed("a.txt", b"one\r\ntwo\rthree\x0cfour\xe2\x80\xa9five") == "one\ntwo\nthree\nfour\nfive"

    def test_blank_lines_are_one_and_lines_end_without_spaces(self, parsed):
        assert parsed("a.txt", "\n\n one \t\n \n\n\n\ttwo\n\n") == "one\n\n\ttwo"


class TestClean:
    @pytest.mark.parametrize(
        "hidden",
        [
            "\0",
            "\x07",
            "\x7f",
            "\x9b",
            "\u200b",
            "\u200d",
            "\u2060",
            "\ufeff",
            "\u202e",
            "\u2066",
            "\xad",
            "\U000e0041",
        ],
    )
    def test_what_nobody_sees_cannot_split_a_name(self, hidden: str):
        assert clean(f"Al{hidden}ice") == "Alice"

    def test_joiners_stay_where_they_are_spelling(self):
        assert clean("می\u200cخواهم") == "می\u200cخواهم"
        assert clean("क्\u200dष") == "क्\u200dष"

    def test_one_name_is_one_string(self):
        assert clean("Zoe\u0308") == clean("Zoë") == clean("Zoe\u200b\u0308")
        assert clean("New\xa0York") == "New York"

    def test_lone_surrogates_are_replaced_and_pairs_joined(self):
        assert clean("a\ud800b \ud83d\ude00 \udc00") == "a\ufffdb 😀 \ufffd"

    def test_right_to_left_text_itself_is_kept(self):
        assert clean("\u202bשלום\u202c עולם") == "שלום עולם"

    @settings(max_examples=300, deadline=None)
    @given(st.text(st.characters(codec=None)) | st.text("a \n\t\r\0\xa0\xad\u0308\u0645\u1680\u200b\u200c\ud83d\ude00"))
    def test_is_clean_once_and_for_all(self, text: str):
        cleaned = clean(text)
        assert clean(cleaned) == cleaned
        cleaned.encode()
        assert cleaned.strip() == cleaned
        assert unicodedata.is_normalized("NFC", cleaned)
        assert {c for c in cleaned if unicodedata.category(c) == "Cc"} <= {"\n", "\t"}


class TestCsv:
    def test_a_row_reads_as_a_sentence(self, parsed):
        rows = 'name,city,note\r\nAlice,"Paris, France","says ""hi""\nto all"\r\n\r\nBob,,\r\n'
        assert parsed("a.csv", rows) == 'name: Alice; city: Paris, France; note: says "hi" to all.\nname: Bob.'

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_delimiter_is_found(self, parsed, delimiter: str):
        rows = [["name", "price"], ["Bread, white", "1,50"], ["Tea; black", "2,75"]]
        text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
        assert parsed("a.csv", text) == "name: Bread, white; price: 1,50.\nname: Tea; black; price: 2,75."

    def test_decimal_commas_do_not_part_what_semicolons_part(self, parsed):
        assert (
            parsed("a.csv", "name;price\nBread;1,50\nTea;2,75") == "name: Bread; price: 1,50.\nname: Tea; price: 2,75."
        )

    def test_tsv_is_parted_by_tabs_alone(self, parsed):
        assert parsed("a.tsv", "name\tcity\nAlice\tParis, France; EU") == "name: Alice; city: Paris, France; EU."

    def test_one_column_is_a_table_too(self, parsed):
        assert parsed("a.csv", "sentence\nAlice lives in Paris.\nShe is 40") == (
            "sentence: Alice lives in Paris.\nsentence: She is 40."
        )

    def test_cells_beyond_the_header_are_kept(self, parsed):
        assert parsed("a.csv", "name,\nAlice,Paris,2010\nBob") == "name: Alice; Paris; 2010.\nname: Bob."

    def test_a_long_cell_is_kept(self, parsed):
        assert len(parsed("a.csv", "name,text\nAlice," + "x" * 200_000)) > 200_000

    def test_a_header_alone_is_refused(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="a.csv cannot be read: it holds a header and no rows"):
            parsed("a.csv", "name,city\n\n")

    def test_an_unclosed_quote_is_refused_with_its_line(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="line 3 is not valid CSV"):
            parsed("a.csv", 'name,city\nAlice,Paris\nBob,"London\n')

    def test_a_small_file_cannot_unfold_beyond_the_limit(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="50,000,000"):
            parsed("a.csv", "n" * 500_000 + ",b\n" + "1,2\n" * 200)


class TestJson:
    def test_values_stand_on_lines_with_their_paths(self, parsed):
        value = {
            "name": "Alice",
            "address": {"city": "Paris", "since": 2010},
            "tags": ["a", None, "b"],
            "friends": [{"name": "Bob"}, {"name": "Eve", "met": {}}],
            "active": True,
            "nothing": None,
            "blank": " ",
        }
        assert parsed("a.json", json.dumps(value)).split("\n") == [
            "name: Alice",
            "address.city: Paris",
            "address.since: 2010",
            "tags: a, b",
            "friends[0].name: Bob",
            "friends[1].name: Eve",
            "active: true",
        ]

    def test_each_item_of_the_list_is_a_paragraph(self, parsed):
        records = [{"name": "Alice", "bio": "First.\n\nSecond."}, {}, {"name": "Bob"}, "Eve"]
        expected = "name: Alice\nbio: First.\nSecond.\n\nname: Bob\n\nEve"
        assert parsed("a.json", json.dumps(records)) == expected
        assert parsed("a.jsonl", "\r\n".join(map(json.dumps, records)) + "\n") == expected

    def test_a_line_separator_in_a_value_does_not_part_json_lines(self, parsed):
        assert parsed("a.jsonl", '{"a": "x\u2028y"}\n') == "a: x\ny"

    def test_numbers_are_kept_as_written(self, parsed):
        big = "9" * 5000
        assert parsed("a.json", f'{{"price": 1.10, "id": {big}, "huge": 1e999}}') == (
            f"price: 1.10\nid: {big}\nhuge: 1e999"
        )

    def test_an_escaped_lone_surrogate_is_replaced(self, parsed):
        assert parsed("a.json", r'{"a": "x\ud800y"}') == "a: x\ufffdy"

    def test_invalid_json_is_refused_with_line_and_column(self, parsed):
        with pytest.raises(UnreadableDocumentError, match=r"a.json cannot be read: .* at line 2, column 7"):
            parsed("a.json", '{"a": 1,\n "b": oops}')
        with pytest.raises(UnreadableDocumentError, match="at line 3, column 1"):
            parsed("a.jsonl", '{"a": 1}\n\noops\n')

    def test_json_lines_under_the_wrong_suffix_get_a_hint(self, parsed):
        with pytest.raises(UnreadableDocumentError, match=r"name the file \.jsonl"):
            parsed("a.json", '{"a": 1}\n{"a": 2}\n')

    def test_values_without_content_are_an_empty_document(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="no letter and no digit"):
            parsed("a.json", '[{}, [], null, ""]')

    @pytest.mark.parametrize("depth", [500, 100_000])
    def test_nesting_without_end_is_refused_not_a_crash(self, parsed, depth: int):
        nested = '{"a":' * depth + "1" + "}" * depth
        try:
            assert parsed("a.json", nested).endswith("a.a: 1")
        except UnreadableDocumentError as error:
            assert "nested too deeply" in str(error)


class TestHtml:
    def test_a_page_reads_as_its_reader_sees_it(self, parsed):
        page = """<!doctype html><html><head><title>Alice &amp; Bob</title>
          <style>p { color: red }</style><script>var secret = "tracked";</script></head>
          <body><nav><a href="/">Home</a></nav><!-- a comment --><template>later</template>
          <h1>Their
              life</h1><p>Alice&nbsp;lives in <b>Par</b>is.<br>She works<sup>1</sup> there.</p>
          <p>Bob does not.</p>
          <ul><li>One<li>Two</ul></body></html>"""
        assert parsed("a.html", page).split("\n") == [
            "Alice & Bob", "", "Their life", "", "Alice lives in Paris.", "She works1 there.", "",
            "Bob does not.", "", "One", "Two",
        ]  # fmt: skip

    def test_a_table_row_is_a_line(self, parsed):
        table = "<table><tr><td>Name</td><td>City</td></tr><tr><td><p>Alice</p></td>\n<td>Paris</td></tr></table>"
        assert parsed("a.htm", table) == "Name | City\nAlice | Paris"

    def test_a_table_for_layout_keeps_its_lines(self, parsed):
        page = "<table><tr><td><p>One.</p><table><tr><td>a<td>b</tr></table><p>Two.</p></td></tr></table>"
        assert parsed("a.html", page) == "One.\n\na | b\n\nTwo."

    def test_preformatted_lines_stay_lines(self, parsed):
        assert parsed("a.html", "<pre>Alice\n<i>Bob</i>\n</pre>") == "Alice\nBob"

    @pytest.mark.parametrize("charset", ["windows-1251", "shift_jis", "gb2312", "iso-8859-1", "utf-8"])
    def test_the_declared_charset_is_believed(self, parsed, charset: str):
        word = {"windows-1251": "Алиса", "shift_jis": "アリス", "gb2312": "爱丽丝"}.get(charset, "Zoë")
        assert parsed("a.html", f'<meta charset="{charset}"><p>{word}'.encode(charset)) == word

    @pytest.mark.parametrize("charset", ["nonsense", "hex", "gb9999", "utf-16"])
    def test_a_charset_that_cannot_be_is_ignored(self, parsed, charset: str):
        assert parsed("a.html", f'<meta charset="{charset}"><p>Zoë') == "Zoë"

    def test_tags_that_are_never_closed_do_no_harm(self, parsed):
        assert parsed("a.html", "<p>Alice" * 5000).count("Alice") == 5000
        assert parsed("a.html", "<div>" * 5000 + "Alice") == "Alice"

    def test_a_page_of_scripts_is_empty(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="no letter and no digit"):
            parsed("a.html", "<script>document.write('Alice')</script>")


class TestPdf:
    def test_every_page_is_read(self, parsed):
        assert parsed("a.pdf", pdf_bytes("Alice lives in Paris.", "", "Bob does not.")) == (
            "Alice lives in Paris.\n\nBob does not."
        )

    def test_an_empty_password_is_no_hindrance(self, parsed):
        assert parsed("a.pdf", encrypted_pdf("")) == "Alice lives in Paris."

    def test_a_password_is_refused_with_the_way_out(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="a.pdf cannot be read: it is encrypted. Save it without"):
            parsed("a.pdf", encrypted_pdf("secret"))

    def test_a_scan_is_told_from_a_text(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="it holds no text, only images. Run OCR"):
            parsed("scan.pdf", pdf_bytes("", ""))

    def test_a_zip_named_pdf_is_told_as_such(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="it is a zip archive"):
            parsed("a.pdf", zip_bytes(a=b"b"))

    def test_a_text_named_pdf_is_no_pdf(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="it is not a PDF"):
            parsed("a.pdf", "Alice lives in Paris.")

    @pytest.mark.parametrize("content", [b"%PDF-1.4\n", b"%PDF-1.4\ngarbage" * 100, pdf_bytes("Alice")[:60]])
    def test_a_damaged_file_is_our_error(self, parsed, content: bytes):
        with pytest.raises(UnreadableDocumentError, match="a.pdf cannot be read: it is damaged, or no PDF"):
            parsed("a.pdf", content)


class TestDocx:
    def test_paragraphs_and_tables_come_in_document_order(self, parsed):
        document = Document()
        document.add_heading("Alice")
        document.add_paragraph("She lives ").add_run("in Paris.").bold = True
        table = document.add_table(rows=2, cols=3)
        for cell, value in zip(table._cells, ["Name", "City", "Year", "Alice", "", ""], strict=True):
            cell.text = value
        table.cell(1, 1).merge(table.cell(1, 2)).text = "Paris\nsince 2010"
        document.add_paragraph("Bob does\tnot.")
        assert parsed("a.docx", docx_bytes(document)).split("\n") == [
            "Alice", "", "She lives in Paris.", "", "Name: Alice; City: Paris since 2010.", "",
            "Bob does not.",
        ]  # fmt: skip

    def test_insertions_and_content_controls_are_read_and_deletions_are_not(self, parsed):
        document = Document()
        ns = nsdecls("w")
        for xml in (
            f"<w:p {ns}><w:del><w:r><w:delText>Berlin</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>Alice moved.</w:t></w:r></w:ins></w:p>",
            f"<w:sdt {ns}><w:sdtContent><w:p><w:r><w:t>A form field.</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        ):
            document.element.body.insert_element_before(parse_xml(xml), "w:sectPr")
        assert parsed("a.docx", docx_bytes(document)) == "Alice moved.\n\nA form field."

    def test_a_document_without_text_is_refused(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="no letter and no digit"):
            parsed("a.docx", docx_bytes(Document()))

    @pytest.mark.parametrize(
        "content",
        [b"Alice lives in Paris.", b"PK\x03\x04garbage", zip_bytes(a=b"b"), docx_bytes(Document())[:-200]],
        ids=["text", "garbage", "some zip", "cut short"],
    )
    def test_what_is_no_word_document_is_refused(self, parsed, content: bytes):
        with pytest.raises(UnreadableDocumentError, match="a.docx cannot be read: it is damaged, or no Word document"):
            parsed("a.docx", content)

    def test_a_pdf_or_a_protected_file_under_this_suffix_is_told(self, parsed):
        with pytest.raises(UnreadableDocumentError, match="it is a PDF"):
            parsed("a.docx", pdf_bytes("Alice"))
        with pytest.raises(UnreadableDocumentError, match="old or password-protected Office file"):
            parsed("a.docx", b"\xd0\xcf\x11\xe0" + b"\0" * 600)

    @pytest.mark.parametrize("member", ["word/document.xml", "word/media/image1.png"])
    def test_a_zip_bomb_is_refused_before_it_is_unpacked(self, parsed, monkeypatch: pytest.MonkeyPatch, member: str):
        monkeypatch.setattr(word, "MAX_UNPACKED_BYTES", 1_000_000)
        with pytest.raises(UnreadableDocumentError, match="it unpacks to more than 1 MB. Split it"):
            parsed("a.docx", zip_bytes(**{member: b" " * 1_010_000}))
