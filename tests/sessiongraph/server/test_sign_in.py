"""A browser signs in with a key, and nobody else acts by its cookie: not another page, nor who guesses it."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from tests.sessiongraph.server.conftest import Service, running
from tests.sessiongraph.server.test_admission import is_problem

TURN = {"question": "Who?", "answer": "Alice lives in Paris."}
TURNS = "/v1/sessions/s/turns"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, shared: Shared) -> Iterator[Service]:
    """One for all tests here: each has users of its own."""
    home = tmp_path_factory.mktemp("signing") / "home"
    with running(SessionGraph(Settings(home=home), shared=shared)) as found:
        found.key_of("operator")
        yield found


class Signed:
    """A browser that signed in, and the token that its pages have."""

    def __init__(self, service: Service, key: str, **headers: str) -> None:
        self.http = service.http(**headers)
        self.answer = self.http.post("/sign-in", data={"key": key}, headers={"Origin": service.url})
        found = re.search('name="csrf-token" content="([0-9a-f]+)"', self.http.get("/").text)
        self.own = {"Origin": service.url, "X-CSRF-Token": found.group(1) if found else ""}


def test_a_key_becomes_a_cookie_that_reads_writes_and_ends(service: Service):
    ana = Signed(service, service.key_of("ana"))
    assert ana.answer.status_code == 303 and ana.answer.headers["location"] == "/"
    cookie = ana.answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "sgk_" not in cookie and "Secure" not in cookie
    assert ana.http.get("/v1/users/me").json()["name"] == "ana"
    assert ana.http.post(TURNS, json=TURN, headers=ana.own).status_code == 201
    kept = dict(ana.http.cookies)
    assert ana.http.post("/sign-out", headers=ana.own).status_code == 204
    with service.http() as again:
        again.cookies.update(kept)
        assert is_problem(again.get("/v1/users/me"), 401), "what was signed out is over, also for who kept the cookie"


def test_by_tls_the_cookie_is_for_tls_alone(service: Service):
    proxied = Signed(service, service.key_of("tls"), **{"X-Forwarded-Proto": "https"})
    assert "Secure" in proxied.answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/", "/?dataset=a%2Fb", "/nowhere"])
def test_who_is_not_signed_in_is_asked_to_and_comes_back(service: Service, path: str):
    with service.http() as http:
        asked = http.get(path)
        assert asked.status_code == 303 and asked.headers["location"].startswith("/sign-in?to=")
        form = http.get(asked.headers["location"])
        assert f'name="to" value="{path}"' in form.text


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "/ /"])
def test_signing_in_leads_nowhere_else(service: Service, to: str):
    with service.http(Origin=service.url) as http:
        answer = http.post("/sign-in", data={"key": service.key_of("led"), "to": to})
    assert answer.headers["location"] == "/"


# Attacks


def test_a_cookie_without_its_token_writes_nothing(service: Service):
    bob, other = Signed(service, service.key_of("bob")), Signed(service, service.key_of("other"))
    for headers in (
        {},
        {"Origin": service.url},
        {"X-CSRF-Token": bob.own["X-CSRF-Token"]},
        {**bob.own, "X-CSRF-Token": other.own["X-CSRF-Token"]},
        {**bob.own, "X-CSRF-Token": ""},
    ):
        assert is_problem(bob.http.post(TURNS, json=TURN, headers=headers), 403)
        assert is_problem(bob.http.post("/sign-out", headers=headers), 403)
    assert bob.http.get(TURNS).json() == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"])
def test_another_page_writes_nothing_even_with_the_token(service: Service, origin: str):
    """Another port of the same host is the same site: the browser sends it the cookie."""
    eve = Signed(service, service.key_of("eve"))
    answer = eve.http.post(TURNS, json=TURN, headers={**eve.own, "Origin": origin})
    assert is_problem(answer, 403) and not any("access-control" in name for name in answer.headers)
    with service.http(Origin=origin) as http:
        signed = http.post("/sign-in", data={"key": service.key_of("eve")})
        assert signed.status_code == 403 and "set-cookie" not in signed.headers, "nobody is signed in by another page"


def test_pages_that_are_let_in_act_by_keys_and_never_by_the_cookie(tmp_path, shared: Shared):
    chat = "https://chat.example"
    with running(SessionGraph(Settings(home=tmp_path / "home", server_origins=(chat,)), shared=shared)) as service:
        ana = Signed(service, service.key_of("ana"))
        assert is_problem(ana.http.post(TURNS, json=TURN, headers={**ana.own, "Origin": chat}), 403)
        read = ana.http.get("/v1/sessions", headers={"Origin": chat})
        assert "access-control-allow-credentials" not in read.headers, "its script must not see what the cookie opens"


def test_revoking_the_key_ends_what_was_signed_in_by_it(service: Service):
    cat = Signed(service, service.key_of("cat"))
    keys, user = service.client.services.access.keys, service.client.services.access.get_user("cat")
    assert cat.http.get("/").status_code == 200
    keys.revoke(user, keys.list(user)[0].id)
    assert is_problem(cat.http.get("/v1/users/me"), 401)
    assert cat.http.get("/").status_code == 303


def test_what_was_signed_in_long_ago_is_over(service: Service, monkeypatch: pytest.MonkeyPatch):
    dan = Signed(service, service.key_of("dan"))
    later = time.time() + 8 * 24 * 3600
    monkeypatch.setattr("sessiongraph.access.browser_sessions.time.time", lambda: later)
    assert is_problem(dan.http.get("/v1/users/me"), 401)


def test_a_cookie_reaches_as_far_as_its_key(service: Service):
    reader = Signed(service, service.key_of("fay", "read"))
    assert is_problem(reader.http.post(TURNS, json=TURN, headers=reader.own), 403)
    assert reader.http.get("/v1/sessions").status_code == 200


def test_a_guessed_cookie_is_none_and_guessed_keys_are_slowed(tmp_path, shared: Shared):
    with running(SessionGraph(Settings(home=tmp_path / "home"), shared=shared)) as service:
        key = service.key_of("gus")
        gus = Signed(service, key)
        [name] = gus.http.cookies
        with service.http() as http:
            for guess in ("x", key, "", gus.own["X-CSRF-Token"], gus.http.cookies[name][:-1]):
                http.cookies.set(name, guess)
                assert is_problem(http.get("/v1/users/me"), 401)
        with service.http(Origin=service.url) as guesser:
            answers = [guesser.post("/sign-in", data={"key": f"sgk_{n}"}) for n in range(40)]
            assert answers[0].status_code == 401 and answers[-1].status_code == 429
            assert int(answers[-1].headers["retry-after"]) >= 1
        assert Signed(service, key).answer.status_code == 303, "a good key goes on working"


def test_nobody_is_signed_in_under_a_cookie_that_another_chose(service: Service):
    """Fixation: what the browser had before, planted or another's, is not what it has after."""
    mallory = Signed(service, service.key_of("mallory"))
    [(name, planted)] = mallory.http.cookies.items()
    with service.http(Origin=service.url) as victim:
        victim.cookies.set(name, planted, domain="127.0.0.1")
        answer = victim.post("/sign-in", data={"key": service.key_of("hal")})
        given = httpx.Cookies()
        given.extract_cookies(answer)
        assert given[name] != planted
    assert is_problem(mallory.http.get("/v1/users/me"), 401), "the session that the browser had is over"


