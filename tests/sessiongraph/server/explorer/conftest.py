"""Pages in a real browser: a service for all tests of a module, and a browser for all, which to start costs seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from tests.sessiongraph.server.conftest import Service, running
from tests.support.browser import Browser, chromium, missing


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, shared: Shared, shared_dagster_home: Path) -> Iterator[Service]:
    """A service of an empty home, which no key was made for: who is on the machine is the default user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(shared_dagster_home))
        home = tmp_path_factory.mktemp("explorer") / "home"
        settings = Settings(home=home, server_requests_per_minute=100_000, persist_idle_seconds=3600)
        with running(SessionGraph(settings, shared=shared)) as found:
            yield found


@pytest.fixture(scope="session")
def started_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    with chromium(tmp_path_factory.mktemp("browser") / "profile", 1300, 900) as found:
        yield found


@pytest.fixture(scope="module")
def browser(started_browser: Browser) -> Browser:
    """One for all; what a test leaves in it is its page, and what a module does, nothing."""
    # A cookie of one service would go to the next, which has another port alone.
    started_browser.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    started_browser.open("about:blank")
    started_browser.driver.get_log("browser")
    return started_browser


def ran_nothing(browser: Browser) -> bool:
    """Whether nothing that came from outside ran: what it would run is `attack`, which sets a mark."""
    return bool(browser.driver.execute_script("return document.documentElement.dataset.attacked === undefined"))
