"""Which cached sessions a dataset takes: a wrong answer loses turns to their TTL, or shows them to strangers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessFile
from sessiongraph.errors import CacheUnavailableError, InvalidInputError, PermissionDeniedError
from sessiongraph.persistence.session_routing import discover_sessions, named_sessions
from sessiongraph.persistence.session_staging import stage_sessions_of_users
from sessiongraph.session_cache.sqlite import SqliteSessionCache
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.types import MAIN_DATASET, SessionInfo, Turn, User


@pytest.fixture
def access(tmp_path: Path) -> AccessControl:
    return AccessControl(AccessFile(tmp_path / "access.sqlite"))


class Cache(SqliteSessionCache):
    """The real cache, of which sessions named "torn" cannot be read."""

    def get_turns(self, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        if session_id == "torn":
            raise CacheUnavailableError("This session is torn. Delete it.")
        return super().get_turns(user_id, session_id, last)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "sessions.sqlite", 3600)


def say(cache: Cache, user: User, session_id: str, dataset_id: str | None = None) -> None:
    now = datetime.now(UTC)
    cache.put_turns([Turn(f"{session_id}-1", user.id, session_id, "Q?", "A.", now, dataset_id=dataset_id)])


def test_turns_without_a_dataset_belong_to_their_own_users_main_dataset_only(
    access: AccessControl, cache: Cache
) -> None:
    ana, ben = access.create_user("ana"), access.create_user("ben")
    main = access.create_dataset(ana, MAIN_DATASET)
    notes = access.create_dataset(ana, "notes")
    access.grant(main, ben, "write", by=ana)
    say(cache, ana, "a")
    say(cache, ben, "b")

    assert discover_sessions(cache, access, main) == {ana: ["a"]}
    assert discover_sessions(cache, access, notes) == {}
    assert discover_sessions(cache, access, access.create_dataset(ben, MAIN_DATASET)) == {ben: ["b"]}


def test_who_may_write_is_found_and_who_lost_the_grant_is_not(access: AccessControl, cache: Cache) -> None:
    ana, ben = access.create_user("ana"), access.create_user("ben")
    shared = access.create_dataset(ana, "shared")
    access.grant(shared, ben, "write", by=ana)
    say(cache, ben, "b", shared.id)

    assert discover_sessions(cache, access, shared) == {ben: ["b"]}

    access.revoke(shared, ben, "write", by=ana)

    assert discover_sessions(cache, access, shared) == {}


def test_no_turn_is_read_and_no_session_of_other_datasets_is_listed(access: AccessControl, tmp_path: Path) -> None:
    class Counting(SqliteSessionCache):
        def get_turns(self, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
            raise AssertionError("discovery read turns")

        def list_sessions(self, user_id: str | None = None, active_since: datetime | None = None) -> list[SessionInfo]:
            raise AssertionError("discovery listed every session of a user")

    cache, ana = Counting(tmp_path / "sessions.sqlite", 3600), access.create_user("ana")
    main, notes = access.create_dataset(ana, MAIN_DATASET), access.create_dataset(ana, "notes")
    say(cache, ana, "in-notes", notes.id)  # type: ignore[arg-type]
    say(cache, ana, "in-main", main.id)  # type: ignore[arg-type]
    say(cache, ana, "in-none")  # type: ignore[arg-type]

    assert discover_sessions(cache, access, notes) == {ana: ["in-notes"]}
    assert discover_sessions(cache, access, main) == {ana: ["in-main", "in-none"]}


async def test_a_session_that_cannot_be_read_is_reported_and_stops_no_other(
    access: AccessControl, cache: Cache, tmp_path: Path
) -> None:
    ana, ben = access.create_user("ana"), access.create_user("ben")
    shared = access.create_dataset(ana, "shared")
    access.grant(shared, ben, "write", by=ana)
    say(cache, ana, "torn", shared.id)
    say(cache, ben, "whole", shared.id)

    sessions = discover_sessions(cache, access, shared)
    report = await stage_sessions_of_users(cache, DuckDBStore(tmp_path / "graph.duckdb"), sessions, run_id="run")

    assert (report.found, report.staged) == (["ben/whole"], 1)
    assert report.unread == {"ana/torn": "This session is torn. Delete it."}


async def test_where_nothing_can_be_read_the_cause_is_raised(
    access: AccessControl, cache: Cache, tmp_path: Path
) -> None:
    ana = access.create_user("ana")

    with pytest.raises(CacheUnavailableError, match="torn"):
        await stage_sessions_of_users(cache, DuckDBStore(tmp_path / "graph.duckdb"), {ana: ["torn"]}, run_id="run")


async def test_two_users_sessions_of_one_name_are_two(access: AccessControl, cache: Cache, tmp_path: Path) -> None:
    ana, ben = access.create_user("ana"), access.create_user("ben")
    say(cache, ana, "s1")
    say(cache, ben, "s1")

    report = await stage_sessions_of_users(
        cache, DuckDBStore(tmp_path / "graph.duckdb"), {ana: ["s1", "gone"], ben: ["s1"]}, run_id="run"
    )

    assert (report.found, report.missing, report.staged) == (["ana/s1", "ben/s1"], ["ana/gone"], 2)


def test_named_sessions_are_refused_before_anything_is_read(access: AccessControl) -> None:
    ana, ben = access.create_user("ana"), access.create_user("ben")
    notes = access.create_dataset(ana, "notes")

    assert named_sessions(access, notes, [("ana", "s1"), (ana.id, "s2")]) == {ana: ["s1", "s2"]}
    with pytest.raises(PermissionDeniedError, match="'ben' may not write 'ana/notes'"):
        named_sessions(access, notes, [("ana", "s1"), (ben.name, "s1")])
    with pytest.raises(InvalidInputError):
        named_sessions(access, notes, [("ana", "no such/id")])
    with pytest.raises(InvalidInputError):
        named_sessions(access, notes, [("nobody", "s1")])
