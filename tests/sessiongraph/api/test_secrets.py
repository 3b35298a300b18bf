"""Keys and passwords that are told: in no file, prompt or report, but where a dataset is to hold them."""

import sqlite3
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import datasets, persist_sessions_in_knowledge_graph_pipeline, sessions
from sessiongraph.default_client import default_services
from sessiongraph.ids import content_id
from sessiongraph.ingestion.ingest import document_id
from sessiongraph.types import Turn
from tests.conftest import RedisServer
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.secrets import AWS_KEY, CARD, GITHUB, PASSWORD
from tests.support.session_caches import NOON
from tests.support.terminal import Terminal

ALICE = "Alice Novak moved to Paris in 2010."
TOLD = [AWS_KEY, CARD, GITHUB, PASSWORD]
NOTES = f"{ALICE} Her key is {AWS_KEY}. She pays with {CARD}."
SAID = (f"My token is {GITHUB}. My wifi password is {PASSWORD}.", f"I noted {PASSWORD} for Alice Novak.")


def held_in(folder: Path) -> list[str]:
    """The secrets that are in the bytes of any file below `folder`, and in which."""
    return [
        f"{path.name}: {secret}"
        for path in folder.rglob("*")
        if path.is_file()
        for secret in TOLD
        if secret.encode() in path.read_bytes()
    ]


async def test_nothing_that_is_told_stands_in_a_file_a_prompt_or_a_report(
    home: Path, cache: str, endpoint: OpenAIEndpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "notes.md"
    file.write_text(f"# Notes\n\n{NOTES}")
    added = await sessiongraph.add([NOTES, file], dataset_name="d")
    await sessiongraph.cognify("d")
    turn_id = await sessions.add_turn("s", *SAID, dataset="d", context=SAID[1])
    await sessions.edit_turn("s", turn_id, answer=f"Good. The password is {PASSWORD}.")
    await sessions.add_feedback("s", turn_id, score=5, text=f"my password is {PASSWORD}")
    [result] = await sessiongraph.search(f"My password is {PASSWORD}. Where did Alice Novak move?", session_id="s")
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d")

    assert report.persisted + report.skipped == 2 and report.failed == 0
    assert added.secrets == {"AWS Access Key": 2, "card number": 2}
    assert added.warnings["notes.md"] == ["2 secrets were masked (AWS Access Key, card number)"]
    assert "In the question, 1 secret was masked (password)." in result.warnings
    assert [turn.question for turn in await sessions.get_turns("s")] == [
        "My token is [secret: GitHub Token]. My wifi password is [secret: password].",
        "My password is [secret: password]. Where did Alice Novak move?",
    ]
    seen = [str(request.body) for request in endpoint.requests]
    seen += [repr(added), repr(result), repr(report), caplog.text]
    seen += [turn.__repr__() for turn in await sessions.get_turns("s")]
    assert [secret for secret in TOLD for text in seen if secret in text] == []
    assert endpoint.chats and held_in(home) == []


async def test_the_same_text_with_a_secret_is_the_same_document() -> None:
    assert (await sessiongraph.add([NOTES], dataset_name="d")).added == 1
    again = await sessiongraph.add([NOTES], dataset_name="d")
    assert (again.added, again.known) == (0, 1) and again.secrets.total() == 2


async def test_a_dataset_that_allows_them_holds_them(home: Path) -> None:
    await sessiongraph.add([ALICE], dataset_name="vault")
    assert (await datasets.update("vault", allow_secrets=True)).allow_secrets
    await sessiongraph.add([NOTES], dataset_name="vault")
    await sessiongraph.cognify("vault")
    turn_id = await sessions.add_turn("s", *SAID, dataset="vault")
    await sessions.edit_turn("s", turn_id, answer=f"The password is {PASSWORD}, Alice Novak.")
    [result] = await sessiongraph.search(f"My password is {PASSWORD}.", session_id="s", datasets="vault")

    first, second = await sessions.get_turns("s")
    assert first.question == SAID[0] and PASSWORD in first.answer and PASSWORD in second.question
    assert not [warning for warning in result.warnings if "secret" in warning]
    stored = default_services().store(await datasets.create("vault"))
    assert AWS_KEY in str(stored.read(lambda con: con.execute("SELECT text FROM documents").fetchall()))

    await datasets.update("vault", allow_secrets=False)
    await sessions.add_turn("t", *SAID, dataset="vault")
    assert PASSWORD not in str(await sessions.get_turns("t"))


async def test_a_session_that_is_copied_to_where_they_are_not_allowed_is_masked_there(endpoint: OpenAIEndpoint) -> None:
    for name in ("vault", "open"):
        await sessiongraph.add([ALICE], dataset_name=name)
        await sessiongraph.cognify(name)
    await datasets.update("vault", allow_secrets=True)
    await sessions.add_turn("s", *SAID, dataset="vault")
    endpoint.requests.clear()

    copied = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="open")

    assert copied.secrets == {"GitHub Token": 1, "password": 2}
    assert "3 secrets were masked (GitHub Token, password)" in str(copied)
    assert PASSWORD not in str([request.body for request in endpoint.requests])
    assert PASSWORD in (await sessions.get_turns("s"))[0].question
    again = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="open")
    assert (again.staged, again.extracted, again.secrets) == (0, 0, {})
    kept = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="vault")
    assert kept.persisted == 1 and not kept.secrets
    assert PASSWORD in str([request.body for request in endpoint.requests])


