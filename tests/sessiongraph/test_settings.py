"""Settings follow the environment, the `.env` and the working directory; the project's own names go first."""

import os
from pathlib import Path

import pytest

from sessiongraph.errors import InvalidInputError
from sessiongraph.settings import Settings, load_settings, variables_of


@pytest.fixture(autouse=True)
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SESSIONGRAPH_HOME")
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


def test_the_home_is_not_that_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert load_settings().home == folder / ".sessiongraph"
    assert variables_of("home") == ["SESSIONGRAPH_HOME"]


@pytest.mark.parametrize("prefixed", ["environment", ".env"])
def test_the_prefixed_name_goes_first_wherever_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, prefixed: str
) -> None:
    monkeypatch.setenv("LLM_MODEL", "openai/of-another-program")
    if prefixed == "environment":
        monkeypatch.setenv("SESSIONGRAPH_LLM_MODEL", "openai/ours")
    else:
        (folder / ".env").write_text("SESSIONGRAPH_LLM_MODEL=openai/ours")
    assert load_settings().llm_model == "openai/ours"


def test_the_environment_goes_before_the_env_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("LLM_MODEL=openai/of-the-file\nCACHE_PORT=7000")
    monkeypatch.setenv("LLM_MODEL", "openai/of-the-environment")
    assert (load_settings().llm_model, load_settings().cache_port) == ("openai/of-the-environment", 7000)


def test_what_is_given_goes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONGRAPH_LLM_MODEL", "openai/of-the-environment")
    assert Settings(llm_model="openai/given").llm_model == "openai/given"


def test_a_wrong_value_is_refused_as_often_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONGRAPH_CACHE_PORT", "0")
    for _ in range(2):
        with pytest.raises(InvalidInputError, match=r"SESSIONGRAPH_CACHE_PORT is wrong.*Correct it"):
            load_settings()


def test_a_value_that_another_program_meant_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_BACKEND", "fs")
    with pytest.raises(InvalidInputError, match=r"CACHE_BACKEND is wrong.*set SESSIONGRAPH_CACHE_BACKEND, which goes"):
        load_settings()
    monkeypatch.setenv("SESSIONGRAPH_CACHE_BACKEND", "sqlite")
    assert load_settings().cache_backend == "sqlite"


def test_a_wrong_argument_is_named_as_such() -> None:
    with pytest.raises(InvalidInputError, match="setting cache_port is wrong"):
        Settings(cache_port=0)


def test_secrets_are_in_no_repr_and_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"llm_api_key": "sk-1", "embedding_api_key": "sk-2", "cache_password": "pass-3"}
    for name, value in secrets.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://hooks.example/token-4")
    settings = load_settings()
    assert settings.llm_api_key is not None and settings.llm_api_key.get_secret_value() == "sk-1"
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert not [value for value in ("sk-1", "sk-2", "pass-3", "token-4") if value in shown]
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "no-address-but-token-5")
    with pytest.raises(InvalidInputError) as caught:
        load_settings()
    assert "ALERT_WEBHOOK_URL" in str(caught.value) and "token-5" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["a b", "/team", "team/", "te.am", "team//memory"])
def test_an_asset_key_prefix_is_names_with_slashes(prefix: str) -> None:
    with pytest.raises(InvalidInputError, match="asset_key_prefix"):
        Settings(asset_key_prefix=prefix)
    assert Settings(asset_key_prefix="team/memory").asset_key_prefix == "team/memory"
