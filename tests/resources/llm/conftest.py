"""Every test here starts without remembered answers and without settings from the developer's environment."""

import pytest

from resources.llm import client, embedder
from resources.settings import Settings


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    client.responses.clear()
    embedder.queries.clear()
    for name in (*Settings.model_fields, "openai_api_key"):
        monkeypatch.delenv(name.upper(), raising=False)
