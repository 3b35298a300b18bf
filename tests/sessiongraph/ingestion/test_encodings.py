"""A file's letters are the ones that its writer typed, or it is refused: a wrong town that looks right is worse."""

import pytest

from sessiongraph.errors import UnreadableDocumentError
from tests.sessiongraph.ingestion.conftest import Read

WRITTEN = [
    ("cp1251", "Вера Соколова живёт в Рязани. Её сын Глеб учится в Омске."),
    ("cp1251", "фамилия;город\nСоколова;Рязань\nОрлов;Пермь\n"),
    ("koi8-r", "Вера Соколова живёт в Рязани. Её сын Глеб учится в Омске."),
    ("gb18030", "王芳住在昆明，她的弟弟在西安当老师。"),
    ("gbk", "姓名,城市\n王芳,昆明\n赵磊,西安\n"),
    ("big5", "陳怡君住在臺中，她的哥哥在高雄當醫生。"),
    ("shift_jis", "佐藤さんは仙台に住んでいます。妹は名古屋の病院で働いています。"),
    ("euc-jp", "佐藤さんは仙台に住んでいます。妹は名古屋の病院で働いています。"),
    ("euc-kr", "이름,도시\n박지민,울산\n최서연,전주\n"),
    ("cp1250", "Žofie Dvořáková bydlí v Třeboni. Její bratr Štěpán žije v Plzni a učí děti číst."),
    ("cp1252", "Chloé Lefèvre habite à Nîmes, où elle est née. Son frère préfère le café crème."),
    ("cp1252", "Jürgen Groß wohnt in Köln und arbeitet in Düsseldorf als Bäcker."),
    ("cp1253", "Η Ελένη μένει στη Θεσσαλονίκη και εργάζεται ως γιατρός."),
    ("cp1254", "Ayşe İzmir'de yaşıyor ve öğretmen olarak çalışıyor. Kardeşi Eskişehir'de."),
    ("cp1255", "דנה גרה בחיפה ועובדת בבית החולים."),
    ("cp1256", "ليلى تعيش في حلب وتعمل طبيبة في المستشفى."),
    ("cp1257", "Jūratė gyvena Šiauliuose ir dirba gydytoja ligoninėje. Jos brolis Žygimantas mėgsta šaltą alų."),
    ("cp874", "สมชายอาศัยอยู่ที่เชียงใหม่และทำงานเป็นแพทย์"),
    ("iso2022_jp", "佐藤さんは仙台に住んでいます。"),
    *[(encoding, "Zoë lives in Évry, and 東京 is far.") for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32")],
    *[(encoding, "Zoë lives in Évry.") for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")],
]


@pytest.mark.parametrize(("encoding", "text"), WRITTEN)
def test_a_text_is_read_as_it_was_written(read: Read, encoding: str, text: str) -> None:
    assert read("a.txt", text.encode(encoding)).text == text.strip()


@pytest.mark.parametrize("encoding", ["cp1251", "euc-kr", "cp1250"])
def test_what_was_found_out_is_told_without_a_word_of_the_text(read: Read, encoding: str) -> None:
    text = next(text for known, text in WRITTEN if known == encoding)
    (warning,) = read("a.txt", text.encode(encoding)).warnings
    assert "does not say its encoding" in warning
    assert not any(word in warning for word in text.split() if len(word) > 3)


@pytest.mark.parametrize(
    "content",
    [
        "Пётр".encode("cp866"),
        "Größe und Straße".encode("cp850"),
        "José Muñoz".encode("mac-roman"),
        "田中".encode("cp932"),
        b"Alice \x81",
        b"caf\xe9",
    ],
    ids=["DOS Cyrillic", "DOS German", "Mac Spanish", "two Kanji", "one byte", "one letter"],
)
def test_what_could_be_several_things_is_refused_with_the_way_out(read: Read, content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match="Save it as UTF-8"):
        read("a.txt", content)


@pytest.mark.parametrize(
    ("first", "second", "encoding"),
    [
        ("Zoë lives in Nîmes.", "René lives in Orléans.", "latin-1"),
        ("Вера живёт в Рязани.", "Глеб живёт в Омске.", "cp1251"),
        ("王芳住在昆明。", "赵磊住在西安。", "gb18030"),
        ("김민수는 대전에 산다.", "박지민은 울산에 산다.", "euc-kr"),
        ("Žofie bydlí v Třeboni.", "Štěpán žije v Plzni.", "cp1250"),
    ],
)
def test_two_files_made_one_are_refused_with_the_line(read: Read, first: str, second: str, encoding: str) -> None:
    with pytest.raises(UnreadableDocumentError, match="two encodings: line 2 is not UTF-8"):
        read("a.txt", f"{first}\n".encode() + f"{second}\n".encode(encoding))
    with pytest.raises(UnreadableDocumentError, match="two encodings: line 1 is not UTF-8"):
        read("b.txt", f"{second}\n".encode(encoding) + f"{first}\n".encode())


@pytest.mark.parametrize("text", ["Zoë lives in Nîmes", "Вера живёт в Рязани", "王芳住在昆明"])
def test_a_download_that_was_cut_off_within_a_letter_is_read_and_told(read: Read, text: str) -> None:
    document = read("a.txt", text.encode() + "é".encode()[:1])
    assert document.text == text
    assert document.warnings == ("its last character is cut off: the file may not be whole",)


class TestPages:
    @pytest.mark.parametrize(
        ("charset", "word"),
        [("windows-1251", "Вера"), ("EUC-JP", "佐藤"), ("big5", "陳怡君"), ("euc-kr", "대전"), ("koi8-r", "Глеб")],
    )
    def test_the_declared_charset_is_believed_of_the_shortest_text(self, read: Read, charset: str, word: str) -> None:
        document = read("a.html", f'<meta charset="{charset}"><p>{word}'.encode(charset))
        assert (document.text, document.warnings) == (word, ())

    def test_an_xml_declaration_is_one_too(self, read: Read) -> None:
        page = '<?xml version="1.0" encoding="windows-1250"?><html><body><p>Třeboň</p></body></html>'
        assert read("a.html", page.encode("cp1250")).text == "Třeboň"

    def test_a_charset_that_does_not_fit_is_not_believed(self, read: Read) -> None:
        page = f'<meta charset="utf-8"><p>{WRITTEN[0][1]}'
        assert read("a.html", page.encode("cp1251")).text == WRITTEN[0][1]
        assert read("b.html", '<meta charset="iso-8859-1"><p>Zoë'.encode()).text == "Zoë"

    def test_json_and_tables_are_detected_as_texts_are(self, read: Read) -> None:
        assert read("a.csv", WRITTEN[1][1].encode("cp1251")).text.startswith("фамилия: Соколова; город: Рязань.")
        assert read("a.json", '{"имя": "Вера Соколова", "город": "Рязань"}'.encode("cp1251")).text == (
            "имя: Вера Соколова\nгород: Рязань"
        )
