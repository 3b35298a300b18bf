"""A dataset that travels is the same dataset: row by row, id by id, answer by answer, and it costs nothing to go on."""

import asyncio
import json
import os
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sessiongraph import SearchType, SessionGraph, Settings
from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.errors import (
    DatasetNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    SessionsNotFoundError,
)
from sessiongraph.services import Shared
from sessiongraph.store.schema import TABLES
from sessiongraph.types import Progress
from tests.sessiongraph.archive.conftest import ASSETS, JUNE, Home, say
from tests.support.openai_endpoint import OpenAIEndpoint

QUESTIONS = ("Where does Alice live?", "Who is Frida?", "Where does Dora Lind live?", "What does Bob do?")


def parts(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def bytes_of(file: str) -> bytes:
    return Path(file).read_bytes()


async def answers(home: Home) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for question in QUESTIONS:
        for kind in (SearchType.GRAPH_COMPLETION, SearchType.CHUNKS):
            (result,) = await home.client.search(question, kind, datasets=["d"])
            found.append((str(result), [(it.id, it.text, it.corrected_by, it.speaker) for it in result.citations]))
    return found


async def test_what_is_imported_is_what_was_exported_and_so_it_is_on_the_way_back(
    old: Home, new: Home, tmp_path: Path
) -> None:
    there, back = tmp_path / "there.zip", tmp_path / "back.zip"
    report = await old.client.export_dataset("d", there)
    done = await new.client.import_dataset(there)

    assert (done.documents, done.sessions, done.turns, done.files) == (2, 3, 4, 1)
    assert report.rows["fact_corrections"] == 2 and report.rows["decisions"] == 1 and report.users == 2
    assert (await old.state()).differences(await new.state()) == {}
    assert await answers(old) == await answers(new)
    assert await old.pages() == await new.pages() and len(await new.pages()) == done.pages > 3
    assert await old.versions() == await new.versions()
    assert (await old.client.users.get("ana")) == (await new.client.users.get("ana"))

    await new.client.export_dataset("d", back)
    assert parts(there) == parts(back)
    assert await old.client.import_dataset(back, as_name="again")
    assert (await old.state()).differences(await old.state("default_user/again")) == {}
    assert (old.left(), new.left()) == ([], [])
    assert not [name for name in os.listdir(tmp_path) if "partial" in name]


async def test_an_original_is_kept_and_known_where_it_went(old: Home, new: Home, tmp_path: Path) -> None:
    await old.client.export_dataset("d", tmp_path / "d.zip")
    await new.client.import_dataset(tmp_path / "d.zip")

    (document,) = [it for it in await new.client.documents.list("d") if it.name == "dora.txt"]
    assert document.source is not None and str(new.path) in document.source
    assert bytes_of(document.source) == b"Dora Lind lives in Bergen."
    await new.client.forget("d", document_id=document.id)
    assert os.path.basename(document.source) not in os.listdir(os.path.dirname(document.source))


async def test_a_session_that_goes_on_costs_what_is_new_of_it(
    old: Home, new: Home, tmp_path: Path, endpoint: OpenAIEndpoint
) -> None:
    await old.client.export_dataset("d", tmp_path / "d.zip")
    turns = await old.client.sessions.get_turns("may")
    endpoint.requests.clear()
    await new.client.import_dataset(tmp_path / "d.zip")
    # The cache of the old home, as a Redis that both use.
    user = await new.client.users.get("default_user")
    assert user.id == turns[0].user_id
    await asyncio.to_thread(new.client.services.cache.put_turns, turns)
    again = await new.client.persist_sessions(["may", "june"], "d")
    await new.client.cognify("d")

    assert (again.persisted, again.extracted) == (3, 0)
    assert endpoint.requests == []
    await say(new.client, "may", None, JUNE, "Where is Hana?", "Hana lives in Kyoto.")
    assert (await new.client.persist_sessions(["may"], "d")).extracted == 1


async def test_where_there_is_a_default_user_already_their_sessions_become_that_ones(
    old: Home, new: Home, tmp_path: Path, endpoint: OpenAIEndpoint
) -> None:
    here = await new.client.datasets.create("other")
    await old.client.export_dataset("d", tmp_path / "d.zip")
    endpoint.requests.clear()
    done = await new.client.import_dataset(tmp_path / "d.zip")

    assert done.dataset.owner_id == here.owner_id and done.users == {}
    # Their sessions and turns are named by their user; all else is the same.
    one, other = await old.state(), await new.state()
    assert one.differences(other).keys() == {"documents", "ledger", "windows", "passages"}
    # What is found equally well stands in the order of its ids.
    found = [[sorted(str(it).split("\n")) for it, _ in await answers(home)] for home in (old, new)]
    assert found[0] == found[1]
    endpoint.requests.clear()
    turns = [replace(it, user_id=here.owner_id) for it in await old.client.sessions.get_turns("may")]
    await asyncio.to_thread(new.client.services.cache.put_turns, turns)
    again = await new.client.persist_sessions(["may"], "d")
    assert (again.persisted, again.extracted, endpoint.requests) == (2, 0, [])
    assert (await new.client.forget("d", session_id="may")).turns == 2


async def test_what_somebody_says_of_themselves_stays_theirs_under_another_id(tmp_path: Path, shared: Shared) -> None:
    """And so does a person's word on it, and what an answer used."""
    async with (
        SessionGraph(Settings(home=tmp_path / "a"), shared=shared) as one,
        SessionGraph(Settings(home=tmp_path / "b"), shared=shared) as other,
    ):
        await one.datasets.create("d")
        await one.sessions.add_turn("s", "I live in Oslo. My sister is called Ida.", "Nice.", dataset="d")
        await one.persist_sessions(["s"], "d", create=True)
        cited = (await one.documents.get("d", (await one.documents.list("d"))[0].id)).passages_read[0].id
        await one.sessions.add_turn("t", "Where do I live?", "You live in Oslo.", dataset="d", elements=[cited])
        await one.persist_sessions(["t"], "d")
        (fact,) = [it for it in await one.facts.list("d") if it.object == "Oslo"]
        await one.facts.correct("d", fact.id, object="Bergen")
        await one.entities.correct("d", "Bergen", type="City")
        await one.export_dataset("d", tmp_path / "d.zip")
        await other.datasets.create("e")
        await other.import_dataset(tmp_path / "d.zip")

        facts = [
            [(it.subject, it.relation, it.object, it.corrected_by) for it in await client.facts.list("d")]
            for client in (one, other)
        ]
        assert facts[0] == facts[1] and "Bergen" in repr(facts)
        (answer,) = await other.search("Where do I live?", datasets=["d"])
        assert "Bergen" in str(answer)
        store = other.services.store((await other.datasets.list())[0])
        used = store.read(
            lambda con: con.execute("SELECT passage_id, elements FROM turns ORDER BY question DESC").fetchall()
        )
        assert used[0][1] == [used[1][0]] or used[1][1] == [used[0][0]]


async def test_a_name_that_is_another_here_is_refused_until_somebody_says_who_it_is(
    old: Home, new: Home, tmp_path: Path
) -> None:
    await old.client.export_dataset("d", tmp_path / "d.zip")
    ana = await new.client.users.create("ana")
    with pytest.raises(InvalidInputError, match="'ana' has the name of somebody else here.*as_users"):
        await new.client.import_dataset(tmp_path / "d.zip")
    assert (new.datasets(), new.left()) == ([], [])

    await new.client.import_dataset(tmp_path / "d.zip", as_users={"ana": "ana"})
    (hers,) = [it for it in await new.client.documents.list("d") if it.session_id == "hers"]
    assert (await new.client.forget("d", session_id="hers", user=ana)).documents == 1
    assert hers.user_name == "ana"

    ben = await new.client.users.create("ben")
    done = await new.client.import_dataset(tmp_path / "d.zip", "as_ben", as_users={"ana": "ben"})
    assert done.users == {"ana": "ben"}
    (his,) = [it for it in await new.client.documents.list("as_ben") if it.session_id == "hers"]
    assert his.user_name == "ben"
    assert (await new.client.forget("as_ben", session_id="hers", user=ben)).documents == 1


@pytest.mark.parametrize(
    ("as_users", "says"),
    [
        ({"ana": "nobody"}, "no user 'nobody'"),
        ({"zoe": "ana"}, "no user 'zoe': its users are ana, default_user"),
        ({"ana": "default_user"}, "Two users of the archive would be one"),
        ({"ana": "../x"}, "not a user name"),
        (["ana"], "in a dict"),
    ],
)
async def test_users_are_said_by_names_that_there_are(
    old: Home, new: Home, tmp_path: Path, as_users: object, says: str
) -> None:
    await old.client.export_dataset("d", tmp_path / "d.zip")
    await new.client.datasets.create("other")
    with pytest.raises(InvalidInputError, match=says):
        await new.client.import_dataset(tmp_path / "d.zip", as_users=as_users)  # type: ignore[arg-type]
    assert new.datasets() == ["default_user/other"]


async def test_two_tenants_stay_two(old: Home, new: Home, tmp_path: Path) -> None:
    """An archive lets nobody know, or speak for, users of another tenant."""
    await old.client.export_dataset("d", tmp_path / "d.zip")
    await new.client.import_dataset(tmp_path / "d.zip")
    ana = await new.client.users.get("ana")
    zoe = await new.client.users.create("zoe")
    tenant = await new.client.tenants.create("acme", by=zoe)
    await new.client.tenants.add_user(tenant, ana, by=zoe)
    with pytest.raises(InvalidInputError, match="'ana' has the name of somebody else"):
        await new.client.import_dataset(tmp_path / "d.zip", "e")
    with pytest.raises(InvalidInputError, match="no user 'ana'"):
        await new.client.import_dataset(tmp_path / "d.zip", "e", as_users={"ana": "ana"})


async def test_a_name_that_holds_something_is_refused_and_an_empty_one_is_filled(
    old: Home, new: Home, tmp_path: Path
) -> None:
    await old.client.export_dataset("d", tmp_path / "d.zip")
    with pytest.raises(InvalidInputError, match=r"is not empty.*as_name.*datasets.delete"):
        await old.client.import_dataset(tmp_path / "d.zip")
    empty = await new.client.datasets.create("d")
    done = await new.client.import_dataset(tmp_path / "d.zip")
    assert done.dataset == empty
    assert len(await new.client.documents.list("d")) == 5
    await new.client.datasets.delete("d")
    assert (await new.client.import_dataset(tmp_path / "d.zip")).dataset.id != empty.id


async def test_who_imports_owns_it_and_the_owner_alone_exports(old: Home, new: Home, tmp_path: Path) -> None:
    ana = await old.client.users.get("ana")
    await old.client.datasets.grant("d", ana, "read")
    await old.client.datasets.grant("d", ana, "share")
    with pytest.raises(PermissionDeniedError, match=r"'ana' does not own 'default_user/d'.*'default_user', alone"):
        await old.client.export_dataset("default_user/d", tmp_path / "d.zip", user=ana)
    zoe = await old.client.users.create("zoe")
    with pytest.raises(DatasetNotFoundError):
        await old.client.export_dataset("default_user/d", tmp_path / "d.zip", user=zoe)
    assert not [name for name in os.listdir(tmp_path) if "zip" in name]

    await old.client.export_dataset("d", tmp_path / "d.zip")
    done = await old.client.import_dataset(tmp_path / "d.zip", user=ana)
    assert done.dataset.key == "ana/d"
    assert await old.client.datasets.grants("d", user=ana) == []


async def test_an_import_is_a_materialization_with_the_contents_version(old: Home, new: Home, tmp_path: Path) -> None:
    import dagster as dg

    await old.client.export_dataset("d", tmp_path / "d.zip")
    done = await new.client.import_dataset(tmp_path / "d.zip", "travelled")
    versions = await new.versions("default_user/travelled")
    for asset in ASSETS:
        records = new.client.services.dagster_instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key(asset, ""), asset_partitions=["default_user/travelled"]), limit=5
        ).records
        (event,) = [it.asset_materialization for it in records if it.asset_materialization]
        assert event.metadata["operation"].value == done.run_id
        assert (event.tags or {})["dagster/data_version"] == versions[asset]
        assert "Alice" not in repr(event)


