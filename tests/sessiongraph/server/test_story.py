"""The story of the README over HTTP, and what a program finds of every group of functions."""

import json
from collections.abc import Callable

from tests.sessiongraph.llm.test_client import piece
from tests.sessiongraph.server.conftest import Service
from tests.support.openai_endpoint import OpenAIEndpoint

TEXT = "Alice moved to Paris in 2010. She works as a software engineer."


def test_the_story_of_the_readme(service: Service):
    with service.http() as http:
        project = {"metadata": {"project": "atlas"}}
        added = http.post("/v1/add", json={"data": [TEXT], "dataset_name": "session_demo", **project})
        assert added.status_code == 200 and added.json()["added"] == 1
        cognified = http.post("/v1/cognify", json={"datasets": ["session_demo"]}).json()
        assert cognified["session_demo"]["persisted"] == 1
        answers = [
            http.post(
                "/v1/search", json={"query_text": question, "session_id": "demo", "datasets": ["session_demo"]}
            ).json()[0]
            for question in ("Where does Alice live?", "What does she do for work?")
        ]
        assert "Paris" in answers[0]["answer"] and "software engineer" in answers[1]["answer"]
        assert answers[0]["citations"][0]["said_at"].endswith(("Z", "+00:00"))
        report = http.post("/v1/persist_sessions", json={"session_ids": ["demo"], "dataset": "session_demo"}).json()
        assert (report["persisted"], report["extracted"], report["failed"]) == (2, 2, 0)
        assert http.delete("/v1/sessions").json() == {"deleted": 1}
        body = {"query_text": "Where does Alice live?", "node_sets": ["user_sessions_from_cache"]}
        assert "Paris" in http.post("/v1/search", json=body).json()[0]["answer"]
        body = {"query_text": "Where does Alice live?", "query_type": "CHUNKS", "where": project}
        assert {it["kind"] for it in http.post("/v1/search", json=body).json()[0]["citations"]} == {"chunk"}
        for where in ({"since": "2020"}, {"said_since": "2021", "said_until": "2020"}, {"said_since": "soon"}):
            refused = http.post("/v1/search", json={"query_text": "Who?", "where": where})
            assert refused.status_code == 422 and next(iter(where)) in refused.text
        graph = http.get("/v1/graph", params={"dataset": "session_demo"}).json()
        assert {"Alice", "Paris"} <= {node["name"] for node in graph["nodes"]} and graph["links"]
        forgotten = http.post("/v1/forget", json={"dataset": "session_demo", "session_id": "demo"}).json()
        assert forgotten["turns"] == 2


def test_a_dataset_that_persisted_sessions_begin(service: Service):
    with service.http() as http:
        turn = {"question": "Who?", "answer": "Alice Smith lives in Paris.", "dataset": None}
        assert http.post("/v1/sessions/s/turns", json=turn).status_code == 201
        estimate = http.post("/v1/estimate_persist", json={"session_ids": ["s"]}).json()
        assert [it["action"] for it in estimate["turns"]] == ["extract"]
        assert http.post("/v1/persist_sessions", json={"session_ids": ["s"]}).json()["persisted"] == 1


def test_sessions_turn_by_turn(service: Service):
    with service.http() as http:
        turn = {"question": "Where?", "answer": "In Rome.", "created_at": "2026-05-08T12:00:00+02:00"}
        turn_id = http.post("/v1/sessions/s/turns", json=turn).json()["turn_id"]
        where = f"/v1/sessions/s/turns/{turn_id}"
        assert http.patch(where, json={"answer": "In Paris."}).json()["answer"] == "In Paris."
        assert http.put(f"{where}/feedback", json={"score": 5, "text": "Yes."}).json()["score"] == 5
        [found] = http.get("/v1/sessions/s/turns", params={"last": 3}).json()
        assert (found["answer"], found["created_at"]) == ("In Paris.", "2026-05-08T12:00:00+02:00")
        assert [it["session_id"] for it in http.get("/v1/sessions").json()] == ["s"]
        assert http.delete(where).json() == {"deleted": True}
        assert http.delete(where).json() == {"deleted": False}
        assert http.get("/v1/sessions/s/turns").json() == []
        assert http.delete("/v1/sessions/s").json() == {"deleted": False}


def test_a_turn_sent_twice_under_one_key_is_one_turn(service: Service):
    with service.http() as http:
        for _ in range(2):
            written = http.post(
                "/v1/sessions/s/turns",
                json={"question": "Who?", "answer": "Alice."},
                headers={"Idempotency-Key": "chat-1"},
            )
            assert (written.status_code, written.json()) == (201, {"turn_id": "chat-1"})
        other = http.post(
            "/v1/sessions/s/turns", json={"question": "Who?", "answer": "Bob."}, headers={"Idempotency-Key": "chat-1"}
        )
        assert other.status_code == 422 and "other words" in other.json()["detail"]
        assert len(http.get("/v1/sessions/s/turns").json()) == 1


