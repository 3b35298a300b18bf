"""Documents, datasets and changes in a real browser: put in, looked at, shared and forgotten."""

import json
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.sessiongraph.importers import samples
from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.explorer.conftest import ran_nothing
from tests.sessiongraph.server.explorer.test_ask_and_sessions import ATTACK, SCRIPT, focused, press, tab_to
from tests.support.browser import Browser, until

pytestmark = pytest.mark.timeout(300)

DEMO = "default_user/demo"
_DROP = """
const data = new DataTransfer();
for (const [name, text] of arguments[0]) data.items.add(new File([text], name));
const dropped = new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
document.querySelector('main').dispatchEvent(dropped);
"""


def drop(browser: Browser, *files: tuple[str, str]) -> None:
    browser.find("//*[@id='drop']", 30)
    browser.driver.execute_script(_DROP, list(files))


def into(browser: Browser, dataset: str) -> None:
    field = browser.find("//input[@id='into']", 30)
    field.clear()
    field.send_keys(dataset)


def fill(service: Service, dataset: str, text: str, name: str = "notes.md") -> str:
    """A document in the graph of `dataset`; its id."""
    with service.http() as http:
        sent = http.post("/v1/add/files", files={"files": (name, text.encode())}, data={"dataset_name": dataset})
        http.post("/v1/cognify", json={"datasets": [dataset]}).raise_for_status()
        return str(sent.raise_for_status().json()["document_ids"][0])


def test_dropped_files_are_added_each_by_itself_and_brought_into_the_graph(browser: Browser, service: Service):
    """First of the module: nothing is there yet."""
    browser.open(f"{service.url}/dataset")
    browser.sees("No dataset yet", seconds=30)
    browser.open(f"{service.url}/documents")
    browser.sees("No document yet", "Drop files here", seconds=30)
    into(browser, "demo")
    drop(
        browser, ("notes.md", "Alice moved to Paris in 2010."), ("picture.png", "?"), ("more.txt", "Bob founded Acme.")
    )
    browser.sees("'picture.png' is not of a supported format", "save it as one of", seconds=30)
    until(lambda: browser.text.count("added") == 2, "the others are added", 30)
    browser.click("//div[@id='next']//button[text()='Bring into the graph']")
    browser.sees("2 passages in the graph.", "2 documents", seconds=60)
    browser.click("//a[text()='notes.md']")
    browser.sees("Alice moved to Paris in 2010.", "1 fact, ", "Facts in it", seconds=30)
    with service.http() as http:
        [fact] = http.get("/v1/facts", params={"dataset": "demo", "query": "Paris"}).json()
    links = {it.get_attribute("href") for it in browser.driver.find_elements("css selector", ".extracted a")}
    with service.http() as http:
        assert {http.get(str(link)).status_code for link in links} == {200}, "every link leads somewhere"
    assert any(fact["id"] in str(link) for link in links) and sum("/entity?" in str(link) for link in links) >= 2
    browser.click("//a[text()='among its neighbours']")
    browser.sees("Evidence", "notes.md", seconds=30)


def test_a_text_is_added_once_and_cognified_from_the_page(browser: Browser, service: Service):
    for told in ("The text\nadded", "The text\nthere already"):
        browser.open(f"{service.url}/documents?dataset={DEMO}")
        browser.find("//textarea[@name='text']", 30).send_keys("Clara lives in Graz.")
        browser.click("//button[text()='Add the text']")
        browser.sees(told, seconds=30)
    browser.open(f"{service.url}/documents?dataset={DEMO}")
    browser.sees("1 document not in the graph yet.", "not read yet", seconds=30)
    browser.click("//section[@aria-labelledby='todo-title']//button[text()='Bring into the graph']")
    browser.sees("3 passages in the graph.", seconds=60)
    assert "To be done" not in browser.text


