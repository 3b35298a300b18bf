"""What stands in a Word document beside its main text is read once and said to be that; what is hidden is not read."""

import io
import zipfile

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.sessiongraph.ingestion.conftest import Read

NAMESPACE = nsdecls("w")


def docx(document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_part(content: bytes, kind: str, xml: str) -> bytes:
    """A document with a part of this kind, as Word writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "[Content_Types].xml":
                main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
                added = f'<Override PartName="/word/{kind}.xml" ContentType="{main}.{kind}+xml"/></Types>'
                data = data.replace(b"</Types>", added.encode())
            if name == "word/_rels/document.xml.rels":
                type_ = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
                added = f'<Relationship Id="rAdded" Type="{type_}" Target="{kind}.xml"/></Relationships>'
                data = data.replace(b"</Relationships>", added.encode())
            target.writestr(name, data)
        target.writestr(f"word/{kind}.xml", xml)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "tag", "shown"), [("footnotes", "footnote", "Footnote"), ("endnotes", "endnote", "Endnote")]
)
@pytest.mark.parametrize("words", ["The keel is of oak.", "Киль дубовый.", "竜骨は樫です。"])
def test_notes_are_read_and_say_what_they_are(read: Read, kind: str, tag: str, shown: str, words: str) -> None:
    document = Document()
    document.add_paragraph("Asta was built in Visby.")
    separator = f'<w:{tag} w:type="separator" w:id="-1"><w:p><w:r><w:t>_____</w:t></w:r></w:p></w:{tag}>'
    note = f'<w:{tag} w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t> {words}</w:t></w:r></w:p></w:{tag}>'
    content = with_part(docx(document), kind, f"<w:{kind} {NAMESPACE}>{separator}{note}</w:{kind}>")
    assert read("a.docx", content).text == f"Asta was built in Visby.\n\n{shown}: {words}"


def test_comments_are_read_as_their_authors_words(read: Read) -> None:
    document = Document()
    paragraph = document.add_paragraph("Asta was built in Visby.")
    document.add_comment(paragraph.runs, text="Rather in Kiel, I think.", author="Dora Lind")
    document.add_comment(paragraph.runs, text="どこですか。", author="")
    text = read("a.docx", docx(document)).text
    assert text.split("\n\n") == [
        "Asta was built in Visby.", "Comment by Dora Lind: Rather in Kiel, I think.", "Comment: どこですか。",
    ]  # fmt: skip


def test_page_headers_and_footers_are_read_once_and_page_numbers_not(read: Read) -> None:
    document = Document()
    document.add_paragraph("Asta was built in Visby.")
    for section in (document.sections[0], document.add_section(), document.add_section()):
        section.header.is_linked_to_previous = section.footer.is_linked_to_previous = False
        section.header.paragraphs[0].text = "Harbour office of Gotland"
        section.footer.paragraphs[0].text = "7"
    document.sections[2].footer.paragraphs[0].text = "Confidential"
    assert read("a.docx", docx(document)).text.split("\n\n") == [
        "Harbour office of Gotland", "Asta was built in Visby.", "Confidential",
    ]  # fmt: skip


def test_hidden_text_is_left_out_and_counted(read: Read) -> None:
    document = Document()
    paragraph = document.add_paragraph("Asta was built in Visby.")
    paragraph.add_run(" Draft: in Kiel.").font.hidden = True
    shown = paragraph.add_run(" She is of oak.")
    shown.font.hidden = False
    read_document = read("a.docx", docx(document))
    assert read_document.text == "Asta was built in Visby. She is of oak."
    assert read_document.warnings == ("1 run(s) of hidden text left out",)


def test_a_text_box_is_read_once(read: Read) -> None:
    document = Document()
    box = "<w:txbxContent><w:p><w:r><w:t>A box.</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    document.element.body.insert_element_before(
        parse_xml(
            f"<w:p {NAMESPACE} {mc}><w:r><mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice>"
            f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        ),
        "w:sectPr",
    )
    assert read("a.docx", docx(document)).text == "A box."
