"""A workshop of each test's own, with the models of the test endpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.llm import client, embedder
from resources.settings import Settings
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path, openai_endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """The plain steps over an empty dataset; a failing call is not tried again."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SESSIONGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LLM_MODEL", "openai/test-model")
    monkeypatch.setenv("LLM_ENDPOINT", openai_endpoint.url)
    monkeypatch.setenv("LLM_MAX_RETRIES", "0")
    monkeypatch.setenv("EMBEDDING_MODEL", "openai/test-embedder")
    monkeypatch.setenv("EMBEDDING_ENDPOINT", openai_endpoint.url)
    client.responses.clear()
    embedder.queries.clear()
    made = Workshop.at(tmp_path / "home")
    yield made
    made.cache.close()
