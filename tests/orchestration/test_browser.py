"""The Dagster UI as a person uses it: in a real browser, by clicking. Skipped where no chromium is installed."""

import asyncio
from pathlib import Path

import pytest

import sessiongraph
from tests.support.browser import Browser, chromium, dagster_ui, missing

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
    pytest.mark.timeout(600),  # three processes start, and then a browser
]


def test_an_asset_materialized_by_clicking_succeeds_and_passes_its_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DAGSTER_HOME", "LLM_MODEL", "EMBEDDING_MODEL", "CACHE_BACKEND", "CACHING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SESSIONGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)  # away from anybody's .env
    said = "Alice moved to Paris in 2010. She works as a software engineer at Acme."
    asyncio.run(sessiongraph.add([said]))

    with dagster_ui(tmp_path / "home") as url, chromium(tmp_path / "profile") as browser:
        _materialize_all_partitions(browser, f"{url}/assets/knowledge_graph")
        browser.open(f"{url}/runs")
        browser.click("//a[starts-with(@href,'/runs/') and string-length(normalize-space())=8]")
        browser.sees("RUN_SUCCESS")

        browser.open(f"{url}/assets/knowledge_graph?view=checks&checkDetail=graph_is_not_empty")
        browser.sees("Checks (12)", "This is a blocking asset check.", "Passed", "default_user/main_dataset")
        facts = browser.find("//tr[td[1][normalize-space()='facts']]/td[2]").text
        outcomes = [line for line in browser.text.splitlines() if line in ("Succeeded", "Failed", "Not evaluated")]

    assert outcomes == ["Succeeded"] * 12
    assert int(facts) > 0


def _materialize_all_partitions(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.click("//button[normalize-space()='Materialize…']")
    browser.click("//button[normalize-space()='All']")
    browser.click("//button[normalize-space()='Launch 1 run']")
    browser.sees("Launched run")