async def test_what_was_told_in_a_vault_is_in_no_prompt_of_another_dataset(endpoint: OpenAIEndpoint) -> None:
    for name in ("vault", "open"):
        await sessiongraph.add([ALICE], dataset_name=name)
        await sessiongraph.cognify(name)
    await datasets.update("vault", allow_secrets=True)
    await sessions.add_turn("s", *SAID, dataset="vault")
    endpoint.requests.clear()

    await sessiongraph.search("Where did Alice Novak move?", session_id="s", datasets="open")
    await sessiongraph.search("Where did Alice Novak move to?", session_id="s")

    assert endpoint.chats and PASSWORD not in str([request.body for request in endpoint.requests])
    assert sum("[secret: password]" in str(request.body) for request in endpoint.requests) >= 2


async def test_what_was_there_before_secrets_were_masked_is_not_due(endpoint: OpenAIEndpoint) -> None:
    await sessiongraph.add([ALICE], dataset_name="main_dataset")
    await datasets.update("main_dataset", allow_secrets=True)  # as every dataset was
    await sessiongraph.add([NOTES])
    await sessiongraph.cognify()
    await sessions.add_turn("s", *SAID)
    before = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"])
    await datasets.update("main_dataset", allow_secrets=False)
    endpoint.requests.clear()

    added = await sessiongraph.add([NOTES])
    await sessiongraph.cognify()
    after = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"])

    assert (added.added, added.document_ids) == (0, [document_id(NOTES)])
    assert before.persisted == after.persisted == 1 and (after.staged, after.settled) == (0, 0)
    assert endpoint.requests == []


async def test_what_holds_no_secret_has_the_hash_that_it_had() -> None:
    report = await sessiongraph.add([ALICE], dataset_name="d")
    await sessions.add_turn("s", "Where is Alice?", "In Paris.")
    assert report.document_ids == [content_id("document", ALICE)]
    [turn] = await sessions.get_turns("s")
    assert turn.content_hash == Turn("t", "u", "s", "Where is Alice?", "In Paris.", NOON).content_hash


async def test_only_who_may_share_a_dataset_lets_secrets_in() -> None:
    bob = await sessiongraph.users.create("bob")
    await sessiongraph.add([ALICE], dataset_name="d")
    await datasets.grant("d", bob, "write")
    with pytest.raises(sessiongraph.PermissionDeniedError):
        await datasets.update("default_user/d", allow_secrets=True, user=bob)
    with pytest.raises(sessiongraph.InvalidInputError, match="allow_secrets"):
        await datasets.update("d", allow_secrets="yes")  # type: ignore[arg-type]


async def test_a_home_from_before_there_was_the_setting_gets_it(home: Path) -> None:
    await sessiongraph.add([ALICE], dataset_name="d")
    default_services().close()
    with sqlite3.connect(home / "access.sqlite") as file:
        file.execute("ALTER TABLE datasets DROP COLUMN allow_secrets")

    assert [dataset.allow_secrets for dataset in await datasets.list()] == [False]
    assert (await datasets.update("d", allow_secrets=True)).allow_secrets


def test_the_command_line_counts_them_and_has_the_setting(tmp_path: Path) -> None:
    cli = Terminal(tmp_path)
    added = cli("add", NOTES, "-d", "d")
    assert "2 secrets were masked (AWS Access Key, card number)" in " ".join(added.err.split())
    assert cli("cognify", "-d", "d").code == 0
    asked = cli("search", f"My password is {PASSWORD}. Where did Alice Novak move?", "-d", "d", "-s", "s")
    assert "In the question, 1 secret was masked (password)" in " ".join(asked.err.split())
    assert cli("persist", "s", "-d", "d").code == 0 and held_in(tmp_path) == []

    told = cli("datasets", "update", "d", "--allow-secrets")
    assert told.code == 0 and "kept" in told.out
    assert cli("datasets", "list", "--json").json[0]["allow_secrets"] is True
    assert cli("add", NOTES, "-d", "d", "--json").json["secrets"] == {}
    assert held_in(tmp_path)
    assert cli("search", f"My password is {PASSWORD}.", "-d", "d", "-s", "t").code == 0
    assert cli("datasets", "create", "other").code == 0
    copied = cli("persist", "t", "-d", "other", "--whole")
    assert "In what was staged, 3 secrets were masked (password)" in " ".join(copied.err.split())
    assert cli("datasets", "update", "d", "--mask-secrets", "--json").json["allow_secrets"] is False
    assert cli("datasets", "update", "d").code == 2


async def test_redis_holds_none(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    for name, value in (("BACKEND", "redis"), ("HOST", redis_server.host), ("PORT", str(redis_server.port))):
        monkeypatch.setenv(f"CACHE_{name}", value)
    client = redis.Redis(redis_server.host, redis_server.port)
    client.flushall()

    await sessions.add_turn("s", *SAID)

    values = [client.hgetall(key) for key in client.scan_iter() if client.type(key) == b"hash"]
    assert "[secret: password]" in str(values) and PASSWORD not in str(values)


async def test_who_says_what_is_read_around_a_masked_secret() -> None:
    chat = f"Anna: My wifi password is {PASSWORD}.\nBen: Thanks, so {PASSWORD} it is.\nAnna: I moved to Lyon."
    added = await sessiongraph.add([chat], dataset_name="d")
    await sessiongraph.cognify("d")
    stored = default_services().store(await datasets.create("d"))
    [(kind, text)] = stored.read(lambda con: con.execute("SELECT kind, text FROM documents").fetchall())

    assert kind == "transcript" and "Ben: Thanks, so [secret: password] it is." in text
    assert added.secrets == {"password": 2} and (await sessiongraph.add([chat], dataset_name="d")).known == 1
