"""Long work that is not waited for: only where a daemon will do it, and only its asker is told what became of it."""

import pytest

from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.test_admission import is_problem


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a daemon had evaluated the project's sensors just now."""
    monkeypatch.setattr("sessiongraph.dagster.daemon.ticks", lambda instance, sensor="": True)


def test_without_a_daemon_nothing_is_promised(service: Service):
    with service.http() as http:
        http.post("/v1/add", json={"data": ["Alice lives in Paris."]})
        answer = http.post("/v1/cognify", json={"datasets": "main_dataset", "wait": False})
        assert is_problem(answer, 503) and "sessiongraph dev" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert http.post("/v1/cognify", json={"datasets": "main_dataset", "wait": True}).status_code == 200


@pytest.mark.usefixtures("daemon")
def test_what_was_asked_for_is_known_by_its_id_to_its_asker(service: Service):
    olga, sam = service.key_of("olga"), service.key_of("sam")
    with service.http(olga) as http:
        http.post("/v1/add", json={"data": ["Alice lives in Paris."], "dataset_name": "d"})
        asked = http.post("/v1/cognify", json={"datasets": ["d"], "wait": False})
        assert asked.status_code == 202
        [run] = asked.json()["runs"]
        assert (run["state"], run["dataset"], run["job"]) == ("requested", "olga/d", "cognify")
        assert http.get(f"/v1/runs/{run['id']}").json() == run
        asked = http.post("/v1/persist_sessions", json={"session_ids": ["s"], "dataset": "d", "wait": False})
        assert asked.status_code == 202 and asked.json()["runs"][0]["job"] == "persist_sessions"
    with service.http(sam) as http:
        hidden, absent = http.get(f"/v1/runs/{run['id']}"), http.get(f"/v1/runs/{'0' * 32}")
        assert is_problem(hidden, 404) and hidden.text == absent.text.replace("0" * 32, run["id"])
        refused = http.post("/v1/cognify", json={"datasets": ["olga/d"], "wait": False})
        assert refused.json()["class"] == "DatasetNotFoundError"
        assert is_problem(http.get("/v1/runs/..%2f..%2faccess"), 404)
        assert is_problem(http.get("/v1/runs/.access"), 422)