def test_two_cookies_are_none(service: Service):
    one, other = Signed(service, service.key_of("ida")), Signed(service, service.key_of("jan"))
    pairs = [f"{name}={value}" for it in (one, other) for name, value in it.http.cookies.items()]
    assert is_problem(httpx.get(f"{service.url}/v1/users/me", headers={"Cookie": "; ".join(pairs)}), 401)


def test_the_cookie_opens_nothing_that_is_for_programs(service: Service):
    kim = Signed(service, service.key_of("kim"))
    assert is_problem(kim.http.get("/metrics"), 401)
    assert is_problem(kim.http.post("/mcp", json={}, headers=kim.own), 401)


def test_a_link_signs_in_once_and_not_too_late(service: Service, monkeypatch: pytest.MonkeyPatch):
    access = service.client.services.access
    link = access.browser_sessions.offer_link(access.create_user("lea"))
    with service.http(Origin=service.url) as http:
        [name] = Signed(service, service.key_of("lea")).http.cookies
        http.cookies.set(name, link, domain="127.0.0.1")
        assert is_problem(http.get("/v1/users/me"), 401), "a link is no cookie"
        http.cookies.clear()
        assert http.post("/sign-in", data={"link": link}).status_code == 303
        assert http.get("/v1/users/me").json()["name"] == "lea"
        assert http.post("/sign-in", data={"link": link}).status_code == 401
        late = access.browser_sessions.offer_link(access.get_user("lea"))
        later = time.time() + 600
        monkeypatch.setattr("sessiongraph.access.browser_sessions.time.time", lambda: later)
        assert http.post("/sign-in", data={"link": late}).status_code == 401


def test_pages_may_run_and_load_nothing_but_their_own_files(service: Service):
    ana = Signed(service, service.key_of("ana"))
    page = ana.http.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff" and page.headers["cache-control"] == "no-store"
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(files) >= 4
    with service.http() as anybody:
        for file in files:
            answer = anybody.get(file)
            assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        assert anybody.get("/static/0000/style.css").status_code == 404
        assert anybody.get(f"{files[0].rsplit('/', 1)[0]}/..%2f..%2f__init__.py").status_code == 404