def test_an_export_is_looked_at_and_then_imported(browser: Browser, service: Service, tmp_path: Path):
    nodes = (samples.node("a", None, "user", "I live in Ghent."), samples.node("b", "a", "assistant", "Nice."))
    export = tmp_path / "conversations.json"
    export.write_text(json.dumps([samples.chatgpt(*nodes)]), encoding="utf-8")
    browser.open(f"{service.url}/documents?dataset={DEMO}")
    browser.find("//form[@data-form='export']//input[@type='file']", 30).send_keys(str(export))
    browser.click("//button[text()='Look first']")
    browser.sees("1 session of chatgpt: 1 turn would be new", seconds=30)
    with service.http() as http:
        assert http.get("/v1/sessions").json() == [], "who looks first imports nothing"
        browser.click("//button[text()='Import']")
        browser.sees("1 session of chatgpt: 1 turn new", seconds=30)
        [session] = http.get("/v1/sessions").json()
        [turn] = http.get(f"/v1/sessions/{session['session_id']}/turns").json()
        assert turn["question"] == "I live in Ghent."
        http.delete("/v1/sessions").raise_for_status()
    broken = tmp_path / "broken.json"
    broken.write_text("[{}]", encoding="utf-8")
    browser.find("//form[@data-form='export']//input[@type='file']").send_keys(str(broken))
    browser.click("//button[text()='Import']")
    browser.sees("broken.json is no export that is known", seconds=30)


def test_a_document_is_forgotten_after_a_preview_of_what_goes(browser: Browser, service: Service):
    fill(service, "gone", "Dan lives in Oslo. Alice moved to Paris.", "dan.md")
    fill(service, "gone", "Alice moved to Paris.", "alice.md")
    browser.open(f"{service.url}/documents?dataset=default_user/gone")
    browser.click("//a[text()='dan.md']")
    browser.click("//button[text()='Forget…']")
    browser.sees("Forget dan.md?", "1 passage of it", "that nothing else states", seconds=30)
    listed = browser.find("//dialog").text
    assert "Dan lives in Oslo" in listed and "Alice" not in listed, "what another document states stays"
    browser.click("//dialog//button[text()='Cancel']")
    with service.http() as http:
        assert len(http.get("/v1/documents", params={"dataset": "gone"}).json()) == 2, "a preview forgets nothing"
        browser.click("//button[text()='Forget…']")
        browser.click("//dialog//button[text()='Forget']")
        browser.sees("dan.md is forgotten.", "1 document", seconds=60)
        assert [it["name"] for it in http.get("/v1/documents", params={"dataset": "gone"}).json()] == ["alice.md"]
        assert http.get("/v1/facts", params={"dataset": "gone", "query": "Oslo"}).json() == []


def test_what_failed_is_told_with_its_reason(browser: Browser, service: Service):
    id_ = fill(service, "broken", "Eva lives in Rome.", "eva.md")
    services = service.client.services
    dataset = services.access.resolve(services.access.default_user(), "broken", "write")
    services.inbox(dataset).write(f"rejected/{ATTACK.replace('/', '')}.pdf", b"%PDF-1.4 and nothing more")
    [(passage,)] = services.store(dataset).read(lambda con: con.execute("SELECT passage_id FROM chunks").fetchall())
    row = {"passage_id": passage, "window_id": "w", "extractor": "x", "disposition": "failed"}
    reason = f"The model refused {ATTACK}"
    services.store(dataset).write("r", "knowledge_graph", lambda tx: tx.insert("ledger", [row | {"reason": reason}]))
    browser.open(f"{service.url}/documents?dataset=default_user/broken")
    browser.sees("Failed", reason, "Could not be read", "it is damaged, or no PDF", "1 failed", seconds=30)
    browser.click("//button[text()='Try again what failed']")
    browser.sees("1 passage in the graph.", seconds=60)
    with service.http() as http:
        assert http.get(f"/v1/documents/{id_}", params={"dataset": "broken"}).json()["failed"] == 0
    assert ran_nothing(browser)


def test_a_dataset_tells_its_size_and_what_each_run_changed(browser: Browser, service: Service):
    fill(service, "told", "Fay works at Globex.", "fay.md")
    browser.open(f"{service.url}/dataset?dataset=default_user/told")
    browser.sees(
        "default_user/told", "All of it came today.", "Documents into the graph", "nothing, 1 call", seconds=30
    )
    browser.sees("all as they should be", "It is yours")
    browser.click("//summary[contains(., 'As a table')]")
    browser.sees("Passages in the graph")
    browser.click("//a[text()='changes']")
    browser.sees("What documents brought", "Fay works at Globex.", "fay.md", seconds=30)
    assert browser.driver.find_elements("css selector", ".drawing svg circle")
    browser.click("//a[text()='Changes of default_user/told']")
    browser.sees("What each run changed", seconds=30)
    assert len(browser.driver.find_elements("css selector", "tbody tr")) == 1
    browser.open(f"{service.url}/changes/knowledge_graph/..%2f..%2fx?dataset=default_user/told")
    assert "Globex" not in browser.text


