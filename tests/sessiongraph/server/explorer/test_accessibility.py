"""Every page, empty and full, as axe-core sees it: light and dark, on a wide screen and on a phone.

A page that is added gets its path in `PAGES`; a test fails as long as one has none.
"""

import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterator

import httpx
import pytest
from selenium.webdriver.common.keys import Keys

from sessiongraph.server.explorer.pages import ROUTERS
from tests.sessiongraph.server.conftest import Service
from tests.support.accessibility import findings
from tests.support.browser import Browser

pytestmark = pytest.mark.timeout(300)

DEMO = "default_user/demo"
SIZES = {"wide": (1300, 900), "phone": (390, 844)}

# By route: where it is looked at, with content; `{passage}` and other names are those of `content`.
PAGES: dict[str, str] = {
    "/": "/",
    "/ask": f"/ask?session=talk&dataset={DEMO}",
    "/sessions": "/sessions",
    "/sessions/{session_id}": "/sessions/talk",
    "/evidence": f"/evidence?dataset={DEMO}&id={{passage}}",
    "/graph": f"/graph?dataset={DEMO}",
    "/entities": f"/entities?dataset={DEMO}",
    "/entity": f"/entity?dataset={DEMO}&entity=Alice",
    "/fact": f"/fact?dataset={DEMO}&id={{fact}}",
    "/documents": f"/documents?dataset={DEMO}",
    "/documents/{document_id}": f"/documents/{{document}}?dataset={DEMO}",
    "/dataset": f"/dataset?dataset={DEMO}",
    "/changes": f"/changes?dataset={DEMO}",
    "/changes/{asset}/{run_id}": "{change}",
}
# Those that there are in an empty home, and those that nobody goes to on purpose.
EMPTY = (
    "/",
    "/ask",
    "/sessions",
    "/sessions/never-was",
    "/sign-in",
    "/graph",
    "/documents",
    "/dataset",
    "/changes",
)
# Parts of a page, which its script puts into it.
PARTS = {"/ask/beside", "/ask/turn", "/ask/sources"}


def sources_and_edit(browser: Browser) -> None:
    browser.click("//details/summary")
    browser.find("//details[@open]//li", 30)
    browser.click("//button[@data-action='edit']")
    browser.find("//form[contains(@class,'edit')]//textarea", 30)


def asked(browser: Browser) -> None:
    browser.find("//textarea[@id='question']").send_keys("Where does Alice live?", Keys.ENTER)
    browser.find("//a[@class='cite']", 60)


def refused(browser: Browser) -> None:
    browser.driver.execute_script(
        "document.querySelector('select[name=dataset]').add(new Option('nowhere', 'nowhere', true, true))"
    )
    browser.find("//textarea[@id='question']").send_keys("Where is it?", Keys.ENTER)
    browser.sees("Dataset not found", seconds=30)


def rated(browser: Browser) -> None:
    browser.click("//button[@data-action='rate' and @data-score='4']")
    browser.find("//*[@id='said' and contains(., 'Rated 4')]", 30)


def delete_dialog(browser: Browser) -> None:
    browser.click("//button[@data-action='delete']")
    browser.find("//dialog[@open]", 30)


def forget_dialog(browser: Browser) -> None:
    browser.click("//button[@data-action='forget']")
    browser.find("//dialog[@open]", 30)


def retract_dialog(browser: Browser) -> None:
    browser.click("//button[@data-action='retract']")
    browser.find("//dialog[@open]", 30)


def forget_document_dialog(browser: Browser) -> None:
    browser.click("//button[@data-action='forget-document']")
    browser.find("//dialog[@open]", 30)


def drawn(browser: Browser) -> None:
    browser.find("//canvas", 30)
    browser.sees("Alice", seconds=30)


def wrong_key(browser: Browser) -> None:
    browser.find("//input[@name='key']", 30).send_keys("sgk_wrong", Keys.ENTER)
    browser.sees("no good any more", seconds=30)


# What pages become under one's hands.
STATES: tuple[tuple[str, Callable[[Browser], None]], ...] = (
    ("/ask?session=talk", sources_and_edit),
    (f"/ask?session=new&dataset={DEMO}", asked),
    ("/ask?session=talk", refused),
    ("/ask?session=talk", rated),
    ("/ask?session=talk", delete_dialog),
    ("/sessions", forget_dialog),
    ("/sessions/talk", forget_dialog),
    (f"/graph?dataset={DEMO}", drawn),
    (f"/fact?dataset={DEMO}&id={{fact}}", retract_dialog),
    (f"/documents/{{document}}?dataset={DEMO}", forget_document_dialog),
    ("/sign-in", wrong_key),
)


