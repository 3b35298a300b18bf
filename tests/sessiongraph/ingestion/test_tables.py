"""Tables: each value stays with its column's name, whatever program wrote the file, and what does not fit is told."""

import pytest
from docx import Document

from tests.sessiongraph.ingestion.conftest import Read, line, pdf
from tests.sessiongraph.ingestion.test_word import docx


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("sep=;\nname;port\nAsta;Visby\n", "name: Asta; port: Visby."),
        ('"sep=|"\r\nname|port\r\nAsta|Visby\r\n', "name: Asta; port: Visby."),
        ("SEP=\t\nname\tport\nAsta\tVisby\n", "name: Asta; port: Visby."),
        ("名前;都市\n佐藤;仙台\n", "名前: 佐藤; 都市: 仙台."),
        ("имя|порт\nВера|Псков, Россия\n", "имя: Вера; порт: Псков, Россия."),
        ('name,log\nAsta,"left at 7;\nback, at 9"\n', "name: Asta; log: left at 7; back, at 9."),
        ("ship;length\nAsta;12,5\nDora;9,75\n", "ship: Asta; length: 12,5.\nship: Dora; length: 9,75."),
        (
            "remark\nAsta left Visby, the port\nDora stayed\n",
            "remark: Asta left Visby, the port.\nremark: Dora stayed.",
        ),
    ],
)
def test_the_delimiter_is_told_or_found(read: Read, content: str, expected: str) -> None:
    document = read("a.csv", content)
    assert (document.text, document.warnings) == (expected, ())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Asta,Visby,1998\nDora,Kiel,2004\n", "Asta; Visby; 1998."),
        ("Вера;vera@port.example\nГлеб;gleb@port.example\n", "Вера; vera@port.example."),
        ("2021-03-04\t佐藤\t仙台\n2021-03-05\t鈴木\t札幌\n", "2021-03-04; 佐藤; 仙台."),
        ("Asta;Visby\nDora;Kiel\nEdda;Visby\n", "Asta; Visby."),
        ("true,Asta\nfalse,Dora\n", "true; Asta."),
        ("https://a.example,Asta\nhttps://b.example,Dora\n", "https://a.example; Asta."),
    ],
)
def test_a_first_row_of_values_is_no_header(read: Read, content: str, expected: str) -> None:
    document = read("a.csv", content)
    assert document.text.split("\n")[0] == expected
    assert document.warnings == ("its first row holds values, so its columns have no names",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("port,2019,2020,2021\nVisby,7,8,9\n", "port: Visby; 2019: 7; 2020: 8; 2021: 9."),
        ("1;2;3\nAsta;Visby;x\n", "1: Asta; 2: Visby; 3: x."),
        ("name;since\nAsta;1998\n", "name: Asta; since: 1998."),
        ("城市;人口\n昆明;846\n", "城市: 昆明; 人口: 846."),
        ("ship no.,top 10\nAsta,4\n", "ship no.: Asta; top 10: 4."),
    ],
)
def test_names_with_numbers_in_them_are_a_header(read: Read, content: str, expected: str) -> None:
    assert read("a.csv", content).text == expected


@pytest.mark.parametrize(
    "titles",
    ["Ships of the harbour", "Ships of the harbour;;", "Schiffe, Stand Mai\n\nalle Häfen", "港の船\n;;", "Суда порта"],
)
def test_titles_above_the_table_are_no_header(read: Read, titles: str) -> None:
    lines = read("a.csv", f"{titles}\nname;port;since\nAsta;Visby;1998\nDora;Kiel;2004\n").text.split("\n")
    assert lines[-2:] == ["name: Asta; port: Visby; since: 1998.", "name: Dora; port: Kiel; since: 2004."]
    assert lines[0].rstrip(".") == titles.split("\n")[0].rstrip(";")


def test_rows_that_do_not_fit_are_kept_and_counted(read: Read) -> None:
    document = read("a.csv", "name,port,since\nAsta,Visby\nDora,Kiel,2004,sold\nEdda,Riga,2011\nAs the office has it\n")
    assert document.warnings == ("3 row(s) do not have 3 cells, as the table has",)
    assert document.text.split("\n") == [
        "name: Asta; port: Visby.",
        "name: Dora; port: Kiel; since: 2004; sold.",
        "name: Edda; port: Riga; since: 2011.",
        "As the office has it.",
    ]


