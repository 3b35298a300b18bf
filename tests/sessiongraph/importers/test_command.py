"""`sessiongraph sessions import`, as it is typed."""

import tarfile
from pathlib import Path

import pytest

from tests.sessiongraph.importers.samples import TALK, chatgpt, write_lines, write_zip
from tests.support.terminal import Terminal


@pytest.fixture
def cli(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def export(tmp_path: Path) -> str:
    return str(write_zip(tmp_path / "chatgpt.zip", **{"conversations.json": [chatgpt(*TALK, title="[b]Moving")]}))


def test_looked_at_imported_persisted_and_imported_again(cli: Terminal, export: str):
    looked = cli("sessions", "import", export, "-d", "work", "--dry-run")
    assert looked.code == 0 and "What would be imported" in looked.out and "[b]Moving" in looked.out
    assert "Would import 1 session(s): 2 turn(s) new" in looked.out
    assert "Left out: 1 message(s) of branches that were given up" in looked.err
    assert cli("sessions", "list", "--json").json == []

    imported = cli("sessions", "import", export, "-d", "work")
    assert imported.code == 0 and "The cache keeps them until" in imported.err
    assert "Next: sessiongraph persist --all --dataset work" in imported.err
    persisted = cli("persist", "--all", "--dataset", "work")
    assert "2 turn(s) persisted" in persisted.out

    again = cli("sessions", "import", export, "-d", "work")
    assert "0 turn(s) new, 0 changed, 2 unchanged" in again.out and "Next" not in again.err


def test_for_programs(cli: Terminal, export: str):
    report = cli("sessions", "import", export, "--json").json
    assert report["format"] == "chatgpt" and report["sessions"][0]["new"] == 2


def test_what_could_not_be_read_is_named_and_fails(cli: Terminal, tmp_path: Path):
    path = write_lines(tmp_path / "t.jsonl", {"session_id": "a", "question": "I like tea."}, "{", "7")
    done = cli("sessions", "import", str(path))
    assert done.code == 1 and "1 turn(s) new" in done.out
    assert "Could not read t.jsonl, line 2: no valid JSON" in done.err


def test_who_one_is_is_asked_in_the_words_of_the_command_line(cli: Terminal, tmp_path: Path):
    path = tmp_path / "chat.txt"
    path.write_text("13/03/2024, 09:31 - Anna: Where are you?\n13/03/2024, 09:32 - Ben: In Lyon.\n", encoding="utf-8")
    refused = cli("sessions", "import", str(path))
    assert refused.code == 2 and "--me NAME" in refused.err
    assert cli("sessions", "import", str(path), "--me", "Ben").code == 0


def test_cognees_cache_is_told_user_by_user(cli: Terminal, tmp_path: Path):
    with tarfile.open(Path(__file__).parents[2] / "fixtures" / "cognee_1_6_5.tar.xz") as packed:
        packed.extract("cache.db", tmp_path, filter="data")
    cache, ana = str(tmp_path / "cache.db"), "8f14e45f-ceea-467f-a3e1-b3bd5c7e7c9d"
    refused = cli("sessions", "import-cognee", cache)
    assert refused.code == 2 and f"{ana} (2)" in refused.err and "--as-user ID=NAME" in refused.err
    assert cli("users", "create", "ana").code == 0
    looked = cli("sessions", "import-cognee", cache, "--as-user", f"{ana}=ana", "--dry-run")
    assert looked.code == 0 and "Would import 2 session(s): 3 turn(s) new" in looked.out
    assert "Left out: 1 session(s) of users who were not named" in looked.err
    done = cli("sessions", "import-cognee", cache, "--as-user", f"{ana}=ana", "--json").json
    assert done["ana"]["sessions"][0]["session_id"] == "chat:1"
    assert cli("sessions", "import-cognee", cache, "--as-user", "ana").code == 2