def test_facts_that_contradict_each_other_lead_to_where_one_decides(service: Service):
    for number, place in enumerate(("Paris", "Rome")):
        fill(service, "torn", f"Ann Lee lives in {place}.", f"{number}.md")
    with service.http() as http:
        page = http.get("/dataset", params={"dataset": "default_user/torn"}).raise_for_status().text
        [conflict] = http.get("/v1/facts/conflicts", params={"dataset": "torn"}).raise_for_status().json()
    assert "What contradicts itself" in page and "Ann Lee lives in Rome." in page
    assert all(f"id={fact['id']}" in page for fact in conflict["facts"])


def test_growth_over_days_is_drawn_and_said(browser: Browser, service: Service):
    fill(service, "grown", "Gus lives in Bern.")
    services = service.client.services
    dataset = services.access.resolve(services.access.default_user(), "grown", "write")

    def a_week_earlier(tx: object) -> None:
        for table, column in (("commits", "committed_at"), ("documents", "created_at")):
            tx.connection.execute(f"UPDATE {table} SET {column} = {column} - INTERVAL 7 DAY")  # type: ignore[attr-defined]
        tx.changed = True  # type: ignore[attr-defined]

    services.store(dataset).write("r", "documents", a_week_earlier)
    fill(service, "grown", "Hal lives in Basel.")
    browser.open(f"{service.url}/dataset?dataset=default_user/grown")
    labels = [it.get_attribute("aria-label") for it in browser.driver.find_elements("css selector", ".chart svg")]
    assert [str(it).split(":")[0] for it in labels] == ["Passages in the graph", "Documents and sessions"]
    assert all(": 1 on " in str(it) and ", 2 on " in str(it) for it in labels)


def test_the_owner_grants_and_revokes(browser: Browser, service: Service):
    fill(service, "shared", "Ida lives in Linz.")
    service.client.services.access.create_user("ben")
    browser.open(f"{service.url}/dataset?dataset=default_user/shared")
    browser.sees("It is shared with nobody.", seconds=30)
    browser.click("//form[@data-form='grant']//option[text()='ben']")
    browser.click("//form[@data-form='grant']//option[text()='write']")
    browser.click("//button[text()='Grant']")
    browser.sees("ben may write it now.", seconds=30)
    with service.http() as http:
        given = {"kind": "user", "name": "ben", "permission": "write"}
        assert http.get("/v1/datasets/grants", params={"dataset": "shared"}).json() == [given]
        browser.click("//button[text()='Revoke']")
        browser.click("//dialog//button[text()='Revoke']")
        browser.sees("ben may write it no more.", "It is shared with nobody.", seconds=30)
        assert http.get("/v1/datasets/grants", params={"dataset": "shared"}).json() == []


def test_documents_and_a_dataset_are_worked_by_the_keyboard_alone(browser: Browser, service: Service, tmp_path: Path):
    service.client.services.access.create_user("cleo")
    notes = tmp_path / "kept.md"
    notes.write_text("Kim lives in Kiel.")
    browser.open(f"{service.url}/documents")
    tab_to(browser, "into")
    press(browser, Keys.BACKSPACE, "typed")
    tab_to(browser, "files")
    browser.driver.switch_to.active_element.send_keys(str(notes))  # what the system's window for files gives
    browser.sees("added", seconds=30)
    tab_to(browser, "text")
    press(browser, "Lea lives in Lyon.")
    tab_to(browser, "Add the text")
    press(browser, Keys.ENTER)
    browser.sees("The text\nadded", seconds=30)
    tab_to(browser, "Bring into the graph")
    press(browser, Keys.ENTER)
    browser.sees("2 passages in the graph.", "2 documents", seconds=60)
    tab_to(browser, "query")
    press(browser, "kept", Keys.ENTER)
    until(lambda: "Lea lives" not in browser.text, "it is found", 30)
    tab_to(browser, "kept.md")
    press(browser, Keys.ENTER)
    browser.sees("Kim lives in Kiel.", "Facts in it", seconds=30)
    tab_to(browser, "Forget…")
    press(browser, Keys.ENTER)
    browser.sees("Forget kept.md?", seconds=30)
    press(browser, Keys.ESCAPE)
    until(lambda: focused(browser) == "Forget…", "who said no is where they were", 30)
    press(browser, Keys.ENTER)
    browser.find("//dialog[@open]", 30)
    tab_to(browser, "Forget", 4)
    press(browser, Keys.ENTER)
    browser.sees("kept.md is forgotten.", "1 document", seconds=60)
    browser.open(f"{service.url}/dataset?dataset=default_user/typed")
    tab_to(browser, "As a table")
    press(browser, Keys.ENTER)
    browser.find("//details[@open]//table", 30)
    tab_to(browser, "to")
    press(browser, "cleo")
    tab_to(browser, "permission")
    press(browser, "write", Keys.TAB)
    assert focused(browser) == "Grant"
    press(browser, Keys.ENTER)
    browser.sees("cleo may write it now.", seconds=30)
    tab_to(browser, "Revoke")
    press(browser, Keys.ENTER)
    browser.find("//dialog[@open]", 30)
    tab_to(browser, "Revoke", 2)
    press(browser, Keys.ENTER)
    browser.sees("cleo may write it no more.", seconds=30)


