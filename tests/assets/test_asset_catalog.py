"""What `assets/` says of each asset for people, and `sessiongraph.dagster` for events, is one and the same."""

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from sessiongraph.dagster.asset_keys import GROUPS, UPSTREAM, asset_key, code_version
from sessiongraph.services import Services
from sessiongraph.settings import load_settings
from tests.orchestration.conftest import Project

PREFIXES = ("", "team/memory")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_keys_upstream_keys_and_code_versions_are_those_of_events(
    project: Project, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv("SESSIONGRAPH_ASSET_KEY_PREFIX", prefix)
    specs = {spec.key: spec for spec in build_defs().resolve_all_asset_specs()}
    services = Services(load_settings())

    assert {key: {dep.asset_key for dep in spec.deps} for key, spec in specs.items()} == {
        asset_key(name, prefix): {asset_key(it, prefix) for it in upstream} for name, upstream in UPSTREAM.items()
    }
    assert {spec.group_name for spec in specs.values()} == set(GROUPS)
    made = [name for name in UPSTREAM if name != "session_cache"]
    assert {name: specs[asset_key(name, prefix)].code_version for name in made} == {
        name: code_version(name, services) for name in made
    }


def test_a_prefix_has_as_many_parts_as_it_says() -> None:
    assert asset_key("documents", "team/memory") == dg.AssetKey(["team", "memory", "documents"])
    assert asset_key("documents") == dg.AssetKey("documents")