@pytest.mark.parametrize(
    ("chosen", "sessions"),
    [
        ({"session_ids": ["may"]}, {"may"}),
        ({"since": date(2026, 5, 10)}, {"june", "hers"}),
        ({"until": datetime(2026, 5, 4, 9, 1, tzinfo=UTC)}, {"may"}),
        ({"since": JUNE, "session_ids": ["june", "may"]}, {"june"}),
    ],
)
async def test_a_part_is_whole_sessions_and_what_they_alone_support(
    old: Home, new: Home, tmp_path: Path, chosen: dict[str, object], sessions: set[str], endpoint: OpenAIEndpoint
) -> None:
    await old.client.export_dataset("d", tmp_path / "part.zip", **chosen)  # type: ignore[arg-type]
    packed = b"".join(parts(tmp_path / "part.zip").values())
    assert b"Dora" not in packed and b"staff" not in packed

    await new.client.import_dataset(tmp_path / "part.zip")
    assert {it.session_id for it in await new.client.documents.list("d")} == sessions
    whole, part = await old.state(), await new.state()
    assert set(part.ledger) <= set(whole.ledger) and set(part.claims) <= set(whole.claims)
    assert part.unembedded == 0
    endpoint.requests.clear()
    for session in sessions - {"hers"}:
        turns = await old.client.sessions.get_turns(session)
        await asyncio.to_thread(new.client.services.cache.put_turns, turns)
        assert (await new.client.persist_sessions([session], "d")).extracted == 0
    assert endpoint.requests == []
    said = new.client.facts
    assert len([it for it in await said.list("d") if it.corrected_by]) == (1 if "may" in sessions else 0)


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"since": date(2027, 1, 1)}, "No session of the dataset has a turn of that time"),
        ({"since": JUNE, "until": date(2026, 1, 1)}, "since is not before until"),
        ({"session_ids": []}, "session_ids is empty"),
        ({"session_ids": "may"}, "list of strings"),
        ({"since": "may"}, "a date or a datetime"),
    ],
)
async def test_a_part_that_is_none_is_refused(old: Home, tmp_path: Path, chosen: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        await old.client.export_dataset("d", tmp_path / "part.zip", **chosen)  # type: ignore[arg-type]
    with pytest.raises(SessionsNotFoundError, match="no session 'nowhere'"):
        await old.client.export_dataset("d", tmp_path / "part.zip", session_ids=["may", "nowhere"])
    assert os.listdir(tmp_path) == ["home"]


async def test_a_file_that_cannot_be_written_is_refused_in_words(old: Home, tmp_path: Path) -> None:
    (tmp_path / "taken.zip").write_bytes(b"precious")
    with pytest.raises(InvalidInputError, match="There is a file .*taken.zip"):
        await old.client.export_dataset("d", tmp_path / "taken.zip")
    with pytest.raises(InvalidInputError, match="There is no folder"):
        await old.client.export_dataset("d", tmp_path / "nowhere" / "d.zip")
    with pytest.raises(InvalidInputError, match="by its path"):
        await old.client.export_dataset("d", 7)  # type: ignore[arg-type]
    assert (tmp_path / "taken.zip").read_bytes() == b"precious"


async def test_where_secrets_may_stand_they_may_stand_on(old: Home, new: Home, tmp_path: Path) -> None:
    """What was masked stays masked; what was allowed is neither masked afterwards nor due for it."""
    secret = "The key of Ivar is sk-proj-Ab3dE5gH7jK9mN1pQ3sT5vX7zA9cE1gI3kM5oQ7."
    await old.client.datasets.update("d", allow_secrets=True)
    await say(old.client, "key", None, JUNE, "What is the key of Ivar?", secret)
    await old.client.persist_sessions(["key"], "d")
    await old.client.export_dataset("d", tmp_path / "d.zip")
    done = await new.client.import_dataset(tmp_path / "d.zip")

    assert done.dataset.allow_secrets and [it.allow_secrets for it in await new.client.datasets.list()] == [True]
    turns = await old.client.sessions.get_turns("key")
    await asyncio.to_thread(new.client.services.cache.put_turns, turns)
    assert (await new.client.persist_sessions(["key"], "d")).extracted == 0
    assert await old.versions() == await new.versions()


async def test_an_empty_dataset_travels_too(old: Home, new: Home, tmp_path: Path) -> None:
    await old.client.datasets.create("bare")
    await old.client.export_dataset("bare", tmp_path / "bare.zip")
    done = await new.client.import_dataset(tmp_path / "bare.zip")
    assert (done.documents, done.sessions) == (0, 0)
    await new.client.add(["Alice lives in Paris."], "bare")
    await new.client.cognify("bare")


async def test_who_writes_waits_for_a_copy_alone_and_the_archive_is_of_one_moment(
    old: Home, new: Home, tmp_path: Path
) -> None:
    """A writer commits all the time: each archive holds whole commits, and no commit fails."""
    store = await old.store()
    stopped, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        while not stopped.is_set():
            rows = [
                {"key_a": f"a{written}", "key_b": f"b{n}", "same": True, "source": "user", "reason": ""} for n in (1, 2)
            ]
            store.write("run", "documents", lambda tx, rows=rows: tx.insert("decisions", rows))
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            await old.client.export_dataset("d", tmp_path / f"{number}.zip")
    finally:
        stopped.set()
        writer.join()
    assert written > 4
    seen = []
    for number in range(4):
        manifest = json.loads(zipfile.ZipFile(tmp_path / f"{number}.zip").read("manifest.json"))
        seen.append(manifest["tables"]["decisions"]["rows"])
        assert manifest["tables"]["decisions"]["rows"] % 2 == 1  # one of the fixture's, and pairs
    assert seen == sorted(seen)
    await new.client.import_dataset(tmp_path / "3.zip")


async def test_how_far_it_is_is_told(old: Home, new: Home, tmp_path: Path) -> None:
    told: list[Progress] = []
    await old.client.export_dataset("d", tmp_path / "d.zip", progress=told.append)
    await new.client.import_dataset(tmp_path / "d.zip", progress=told.append)
    rows = [it for it in told if it.what == "rows"]
    assert len(rows) == 2 * len(TABLES) and rows[-1].done == rows[-1].total > 0
    assert [it for it in told if it.what == "files"] == [Progress("files", 1, 1)] * 2


async def test_what_is_forgotten_after_an_import_is_in_no_byte_of_the_home(
    old: Home, new: Home, tmp_path: Path
) -> None:
    await old.client.export_dataset("d", tmp_path / "d.zip")
    await new.client.import_dataset(tmp_path / "d.zip")
    await new.client.forget("d", session_id="june")
    left = [file for file in new.path.rglob("*") if file.is_file() and b"Frida" in file.read_bytes()]
    assert left == []


async def test_the_rows_of_an_older_version_are_taken_in(old: Home, new: Home, tmp_path: Path) -> None:
    """An archive of a schema that had fewer tables and columns: what came later is empty."""
    await old.client.export_dataset("d", tmp_path / "d.zip")
    rewrite(tmp_path / "d.zip", tmp_path / "older.zip", _as_older)
    await new.client.import_dataset(tmp_path / "older.zip")
    assert len(await new.client.documents.list("d")) == 5
    assert await new.client.entities.corrections("d") == []


def _as_older(manifest: dict[str, object], files: dict[str, bytes]) -> None:
    manifest["schema_version"] = 3
    for table in ("fact_corrections", "entity_corrections"):
        del manifest["tables"][table], files[f"tables/{table}.parquet"]  # type: ignore[attr-defined]


def rewrite(file: Path, to: Path, change: Callable[[dict[str, object], dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(to, "w") as target:
        files = {name: source.read(name) for name in source.namelist()}
        manifest = json.loads(files.pop("manifest.json"))
        change(manifest, files)
        for name, data in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            target.writestr(name, data)


async def test_a_folder_with_letters_that_patterns_are_made_of_is_a_folder(
    old: Home, tmp_path: Path, shared: Shared
) -> None:
    home = tmp_path / "h[1]*o'me"
    await old.client.export_dataset("d", tmp_path / "it's [d].zip")
    async with SessionGraph(Settings(home=home), shared=shared) as client:
        assert (await client.import_dataset(tmp_path / "it's [d].zip")).documents == 2
        await client.export_dataset("d", home / "again.zip")
