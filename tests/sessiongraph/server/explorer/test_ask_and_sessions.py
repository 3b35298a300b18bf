"""Asking and looking after sessions in a real browser: by clicking, by the keyboard alone, and with hostile words."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.explorer.conftest import ran_nothing
from tests.support.browser import Browser, until

pytestmark = pytest.mark.timeout(300)

DEMO = "default_user/demo"
ATTACK = '<img src=x onerror="document.documentElement.dataset.attacked=1">'
SCRIPT = "<script>document.documentElement.dataset.attacked=1</script>"


@pytest.fixture(scope="module")
def demo(service: Service) -> Service:
    with service.http() as http:
        texts = ["Alice moved to Paris in 2010. She works as a software engineer.", "Bob Smith founded Acme in 1999."]
        http.post("/v1/add", json={"data": texts, "dataset_name": "demo"}).raise_for_status()
        http.post("/v1/cognify", json={"datasets": ["demo"]}).raise_for_status()
    return service


def say(browser: Browser, words: str) -> None:
    """Type `words` and wait until they are answered, as a turn of the session."""
    before = len(browser.driver.find_elements("css selector", ".turn .turn-foot"))
    browser.find("//textarea[@id='question']").send_keys(words, Keys.ENTER)
    until(lambda: len(browser.driver.find_elements("css selector", ".turn .turn-foot")) > before, "it is answered", 60)


def test_a_newcomer_is_told_what_to_do_next(browser: Browser, service: Service):
    """First of the module: nothing is there yet."""
    browser.open(service.url)
    browser.sees("Nothing yet", "sessiongraph add")
    browser.click("//a[text()='Sessions']")
    browser.sees("No session yet")
    browser.click("//main//a[text()='Ask']")
    browser.sees("A new conversation", "what you say is kept", "no language model is set")
    browser.click("//button[@data-action='try']")
    browser.click("//button[text()='Send']")
    browser.sees("Noted", "Persist now", seconds=60)
    say(browser, "Where do I live?")
    browser.click("//a[@class='cite']")
    told = browser.find("//li[contains(@class,'turn')][1]")
    assert browser.driver.current_url.endswith(told.get_attribute("id")), "what is not in the graph yet was told here"
    browser.click("//a[text()='See what became of it']")
    browser.sees("Where do I live?", "waits", "default_user/main_dataset", seconds=30)
    browser.click("//button[@data-action='forget' and not(@data-turn)]")
    browser.click("//dialog//button[text()='Forget']")
    browser.sees("No session yet", "The session is forgotten.", seconds=60)


def test_a_conversation_is_asked_rated_edited_deleted_and_persisted(browser: Browser, demo: Service):
    browser.open(f"{demo.url}/ask?session=story&dataset={DEMO}")
    say(browser, "Where does Alice live?")
    browser.sees("Alice moved to Paris in 2010.", "1 source", "1 waits", "The cache keeps it until")
    browser.click("//a[@class='cite']")
    browser.sees("Evidence", "In default_user/demo")
    assert "Alice moved to Paris in 2010." in browser.find("//mark").text

    browser.driver.back()
    browser.sees("Where does Alice live?")
    browser.click("//details/summary")
    browser.find("//details[@open]//li//q[contains(., 'Alice moved to Paris')]", 30)
    say(browser, "My sister Clara works at Globex in Berlin.")
    browser.click("(//button[@data-action='rate' and @data-score='2'])[1]")
    browser.sees("The answer is kept out of the graph.", seconds=30)
    browser.click("(//button[@data-action='edit' and text()='Edit'])[last()]")
    answer = browser.find("(//form[contains(@class,'edit')])[last()]//textarea[@name='answer']")
    answer.clear()
    answer.send_keys("Noted: Clara works at Globex.")
    browser.click("(//form[contains(@class,'edit')])[last()]//button[text()='Save']")
    browser.sees("Saved.", seconds=30)
    say(browser, "This is said in vain.")
    browser.click("(//button[@data-action='delete'])[last()]")
    browser.click("//dialog//button[text()='Delete']")
    browser.sees("Deleted.", seconds=30)

    assert "to be left out" in browser.find("//aside").text, "what was rated 2 is not said to come into the graph"
    browser.click("//button[text()='Persist now']")
    browser.sees("1 turn in the graph, 1 left out.", "Nothing waits", seconds=60)
    browser.click("(//button[@data-action='rate' and @data-score='5'])[2]")
    browser.sees("Rated 5.", "change waits", seconds=30)
    browser.click("(//button[@data-action='delete'])[2]")
    browser.sees("What default_user/demo has of it stays there", seconds=30)
    browser.click("//dialog//button[text()='Cancel']")
    browser.click("//button[text()='Persist now']")
    browser.sees("Nothing waits", seconds=60)
    with demo.http() as http:
        first, second = http.get("/v1/sessions/story/turns").json()
        assert first["score"] == 2 and second["answer"] == "Noted: Clara works at Globex."
        became = {it["question"]: it["outcomes"] for it in http.get("/v1/sessions/story/outcomes").json()}
    assert [it["disposition"] for it in became["Where does Alice live?"]] == ["skipped"]
    assert [it["disposition"] for it in became["My sister Clara works at Globex in Berlin."]] == ["persisted"]


def test_the_evidence_of_a_fact_leads_to_where_it_is_put_right(browser: Browser, demo: Service):
    with demo.http() as http:
        fact = http.get("/v1/facts", params={"dataset": "demo", "query": "Paris"}).json()[0]["id"]
    browser.open(f"{demo.url}/evidence?dataset={DEMO}&id={fact}")
    browser.click("//a[text()='The fact']")
    browser.sees("Put it right", "Paris", seconds=30)


def test_a_session_shows_what_became_of_it_and_is_forgotten_after_a_preview(browser: Browser, demo: Service):
    with demo.http() as http:
        for question, answer in (("My brother Dan lives in Oslo.", "Noted."), ("Where does Alice live?", "In Paris.")):
            turn = {"question": question, "answer": answer, "dataset": "demo"}
            http.post("/v1/sessions/gone/turns", json=turn).raise_for_status()
    browser.open(f"{demo.url}/sessions")
    row = "//tr[@data-session-row='gone']"
    assert "2 wait" in browser.find(row).text
    browser.click(f"{row}//button[text()='Persist now']")
    until(lambda: "in the graph" in browser.find(f"{row}//td[@data-label='In datasets']").text, "it is persisted", 60)
    browser.click(f"{row}//a")
    browser.sees("My brother Dan lives in Oslo.", "in the graph", DEMO)
    browser.click(f"{row}//a | //button[@data-action='forget' and not(@data-turn)]")
    browser.sees("Forget session gone?", "that nothing else states", "Dan", "2 turns in the cache go, too.", seconds=30)
    listed = browser.find("//dialog//ul[2]").text.split("\n")
    assert "Oslo" in listed and "Alice" not in listed, "what a document states too stays"
    browser.click("//dialog//button[text()='Cancel']")
    with demo.http() as http:
        assert len(http.get("/v1/sessions/gone/turns").json()) == 2, "who looks at the preview forgets nothing"
        browser.click("//button[@data-action='forget' and not(@data-turn)]")
        browser.click("//dialog//button[text()='Forget']")
        browser.find("//h1[text()='Sessions']", 60)
        assert not browser.driver.find_elements("xpath", row)
        assert http.get("/v1/sessions/gone/outcomes").json() == []
        facts = http.get("/v1/facts", params={"dataset": "demo", "query": "Oslo"}).json()
        assert facts == []


def test_one_turn_of_a_session_is_forgotten_and_the_others_stay(browser: Browser, demo: Service):
    with demo.http() as http:
        for question in ("My aunt Eva lives in Rome.", "My uncle Max lives in Bern."):
            turn = {"question": question, "answer": "Noted.", "dataset": "demo"}
            http.post("/v1/sessions/partly/turns", json=turn).raise_for_status()
        body = {"session_ids": ["partly"], "dataset": "demo"}
        http.post("/v1/persist_sessions", json=body).raise_for_status()
        browser.open(f"{demo.url}/sessions/partly")
        browser.click("//li[.//p[contains(.,'Eva')]]//button[@data-action='forget']")
        browser.sees("Forget this turn?", seconds=30)
        browser.click("//dialog//button[text()='Forget']")
        until(lambda: "Eva" not in browser.text and "Max" in browser.text, "one is gone and one is there", 60)
        assert [it["question"] for it in http.get("/v1/sessions/partly/outcomes").json()] == [
            "My uncle Max lives in Bern."
        ]


def test_what_is_refused_is_told_on_the_page_and_nothing_typed_is_lost(browser: Browser, demo: Service):
    browser.open(f"{demo.url}/ask?session=refused")
    browser.driver.execute_script(
        "document.querySelector('select[name=dataset]').add(new Option('nowhere', 'nowhere', true, true))"
    )
    browser.find("//textarea[@id='question']").send_keys("Where is it?", Keys.ENTER)
    browser.sees("Dataset not found", "nowhere", seconds=30)
    assert browser.find("//textarea[@id='question']").get_attribute("value") == "Where is it?"
    browser.open(f"{demo.url}/sessions/never-was")
    browser.sees("Session not found", "never-was")


# By the keyboard alone


def focused(browser: Browser) -> str:
    """What has the focus: a field's id or name, and else its words."""
    return str(
        browser.driver.execute_script(
            "const it = document.activeElement, field = it.matches('input, select, textarea') && (it.id || it.name);"
            "return field || it.textContent.trim() || it.id"
        )
    )


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        ActionChains(browser.driver).send_keys(key).perform()