def test_a_question_asked_twice_under_one_key_is_one_turn(service: Service):
    with service.http() as http:
        http.post("/v1/add", json={"data": [TEXT]})
        http.post("/v1/cognify", json={})
        body = {"query_text": "Where does Alice live?", "session_id": "s"}
        for _ in range(2):
            [result] = http.post("/v1/search", json=body, headers={"Idempotency-Key": "q1"}).json()
            assert result["turn_id"] == "q1"
        assert len(http.get("/v1/sessions/s/turns").json()) == 1
        refused = http.post("/v1/search", json={**body, "query_text": "Who?"}, headers={"Idempotency-Key": "q1"})
        assert refused.status_code == 422
        assert http.post("/v1/search", json=body, headers={"Idempotency-Key": "a/b"}).status_code == 422


def test_a_search_comes_as_events(service: Service):
    with service.http(Accept="text/event-stream") as http:
        http.post("/v1/add", json={"data": [TEXT]})
        http.post("/v1/cognify", json={})
        with http.stream("POST", "/v1/search", json={"query_text": "Where does Alice live?"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = [part.split("\n") for part in "".join(answer.iter_text()).strip().split("\n\n")]
        kinds = [lines[0].removeprefix("event: ") for lines in events]
        assert kinds == ["sources", "answer", "done"]
        data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
        assert any("Paris" in source["text"] for source in data[0])
        assert "Paris" in data[1]["text"] and data[2]["answer"] == data[1]["text"]
        with http.stream("POST", "/v1/search", json={"query_text": "Who?", "datasets": ["nothing"]}) as answer:
            text = "".join(answer.iter_text())
        assert text.startswith("event: error\n")
        assert json.loads(text.split("data: ")[1])["class"] == "DatasetNotFoundError"


def test_names_of_one_entity(service: Service):
    with service.http() as http:
        http.post("/v1/add", json={"data": ["Alice Smith lives in Paris. Alicia Smith works for Acme."]})
        http.post("/v1/cognify", json={})
        pair = {"dataset": "main_dataset", "a": "Alice Smith", "b": "Alicia Smith"}
        assert http.post("/v1/entities/same", json=pair).json() == {"changed": True}
        merges = http.get("/v1/entities/merges", params={"dataset": "main_dataset"}).json()
        assert [it["rule"] for it in merges if "alicia" in it["key"] + it["into"]]
        assert http.post("/v1/entities/keep_apart", json=pair).json() == {"changed": True}


def test_a_fact_is_listed_corrected_and_taken_back(service: Service):
    with service.http() as http:
        http.post("/v1/add", json={"data": [TEXT]})
        http.post("/v1/cognify", json={})
        where = {"dataset": "main_dataset"}
        [fact] = http.get("/v1/facts", params={**where, "query": "Paris"}).json()
        which = {**where, "fact": fact["short_id"]}
        corrected = http.post("/v1/facts/correct", json={**which, "object": "Lyon"}).json()
        assert corrected["object"] == "Lyon" and corrected["corrected_by"] == "default_user"
        which = {**where, "fact": corrected["short_id"]}
        assert [it["object"] for it in http.post("/v1/facts/undo", json=which).json()] == ["Paris"]
        which = {**where, "fact": fact["short_id"]}
        assert http.post("/v1/facts/retract", json=which).json()["retracted"] is True
        right = {**where, "entity": "Alice", "name": "Alice Smith"}
        assert http.post("/v1/entities/correct", json=right).json() == {"changed": True}
        assert [it["name"] for it in http.get("/v1/entities/corrections", params=where).json()] == ["Alice Smith"]
        assert http.post("/v1/entities/undo", json={**where, "entity": "Alice"}).json() == {"changed": True}


def test_an_answer_is_seen_while_it_is_written(serve: Callable[..., Service], endpoint: OpenAIEndpoint):
    with serve().http(Accept="text/event-stream") as http:
        http.post("/v1/add", json={"data": [TEXT]})
        http.post("/v1/cognify", json={})
        said = [piece(content="In Paris, "), piece(content="since 2010 [1]."), "data: [DONE]\n\n"]
        endpoint.send("".join(said).encode(), content_type="text/event-stream")
        http.post("/v1/search", json={"query_text": "Where is Alice?"})
        text = http.post("/v1/search", json={"query_text": "Where does Alice live?"}).text
    assert text.index("event: sources") < text.index("event: draft") < text.index("event: answer")
    assert '"In Paris,"' in text and '"In Paris, since 2010."' in text
