"""Who could see, change or forget what is another's over REST: the matrix of tests/reliability/test_isolation.py.

Olga owns a dataset about Zephyrine Quill and has a private session; Rita may read the dataset, Sam may not. What Sam is
told of it is compared, letter by letter, with what he is told of a dataset that is not there.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sessiongraph.retrieval.results import SearchType
from tests.sessiongraph.server.conftest import Service

SECRET = "Zephyrine"
TEXT = "Zephyrine Quill moved to Valparaiso in 2010. She works for the Orchid Bank."


@dataclass
class People:
    olga: httpx.Client
    rita: httpx.Client
    sam: httpx.Client
    dataset_id: str


@pytest.fixture
def people(service: Service) -> Iterator[People]:
    with ExitStack() as stack:
        olga, rita, sam = [stack.enter_context(service.http(service.key_of(name))) for name in ("olga", "rita", "sam")]
        for http, text, dataset in ((olga, TEXT, "secrets"), (sam, "Bob Jones lives in Lyon.", "mine")):
            assert http.post("/v1/add", json={"data": [text], "dataset_name": dataset}).is_success
            assert http.post("/v1/cognify", json={"datasets": dataset}).is_success
        turn = {"question": "Who is in Valparaiso?", "answer": "Zephyrine Quill is in Valparaiso."}
        assert olga.post("/v1/sessions/s1/turns", json=turn).is_success
        assert olga.post("/v1/persist_sessions", json={"session_ids": ["s1"], "dataset": "secrets"}).is_success
        grant = {"dataset": "secrets", "user": "rita", "permission": "read"}
        assert olga.put("/v1/datasets/grants", json=grant).is_success
        yield People(olga, rita, sam, olga.get("/v1/datasets").json()[0]["id"])


def post(path: str, **body: Any) -> Callable[[httpx.Client, str], httpx.Response]:
    """A call; "{}" in a value is the dataset."""
    return lambda http, name: http.post(
        path, json={key: value.format(name) if isinstance(value, str) else value for key, value in body.items()}
    )


CALLS: dict[str, Callable[[httpx.Client, str], httpx.Response]] = {
    "add": post("/v1/add", data=["More of it."], dataset_name="{}"),
    "upload": lambda http, name: http.post(
        "/v1/add/files", files={"files": ("a.txt", b"More of it.")}, data={"dataset_name": name}
    ),
    "import": lambda http, name: http.post(
        "/v1/sessions/import",
        files={"file": ("a.jsonl", b'{"session_id": "s", "question": "q"}')},
        data={"dataset": name},
    ),
    "documents": lambda http, name: http.get("/v1/documents", params={"dataset": name}),
    "inbox": lambda http, name: http.get("/v1/documents/inbox", params={"dataset": name}),
    "document": lambda http, name: http.get(f"/v1/documents/{'0' * 31}1", params={"dataset": name}),
    "extracted": lambda http, name: http.get(f"/v1/documents/{'0' * 31}1/extracted", params={"dataset": name}),
    "overview": lambda http, name: http.get("/v1/datasets/overview", params={"dataset": name}),
    "history": lambda http, name: http.get("/v1/datasets/history", params={"dataset": name}),
    "schema": lambda http, name: http.get("/v1/datasets/schema", params={"dataset": name}),
    "set a schema": lambda http, name: http.put(
        "/v1/datasets/schema", json={"dataset": name, "graph_schema": {"entity_types": ["Spy"]}}
    ),
    "remove a schema": lambda http, name: http.delete("/v1/datasets/schema", params={"dataset": name}),
    "cognify": post("/v1/cognify", datasets="{}"),
    "estimate_cognify": post("/v1/estimate_cognify", datasets="{}"),
    **{
        f"search {kind}": post("/v1/search", query_text="Zephyrine?", query_type=kind, datasets="{}")
        for kind in SearchType
    },
    "search in a session": post("/v1/search", query_text="Who?", datasets="{}", session_id="x"),
    "graph": lambda http, name: http.get("/v1/graph", params={"dataset": name}),
    "persist": post("/v1/persist_sessions", session_ids=["s1"], dataset="{}"),
    "estimate_persist": post("/v1/estimate_persist", session_ids=["s1"], dataset="{}"),
    "add_turn": post("/v1/sessions/s9/turns", question="q", answer="a", dataset="{}"),
    "add_items": post("/v1/sessions/s9/items", items=[{"data": "d", "question": "q"}], dataset="{}"),
    "forget": post("/v1/forget", dataset="{}"),
    "forget session": post("/v1/forget", dataset="{}", session_id="s1", user="olga"),
    "forget document": post("/v1/forget", dataset="{}", document_id="0" * 32),
    "forget user": post("/v1/forget", dataset="{}", user="olga"),
    "estimate_forget": post("/v1/estimate_forget", dataset="{}"),
    "estimate_forget session": post("/v1/estimate_forget", dataset="{}", session_id="s1", user="olga"),
    "evidence": lambda http, name: http.get("/v1/evidence", params={"dataset": name, "id": "0" * 32}),
    "entities": lambda http, name: http.get("/v1/entities", params={"dataset": name}),
    "entity": lambda http, name: http.get("/v1/entities/entity", params={"dataset": name, "entity": "Quill"}),
    "decisions": lambda http, name: http.get("/v1/entities/decisions", params={"dataset": name}),
    "fact": lambda http, name: http.get("/v1/facts/fact", params={"dataset": name, "fact": "0000000"}),
    "neighbourhood": lambda http, name: http.get("/v1/graph/neighbourhood", params={"dataset": name}),
    "outline": lambda http, name: http.get("/v1/graph/outline", params={"dataset": name}),
    "merges": lambda http, name: http.get("/v1/entities/merges", params={"dataset": name}),
    "same": post("/v1/entities/same", dataset="{}", a="Zephyrine Quill", b="Quill"),
    "keep_apart": post("/v1/entities/keep_apart", dataset="{}", a="Zephyrine Quill", b="Quill"),
    "facts": lambda http, name: http.get("/v1/facts", params={"dataset": name}),
    "correct a fact": post("/v1/facts/correct", dataset="{}", fact="0000000", object="Oslo"),
    "retract a fact": post("/v1/facts/retract", dataset="{}", fact="0000000"),
    "undo a fact": post("/v1/facts/undo", dataset="{}", fact="0000000"),
    "conflicts": lambda http, name: http.get("/v1/facts/conflicts", params={"dataset": name}),
    "corrections": lambda http, name: http.get("/v1/entities/corrections", params={"dataset": name}),
    "correct an entity": post("/v1/entities/correct", dataset="{}", entity="Quill", name="Q"),
    "undo an entity": post("/v1/entities/undo", dataset="{}", entity="Quill"),
    "profiles": lambda http, name: http.get("/v1/memory/profiles", params={"dataset": name}),
    "lessons": lambda http, name: http.get("/v1/memory/lessons", params={"dataset": name}),
    "learn": post("/v1/memory/learn", dataset="{}"),
    "estimate_learn": post("/v1/memory/estimate_learn", dataset="{}"),
    "grants": lambda http, name: http.get("/v1/datasets/grants", params={"dataset": name}),
    "grant": lambda http, name: http.put(
        "/v1/datasets/grants", json={"dataset": name, "user": "sam", "permission": "read"}
    ),
    "revoke": lambda http, name: http.delete(
        "/v1/datasets/grants", params={"dataset": name, "user": "rita", "permission": "read"}
    ),
    "webhook": post("/v1/webhooks", url="https://hooks.example.com/", dataset="{}"),
    "update": lambda http, name: http.patch("/v1/datasets", json={"dataset": name, "allow_secrets": True}),
    "delete": lambda http, name: http.delete("/v1/datasets", params={"dataset": name}),
}  # fmt: skip
READS = {
    *("documents", "inbox", "document", "extracted", "overview", "history", "schema"),
    "graph",
    "neighbourhood",
    "outline",
    "entities",
    "entity",
    "decisions",
    "fact",
    "evidence",
    "merges",
    "facts",
    *("conflicts", "profiles", "lessons"),
    "corrections",
    "webhook",
    "search in a session",
    *(f"search {kind}" for kind in SearchType),
}


def test_every_operation_on_a_dataset_is_among_these_calls(service: Service):
    with service.http() as http:
        said = http.get("/openapi.json").json()
    called: list[tuple[str, str]] = []

    def note(request: httpx.Request) -> httpx.Response:
        called.append((request.method.lower(), request.url.path))
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(note), base_url="http://service") as http:
        for call in CALLS.values():
            call(http, "secrets")
    operations = [
        (method, path)
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
        if _names_a_dataset(operation, said["components"]["schemas"])
    ]
    assert len(operations) > 30
    missing = [
        f"{method} {path}"
        for method, path in operations
        for pattern in [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))]
        if not any(method == of and re.fullmatch(pattern, place) for of, place in called)
    ]
    assert missing == []


def _names_a_dataset(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    names = {it["name"] for it in operation.get("parameters", ())}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        names |= schemas[content["schema"]["$ref"].rpartition("/")[2]].get("properties", {}).keys()
    return bool(names & {"dataset", "datasets", "dataset_name"})


def test_what_one_may_not_read_is_as_if_it_were_not(people: People, service: Service):
    store = service.client.settings.home / "datasets" / people.dataset_id / "graph.duckdb"
    before = store.read_bytes()
    for call in CALLS:
        for there, absent in (("olga/secrets", "olga/nothing"), (people.dataset_id, "0" * 32), ("secrets", "nothing")):
            if call in ("add", "upload", "import") and "/" not in there:
                continue  # to add to a name of one's own is to create it
            hidden, unknown = CALLS[call](people.sam, there), CALLS[call](people.sam, absent)
            assert hidden.status_code == unknown.status_code == 404, (call, hidden.text)
            assert hidden.json() == json.loads(unknown.text.replace(absent, there))
            assert hidden.json()["class"] == "DatasetNotFoundError"
    assert store.read_bytes() == before
    assert people.sam.get("/v1/sessions").json() == []


def test_a_reader_may_do_nothing_else(people: People, service: Service):
    store = service.client.settings.home / "datasets" / people.dataset_id / "graph.duckdb"
    before = store.read_bytes()
    for call in sorted(CALLS.keys() - READS):
        answer = CALLS[call](people.rita, "olga/secrets")
        assert (answer.status_code, answer.json()["class"]) == (403, "PermissionDeniedError"), (call, answer.text)
    assert store.read_bytes() == before
    grants = people.olga.get("/v1/datasets/grants", params={"dataset": "secrets"}).json()
    assert grants == [{"kind": "user", "name": "rita", "permission": "read"}]


def test_no_search_listing_count_or_document_of_the_api_shows_what_is_anothers(people: People):
    sam = people.sam
    shown = [sam.get(path).text for path in ("/v1/datasets", "/v1/sessions", "/v1/roles", "/openapi.json", "/readyz")]
    for kind in SearchType:
        question = "MATCH (a) RETURN a" if kind == "CYPHER" else "Where does she live?"
        if kind != "NATURAL_LANGUAGE":  # asks a model what CYPHER is asked here
            shown.append(sam.post("/v1/search", json={"query_text": question, "query_type": kind}).text)
    tagged = sam.post("/v1/search", json={"query_text": "Who?", "node_sets": ["user_sessions_from_cache"]})
    shown += [tagged.text, sam.get("/v1/graph", params={"dataset": "mine"}).text, sam.post("/v1/cognify", json={}).text]
    assert tagged.status_code == 409 and "are: none" in tagged.json()["detail"]
    anothers = (SECRET, "Quill", "Valparaiso", "olga/secrets", '"name":"secrets"', people.dataset_id)
    for text in shown:
        assert [word for word in anothers if word in text] == []


def test_no_page_shows_what_is_anothers(people: People):
    [turn] = people.olga.get("/v1/sessions/s1/outcomes").json()
    passage = turn["outcomes"][0]["passage_id"]
    assert SECRET in people.rita.get("/evidence", params={"dataset": "olga/secrets", "id": passage}).text
    hidden, unknown = (
        people.sam.get("/evidence", params={"dataset": name, "id": passage})
        for name in ("olga/secrets", "olga/nothing")
    )
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text == unknown.text.replace("olga/nothing", "olga/secrets")
    for page in ("graph?", "entities?", "entity?entity=Quill&", "fact?id=0000000&"):
        hidden, unknown = (people.sam.get(f"/{page}dataset={name}") for name in ("olga/secrets", "olga/nothing"))
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.text == unknown.text.replace("olga/nothing", "olga/secrets")
    assert SECRET in people.rita.get("/entity?entity=Quill&dataset=olga/secrets").text
    [document] = [it for it in people.olga.get("/v1/documents?dataset=secrets").json() if it["kind"] == "document"]
    paths = ("/documents", f"/documents/{document['id']}", "/dataset", "/changes")
    for path in paths:
        assert people.rita.get(path, params={"dataset": "olga/secrets"}).status_code == 200
        answers = [people.sam.get(path, params={"dataset": name}) for name in ("olga/secrets", "olga/nothing")]
        assert {it.status_code for it in answers} == {404}
        assert answers[0].text == answers[1].text.replace("olga/nothing", "olga/secrets")
        assert SECRET not in people.sam.get(path, params={"dataset": "mine"}).text
    sources = f"/ask/sources?session=s1&turn={turn['turn_id']}"
    pages = (
        "/",
        "/ask",
        "/ask?session=s1&dataset=olga/secrets",
        "/ask/beside?session=s1",
        "/sessions",
        "/sessions/s1",
        "/graph",
    )
    for page in (*pages, f"/ask/turn?session=s1&turn={turn['turn_id']}", sources):
        shown = people.sam.get(page).text
        assert [word for word in (SECRET, "Quill", "Valparaiso", "olga/secrets") if word in shown] == [], page


def test_nobody_acts_as_another_by_an_argument(people: People):
    olgas = people.olga.get("/v1/users/me").json()
    for field in ("user", "by", "user_id", "owner"):
        for value in ("olga", olgas["id"], olgas):
            body = {"query_text": "Who?", "datasets": "olga/secrets", field: value}
            assert people.sam.post("/v1/search", json=body).status_code == 422
            assert SECRET not in people.sam.get("/v1/sessions", params={field: str(value)}).text
    with httpx.Client(base_url=people.sam.base_url, headers={**people.sam.headers, "X-User": "olga"}) as http:
        assert http.get("/v1/users/me").json()["name"] == "sam"


def test_a_session_is_its_users_alone(people: People):
    turn = {"question": "Who?", "answer": "Zephyrine Quill keeps a secret."}
    turn_id = people.olga.post("/v1/sessions/p1/turns", json=turn).json()["turn_id"]
    sam = people.sam
    assert sam.get("/v1/sessions/p1/turns").json() == [] and sam.get("/v1/sessions").json() == []
    assert sam.delete(f"/v1/sessions/p1/turns/{turn_id}").json() == {"deleted": False}
    assert sam.delete("/v1/sessions/p1").json() == {"deleted": False}
    assert sam.delete("/v1/sessions").json() == {"deleted": 0}
    calls: list[Callable[[str], httpx.Response]] = [
        lambda name: sam.patch(f"/v1/sessions/{name}/turns/{turn_id}", json={"answer": "No."}),
        lambda name: sam.put(f"/v1/sessions/{name}/turns/{turn_id}/feedback", json={"score": 1}),
        lambda name: sam.post("/v1/persist_sessions", json={"session_ids": [name], "dataset": "mine"}),
    ]
    for call in calls:
        hidden, absent = call("p1"), call("p2")
        assert hidden.status_code == absent.status_code and hidden.text == absent.text.replace("p2", "p1")
    # A key of another's session writes a turn of one's own.
    assert sam.post("/v1/sessions/p1/turns", json=turn, headers={"Idempotency-Key": turn_id}).status_code == 201
    [kept] = people.olga.get("/v1/sessions/p1/turns").json()
    assert kept["answer"] == turn["answer"] and kept["score"] is None


def test_users_of_another_tenant_are_nobody(people: People, service: Service):
    access = service.client.services.access
    acme = access.groups.create_tenant("acme", access.default_user())
    una = access.create_user("una")
    access.groups.add_tenant_user(acme, una, access.default_user())
    assert [user["name"] for user in people.sam.get("/v1/users").json()] == ["default_user", "olga", "rita", "sam"]
    grant = {"dataset": "mine", "user": "una", "permission": "read"}
    hidden = people.sam.put("/v1/datasets/grants", json=grant)
    absent = people.sam.put("/v1/datasets/grants", json={**grant, "user": "ulf"})
    assert hidden.status_code == 422 and hidden.text == absent.text.replace("ulf", "una")
    hidden = people.sam.post("/v1/forget", json={"dataset": "mine", "user": "una"})
    absent = people.sam.post("/v1/forget", json={"dataset": "mine", "user": "ulf"})
    assert hidden.status_code == 422 and hidden.text == absent.text.replace("ulf", "una")
    assert people.sam.get("/v1/tenants").json() == []
    assert people.sam.get("/v1/tenants/users", params={"tenant": "acme"}).status_code == 422


def test_a_revoked_reader_is_a_stranger_at_once(people: People):
    search = {"query_text": "Where does Zephyrine live?", "query_type": "CHUNKS", "datasets": "olga/secrets"}
    assert people.rita.post("/v1/search", json=search).json()[0]["citations"]
    revoke = {"dataset": "secrets", "user": "rita", "permission": "read"}
    assert people.olga.delete("/v1/datasets/grants", params=revoke).json() == {"deleted": True}
    assert people.rita.post("/v1/search", json=search).status_code == 404


def test_a_role_opens_what_was_granted_to_it(people: People):
    assert people.olga.post("/v1/roles", json={"name": "analysts"}).status_code == 201
    grant = {"dataset": "secrets", "role": "analysts", "permission": "read"}
    assert people.olga.put("/v1/datasets/grants", json=grant).is_success
    member = {"role": "analysts", "user": "sam"}
    assert people.sam.put("/v1/roles/users", params=member).status_code == 403
    assert people.olga.put("/v1/roles/users", params=member).json()[0]["name"] == "sam"
    assert SECRET in people.sam.get("/v1/graph", params={"dataset": "olga/secrets"}).text
    assert people.olga.delete("/v1/roles/users", params=member).json() == []
    assert people.sam.get("/v1/graph", params={"dataset": "olga/secrets"}).status_code == 404
