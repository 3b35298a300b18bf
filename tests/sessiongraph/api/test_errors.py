"""Each error that a caller can meet, provoked for real: its class, its cause, its next step, and nothing written."""

from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline, sessions, users
from tests.support.openai_endpoint import OpenAIEndpoint


def stores(home: Path) -> list[Path]:
    return sorted(home.glob("datasets/*/graph.duckdb"))


async def test_caching_off(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CACHING", "false")
    with pytest.raises(sessiongraph.CachingDisabledError, match="CACHING=true"):
        await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    with pytest.raises(sessiongraph.CachingDisabledError):
        await sessions.add_turn("s", "q", "a")
    assert stores(home) == [] and not (home / "sessions.sqlite").exists()


async def test_no_session_found(home: Path):
    with pytest.raises(sessiongraph.SessionsNotFoundError, match="'nobody', 'none'.*list_sessions") as caught:
        await persist_sessions_in_knowledge_graph_pipeline(session_ids=["nobody", "none"], create=True)
    assert caught.value.session_ids == ("nobody", "none")
    assert stores(home) == []


async def test_some_sessions_found():
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s", "nobody"], create=True)
    assert (report.persisted, report.missing) == (1, ["nobody"])
    assert "nobody" in str(report)


async def test_no_sessions_named():
    for none in (None, []):
        report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=none, create=True)
        assert (report.sessions, report.persisted) == ({}, 0)
        assert "No sessions were named" in str(report)


async def test_no_graph_data():
    await sessiongraph.datasets.create("empty")
    with pytest.raises(sessiongraph.NoGraphDataError, match="empty.*add.*cognify"):
        await sessiongraph.search("Where does Alice live?", datasets=["empty"])
    with pytest.raises(sessiongraph.NoGraphDataError, match="add"):
        await sessiongraph.search("Where does Alice live?")
    with pytest.raises(sessiongraph.NoGraphDataError, match="cognify"):
        await sessiongraph.graph(dataset="empty")
    with pytest.raises(sessiongraph.NoGraphDataError, match="no documents in empty"):
        await sessiongraph.cognify("empty")


async def test_added_and_not_cognified_is_no_graph_data():
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    with pytest.raises(sessiongraph.NoGraphDataError, match="cognify"):
        await sessiongraph.search("Where does Alice live?", datasets=["d"])


async def test_dataset_not_found():
    for call in (
        sessiongraph.search("q", datasets=["nowhere"]),
        sessiongraph.cognify(["nowhere"]),
        sessiongraph.graph(dataset="nowhere"),
        sessiongraph.forget("nowhere"),
        persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="nowhere", create=True),
        sessions.add_turn("s", "q", "a", dataset="nowhere"),
    ):
        with pytest.raises(sessiongraph.DatasetNotFoundError, match="nowhere"):
            await call


async def test_permission_denied_is_told_only_to_those_who_may_know(home: Path):
    owner, reader, stranger = [await users.create(name) for name in ("owner", "reader", "stranger")]
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d", user=owner)
    await sessiongraph.cognify(["d"], user=owner)
    await sessiongraph.datasets.grant("d", reader, "read", by=owner)
    before = stores(home)[0].read_bytes()

    assert (await sessiongraph.search("Where does Alice live?", datasets=["d"], user=reader))[0].citations
    for user in (reader, stranger):
        await sessions.add_turn("s", "Where does Bob live?", "Bob lives in Rome.", user=user)
    with pytest.raises(sessiongraph.PermissionDeniedError, match="write.*grant"):
        await persist_sessions_in_knowledge_graph_pipeline(reader, ["s"], "d", create=True)
    with pytest.raises(sessiongraph.PermissionDeniedError, match="write"):
        await sessiongraph.add(["More."], dataset_name="owner/d", user=reader)
    with pytest.raises(sessiongraph.PermissionDeniedError, match="delete"):
        await sessiongraph.forget("d", by=reader)
    with pytest.raises(sessiongraph.DatasetNotFoundError) as hidden:
        await persist_sessions_in_knowledge_graph_pipeline(stranger, ["s"], "owner/d", create=True)
    with pytest.raises(sessiongraph.DatasetNotFoundError) as absent:
        await persist_sessions_in_knowledge_graph_pipeline(stranger, ["s"], "owner/x", create=True)
    assert str(hidden.value).replace("owner/d", "owner/x") == str(absent.value)
    assert stores(home)[0].read_bytes() == before


async def test_llm_not_configured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLM_MODEL", "openai/gpt-4o-mini")
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    with pytest.raises(sessiongraph.LLMNotConfiguredError, match="LLM_API_KEY"):
        await sessiongraph.cognify("d")


