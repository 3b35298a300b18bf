"""What stands on a screen of 80 columns can be read, and what goes into a pipe is whole."""

import os
import pty
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.main import get_command

from sessiongraph.cli import app
from sessiongraph.cli.progress import Pace
from sessiongraph.types import Progress
from tests.support.terminal import Terminal

REPORT = """# Alice Novak

Alice Novak moved to Paris in 2010. She works as a software engineer at Acme Laboratories, which Boris Weber founded in
1999. Acme Laboratories makes batteries for ships, and its office is in the 12th arrondissement. Alice Novak lives with
Carla Rossi, who paints landscapes and teaches at the academy in Porto.

The office moved to Lyon later on. Nobody regretted that, for rents in Paris had become unreasonable by any standard.
"""
JAPANESE = "田中さんは京都に住んでいます。" * 12


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A home with a report, a text without spaces, and a session that was persisted. Tests only read it."""
    terminal = Terminal(tmp_path_factory.mktemp("readable"))
    (terminal.home / "a report with a rather long name of alice novak.md").write_text(REPORT)
    (terminal.home / "tanaka.txt").write_text(JAPANESE)
    for command in (
        ["add", "a report with a rather long name of alice novak.md", "tanaka.txt", "-d", "work", "-n", "reports"],
        ["cognify", "-d", "work"],
        ["search", "Where does Alice Novak live?", "-d", "work", "-s", "monday-morning"],
        ["search", "What does Acme Laboratories make?", "-d", "work", "-s", "monday-morning"],
        ["persist", "monday-morning"],
    ):
        assert terminal(*command).code == 0
    return terminal


# Beside statements, in the place of a table's columns.
OF_SCREENS = {"of", "session", "turn", "document"}
COMMANDS = [
    ["status"],
    ["cognify", "-d", "work"],
    ["persist", "monday-morning"],
    ["persist", "monday-morning", "--dry-run"],
    ["search", "What does Acme Laboratories make?", "-d", "work"],
    ["search", "What does Acme Laboratories make?", "-d", "work", "--sources"],
    ["search", "京都", "-t", "chunks", "-d", "work"],
    ["search", "MATCH (a)-[r]->(b) RETURN a.name, a.type, r.relation, b.name, r.statement", "-t", "cypher"],
    ["graph", "-d", "work"],
    ["graph", "-d", "work", "--table"],
    ["entities", "list", "-d", "work"],
    ["entities", "show", "Alice Novak", "-d", "work"],
    ["entities", "merges", "-d", "work"],
    ["documents", "list", "-d", "work"],
    ["documents", "show", "tanaka.txt", "-d", "work"],
    ["sessions", "list"],
    ["sessions", "list", "--persisted"],
    ["sessions", "show", "monday-morning"],
    ["datasets", "list"],
    ["users", "list"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 60])
def test_lines_fit_and_no_word_is_broken(home: Terminal, command: list[str], columns: int) -> None:
    piped, shown = home(*command), home(*command, columns=columns)

    assert shown.code == piped.code == 0
    assert [line for line in shown.out.splitlines() if cell_len(line) > columns] == []
    # What a pipe gets is whole: a word on the screen is one of its words, or was cut off and says so.
    words = re.compile(r"(?<!\w)[A-Za-z]{2,20}(?!\w)")
    assert set(words.findall(shown.out)) <= set(words.findall(piped.out + piped.err)) | OF_SCREENS


def test_a_pipe_gets_rows_and_ids_whole(home: Terminal) -> None:
    shown = home("documents", "list", "-d", "work")
    [row] = [line for line in shown.out.splitlines() if "alice" in line]
    assert re.match(r"[0-9a-f]{32}  a report with a rather long name of alice novak\.md", row)

    search = ["search", "What does Acme Laboratories make?", "-d", "work", "-t", "chunks"]
    lines = home(*search).out.splitlines()
    for citation in home(*search, "--json").json["citations"]:
        assert any(" ".join(citation["text"].split()) in line for line in lines)
        assert any((citation["turn_id"] or citation["document_id"]) in line for line in lines)
    assert any(JAPANESE[:50] in line for line in home("search", "京都", "-t", "chunks").out.splitlines())


def test_an_answer_comes_first_and_its_sources_take_two_lines_each(home: Terminal) -> None:
    question = ["search", "What does Acme Laboratories make?", "-d", "work", "-n", "reports"]

    lines = home(*question, columns=80).out.splitlines()

    assert "batteries" in lines[0]
    sources = lines[lines.index("Sources") + 1 :]
    # From the sentence on that matters, which is not the first.
    assert re.match(r"\[1\] …?Acme Laboratories makes batteries", sources[0]), sources
    assert re.match(r"    chunk · document a report with", sources[1])
    assert len([line for line in sources if line.startswith("[")]) * 2 == len(sources)
    whole = home(*question, "--sources", columns=80).out
    assert "by any standard." in " ".join(whole.split())


def test_wide_results_become_records(home: Terminal) -> None:
    query = "MATCH (a)-[r]->(b) RETURN a.name, a.type, a.description, r.relation, r.statement, b.name, b.type"

    narrow = home("search", query, "-t", "cypher", "-d", "work", columns=50).out

    assert "a.description  Alice" in narrow
    assert "a.description" in home("search", query, "-t", "cypher", "-d", "work").out.splitlines()[1]


# Help


def _helps() -> list[tuple[list[str], str]]:
    """Every text that a command's help consists of."""
    found = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {})
        for path, one in [([name], command), *(([name, sub], it) for sub, it in below.items())]:
            texts = [one.help or "", *(getattr(it, "help", None) or "" for it in one.params)]
            found += [(path, text) for text in texts if text]
    return found


