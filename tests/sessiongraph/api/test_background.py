"""Persisting in the background: refused at once or done to the end, and no failure is lost."""

import asyncio
import gc
import logging

import pytest

import sessiongraph
from sessiongraph import datasets, sessions, users
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph.errors import InvalidInputError, LLMFailedError, PermissionDeniedError, SessionsNotFoundError
from tests.support.openai_endpoint import OpenAIEndpoint


@pytest.fixture
async def said(endpoint: OpenAIEndpoint) -> str:
    return await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")


async def until_persisted() -> None:
    for _ in range(2000):
        try:
            await sessiongraph.graph()
        except sessiongraph.NoGraphDataError:
            await asyncio.sleep(0.01)
        else:
            return
    raise AssertionError("nothing was persisted")


async def test_a_handle_is_there_at_once_and_comes_to_the_report(said: str, endpoint: OpenAIEndpoint) -> None:
    endpoint.latency = 0.1
    handle = await persist(session_ids=["s"], run_in_background=True, create=True)
    assert not handle.done
    report = await handle
    assert handle.done
    assert (report.run_id, report.persisted) == (handle.run_id, 1)
    assert (await handle) is report


async def test_what_nobody_holds_is_done_all_the_same(said: str, endpoint: OpenAIEndpoint) -> None:
    endpoint.latency = 0.05
    await persist(session_ids=["s"], run_in_background=True, create=True)
    gc.collect()
    await until_persisted()


async def test_who_gives_up_waiting_does_not_stop_the_work(said: str, endpoint: OpenAIEndpoint) -> None:
    endpoint.latency = 0.2
    handle = await persist(session_ids=["s"], run_in_background=True, create=True)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(handle, 0.01)
    assert (await handle).persisted == 1


async def test_a_failure_is_raised_to_who_awaits_it_and_not_logged_too(
    said: str, endpoint: OpenAIEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.fail(401)
    handle = await persist(session_ids=["s"], run_in_background=True, create=True)
    with caplog.at_level(logging.ERROR), pytest.raises(LLMFailedError, match="401"):
        await handle
    assert caplog.records == []


async def test_a_failure_that_nobody_awaits_is_logged_with_its_operation(
    said: str, endpoint: OpenAIEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.fail(401)
    with caplog.at_level(logging.ERROR, "sessiongraph"):
        handle = await persist(session_ids=["s"], run_in_background=True, create=True)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if caplog.records:
                break
    (record,) = caplog.records
    assert handle.run_id in record.getMessage()
    assert "401" in record.getMessage()


async def test_a_session_that_nobody_knows_is_said_when_awaited(endpoint: OpenAIEndpoint) -> None:
    handle = await persist(session_ids=["nobody"], run_in_background=True, create=True)
    with pytest.raises(SessionsNotFoundError):
        await handle


async def test_what_can_be_refused_is_refused_now(endpoint: OpenAIEndpoint) -> None:
    with pytest.raises(InvalidInputError):
        await persist(session_ids=["../x"], run_in_background=True, create=True)
    await datasets.create("d")
    reader = await users.create("ben")
    await datasets.grant("d", reader, "read")
    with pytest.raises(PermissionDeniedError):
        await persist(user=reader, session_ids=["s"], dataset="d", run_in_background=True, create=True)


async def test_several_at_once_and_one_beside_them_persist_each_turn_once(said: str, endpoint: OpenAIEndpoint) -> None:
    endpoint.latency = 0.05
    handles = [await persist(session_ids=["s"], run_in_background=True, create=True) for _ in range(3)]
    reports = [await persist(session_ids=["s"], create=True), *[await handle for handle in handles]]
    assert [report.persisted for report in reports] == [1] * 4
    assert sum(report.settled for report in reports) == 1


def test_a_loop_that_ends_first_loses_nothing(endpoint: OpenAIEndpoint) -> None:
    async def begin() -> None:
        await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
        endpoint.latency = 0.5
        await persist(session_ids=["s"], run_in_background=True, create=True)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if endpoint.chats:
                break

    asyncio.run(begin())
    endpoint.latency = 0
    report = asyncio.run(persist(session_ids=["s"], create=True))
    assert report.persisted == 1
