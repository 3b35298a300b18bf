"""From an event in Dagster to the explorer's pages, and from those into Dagster."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from tests.sessiongraph.server.conftest import Service

pytestmark = pytest.mark.timeout(120)

PUBLIC, UI = "https://memory.example.com/", "http://127.0.0.1:3000"


def event_of(service: Service, *key: str) -> dg.AssetMaterialization:
    instance = service.client.services.dagster_instance
    [record] = instance.fetch_materializations(dg.AssetKey(key), limit=1).records
    assert record.asset_materialization is not None
    return record.asset_materialization


def test_an_event_links_to_pages_that_are_there_and_they_link_back(serve: Callable[..., Service], home: Path):
    service = serve(public_url=PUBLIC, dagster_url=UI, asset_key_prefix="team")
    with service.http() as http:
        http.post("/v1/add", json={"data": ["Alice moved to Paris."], "dataset_name": "demo"}).raise_for_status()
        http.post("/v1/cognify", json={"datasets": ["demo"]}).raise_for_status()
        metadata = event_of(service, "team", "knowledge_graph").metadata
        assert next(iter(metadata)) == "changes", "what a person looks for first stands first"
        _, _, link = str(metadata["changes"].value).partition("(")
        for url, words in ((link[:-1], "What documents brought"), (str(metadata["explorer"].value), "What is in it")):
            assert url.startswith(PUBLIC)
            page = http.get("/" + url.removeprefix(PUBLIC))
            assert page.status_code == 200 and words in page.text
        assert f'href="{UI}/assets/team/knowledge_graph?partition=default_user%2Fdemo"' in page.text
        assert "explorer" in event_of(service, "team", "documents").metadata


def test_without_addresses_nothing_is_linked(serve: Callable[..., Service], home: Path):
    service = serve()
    with service.http() as http:
        http.post("/v1/add", json={"data": ["Alice moved to Paris."], "dataset_name": "demo"}).raise_for_status()
        assert "explorer" not in event_of(service, "documents").metadata
        page = http.get("/dataset", params={"dataset": "demo"}).text
        assert "SESSIONGRAPH_DAGSTER_URL" in page and "/assets/" not in page