def tab_to(browser: Browser, words: str, most: int = 60) -> None:
    """Press Tab until what says `words` has the focus, and see that the focus can be seen on the way."""
    for _ in range(most):
        press(browser, Keys.TAB)
        # After the last of a page comes the browser's own frame, of which the page sees nothing.
        style = "const it = document.activeElement; return it === document.body || getComputedStyle(it).outlineStyle"
        assert browser.driver.execute_script(style) != "none", f"no focus is seen on {focused(browser)!r}"
        if focused(browser) == words:
            return
    raise AssertionError(f"{words!r} is not reached by the keyboard")


def test_all_of_it_is_done_by_the_keyboard_alone(browser: Browser, demo: Service):
    browser.open(demo.url)
    press(browser, Keys.TAB)
    assert focused(browser) == "Skip to the content"
    press(browser, Keys.ENTER)
    assert focused(browser).startswith("What is remembered")
    browser.open(f"{demo.url}/ask?session=keys&dataset={DEMO}")
    until(lambda: focused(browser) == "question", "the question has the focus", 30)
    press(browser, "My cousin Ida lives in Graz.", Keys.ENTER)
    browser.find("//li[@data-turn]//button[text()='Edit']", 60)
    until(lambda: focused(browser) == "question", "the focus is where one types on", 30)
    browser.open(f"{demo.url}/ask?session=keys")
    browser.driver.execute_script("document.activeElement.blur(); document.getElementById('ask-title').tabIndex = -1")
    browser.driver.execute_script("document.getElementById('ask-title').focus()")
    tab_to(browser, "4")
    press(browser, Keys.ENTER)
    browser.sees("Rated 4.", seconds=30)
    assert focused(browser) == "4", "who rated is where they were"
    tab_to(browser, "Persist now")
    press(browser, Keys.ENTER)
    browser.sees("1 turn in the graph.", seconds=60)
    browser.open(f"{demo.url}/sessions/keys")
    tab_to(browser, "Forget…")
    press(browser, Keys.ENTER)
    browser.sees("Forget session keys?", seconds=30)
    press(browser, Keys.ESCAPE)
    until(lambda: not browser.driver.find_elements("css selector", "dialog[open]"), "Escape says no", 30)
    with demo.http() as http:
        assert len(http.get("/v1/sessions/keys/turns").json()) == 1


