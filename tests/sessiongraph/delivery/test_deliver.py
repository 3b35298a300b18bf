"""What happens in a dataset is told once it is there: from now on, in order, at least once, to who may read it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sessiongraph.access.webhooks import Webhook
from sessiongraph.client import SessionGraph
from sessiongraph.delivery import deliver, sending
from sessiongraph.delivery.deliver import deliver_due, lock_file
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from sessiongraph.store.file_lock import take_lock
from tests.support.evidence import Evidence, put
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.webhook_receiver import Delivery, Receiver, receiving

INSIDE = ("127.0.0.1",)


@pytest.fixture
async def client(home: Path, shared: Shared) -> AsyncIterator[SessionGraph]:
    async with SessionGraph(Settings(home=home, webhook_allowed_hosts=INSIDE), shared=shared) as made:
        yield made


async def hook(client: SessionGraph, receiver: Receiver, **given: Any) -> tuple[Webhook, str]:
    await client.datasets.create("work", user=given.get("user"))
    return await client.webhooks.create(receiver.url(), "work", **given)


def commit(client: SessionGraph, *ids: str, dataset: str = "default_user/work", **given: Any) -> None:
    """A commit of one document for each id, in the graph already."""
    found = client.services.access.by_key(dataset)
    assert found is not None
    put(client.services.store(found), *(Evidence(id_, **given) for id_ in ids))


def seqs(deliveries: list[Delivery], secret: str) -> list[int]:
    return [it.verified(secret)["data"]["seq"] for it in deliveries]


def again_now(client: SessionGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be tried again is due."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7 * 3600)


async def test_what_is_persisted_fails_and_is_forgotten_is_told_without_a_word_of_it(
    endpoint: OpenAIEndpoint, client: SessionGraph, receiver: Receiver
):
    _, secret = await hook(client, receiver)
    await client.sessions.add_turn("s1", "Where does Alice live?", "Alice Smith lives in Paris.")
    await client.sessions.add_turn("s2", "And Bob?", "Bob Jones lives in Zanzibar.")
    endpoint.fail(400, when="Zanzibar")
    await client.persist_sessions(["s1", "s2"], "work", create=True)
    assert await deliver_due(client.services) == 2
    endpoint.heal()
    await client.forget("work", session_id="s1")
    assert await deliver_due(client.services) == 1
    assert await deliver_due(client.services) == 0
    [shown] = await client.webhooks.list()
    told = [it.verified(secret) for it in receiver.got]
    dataset = client.services.access.by_key("default_user/work")
    assert dataset is not None
    by_type = {it["type"]: it["data"] for it in told}
    persisted, failed, forgotten = (by_type[f"passages.{what}"] for what in ("persisted", "failed", "forgotten"))
    assert persisted["dataset"] == {"id": dataset.id, "owner": "default_user", "name": "work"}
    assert [(it["session_id"], it["user"], it["passages"]) for it in persisted["sessions"]] == [
        ("s1", "default_user", 1)
    ]
    assert (persisted["passages"], persisted["epoch"], persisted["documents"]) == (1, 0, [])
    assert persisted["entities"] >= 2 and persisted["facts"] >= 1
    assert [it["session_id"] for it in failed["sessions"]] == ["s2"]
    assert [(it["class"], it["passages"]) for it in failed["failures"]] == [("answer_unusable", 1)]
    assert "retry_failed" in failed["failures"][0]["next_step"]
    assert (forgotten["passages"], forgotten["epoch"]) == (1, 1) and "sessions" not in forgotten
    assert len({it.id for it in receiver.got}) == 3 and shown.state == "active" and shown.delivered_at is not None
    for word in (b"Alice", b"Paris", b"Bob", b"Zanzibar", b"lives"):
        assert not any(word in it.body for it in receiver.got)


async def test_a_documents_name_which_may_be_its_words_is_not_told(client: SessionGraph, receiver: Receiver):
    _, secret = await hook(client, receiver)
    await client.add(["Zephyrine lives in Oslo."], dataset_name="work")
    await client.cognify("work")
    assert await deliver_due(client.services) == 1
    [told] = receiver.got
    [document] = told.verified(secret)["data"]["documents"]
    assert document["passages"] == 1 and b"Zephyrine" not in told.body


async def test_a_hook_begins_at_the_present_and_goes_on_in_order(client: SessionGraph, receiver: Receiver):
    await client.datasets.create("work")
    commit(client, "before")
    _, secret = await hook(client, receiver)
    assert await deliver_due(client.services) == 0
    for number in range(3):
        commit(client, f"after-{number}")
    assert await deliver_due(client.services) == 3 and seqs(receiver.got, secret) == [2, 3, 4]


async def test_a_hook_is_told_of_what_came_before_anybody_delivered(client: SessionGraph, receiver: Receiver):
    _, secret = await hook(client, receiver)
    commit(client, "first")
    assert await deliver_due(client.services) == 1 and seqs(receiver.got, secret) == [1]


async def test_only_the_events_that_were_asked_for_are_told(client: SessionGraph, receiver: Receiver):
    await hook(client, receiver, events=["passages.forgotten", "passages.failed"])
    commit(client, "a")
    commit(client, "b", disposition="failed")
    assert await deliver_due(client.services) == 1
    assert b"passages.failed" in receiver.got[0].body


async def test_a_store_that_has_not_changed_is_not_opened(
    client: SessionGraph, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    await hook(client, receiver)
    commit(client, "a")
    assert await deliver_due(client.services) == 1
    monkeypatch.setattr(deliver, "read_commits", lambda *_: pytest.fail("it was opened"))
    assert await deliver_due(client.services) == 0


async def test_what_is_not_received_is_sent_again_later_under_the_same_id_before_what_came_after(
    client: SessionGraph, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    await hook(client, receiver)
    commit(client, "a")
    commit(client, "b")
    receiver.status = 503
    assert await deliver_due(client.services) == 0
    [shown] = await client.webhooks.list()
    assert (shown.state, shown.last_error) == ("retrying", "HTTP 503")
    assert await deliver_due(client.services) == 0 and len(receiver.got) == 1, "it is not tried again at once"
    receiver.status = 204
    again_now(client, monkeypatch)
    assert await deliver_due(client.services) == 2
    ids = [it.id for it in receiver.got]
    assert ids[0] == ids[1] != ids[2] and (await client.webhooks.list())[0].state == "active"


async def test_a_receiver_that_is_gone_is_asked_no_more_until_a_test_is_received(
    client: SessionGraph, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    made, secret = await hook(client, receiver)
    receiver.status = 410
    commit(client, "a")
    await deliver_due(client.services)
    again_now(client, monkeypatch)
    assert await deliver_due(client.services) == 0 and len(receiver.got) == 1
    assert (await client.webhooks.list())[0].state == "gone"
    assert (await client.webhooks.test(made.id)).error == "HTTP 410"
    receiver.status = 200
    monkeypatch.undo()
    assert (await client.webhooks.test(made.id)).error is None
    assert receiver.got[-1].verified(secret)["type"] == "webhook.test"
    assert (await client.webhooks.list())[0].state == "active" and await deliver_due(client.services) == 1


async def test_a_receiver_that_hangs_holds_up_nobody_else(
    client: SessionGraph, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "TRY_SECONDS", 0.5)
    receiver.delay = 2.0
    with receiving() as other:
        await hook(client, receiver)
        await hook(client, other)
        commit(client, "a")
        commit(client, "b")
        assert await deliver_due(client.services) == 2 and len(other.got) == 2 and len(receiver.got) == 1


async def test_who_may_read_no_more_is_told_nothing_more_not_even_of_what_was_before(
    client: SessionGraph, receiver: Receiver
):
    await client.datasets.create("work")
    rita = await client.users.create("rita")
    await client.datasets.grant("work", rita, "read")
    await client.webhooks.create(receiver.url(), "default_user/work", user=rita)
    commit(client, "a")
    assert await deliver_due(client.services) == 1
    commit(client, "b")
    await client.datasets.revoke("work", rita, "read")
    assert await deliver_due(client.services) == 0 and await client.webhooks.list(user=rita) == []
    await client.datasets.grant("work", rita, "read")
    assert await deliver_due(client.services) == 0 and len(receiver.got) == 1


async def test_reading_that_is_taken_away_in_the_middle_ends_it_there(
    client: SessionGraph, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    made, _ = await hook(client, receiver)
    for number in range(3):
        commit(client, str(number))
    send = sending.Sender.send

    async def send_and_lose(self: Any, *given: Any) -> Any:
        if not receiver.got:
            await client.webhooks.delete(made.id)
        return await send(self, *given)

    monkeypatch.setattr(sending.Sender, "send", send_and_lose)
    await deliver_due(client.services)
    assert len(receiver.got) == 1


async def test_while_another_process_delivers_this_one_does_not(client: SessionGraph, receiver: Receiver):
    await hook(client, receiver)
    commit(client, "a")
    lock = take_lock(lock_file(client.settings.home))
    assert lock is not None
    assert await deliver_due(client.services) == 0 and receiver.got == []
    lock.release()
    assert await deliver_due(client.services) == 1


async def test_a_dataset_that_cannot_be_read_holds_up_no_other_hook(client: SessionGraph, receiver: Receiver):
    await hook(client, receiver)
    await client.datasets.create("broken")
    await client.webhooks.create(receiver.url("/broken"), "broken")
    found = client.services.access.by_key("default_user/broken")
    assert found is not None
    client.services.folder(found).mkdir(parents=True)
    client.services.store(found).path.write_bytes(b"no database")
    commit(client, "a")
    assert await deliver_due(client.services) == 1
    states = {it.dataset: (it.state, it.last_error) for it in await client.webhooks.list()}
    assert states["default_user/work"] == ("active", None)
    assert states["default_user/broken"][0] == "retrying" and "could not be read" in str(states["default_user/broken"])


_DELIVER = """
import asyncio, sys
from sessiongraph.client import SessionGraph
from sessiongraph.delivery.deliver import deliver_due
async def main():
    async with SessionGraph() as client:
        print(await deliver_due(client.services), flush=True)
asyncio.run(main())
"""


async def test_a_process_killed_while_the_receiver_has_it_costs_a_second_delivery_and_none_is_lost(
    client: SessionGraph, receiver: Receiver, project_root: Path
):
    _, secret = await hook(client, receiver)
    for number in range(4):
        commit(client, str(number))
    environment = {
        **os.environ, "PYTHONPATH": str(project_root), "SESSIONGRAPH_HOME": str(client.settings.home),
        "SESSIONGRAPH_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
    }  # fmt: skip

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", _DELIVER], env=environment, stdout=subprocess.PIPE, text=True)

    for heard in (1, 2):
        receiver.delay = 30.0
        with start() as process:
            receiver.until(heard)
            process.send_signal(signal.SIGKILL)
            assert process.wait(30) == -signal.SIGKILL
    receiver.delay = 0.0
    with start() as process:
        assert process.stdout is not None and process.stdout.read().strip() == "4"
    assert seqs(receiver.got, secret) == [1, 1, 1, 2, 3, 4]
    assert len({it.id for it in receiver.got}) == 4 and len({it.id for it in receiver.got[:3]}) == 1
