"""`export` and `import` as a person types them."""

import json
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

TEXT = "Alice moved to Paris in 2010. She works as a software engineer."


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a terminal exported, of a document and a session."""
    cli = Terminal(tmp_path_factory.mktemp("there"))
    for command in (
        ["add", TEXT, "-d", "demo"],
        ["cognify", "-d", "demo"],
        ["search", "Where does Alice live?", "-d", "demo", "-s", "first"],
        ["persist", "first", "-d", "demo"],
    ):
        assert cli(*command).code == 0
    done = cli("export", "demo", "demo.zip")
    assert done.code == 0, done.err
    assert "default_user/demo was written to demo.zip:" in done.out and "1 user(s)" in done.out
    assert "Next: sessiongraph import demo.zip" in done.err and "unencrypted" in done.err
    part = cli("export", "demo", "part.zip", "--session", "first", "--since", "2020-01-01", "--json")
    assert part.json["rows"]["documents"] == 1
    for refused, says in (
        (["export", "demo", "demo.zip"], "There is a file"),
        (["export", "demo", "x.zip", "--since", "May"], "--since is a day or a time"),
        (["export", "demo", "x.zip", "--session", "other"], "`sessiongraph documents list"),
        (["import", "demo.zip"], "with --as, or remove that one first with `sessiongraph datasets delete"),
        (["import", "demo.zip", "--as-user", "ana"], "--as-user is given as OLD=NEW"),
    ):
        done = cli(*refused)
        assert done.code in (1, 2) and says in done.err, done.err
    return cli.home / "demo.zip"


def test_a_dataset_is_in_another_home_after_one_command(exported: Path, tmp_path: Path) -> None:
    cli = Terminal(tmp_path)
    done = cli("import", str(exported))
    assert done.code == 0, done.err
    assert "default_user/demo was made of an export of 20" in done.out
    assert "1 document(s), 1 session(s) of 1 turn(s)." in done.out
    assert 'Next: sessiongraph search "…" --dataset demo' in done.err
    assert "Paris" in cli("search", "Where does Alice live?", "-d", "demo").out
    again = cli("import", str(exported), "--as", "copy", "--json")
    assert again.json["dataset"]["key"] == "default_user/copy" and again.json["turns"] == 1
    assert {it["name"] for it in json.loads(cli("datasets", "list", "--json").out)} >= {"demo", "copy"}


def test_a_user_who_is_another_here_is_asked_for_in_the_words_of_the_command_line(
    exported: Path, tmp_path: Path
) -> None:
    cli = Terminal(tmp_path)
    cli("users", "create", "ana")
    done = cli("import", str(exported), "--as-user", "default_user=ana", "--user", "ana")
    assert done.code == 0, done.err
    assert "The archive's default_user is ana here." in done.err
    assert "ana/demo was made" in done.out
    wrong = cli("import", str(exported), "--as", "other", "--as-user", "zoe=ana")
    assert wrong.code == 2 and "no user 'zoe'" in wrong.err


def test_a_broken_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no")
    done = Terminal(tmp_path)("import", "x.zip")
    assert (done.code, done.out) == (2, "")
    assert "The archive was refused, and nothing was written: it is no zip file" in done.err
