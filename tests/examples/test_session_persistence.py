"""The example of the README: what a newcomer sees first, and when running it again."""

import runpy
from pathlib import Path

import pytest

from tests.support.terminal import isolate

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "session_persistence.py"


def test_the_story_is_told_and_can_be_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolate(monkeypatch, tmp_path)

    runpy.run_path(str(EXAMPLE), run_name="__main__")
    first = capsys.readouterr().out
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    second = capsys.readouterr().out

    live, work = first.split("What does she do for work?")
    assert "Paris" in live.split("Where does Alice live?")[1]
    assert "software engineer" in work.split("Persist the session")[0]
    assert "2 turn(s) persisted (2 extracted now)" in first
    assert "Turns in the cache: 0." in first
    assert "2 turn(s) persisted (0 extracted now)" in first
    assert "Model calls: 0, embedding calls: 0." in first
    assert "3 turn(s) persisted (1 extracted now)" in first
    assert "Alice → married → Bob" in " ".join(first.split()), "she was not understood as Alice"
    assert "sessiongraph dev" in first
    assert "0 document added, 1 there already." in second
    assert "Paris" in second
