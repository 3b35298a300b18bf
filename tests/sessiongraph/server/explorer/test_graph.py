"""The graph, entities and facts in a real browser: by clicking, by the keyboard alone, on twenty entities and on twenty
thousand, and with hostile words."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable
from importlib.resources import files
from io import BytesIO

import networkx as nx
import pytest
from selenium.webdriver.common.keys import Keys

from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.explorer.conftest import ran_nothing
from tests.sessiongraph.server.explorer.test_ask_and_sessions import focused, press, tab_to
from tests.support import large_graph
from tests.support.browser import Browser, until

pytestmark = pytest.mark.timeout(300)

DEMO, HOSTILE, LARGE = "default_user/demo", "default_user/hostile", "default_user/large"
RUN = "document.documentElement.dataset.attacked=1"
ATTACK, SCRIPT = f'<img src=x onerror="{RUN}">', f"<script>{RUN}</script>"
TEXTS = [
    "Alice Smith moved to Paris in 2010. Bob Jones founded Acme in 1999. Acme is based in Berlin.",
    "Alice Smith moved to Lyon in 2019. Alice Smith works at Acme. Alice Smith is married to Bob Jones.",
    "Clara Weber works at Globex. Clara Weber lives in Berlin. Eva Brown works at Globex. Eva Brown lives in Rome.",
    "Max Mueller lives in Bern. Max Mueller works at Initech. Robbie lives in Oslo. Dan Brown lives in Porto.",
]


@pytest.fixture(scope="module")
def graph(service: Service) -> Service:
    with service.http() as http:
        for text in TEXTS:
            body = {"data": [text], "dataset_name": "demo", "node_set": ["late" if "Max" in text else "early"]}
            http.post("/v1/add", json=body).raise_for_status()
        http.post("/v1/cognify", json={"datasets": ["demo"]}).raise_for_status()
        turn = {"question": "Ida Holm lives in Graz and knows Alice Smith.", "answer": "Noted.", "dataset": "demo"}
        http.post("/v1/sessions/chat/turns", json=turn).raise_for_status()
        http.post("/v1/persist_sessions", json={"session_ids": ["chat"], "dataset": "demo"}).raise_for_status()
    return service


def show(browser: Browser, service: Service, **query: str) -> None:
    """Open the graph page and wait until the picture stands still."""
    browser.open(f"{service.url}/graph?" + "&".join(f"{name}={value}" for name, value in query.items()))
    settled(browser)


def settled(browser: Browser, seconds: float = 60) -> None:
    script = "return document.querySelector('.graph')?.hasAttribute('data-settled')"
    until(lambda: browser.driver.execute_script(script), "the picture stands still", seconds)


def listed(browser: Browser) -> list[str]:
    """The names of the entities in the list beside the picture."""
    script = "return [...document.querySelectorAll('#entities [data-action=choose]')].map(it => it.textContent)"
    return list(browser.driver.execute_script(script))


def facts(browser: Browser) -> list[str]:
    return list(
        browser.driver.execute_script("return [...document.querySelectorAll('#facts a')].map(it => it.textContent)")
    )


def entity(name: str, action: str = "choose") -> str:
    row = f"//tbody[@id='entities']/tr[.//button[text()='{name}']]"
    return f"{row}//button[@data-action='{action}']"


def after(browser: Browser, work: Callable[[], None]) -> None:
    """Do `work`, which asks the service anew, and wait for what it brings."""
    browser.driver.execute_script("document.querySelector('.graph').removeAttribute('data-settled')")
    work()
    settled(browser)


def test_what_others_wrote_is_as_its_package_has_it():
    static = files("sessiongraph.server.explorer") / "static"
    lines = (static / "vendored.txt").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line.count(" | ") == 4][1:]
    assert {row[0] for row in rows} == {it.name for it in static.iterdir() if ".min." in it.name}
    for name, package, version, licence, digest in rows:
        assert hashlib.sha256((static / name).read_bytes()).hexdigest() == digest, (package, version)
        assert f": {licence} ---" in (static / "vendored.txt").read_text()


def test_the_graph_is_begun_expanded_collapsed_hidden_and_begun_elsewhere(browser: Browser, graph: Service):
    show(browser, graph, dataset=DEMO)
    assert len(listed(browser)) >= 19 and "Alice Smith — works at — Acme" in facts(browser)
    browser.find("//input[@name='query']").send_keys("berlin")
    after(browser, lambda: browser.click("//button[text()='Find']"))
    assert "Berlin" in listed(browser) and "Max Mueller" not in listed(browser)
    after(browser, lambda: browser.click("//button[text()='Whole graph']"))
    browser.click(entity("Berlin"))
    browser.sees("Facts of Berlin", "Its page", seconds=30)
    after(browser, lambda: browser.click("//section[@id='chosen']//button[text()='Start here']"))
    assert set(listed(browser)) == {"Berlin", "Acme", "Clara Weber"}
    after(browser, lambda: browser.click(entity("Acme", "expand")))
    assert {"Alice Smith", "Bob Jones"} <= set(listed(browser)) and "Lyon" not in listed(browser)
    after(browser, lambda: browser.click("//section[@id='chosen']//button[text()='Collapse']"))
    assert set(listed(browser)) == {"Berlin", "Acme", "Clara Weber"}
    browser.click(entity("Clara Weber"))
    browser.click("//section[@id='chosen']//button[text()='Hide']")
    until(lambda: set(listed(browser)) == {"Berlin", "Acme"}, "it is hidden", 30)
    browser.click("//button[text()='Show 1 hidden']")
    until(lambda: "Clara Weber" in listed(browser), "it is back", 30)
    browser.open(browser.driver.current_url)
    settled(browser)
    assert set(listed(browser)) == {"Berlin", "Acme", "Clara Weber"}, "the address has what is looked at"


def test_it_is_narrowed_by_type_node_set_session_who_said_it_and_when(browser: Browser, graph: Service):
    show(browser, graph, dataset=DEMO)
    browser.click("//summary[text()='Filters']")

    def narrowed(*xpaths: str) -> set[str]:
        after(browser, lambda: browser.click("//form[@id='narrow']//button[text()='Clear the filters']"))
        for xpath in xpaths:
            after(browser, lambda xpath=xpath: browser.click(f"//form[@id='narrow']//{xpath}"))
        return set(listed(browser))

    organizations = narrowed("input[@name='type' and @value='Organization']")
    assert "Acme" in organizations and "Alice Smith" not in organizations
    assert {"Max Mueller", "Bern"} <= narrowed("option[@value='late']") and "Acme" not in listed(browser)
    assert {"Ida Holm", "Graz"} <= narrowed("option[@value='chat']") and "Acme" not in listed(browser)
    assert {"Ida Holm"} <= narrowed("input[@name='stated_by' and @value='user']") and "Acme" not in listed(browser)
    narrowed()
    set_value(browser, "said_until", "2001-01-01", "change")
    browser.sees("Nothing fits.", seconds=30)
    after(browser, lambda: browser.click("//p[@id='nothing']/button"))
    assert len(listed(browser)) >= 19


def set_value(browser: Browser, name: str, value: str, event: str) -> None:
    browser.driver.execute_script(
        "const it = document.querySelector(`[name='${arguments[0]}'], #${arguments[0]}`); it.value = arguments[1];"
        "it.dispatchEvent(new Event(arguments[2], { bubbles: true }))",
        name,
        value,
        event,
    )


def test_the_slider_shows_what_held_then(browser: Browser, graph: Service):
    show(browser, graph, dataset=DEMO)
    assert "Alice Smith — moved to — Lyon" in facts(browser) and "Alice Smith — moved to — Paris" not in facts(browser)
    slider = browser.find("//input[@id='time']")
    after(browser, lambda: slider.send_keys(Keys.HOME))
    browser.sees("what held in 1999-01", seconds=30)
    assert facts(browser) == ["Bob Jones — founded — Acme"]
    after(browser, lambda: slider.send_keys(*[Keys.PAGE_UP] * 6))
    month = browser.find("//output").text.removeprefix("what held in ")
    assert "2010" <= month < "2019", month
    assert "Alice Smith — moved to — Paris" in facts(browser) and "Alice Smith — moved to — Lyon" not in facts(browser)
    assert slider.get_attribute("aria-valuetext") == f"what held in {month}"
    after(browser, lambda: slider.send_keys(Keys.END))
    browser.sees("what holds now", seconds=30)
    after(browser, lambda: browser.driver.execute_script("document.getElementById('superseded').click()"))
    assert {"Alice Smith — moved to — Paris", "Alice Smith — moved to — Lyon"} <= set(facts(browser))


# Makes `download` keep what it would give to the browser, by the name of the file.
_CATCH = """
window.caught = {};
const made = new Map(), url = URL.createObjectURL;
URL.createObjectURL = blob => { const it = url.call(URL, blob); made.set(it, blob); return it; };
HTMLAnchorElement.prototype.click = async function () {
  const bytes = new Uint8Array(await made.get(this.href).arrayBuffer());
  window.caught[this.download] = btoa(Array.from(bytes, it => String.fromCharCode(it)).join(""));
};
"""


def saved(browser: Browser, button: str, name: str) -> bytes:
    browser.click(f"//button[text()='{button}']")
    script = "return window.caught[arguments[0]]"
    return base64.b64decode(until(lambda: browser.driver.execute_script(script, name), "the file is there", 30))


def test_what_is_shown_is_saved_as_a_picture_and_as_graphml(browser: Browser, graph: Service):
    show(browser, graph, dataset=DEMO, entity="Berlin")
    browser.driver.execute_script(_CATCH)
    assert saved(browser, "PNG", "graph.png").startswith(b"\x89PNG")
    picture = saved(browser, "SVG", "graph.svg").decode()
    assert picture.count("<circle") == 3 and "Clara Weber" in picture
    read = nx.read_graphml(BytesIO(saved(browser, "GraphML", "graph.graphml")), force_multigraph=True)
    assert sorted(data["name"] for _, data in read.nodes(data=True)) == ["Acme", "Berlin", "Clara Weber"]
    assert {data["relation"] for *_, data in read.edges(data=True)} == {"is based in", "lives in"}


def test_the_picture_and_the_lists_are_worked_by_the_keyboard_alone(browser: Browser, graph: Service):
    show(browser, graph, dataset=DEMO, entity="Berlin")
    browser.driver.execute_script("document.querySelector('[data-action=fit]').focus()")
    for _ in range(4):
        press(browser, Keys.TAB)
    assert browser.driver.switch_to.active_element.get_attribute("id") == "picture"
    press(browser, Keys.ARROW_RIGHT)
    browser.sees("Facts of ", seconds=30)
    told = "return document.getElementById('tell').textContent"
    seen = set()
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_DOWN, Keys.ARROW_UP) * 4:
        press(browser, key)
        said = browser.driver.execute_script(told)
        seen.add(said.split(",")[0])
        if said.startswith("Acme"):
            break
    assert "Acme" in seen
    after(browser, lambda: press(browser, Keys.ENTER))
    assert {"Alice Smith", "Bob Jones"} <= set(listed(browser))
    until(lambda: "around Acme" in browser.driver.execute_script(told), "it is told", 30)
    after(browser, lambda: press(browser, Keys.BACKSPACE))
    assert set(listed(browser)) == {"Berlin", "Acme", "Clara Weber"}
    tab_to(browser, "Clara Weber")
    press(browser, Keys.ENTER)
    until(lambda: "Facts of Clara Weber" in browser.text, "it is chosen", 30)
    assert focused(browser) == "Clara Weber", "who chose is where they were"
    tab_to(browser, "+1")
    after(browser, lambda: press(browser, Keys.ENTER))
    assert "Globex" in listed(browser)
    browser.driver.execute_script("document.getElementById('picture').focus()")
    press(browser, "o")
    browser.sees("Names, and why they are one", seconds=30)


def test_an_entity_and_a_fact_are_put_right_by_the_keyboard_alone(browser: Browser, graph: Service):
    def answered(yes: str) -> None:
        """Say yes to the question that is asked, for which Cancel has the focus."""
        browser.find("//dialog[@open]", 30)
        tab_to(browser, yes, 2)
        press(browser, Keys.ENTER)

    browser.open(f"{graph.url}/entities?dataset={DEMO}")
    tab_to(browser, "query")
    press(browser, "eva", Keys.ENTER)
    browser.sees("1 of ", seconds=30)
    tab_to(browser, "Eva Brown")
    press(browser, Keys.ENTER)
    browser.sees("Names, and why they are one", seconds=30)
    tab_to(browser, "1 sentence states it.")
    press(browser, Keys.ENTER)
    browser.find("//details[@open]//q[text()='Eva Brown works at Globex.' or text()='Eva Brown lives in Rome.']", 30)
    tab_to(browser, "Eva Brown lives in Rome.")
    press(browser, Keys.ENTER)
    browser.sees("Put it right", seconds=30)
    tab_to(browser, "Never true…")
    press(browser, Keys.ENTER)
    browser.sees("Was this never true?", seconds=30)
    press(browser, Keys.ESCAPE)
    until(lambda: focused(browser) == "Never true…", "who said no is where they were", 30)
    tab_to(browser, "object")
    press(browser, Keys.ENTER)
    browser.sees("Nothing is changed", "Write what is right into the fields first.", seconds=30)
    press(browser, "?", Keys.BACKSPACE, *[Keys.BACKSPACE] * 4, "Milan", Keys.ENTER)
    answered("Correct")
    browser.sees("Corrected.", "No sentence states it; 1 is said to be wrong.", seconds=60)
    tab_to(browser, "Undo the correction…")
    press(browser, Keys.ENTER)
    answered("Undo")
    browser.sees("Undone.", "1 sentence states it.", seconds=60)
    tab_to(browser, "Eva Brown")
    press(browser, Keys.ENTER)
    browser.sees("It is the same as", seconds=30)
    tab_to(browser, "other")
    press(browser, "Dan Brown", Keys.TAB, "her alias", Keys.ENTER)
    answered("Merge")
    browser.sees("Merged.", "her alias", "lives in Porto", seconds=60)
    tab_to(browser, "Keep apart…")
    press(browser, Keys.ENTER)
    answered("Keep apart")
    browser.sees("Kept apart.", seconds=60)
    tab_to(browser, "type")
    press(browser, Keys.BACKSPACE, "Robot", Keys.ENTER)
    browser.sees("Correct this entity?", "Dan Brown, Robot", seconds=30)
    press(browser, Keys.ESCAPE)


def test_a_fact_is_corrected_retracted_and_each_undone(browser: Browser, graph: Service):
    browser.open(f"{graph.url}/entity?dataset={DEMO}&entity=Robbie")
    browser.click("//a[contains(text(),'Robbie lives in Oslo')]")
    browser.sees("1 sentence states it.", seconds=30)
    browser.click("//section//a[contains(@href,'/evidence')]")
    browser.find("//mark[contains(.,'Robbie lives in Oslo')]", 30)
    browser.driver.back()
    field = browser.find("//input[@name='object']", 30)
    before = browser.driver.current_url
    field.clear()
    field.send_keys("Bergen")
    browser.find("//input[@name='valid_at']").send_keys("2018")
    browser.click("//button[text()='Correct…']")
    browser.sees("Robbie — lives in — Oslo", "Robbie — lives in — Bergen, since 2018", "can be undone", seconds=30)
    browser.click("//dialog//button[text()='Cancel']")
    assert "corrected by" not in browser.text
    browser.click("//button[text()='Correct…']")
    browser.click("//dialog//button[text()='Correct']")
    browser.sees("Corrected.", "corrected by default_user", "since 2018", "No sentence states it; 1 is", seconds=60)
    now = browser.driver.current_url
    for kept in ("fact", "evidence"):
        browser.open(before.replace("/fact?", f"/{kept}?"))
        browser.find("//h1[contains(., 'Bergen')]", 30)
        assert browser.driver.current_url == now, "an address from before leads to the fact as it is now"
    browser.click("//button[text()='Undo the correction…']")
    browser.click("//dialog//button[text()='Undo']")
    browser.sees("Undone.", seconds=60)
    browser.find("//h1[contains(., 'Oslo')]", 30)
    browser.click("//button[text()='Never true…']")
    browser.click("//dialog//button[text()='Never true']")
    browser.sees("Said to be never true.", "it is shown and quoted as true no more", seconds=60)
    with graph.http() as http:
        assert http.get("/v1/facts", params={"dataset": DEMO, "entity": "Robbie"}).json() == []
    browser.click("//h1/a[text()='Robbie']")
    browser.sees("Said to be never true", seconds=30)
    browser.click("//button[text()='Undo: it is true…']")
    browser.click("//dialog//button[text()='Undo']")
    until(lambda: "Said to be never true" not in browser.text, "it is true again", 60)
    browser.click("//a[text()='Correct…']")
    field = browser.find("//input[@name='valid_at']")
    field.send_keys("soon")
    browser.click("//button[text()='Correct…']")
    browser.click("//dialog//button[text()='Correct']")
    browser.sees("valid_at is a date", seconds=30)
    assert field.get_attribute("value") == "soon", "what was typed is not lost"


def test_names_are_merged_kept_apart_and_an_entity_is_renamed_and_each_undone(browser: Browser, graph: Service):
    browser.open(f"{graph.url}/entity?dataset={DEMO}&entity=Robbie")
    browser.find("//input[@name='other']", 30).send_keys("Bob Jones")
    browser.find("//input[@name='reason']").send_keys("his nickname")
    browser.click("//button[text()='Merge…']")
    browser.sees("Are Robbie and Bob Jones one?", "with the names and facts of both", seconds=30)
    browser.click("//dialog//button[text()='Merge']")
    browser.sees("Merged.", "his nickname", "decided", "founded Acme", "lives in Oslo", seconds=60)
    browser.click("//button[text()='Keep apart…']")
    browser.sees("names of one entity", seconds=30)
    browser.click("//dialog//button[text()='Keep apart']")
    browser.sees("Kept apart.", "kept apart", "Take as one…", seconds=60)
    browser.click("//button[text()='Take as one…']")
    browser.click("//dialog//button[text()='Merge']")
    browser.sees("Merged.", seconds=60)

    browser.open(f"{graph.url}/entities?dataset={DEMO}&query=porto")
    browser.click("//tbody//a[text()='Porto']")
    for name, value in (("name", "Oporto"), ("type", "City")):
        field = browser.find(f"//form[@id='correct-entity']//input[@name='{name}']", 30)
        field.clear()
        field.send_keys(value)
    browser.click("//form[@id='correct-entity']//button[text()='Correct…']")
    browser.sees("Oporto, City", "stays one of its names", seconds=30)
    browser.click("//dialog//button[text()='Correct']")
    browser.sees("Corrected.", "it is a City, and it is called Oporto", seconds=60)
    browser.find("//h1[contains(., 'Oporto')]", 30)
    browser.click("//button[text()='Undo the correction…']")
    browser.click("//dialog//button[text()='Undo']")
    browser.sees("Undone.", seconds=60)
    browser.find("//h1[contains(., 'Porto') and not(contains(., 'Oporto'))]", 30)


@pytest.fixture(scope="module")
def hostile(service: Service) -> Service:
    """A graph in which each name and text is an attack, as rows: no model would find it."""
    dataset = asyncio.run(service.client.datasets.create("hostile"))
    large_graph.fill(
        service.client.services.store(dataset),
        entities=30,
        hub_facts=5,
        called=lambda number: f"{ATTACK}{SCRIPT}'\"</th>]]>{number}\u202e",
    )
    return service


def test_hostile_names_and_texts_are_shown_and_run_nothing(browser: Browser, hostile: Service):
    browser.driver.get_log("browser")
    show(browser, hostile, dataset=HOSTILE)
    assert (
        len(listed(browser)) == 30 and listed(browser)[0].startswith(ATTACK + SCRIPT) and "\ufffd" in listed(browser)[0]
    )
    browser.driver.execute_script(_CATCH)
    for button, name in (("PNG", "graph.png"), ("SVG", "graph.svg"), ("GraphML", "graph.graphml")):
        content = saved(browser, button, name)
        if name != "graph.png":
            assert b"<script" not in content and b"<img" not in content
    browser.click("//tbody[@id='entities']/tr[1]//button")
    browser.sees("Its page", seconds=30)
    browser.find("//input[@name='query']").send_keys(SCRIPT, Keys.ENTER)
    settled(browser)
    assert ran_nothing(browser)
    browser.click("//section[@id='chosen']//a | //ul[@id='facts']//a")
    browser.sees("Evidence", seconds=30)
    assert ran_nothing(browser)
    browser.find("//input[@name='relation']").send_keys(SCRIPT)
    browser.click("//button[text()='Correct…']")
    browser.sees("Correct this fact?", seconds=30)
    assert ran_nothing(browser)
    browser.click("//dialog//button[text()='Cancel']")
    browser.click("//h1/a")
    browser.sees("Names, and why they are one", seconds=30)
    assert ran_nothing(browser)
    browser.find("//input[@name='other']").send_keys(ATTACK)
    browser.click("//button[text()='Merge…']")
    browser.sees("has no entity called", seconds=30)
    browser.open(f"{hostile.url}/entities?dataset={HOSTILE}&query={SCRIPT}")
    browser.sees("Entities", seconds=30)
    assert ran_nothing(browser) and not browser.driver.find_elements("css selector", "main img, main script")
    violations = [
        it["message"] for it in browser.driver.get_log("browser") if "Content Security Policy" in it["message"]
    ]
    assert violations == [], "what the pages do by themselves the policy allows"


@pytest.fixture(scope="module")
def large(service: Service) -> Service:
    """20,000 entities, 20,400 facts and 204 documents, which somebody has looked at before."""
    dataset = asyncio.run(service.client.datasets.create("large"))
    large_graph.fill(service.client.services.store(dataset))
    with service.http() as http:
        http.get("/v1/graph/outline", params={"dataset": LARGE}).raise_for_status()
    return service


def test_twenty_thousand_entities_are_begun_in_part_and_stay_smooth(browser: Browser, large: Service):
    began = time.monotonic()
    show(browser, large, dataset=LARGE)
    assert time.monotonic() - began < 20
    browser.sees("200 entities", "19,800 more entities", seconds=30)

    def smooth(*works: Callable[[], None]) -> None:
        """One of `works`, which are alike, leaves the page drawing: beside busy programs, others may not."""
        stood = []
        for work in works:
            browser.driver.execute_script(_WATCH)
            after(browser, work)
            stood.append(browser.driver.execute_script("return window.longest"))
            if stood[-1] < 1000:
                return
        raise AssertionError(f"the page stood still each time, for so many ms: {stood}")

    def find(name: str) -> None:
        browser.find("//input[@name='query']").clear()
        browser.find("//input[@name='query']").send_keys(name)
        browser.click("//button[text()='Find']")

    smooth(*[lambda: browser.click(entity(large_graph.name(0), "expand"))] * 3)
    browser.sees("00 entities", seconds=30)
    smooth(*[lambda number=number: find(large_graph.name(number)) for number in (7411, 1147, 4711)])
    find(large_graph.name(4711))
    until(lambda: set(listed(browser)) >= {large_graph.name(it) for it in (4710, 4711, 4712)}, "it is found", 30)
    settled(browser)
    smooth(*[lambda at=at: set_value(browser, "time", at, "input") for at in ("80", "70", "60")])
    browser.sees("what held in 199", seconds=30)
    after(browser, lambda: set_value(browser, "time", "99999", "input"))
    after(browser, lambda: browser.click("//button[text()='Whole graph']"))
    browser.driver.execute_script("document.querySelector('.graph aside details').open = true")
    after(browser, lambda: browser.click("//select[@name='limit']/option[@value='1000']"))
    browser.sees("Longer lists", seconds=30)


def test_other_pages_of_twenty_thousand_entities_are_there_at_once_and_end(browser: Browser, large: Service):
    """By clicking, from one to the next: each is painted soon, and has a part of all that leads to the rest."""

    def clicked(xpath: str, *words: str) -> None:
        browser.click(xpath)
        browser.sees(*words, seconds=30)
        painted, height, parts = browser.driver.execute_script(_PAINTED)
        assert painted < 5000, f"{browser.driver.current_url} was painted after {painted:.0f} ms"
        assert height < 9000 and parts < 2000, f"{browser.driver.current_url} has {parts} elements in {height} pixels"

    browser.open(f"{large.url}/entities?dataset={LARGE}")
    clicked("//a[text()='Next']", "Page 2 of 200", "20,000 entities, those with the most facts first.")
    clicked("//a[text()='Previous']", "Page 1 of 200")
    browser.find("//input[@name='query']").send_keys(large_graph.name(4711))
    clicked("//button[text()='Find']", "1 of 20,000 entities")
    clicked(f"//a[text()='{large_graph.name(4711)}']", "Facts that hold", "Where it is named")
    clicked("//a[contains(text(), ' knows ')]", "1 sentence states it.", "Put it right")
    browser.open(f"{large.url}/entity?dataset={LARGE}&entity={large_graph.name(0)}")
    clicked("//a[text()='Next']", "Page 2 of 9", "Facts that hold 401")
    clicked("//a[text()='Documents']", "204 documents", "Page 1 of 3")
    clicked("//a[text()='Next']", "Page 2 of 3")
    browser.find("//input[@name='query']").send_keys("list 20")
    clicked("//button[text()='Find']", "list 203", "list 20")
    clicked("//a[text()='list 203']", "99 facts, ", "Facts in it")
    clicked("//a[text()='Documents of default_user/large']", "204 documents")
    clicked("//nav//a[text()='Dataset']", "default_user/large", "20,000", "Runs in Dagster", "How it grew")
    clicked("//nav//a[text()='Sessions']", "New conversation")


# How long no frame was drawn, at the most, from here on.
_WATCH = """
window.longest = 0;
if (!window.watch) {
  let last = performance.now();
  window.watch = now => {
    window.longest = Math.max(window.longest, now - last);
    last = now;
    requestAnimationFrame(window.watch);
  };
  requestAnimationFrame(window.watch);
}
"""

# When the page was first painted, how high it is, and how many elements it has.
_PAINTED = """
const [paint] = performance.getEntriesByName("first-contentful-paint");
return [paint.startTime, document.documentElement.scrollHeight, document.querySelectorAll("*").length];
"""