def test_no_help_text_loses_what_stands_in_brackets(home: Terminal) -> None:
    shown: dict[str, str] = {}
    for path, text in _helps():
        key = " ".join(path)
        shown[key] = shown.get(key) or re.sub(r"[\s│]", "", home(*path, "--help").out)
        missing = [word for word in re.findall(r"\S*\[[^]]*]\S*", text) if re.sub(r"\s", "", word) not in shown[key]]
        assert not missing, (path, missing)


def test_examples_are_shown_as_they_are_typed_on_one_line(home: Terminal) -> None:
    shown = [line.strip() for line in home("search", "--help").out.splitlines()]
    assert 'sessiongraph search "MATCH (a)-[r]->(b) RETURN r.statement" -t cypher' in shown
    for path, epilog in _epilogs():
        shown = [line.strip() for line in home(*path, "--help").out.splitlines()]
        typed = [line.replace("\\[", "[") for line in epilog.split("\n\n") if not line.startswith("[")]
        assert typed and set(typed) <= set(shown), path


def _epilogs() -> Iterator[tuple[list[str], str]]:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {})
        for path, one in [([name], command), *(([name, sub], it) for sub, it in below.items())]:
            if one.epilog:
                yield path, one.epilog


# How far it is


def test_progress_says_how_much_is_done_how_fast_and_how_long_it_will_take() -> None:
    times = iter([0.0, 10.0, 30.0])
    pace = Pace(lambda: next(times))

    assert pace.line(Progress("passages", 0, 61)) == "0 of 61 passages"
    assert pace.line(Progress("passages", 34, 61, failed=2)) == "34 of 61 passages, 2 failed, 3.4/s, 0:08 left"
    assert pace.line(Progress("texts embedded", 0, 2000)) == "0 of 2,000 texts embedded"


# A real terminal


def _in_terminal(home: Path, arguments: list[str], typed: list[str]) -> str:
    """What `sessiongraph` prints in a pseudo terminal of 80 columns, where each line is typed after a prompt."""
    inside, outside = pty.openpty()
    environment = {**os.environ, "SESSIONGRAPH_HOME": str(home / "home"), "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-c", "from sessiongraph.cli import main; main()", *arguments],
        stdin=outside,
        stdout=outside,
        stderr=outside,
        cwd=home,
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(outside)
    waiting = selectors.DefaultSelector()
    waiting.register(inside, selectors.EVENT_READ)
    printed, answered, deadline = b"", 0, time.monotonic() + 120
    while time.monotonic() < deadline:
        if waiting.select(0.2):
            try:
                chunk = os.read(inside, 65536)
            except OSError:  # the other end is closed
                break
            printed += chunk
        if typed and printed[answered:].endswith(b"> "):
            answered = len(printed)
            os.write(inside, f"{typed.pop(0)}\n".encode())
    waiting.close()
    os.close(inside)
    assert process.wait(timeout=30) == 0, printed
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed.decode()).replace("\r\n", "\n")


def test_a_conversation_in_a_terminal_keeps_its_answers_in_sight(home: Terminal) -> None:
    screen = _in_terminal(
        home.home,
        ["chat", "-s", "evening", "-d", "work"],
        ["What does Acme Laboratories make?", "/more 1", "/nonsense", "/quit"],
    )

    asked, more, nonsense, _ = screen.split("> ")[1:5]
    lines = [line for line in re.split(r"[\r\n]+", asked) if "Searching…" not in line]
    assert all(len(line) <= 80 for line in lines)
    assert len(lines) <= 12 and "batteries" in asked
    assert "12th arrondissement." in " ".join(more.split())
    assert "/rate" in nonsense and "no /nonsense" in nonsense
    assert len(home("sessions", "show", "evening", "--json").json) == 1
