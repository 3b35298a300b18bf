"""Settings follow the environment, the `.env` and the working directory, however often they have been read."""

import os
from pathlib import Path

import pytest

from sessiongraph.errors import InvalidInputError
from sessiongraph.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*Settings.model_fields, "sessiongraph_home"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_changed_variable_takes_effect_with_the_next_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().llm_max_retries == 3
    monkeypatch.setenv("LLM_MAX_RETRIES", "7")
    assert load_settings().llm_max_retries == 7
    monkeypatch.delenv("LLM_MAX_RETRIES")
    monkeypatch.setenv("llm_max_retries", "5")
    assert load_settings().llm_max_retries == 5


def test_a_changed_env_file_takes_effect_with_the_next_reading(folder: Path) -> None:
    for number, retries in enumerate(("1", "2")):
        (folder / ".env").write_text(f"LLM_MAX_RETRIES={retries}")
        os.utime(folder / ".env", ns=(number, number))
        assert load_settings().llm_max_retries == int(retries)


def test_the_home_is_that_of_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().home == folder / ".sessiongraph"
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    assert load_settings().home == folder / "other" / ".sessiongraph"


def test_a_wrong_value_is_refused_as_often_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_PORT", "0")
    for _ in range(2):
        with pytest.raises(InvalidInputError, match="CACHE_PORT"):
            load_settings()
