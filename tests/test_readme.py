"""README and docs claim only what a reader can run: programs run as they stand, links and settings exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sessiongraph.settings import Settings, variables_of
from tests.support.terminal import isolate

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LONGEST = {"README.md": 150, "ARCHITECTURE.md": 200}

_PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
# A module of the project, as `tests/test_readme.py`, or of the library, as `extraction/ledger.py`.
_MODULE = re.compile(r"`((?:\w+/)+\w+\.py)`")
_SETTING_ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _programs(page: Path) -> list[str]:
    """The Python of a page that runs by itself."""
    return [code for code in _PYTHON.findall(_text(page)) if "asyncio.run(" in code]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_story_of_the_readme_runs(tmp_path: Path):
    (story,) = _programs(ROOT / "README.md")
    settings = {"SESSIONGRAPH_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", story],
        cwd=tmp_path,
        env={**inherited, **settings},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert "Paris" in answers[0]
    assert "software engineer" in answers[1]
    assert "2 turn(s) persisted (2 extracted now)" in answers[2]
    assert "Paris" in answers[3]
    assert done.stdout in _text(ROOT / "README.md"), "the README shows another output"


# What each program of a page prints.
PRINTED = {
    "quickstart.md": [
        "Alice moved to Paris in 2010.\nchunk text Alice moved to Paris in 2010.\n",
        "Alice moved to Paris in 2010.\n[]\n",
    ],
    "chat-applications.md": [
        "1 session(s): 1 turn(s) persisted (1 extracted now), 0 skipped, 0 failed.\nAlice lives in Paris. monday\n"
    ],
}


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_the_programs_of_the_docs_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    isolate(monkeypatch, tmp_path)
    printed = []
    for program in _programs(page):
        exec(compile(program, page.name, "exec"), {"__name__": "__main__"})
        printed.append(capsys.readouterr().out)
    assert printed == PRINTED.get(page.name, [])


@pytest.mark.parametrize("name", LONGEST)
def test_a_page_is_short_enough_to_be_read(name: str):
    assert len(_text(ROOT / name).splitlines()) <= LONGEST[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    dead = []
    for link in _LINK.findall(_text(page)):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_that_are_named_are_there(page: Path):
    named = sorted(set(_MODULE.findall(_text(page))))
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT / "sessiongraph" / name).exists()] == []


def test_the_rooms_of_the_library_are_all_described():
    library = ROOT / "sessiongraph"
    rooms = [f"`{file.name}`" for file in library.glob("*.py")]
    rooms += [f"`{file.parent.name}/`" for file in library.glob("*/__init__.py")]
    assert [room for room in sorted(rooms) if room not in _text(ROOT / "ARCHITECTURE.md")] == []


def test_the_table_has_every_setting_and_no_other():
    listed = _SETTING_ROW.findall(_text(ROOT / "docs" / "models.md"))
    assert sorted(listed) == sorted(variables_of(name)[-1] for name in Settings.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_that_are_named_are_settings(page: Path):
    known = {variable for name in Settings.model_fields for variable in variables_of(name)}
    assert set(re.findall(r"\bSESSIONGRAPH_[A-Z_]*[A-Z]\b", _text(page))) <= known
