"""`webhooks …` as a person types it."""

from pathlib import Path

from tests.support.terminal import Terminal
from tests.support.webhook_receiver import receiving


def test_a_webhook_is_made_tested_listed_and_deleted(tmp_path: Path):
    cli = Terminal(tmp_path, SESSIONGRAPH_WEBHOOK_ALLOWED_HOSTS="127.0.0.1")
    with receiving() as receiver:
        made = cli("webhooks", "create", receiver.url("/in"), "--event", "passages.failed")
        secret = made.out.strip()
        assert made.code == 0 and secret.startswith("whsec_") and "shown this once" in made.err
        [listed] = cli("webhooks", "list", "--json").json
        assert (listed["events"], listed["state"]) == (["passages.failed"], "active") and secret not in str(listed)
        assert "Received (HTTP 200)" in cli("webhooks", "test", listed["id"]).out
        assert receiver.got[0].verified(secret)["type"] == "webhook.test"
        receiver.status = 500
        failed = cli("webhooks", "test", listed["id"])
        assert failed.code == 1 and "Not received: HTTP 500" in failed.err
    assert listed["id"] in cli("webhooks", "list").out
    assert cli("webhooks", "delete", listed["id"]).code == 0
    assert cli("webhooks", "delete", listed["id"]).code == 2
    assert "sessiongraph webhooks create" in cli("webhooks", "list").err


def test_what_cannot_be_meant_is_refused(tmp_path: Path):
    cli = Terminal(tmp_path)
    assert cli("webhooks", "create", "http://127.0.0.1/").code == 2
    assert cli("webhooks", "create", "https://127.0.0.1/").code == 2
    assert cli("webhooks", "create", "https://hooks.example.com/", "--event", "x").code == 2
    assert cli("webhooks", "create", "https://hooks.example.com/", "--dataset", "nobodys").code == 1
    assert cli("webhooks", "list", "--json").json == []