@pytest.fixture(scope="module")
def content(service: Service) -> dict[str, str]:
    """A document and sessions with turns in every state, and the ids that addresses need."""
    with service.http() as http:
        texts = ["Alice moved to Paris in 2010. She works as a software engineer.", "Bob Smith founded Acme in 1999."]
        post(http, "/v1/add", {"data": texts, "dataset_name": "demo"})
        post(http, "/v1/cognify", {"datasets": ["demo"]})
        for words in ("My sister Clara works at Globex in Berlin.", "This was not what I asked for."):
            post(http, "/v1/sessions/talk/turns", {"question": words, "answer": "Noted.", "dataset": "demo"})
        second = http.get("/v1/sessions/talk/turns").json()[1]["turn_id"]
        http.put(f"/v1/sessions/talk/turns/{second}/feedback", json={"score": 1}).raise_for_status()
        answer = {"query_text": "Where does Alice live?", "session_id": "talk", "datasets": ["demo"]}
        post(http, "/v1/search", answer)
        post(http, "/v1/persist_sessions", {"session_ids": ["talk"], "dataset": "demo"})
        post(http, "/v1/sessions/talk/turns", {"question": "I like tea.", "answer": "Noted.", "dataset": "demo"})
        [persisted] = http.get("/v1/sessions/talk/outcomes").json()[0]["outcomes"]
        fact = http.get("/v1/facts", params={"dataset": "demo", "query": "Paris"}).json()[0]["id"]
        page = http.get("/documents", params={"dataset": DEMO}).text
        document = re.search(r"/documents/([^?\"]+)\?", page)
        change = re.search(r"/changes/[^\"]+", http.get("/changes", params={"dataset": DEMO}).text)
        assert document and change
    return {
        "passage": persisted["passage_id"],
        "fact": fact,
        "document": document[1],
        "change": html.unescape(change[0]),
    }


@pytest.fixture
def clean(browser: Browser) -> Iterator[Browser]:
    """The browser as other tests expect it, whatever was tried here."""
    yield browser
    browser.size(1300, 900)
    colours(browser, "")


def post(http: httpx.Client, path: str, body: dict[str, object]) -> None:
    http.post(path, json=body).raise_for_status()


def colours(browser: Browser, scheme: str) -> None:
    """Say to pages which colours the reader's system has."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def assert_good_for_everybody(browser: Browser) -> None:
    """Nothing is found on the page that is open, in whatever light and size."""
    where = defaultdict(list)
    for name, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            browser.size(width, height)
            colours(browser, scheme)
            for line in findings(browser):
                where[line].append(f"{name} and {scheme}")
            fits = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            if not browser.driver.execute_script(fits):
                where["wider than the screen"].append(f"{name} and {scheme}")
    told = "\n".join(f"{line}\n  ({', '.join(places)})" for line, places in where.items())
    assert not where, f"{browser.driver.current_url}\n{told}"


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_page_is_good_for_everybody(clean: Browser, service: Service, path: str):
    """First of the module: nothing is there yet."""
    clean.open(service.url + path)
    assert_good_for_everybody(clean)


@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_good_for_everybody(clean: Browser, service: Service, content: dict[str, str], route: str):
    clean.open(service.url + PAGES[route].format(**content))
    assert_good_for_everybody(clean)


@pytest.mark.parametrize(("path", "do"), STATES, ids=[do.__name__ for _, do in STATES])
def test_what_a_page_becomes_under_ones_hands_is_good_for_everybody(
    clean: Browser, service: Service, content: dict[str, str], path: str, do: Callable[[Browser], None]
):
    clean.open(service.url + path.format(**content))
    do(clean)
    assert_good_for_everybody(clean)


def test_no_page_is_left_out():
    routes = {route.path for router in ROUTERS for route in router.routes}
    assert routes - PARTS == set(PAGES), "each page has its path in PAGES"


def test_what_is_bad_is_found(clean: Browser, service: Service):
    clean.open(service.url)
    clean.driver.execute_script("document.querySelector('main').append(document.createElement('input'))")
    with pytest.raises(AssertionError, match=r"label \(critical\)"):
        assert_good_for_everybody(clean)