class TestInOtherFiles:
    ROWS = (("Ship", "Port", "Since"), ("Asta", "Visby", "1998"), ("Dora", "Kiel", "2004"), ("Edda", "Riga", "2011"))
    EXPECTED = (
        "Ship: Asta; Port: Visby; Since: 1998.\nShip: Dora; Port: Kiel; Since: 2004.\n"
        "Ship: Edda; Port: Riga; Since: 2011."
    )

    @pytest.mark.parametrize(("cell", "start", "end"), [("th", "", ""), ("td", "<thead>", "</thead>")])
    def test_a_page(self, read: Read, cell: str, start: str, end: str) -> None:
        first, *others = self.ROWS
        head = "".join(f"<{cell}>{name}</{cell}>" for name in first)
        body = "".join("<tr>" + "".join(f"<td>{value}" for value in row) + "</tr>" for row in others)
        assert read("a.html", f"<table>{start}<tr>{head}</tr>{end}{body}</table>").text == self.EXPECTED

    def test_a_page_where_cells_span_and_where_there_is_no_header(self, read: Read) -> None:
        spanned = "<table><tr><th>Ship<th>Port<th>Since</tr><tr><td>Asta<td colspan=2>sold in 1998</tr></table>"
        assert read("a.html", spanned).text == "Ship: Asta; Port: sold in 1998."
        bare = "<table><tr><td>Asta<td>Visby</tr><tr><td>Dora<td>Kiel</tr></table>"
        assert read("b.html", bare).text == "Asta | Visby\nDora | Kiel"
        alone = "<table><tr><th>Asta<th>Visby</tr></table><p>and <table><tr><td>Dora<td>Kiel</tr></table>"
        assert read("c.html", alone).text == "Asta | Visby\n\nand\n\nDora | Kiel"

    def test_a_word_document(self, read: Read) -> None:
        document = Document()
        table = document.add_table(rows=4, cols=3)
        for cell, value in zip(table._cells, [value for row in self.ROWS for value in row], strict=True):
            cell.text = value
        assert read("a.docx", docx(document)).text == self.EXPECTED

    def test_a_word_document_whose_table_has_no_header(self, read: Read) -> None:
        document = Document()
        table = document.add_table(rows=2, cols=2)
        for cell, value in zip(table._cells, ["Asta", "1998", "Dora", "2004"], strict=True):
            cell.text = value
        assert read("a.docx", docx(document)).text == "Asta | 1998\nDora | 2004"

    def test_a_pdf(self, read: Read) -> None:
        places = (60, 200, 330)
        page = b"".join(
            line(x, 700 - 16 * number, value)
            for number, row in enumerate(self.ROWS)
            for x, value in zip(places, row, strict=True)
        )
        assert read("a.pdf", pdf(page)).text == self.EXPECTED

    def test_labels_beside_their_values_are_no_table_of_a_pdf(self, read: Read) -> None:
        pairs = (("Name:", "Asta"), ("Port:", "Visby"), ("Since:", "1998"))
        page = b"".join(line(60, 700 - 16 * n, a) + line(200, 700 - 16 * n, b) for n, (a, b) in enumerate(pairs))
        assert read("a.pdf", pdf(page)).text == "Name: | Asta\nPort: | Visby\nSince: | 1998"


class TestMarkdown:
    SHIPS = "\n".join(f"| Ship {number} | Port \\| {number} | {1900 + number} |" for number in range(60))

    @pytest.mark.parametrize("names", ["Ship | Port | Since", "船 | 港 | 年", "Судно | Порт | Год"])
    @pytest.mark.parametrize("rule", ["|---|---|---|", "| :--- | :-: | ---: |"])
    def test_each_row_of_a_long_table_names_its_columns(self, read: Read, names: str, rule: str) -> None:
        text = read("a.md", f"# Ships\n\n| {names} |\n{rule}\n{self.SHIPS}\n\nAs of May.").text
        first, second, third = names.split(" | ")
        assert f"{first}: Ship 59; {second}: Port | 59; {third}: 1959." in text.split("\n")
        assert text.startswith("# Ships\n\n") and text.endswith("\n\nAs of May.")

    @pytest.mark.parametrize(
        "text",
        [
            "| Ship | Port |\n|---|---|\n| Asta | Visby |",
            "```\n| Ship | Port |\n|---|---|\n" + "| Asta | Visby |\n" * 100 + "```",
            "a | b\n" * 400,
            "---\ntitle: x | y\n---\n" + "x | y\n" * 300,
        ],
        ids=["short", "in a fence", "no header", "front matter"],
    )
    def test_all_else_stays_as_it_is_written(self, read: Read, text: str) -> None:
        assert read("a.md", text).text == text.strip()