# Hostile words


def test_hostile_words_are_shown_and_run_nothing(browser: Browser, demo: Service):
    with demo.http() as http:
        files = {
            "files": (f"{ATTACK}.md", f"Alice Evil{SCRIPT} lives in {ATTACK}.\n\n[x](javascript:alert(1))".encode())
        }
        http.post("/v1/add/files", files=files, data={"dataset_name": "hostile"}).raise_for_status()
        http.post("/v1/add", json={"data": [f"Mallory lives in {SCRIPT} Paris."], "dataset_name": "hostile"})
        http.post("/v1/cognify", json={"datasets": ["hostile"]}).raise_for_status()
        turn = {
            "question": f"I am {SCRIPT} Mallory {ATTACK} of Rome.",
            "answer": f"Noted {ATTACK}\u202e",
            "dataset": "hostile",
        }
        made = http.post("/v1/sessions/hostile/turns", json=turn).json()["turn_id"]
        http.post("/v1/persist_sessions", json={"session_ids": ["hostile"], "dataset": "hostile"}).raise_for_status()
        [passage] = [it["passage_id"] for it in http.get("/v1/sessions/hostile/outcomes").json()[0]["outcomes"]]
    key = "default_user/hostile"
    for path in (
        "/",
        "/sessions",
        "/sessions/hostile",
        "/ask?session=hostile",
        f"/evidence?dataset={key}&id={passage}",
    ):
        browser.open(demo.url + path)
        browser.sees("sessiongraph")
        assert ran_nothing(browser), path
    browser.open(f"{demo.url}/ask?session=hostile&dataset={key}")
    browser.sees(ATTACK, SCRIPT, "\ufffd")
    browser.click(f"//li[@data-turn='{made}']//button[@data-score='4']")
    browser.sees("Rated 4.", seconds=30)
    say(browser, f"Where does Mallory live {ATTACK}?")
    say(browser, f"I told you {SCRIPT}")
    assert ran_nothing(browser) and not browser.driver.find_elements("css selector", "main img, main script")
    browser.open(f"{demo.url}/sessions/hostile")
    browser.click("//button[@data-action='forget' and not(@data-turn)]")
    browser.sees("Forget session hostile?", seconds=30)
    assert ran_nothing(browser) and not browser.driver.find_elements("css selector", "dialog img, dialog script")
    browser.click("//dialog//button[text()='Cancel']")
    for path in (
        f"/evidence?dataset={key}&id={SCRIPT}",
        f"/sessions/{SCRIPT.replace('/', '%2F')}",
        f"/ask?session={ATTACK}",
    ):
        browser.open(demo.url + path)
        browser.sees("sessiongraph")
        assert ran_nothing(browser), path


