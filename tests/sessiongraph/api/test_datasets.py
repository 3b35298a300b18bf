"""Whose a dataset is, and what others may do with it: nobody sees what was not granted, or learns that it is there."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import SearchType, datasets, sessions, users
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError, PermissionDeniedError
from sessiongraph.types import User
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint


async def one_document() -> None:
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])


@pytest.fixture(autouse=True)
async def filled(endpoint: OpenAIEndpoint, fill_home: FillHome) -> None:
    """The default user's dataset "d", with one document in its graph."""
    await fill_home(one_document)


@pytest.fixture
async def ben(filled: None) -> User:
    return await users.create("ben")


# What it takes to do what, with the dataset of another.
ACTS: dict[str, tuple[str, Callable[[User], Awaitable[object]]]] = {
    "search": ("read", lambda user: sessiongraph.search("Alice", SearchType.CHUNKS, datasets=["d"], user=user)),
    "graph": ("read", lambda user: sessiongraph.graph(dataset="d", user=user)),
    "cognify": ("write", lambda user: sessiongraph.cognify(datasets=["d"], user=user)),
    "add": ("write", lambda user: sessiongraph.add(["Bob."], dataset_name="default_user/d", user=user)),
    "persist": ("write", lambda user: persist(user=user, session_ids=[], dataset="d", create=True)),
    "add a turn": ("write", lambda user: sessions.add_turn("s", "q", "a", dataset="d", user=user)),
    "forget": ("delete", lambda user: sessiongraph.forget("d", by=user)),
    "grant": ("share", lambda user: datasets.grant("d", user, "read", by=user)),
    "revoke": ("share", lambda user: datasets.revoke("d", user, "write", by=user)),
    "see grants": ("share", lambda user: datasets.grants("d", user=user)),
    "delete": ("delete", lambda user: datasets.delete("d", user=user)),
}


@pytest.mark.parametrize("act", ACTS)
async def test_an_act_takes_its_own_permission_and_no_other(ben: User, act: str) -> None:
    permission, do = ACTS[act]
    with pytest.raises(DatasetNotFoundError):
        await do(ben)
    for other in {"read", "write", "delete", "share"} - {permission}:
        await datasets.grant("d", ben, other)  # type: ignore[arg-type]
    with pytest.raises(PermissionDeniedError, match=permission):
        await do(ben)
    await datasets.grant("d", ben, permission)  # type: ignore[arg-type]
    await do(ben)


async def test_who_has_no_grant_is_told_the_same_as_of_a_dataset_that_is_not_there(ben: User) -> None:
    messages = []
    for name in ("d", "e", "default_user/d", "default_user/e"):
        with pytest.raises(DatasetNotFoundError) as raised:
            await sessiongraph.graph(dataset=name, user=ben)
        messages.append(str(raised.value).replace(repr(name), "…"))
    assert len(set(messages)) == 1


async def test_a_grant_that_is_taken_back_is_gone(ben: User) -> None:
    await datasets.grant("d", ben, "read")
    assert [it.key for it in await datasets.list(user=ben)] == ["default_user/d"]
    await datasets.revoke("d", ben, "read")
    assert await datasets.list(user=ben) == []
    with pytest.raises(DatasetNotFoundError):
        await sessiongraph.graph(dataset="d", user=ben)


async def test_search_without_datasets_spans_what_may_be_read_and_nothing_else(ben: User) -> None:
    await sessiongraph.add(["Bob lives in Rome."], dataset_name="mine", user=ben)
    await sessiongraph.cognify(datasets=["mine"], user=ben)

    async def found() -> set[str]:
        (result,) = await sessiongraph.search("Who lives where?", SearchType.CHUNKS, user=ben)
        return {citation.text for citation in result.citations}

    assert await found() == {"Bob lives in Rome."}
    await datasets.grant("d", ben, "read")
    assert await found() == {"Bob lives in Rome.", "Alice lives in Paris."}


async def test_ones_own_dataset_comes_before_anothers_of_the_same_name(ben: User) -> None:
    await datasets.grant("d", ben, "read")
    await sessiongraph.add(["Bob lives in Rome."], dataset_name="d", user=ben)
    await sessiongraph.cognify(datasets=["d"], user=ben)
    for name, text in (("d", "Bob lives in Rome."), ("default_user/d", "Alice lives in Paris.")):
        (result,) = await sessiongraph.search("Who lives where?", SearchType.CHUNKS, datasets=[name], user=ben)
        assert [citation.text for citation in result.citations] == [text]


async def test_cognify_of_all_reports_on_two_datasets_of_one_name_separately(ben: User) -> None:
    await datasets.grant("d", ben, "write")
    await sessiongraph.add(["Bob lives in Rome."], dataset_name="d", user=ben)
    reports = await sessiongraph.cognify(user=ben)
    assert {name: report.settled for name, report in reports.items()} == {"d": 1, "default_user/d": 0}


async def test_a_dataset_named_twice_is_searched_once() -> None:
    (result,) = await sessiongraph.search("Alice", SearchType.CHUNKS, datasets=["d", "default_user/d", "d"])
    assert [citation.text for citation in result.citations] == ["Alice lives in Paris."]


async def test_deleting_takes_the_files_and_grants_and_frees_the_name(ben: User, home: Path) -> None:
    await datasets.grant("d", ben, "read")
    (before,) = await datasets.list()
    await datasets.delete("d")
    assert not (home / "datasets" / before.id).exists()
    assert await datasets.list() == await datasets.list(user=ben) == []
    with pytest.raises(DatasetNotFoundError):
        await sessiongraph.graph(dataset="d")
    await sessiongraph.add(["Carol lives in Oslo."], dataset_name="d")
    assert (await datasets.list())[0].id != before.id
    assert await datasets.list(user=ben) == []


async def test_a_dataset_is_made_once() -> None:
    assert await datasets.create("new") == await datasets.create("new")
    assert [it.name for it in await datasets.list()] == ["d", "new"]


@pytest.mark.parametrize("permission", ["", "admin", "READ", None, 1])
async def test_no_such_permission(ben: User, permission: object) -> None:
    with pytest.raises(InvalidInputError, match="read, write, delete, share"):
        await datasets.grant("d", ben, permission)  # type: ignore[arg-type]


async def test_grants_are_listed_by_user(ben: User) -> None:
    ana = await users.create("ana")
    for user, permission in ((ben, "write"), (ana, "share"), (ben, "read")):
        await datasets.grant("d", user, permission)  # type: ignore[arg-type]
    assert await datasets.grants("d") == [(ana, "share"), (ben, "read"), (ben, "write")]


async def test_a_session_forgotten_by_the_document_that_a_citation_names_does_not_come_back() -> None:
    await sessions.add_turn("s", "Where is Bob?", "Bob is in Rome.")
    await persist(session_ids=["s"], dataset="d", create=True)
    (result,) = await sessiongraph.search("Where is Bob?", SearchType.CHUNKS_LEXICAL, datasets=["d"])
    cited = next(citation for citation in result.citations if citation.session_id == "s")
    report = await sessiongraph.forget("d", document_id=cited.document_id)
    assert (report.turns, report.cached_turns) == (1, 1)
    assert await sessions.get_turns("s") == []