async def test_llm_failed_names_model_status_and_attempts(endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLM_MAX_RETRIES", "1")
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    endpoint.fail(500)
    with pytest.raises(sessiongraph.LLMFailedError, match=r"test-model.*500") as caught:
        await sessiongraph.cognify("d")
    assert (caught.value.model, caught.value.status, caught.value.attempts) == ("openai/test-model", 500, 2)
    endpoint.heal()
    assert (await sessiongraph.cognify("d"))["d"].count("persisted") == 1


async def test_a_wrong_key_stops_at_once(endpoint: OpenAIEndpoint):
    for number in range(30):
        await sessions.add_turn(f"s{number}", "Who is it?", f"Person{number} lives in Paris. " * 40)
    endpoint.fail(401)
    with pytest.raises(sessiongraph.LLMFailedError, match="LLM_API_KEY"):
        await persist_sessions_in_knowledge_graph_pipeline(
            session_ids=[f"s{number}" for number in range(30)], create=True
        )
    assert len(endpoint.chats) <= 20


async def test_one_bad_session_does_not_stop_the_others(endpoint: OpenAIEndpoint):
    for name in ("Alice", "Bob", "Carla"):
        await sessions.add_turn(f"s-{name}", f"Where does {name} live?", f"{name} lives in Paris.")
    endpoint.fail(500, when="Bob")
    ids = ["s-Alice", "s-Bob", "s-Carla"]
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, create=True)
    assert (report.persisted, report.failed) == (2, 1)
    (failed,) = report.sessions["s-Bob"].turns
    assert failed.disposition == "failed" and "500" in (failed.reason or "")

    endpoint.heal()
    healed = await persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, create=True)
    assert (healed.persisted, healed.failed, healed.extracted) == (3, 0, 1)


async def test_unreadable_document(home: Path, tmp_path: Path):
    (tmp_path / "fake.pdf").write_bytes(b"PK\x03\x04 no pdf")
    (tmp_path / "empty.txt").write_text("  \n")
    for name in ("fake.pdf", "empty.txt"):
        with pytest.raises(sessiongraph.UnreadableDocumentError, match=name):
            await sessiongraph.add(["A good text.", tmp_path / name], dataset_name="d")
    assert isinstance(caught := sessiongraph.UnreadableDocumentError(), sessiongraph.InvalidInputError), caught
    assert stores(home) == []


@pytest.mark.parametrize("bad", ["", "../x", "a\nb", "a b", ".hidden", "x" * 201, None, 7])
async def test_bad_session_id(home: Path, bad: object):
    with pytest.raises(sessiongraph.InvalidInputError, match="session id"):
        await sessions.add_turn(bad, "q", "a")  # type: ignore[arg-type]
    with pytest.raises(sessiongraph.InvalidInputError, match="session id"):
        await persist_sessions_in_knowledge_graph_pipeline(session_ids=[bad], create=True)  # type: ignore[list-item]
    if bad is not None:
        with pytest.raises(sessiongraph.InvalidInputError, match="session id"):
            await sessiongraph.search("q", session_id=bad)  # type: ignore[arg-type]
    assert stores(home) == []


@pytest.mark.parametrize("bad", ["", "a:b", "a b", "../x", "a/b/c", "x" * 201])
async def test_bad_dataset_name(bad: str):
    with pytest.raises(sessiongraph.InvalidInputError):
        await sessiongraph.add(["A good text."], dataset_name=bad)


async def test_bad_arguments():
    for call in (
        sessiongraph.search(""),
        sessiongraph.search("   "),
        sessiongraph.search(None),  # type: ignore[arg-type]
        sessiongraph.search("q", top_k=0),
        sessiongraph.search("q", top_k=True),
        sessiongraph.search("q", query_type="GREMLIN"),  # type: ignore[arg-type]
        sessiongraph.search("q", datasets=[]),
        sessiongraph.search("q", user="ana"),  # type: ignore[arg-type]
        sessiongraph.add([]),
        sessiongraph.add([b"bytes"]),  # type: ignore[list-item]
        sessiongraph.add(["text"], node_set=["a b"]),
        persist_sessions_in_knowledge_graph_pipeline(session_ids="s", create=True),
        sessions.add_turn("s", None, "a"),  # type: ignore[arg-type]
        sessions.add_turn("s", "q\x00", "a"),
        sessions.add_turn("s", "q", "\ud800"),
        sessions.add_turn("s", "q", "a", created_at="yesterday"),  # type: ignore[arg-type]
        sessions.add_feedback("s", "t", score=6),
        sessions.edit_turn("s", "t"),
        sessions.edit_turn("s", "t", answer="a"),
        sessiongraph.forget("main_dataset", turn_id="t"),
        sessiongraph.forget("main_dataset", document_id="d", session_id="s"),
    ):
        with pytest.raises(sessiongraph.InvalidInputError):
            await call


async def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CACHE_BACKEND", "memcached")
    with pytest.raises(sessiongraph.InvalidInputError, match="CACHE_BACKEND"):
        await sessions.list_sessions()


async def test_a_dead_cache_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CACHE_BACKEND", "redis")
    monkeypatch.setenv("CACHE_PORT", "1")
    with pytest.raises(sessiongraph.CacheUnavailableError, match="CACHE_PORT"):
        await sessions.list_sessions()
    with pytest.raises(sessiongraph.CacheUnavailableError):
        await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