def test_even_a_page_with_markup_in_it_would_run_nothing(browser: Browser, demo: Service):
    """The policy holds where escaping would not: what is put into a page by force is not run."""
    browser.open(f"{demo.url}/sessions")
    browser.driver.execute_script(
        "const it = document.createElement('div'); it.innerHTML = arguments[0]; document.body.append(it);"
        "const run = document.createElement('script'); run.textContent = arguments[1]; document.body.append(run);",
        ATTACK,
        "document.documentElement.dataset.attacked=1",
    )
    until(lambda: browser.driver.find_elements("css selector", "img[onerror]"), "it is there", 10)
    assert ran_nothing(browser)
    browser.driver.get_log("browser")


# Signed in


def test_signing_in_by_a_key_asks_on_and_signs_out(browser: Browser, demo: Service):
    """Last of the module: from the first key on, nobody is served without one."""
    key = demo.key_of("ana", "write")
    browser.open(f"{demo.url}/ask?session=signed")
    browser.find("//input[@name='key']", 30).send_keys("sgk_wrong", Keys.ENTER)
    browser.sees("The key is none, or no good any more.", seconds=30)
    browser.find("//input[@name='key']").send_keys(key, Keys.ENTER)
    browser.sees("A new conversation", "ana", seconds=30)
    assert "session=signed" in browser.driver.current_url, "one is where one wanted to go"
    assert browser.driver.execute_script("return document.cookie") == "", "no script reads the cookie"
    say(browser, "My friend Zoe lives in Porto.")
    with demo.http(key) as http:
        assert len(http.get("/v1/sessions/signed/turns").json()) == 1
    browser.open(f"data:text/html,<a href='{demo.url}/sessions'>a link of another site</a>")
    browser.click("//a")
    browser.sees("signed", "Sign out", seconds=30)
    browser.click("//button[text()='Sign out']")
    browser.find("//input[@name='key']", 30)
    access = demo.client.services.access
    link = access.browser_sessions.offer_link(access.get_user("ana"))
    browser.open(f"{demo.url}/sign-in?to=/sessions#link={link}")
    browser.sees("Sessions", "signed", seconds=30)
    assert link not in browser.driver.current_url