def test_hostile_names_and_texts_run_nothing_on_these_pages(browser: Browser, service: Service):
    key = "default_user/hostile"
    browser.open(f"{service.url}/documents")
    into(browser, "hostile")
    drop(
        browser,
        (f"{ATTACK}.md", f"Mallory{SCRIPT} lives in Paris. Eve {ATTACK} works at Globex."),
        (f"{SCRIPT}.png", ""),
    )
    browser.sees("is not of a supported format", "added", seconds=30)
    assert ran_nothing(browser)
    browser.click("//div[@id='next']//button[text()='Bring into the graph']")
    browser.sees("in the graph.", "1 document", seconds=60)
    with service.http() as http:
        [document] = http.get("/v1/documents", params={"dataset": key}).json()
    browser.click("//a[contains(text(), 'onerror')]")
    browser.sees(SCRIPT, "Facts in it", seconds=30)
    browser.click("//button[text()='Forget…']")
    browser.sees("Forget <img src=x onerror=", seconds=30)
    assert ran_nothing(browser) and not browser.driver.find_elements("css selector", "main img, dialog img")
    browser.click("//dialog//button[text()='Cancel']")
    for path in (
        f"/dataset?dataset={key}",
        f"/changes?dataset={key}",
        f"/documents?dataset={key}&query={ATTACK}",
        f"/documents?dataset={ATTACK}",
        f"/documents/{ATTACK}?dataset={key}",
        f"/documents/{document['id']}?dataset=",
        f"/changes/{ATTACK}/{SCRIPT.replace('/', '%2F')}?dataset={key}",
    ):
        browser.open(service.url + path)
        browser.sees("sessiongraph", seconds=30)
        assert ran_nothing(browser), path
        assert not browser.driver.find_elements("css selector", "main img, main script"), path
        assert "Internal Server Error" not in browser.text
    browser.open(f"{service.url}/dataset?dataset={key}")
    browser.click("//a[text()='changes']")
    browser.sees("What documents brought", "Mallory", seconds=30)
    assert ran_nothing(browser) and not browser.driver.find_elements("css selector", "main img, main script")


def test_who_may_only_read_sees_no_way_to_write_and_nothing_of_others(browser: Browser, service: Service):
    """Last of the module: from the first key on, nobody is served without one."""
    fill(service, "lent", "Jan lives in Ulm.", "jan.md")
    fill(service, "own", "Secret Sam lives in Rome.", "sam.md")
    access = service.client.services.access
    with service.http() as http:
        access.create_user("zoe")
        body = {"dataset": "lent", "user": "zoe", "permission": "read"}
        http.put("/v1/datasets/grants", json=body).raise_for_status()
    link = access.browser_sessions.offer_link(access.get_user("zoe"))
    browser.open(f"{service.url}/sign-in?to=/documents#link={link}")
    browser.sees("jan.md", "default_user/lent", seconds=30)
    assert "Drop files here" not in browser.text
    browser.click("//a[text()='jan.md']")
    browser.sees("Jan lives in Ulm.", seconds=30)
    assert "Forget" not in browser.text
    browser.open(f"{service.url}/dataset?dataset=default_user/lent")
    browser.sees("It is default_user's. You may read.", seconds=30)
    assert not browser.driver.find_elements("css selector", "[data-form=grant], [data-action=revoke]")
    for page in ("documents", "dataset", "changes"):
        browser.open(f"{service.url}/{page}?dataset=default_user/own")
        browser.sees("Dataset not found", seconds=30)
        assert "sam.md" not in browser.text
