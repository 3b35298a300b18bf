"""Who would see, change or lose whose data if access control were wrong."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sessiongraph import sqlite_file
from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessFile
from sessiongraph.errors import (
    DatasetNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    SessionGraphError,
    StoreBusyError,
)
from sessiongraph.types import DEFAULT_USER, MAIN_DATASET, PERMISSIONS, Dataset, User


@pytest.fixture
def ana(access: AccessControl) -> User:
    return access.create_user("ana@example.com")


@pytest.fixture
def bob(access: AccessControl) -> User:
    return access.create_user("bob")


@pytest.fixture
def notes(access: AccessControl, ana: User) -> Dataset:
    return access.create_dataset(ana, "notes")


# Users


def test_a_user_is_found_by_name_and_by_id(access: AccessControl, ana: User, bob: User) -> None:
    assert access.get_user("ana@example.com") == ana == access.get_user(ana.id)
    assert access.list_users() == [ana, bob]


def test_a_name_is_one_user(access: AccessControl, ana: User) -> None:
    with pytest.raises(InvalidInputError, match="already"):
        access.create_user(ana.name)
    with pytest.raises(InvalidInputError, match="user name"):
        access.create_user("ana/notes")
    assert access.list_users() == [ana]


def test_nobody_takes_over_a_user_by_being_named_like_their_id(access: AccessControl, ana: User) -> None:
    access.create_user(ana.id)
    assert access.get_user(ana.id) == ana


def test_an_unknown_user_is_told_what_to_do(access: AccessControl) -> None:
    with pytest.raises(InvalidInputError, match=r"users\.create"):
        access.get_user("nobody")


def test_the_default_user_exists_when_asked_for(access: AccessControl) -> None:
    user = access.default_user()
    assert user.name == DEFAULT_USER
    assert access.default_user() == user == access.get_user(DEFAULT_USER)


# Datasets


def test_a_dataset_is_made_once_for_each_owner(access: AccessControl, ana: User, bob: User) -> None:
    first, other = access.create_dataset(ana, "d"), access.create_dataset(bob, "d")
    assert access.create_dataset(ana, "d") == first
    assert first.id != other.id and (first.key, other.key) == ("ana@example.com/d", "bob/d")
    assert access.all_datasets() == [first, other]


@pytest.mark.parametrize("name", ["", "../x", "a:b", "a\n", "x" * 201])
def test_a_malformed_name_makes_no_dataset(access: AccessControl, ana: User, name: str) -> None:
    with pytest.raises(InvalidInputError, match="dataset name"):
        access.create_dataset(ana, name)
    with pytest.raises(InvalidInputError):
        access.resolve(ana, name, "read")
    assert access.all_datasets() == []


def test_a_user_who_does_not_exist_owns_nothing(access: AccessControl) -> None:
    ghost = User("0" * 32, "ghost")
    for call in (
        lambda: access.create_dataset(ghost, "d"),
        lambda: access.resolve(ghost, MAIN_DATASET, "read"),
    ):
        with pytest.raises(InvalidInputError, match="no user 'ghost'"):
            call()


def test_an_owner_may_do_everything_by_name_key_and_id(access: AccessControl, ana: User, notes: Dataset) -> None:
    for permission in PERMISSIONS:
        for meant in ("notes", notes.key, notes.id):
            assert access.resolve(ana, meant, permission) == notes
    assert access.permissions(ana, notes) == set(PERMISSIONS)


def test_ones_own_main_dataset_is_there_when_asked_for(access: AccessControl, ana: User, bob: User) -> None:
    main = access.resolve(ana, MAIN_DATASET, "write")
    assert main.owner_id == ana.id
    assert access.resolve(ana, MAIN_DATASET, "read") == main == access.resolve(ana, main.key, "read")
    assert access.resolve(bob, f"bob/{MAIN_DATASET}", "read").owner_id == bob.id
    with pytest.raises(DatasetNotFoundError):
        access.resolve(bob, main.key, "read")


def test_one_who_has_no_grant_is_told_what_one_is_told_where_there_is_nothing(
    access: AccessControl, ana: User, bob: User
) -> None:
    def refusal(dataset: str) -> str:
        with pytest.raises(DatasetNotFoundError) as caught:
            access.resolve(bob, dataset, "read")
        return str(caught.value)

    before = [refusal(name) for name in ("secret", "ana@example.com/secret")]
    secret = access.create_dataset(ana, "secret")
    assert [refusal(name) for name in ("secret", "ana@example.com/secret")] == before
    assert refusal(secret.id).replace(secret.id, "secret") == before[0]
    assert "dataset_name" in before[0] and "datasets.list()" in before[0]
    with pytest.raises(DatasetNotFoundError) as deleting:
        access.delete_dataset(secret, bob)
    assert str(deleting.value) == before[1]
    assert access.list_datasets(bob) == [] and access.permissions(bob, secret) == set()


def test_a_grant_gives_what_it_says_and_nothing_more(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    access.grant(notes, bob, "read", by=ana)
    for meant in ("notes", notes.key, notes.id):
        assert access.resolve(bob, meant, "read") == notes
        with pytest.raises(PermissionDeniedError, match=r"'write'.*ana@example\.com.*datasets\.grant"):
            access.resolve(bob, meant, "write")
    assert access.permissions(bob, notes) == {"read"}
    assert access.list_datasets(bob) == [notes] and access.list_datasets(bob, "write") == []


def test_ones_own_dataset_comes_before_a_granted_one_of_the_same_name(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    access.grant(notes, bob, "read", by=ana)
    own = access.create_dataset(bob, "notes")
    assert access.resolve(bob, "notes", "read") == own
    assert access.resolve(bob, "ana@example.com/notes", "read") == notes
    assert access.list_datasets(bob) == [notes, own]


def test_several_granted_of_one_name_must_be_told_apart(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    cat = access.create_user("cat")
    for dataset, owner in ((notes, ana), (access.create_dataset(cat, "notes"), cat)):
        access.grant(dataset, bob, "read", by=owner)
    with pytest.raises(InvalidInputError, match=r"ana@example\.com/notes, cat/notes"):
        access.resolve(bob, "notes", "read")
    assert access.resolve(bob, "cat/notes", "read").owner_id == cat.id


def test_nobody_slips_in_a_dataset_named_like_an_id(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    fake = access.create_dataset(bob, notes.id)
    access.grant(fake, ana, "write", by=bob)
    assert access.resolve(ana, notes.id, "write") == notes


def test_an_unknown_permission_is_refused_with_those_there_are(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    for call in (
        lambda: access.grant(notes, bob, "admin", by=ana),  # type: ignore[arg-type]
        lambda: access.revoke(notes, bob, "admin", by=ana),  # type: ignore[arg-type]
        lambda: access.resolve(ana, "notes", "admin"),  # type: ignore[arg-type]
        lambda: access.list_datasets(ana, "admin"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidInputError, match="read, write, delete, share"):
            call()


# Grants


def test_granting_and_revoking_twice_is_the_same_as_once(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    for _ in range(2):
        access.grant(notes, bob, "write", by=ana)
        access.grant(notes, bob, "read", by=ana)
    assert access.grants(notes) == [(bob, "read"), (bob, "write")]
    for _ in range(2):
        access.revoke(notes, bob, "write", by=ana)
    assert access.grants(notes) == [(bob, "read")]


def test_only_the_owner_and_who_may_share_grant_and_revoke(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    cat = access.create_user("cat")
    access.grant(notes, bob, "write", by=ana)
    for by in (bob, cat):
        with pytest.raises(PermissionDeniedError, match="share"):
            access.grant(notes, cat, "read", by=by)
        with pytest.raises(PermissionDeniedError, match="share"):
            access.revoke(notes, bob, "write", by=by)
    access.grant(notes, bob, "share", by=ana)
    access.grant(notes, cat, "read", by=bob)
    access.revoke(notes, bob, "write", by=bob)
    assert access.grants(notes) == [(bob, "share"), (cat, "read")]


def test_an_owner_cannot_be_shut_out(access: AccessControl, ana: User, bob: User, notes: Dataset) -> None:
    access.grant(notes, bob, "share", by=ana)
    access.grant(notes, ana, "read", by=bob)
    with pytest.raises(InvalidInputError, match="cannot be revoked"):
        access.revoke(notes, ana, "read", by=bob)
    assert access.grants(notes) == [(bob, "share")]
    assert access.permissions(ana, notes) == set(PERMISSIONS)


def test_nothing_is_granted_to_nobody_or_on_nothing(access: AccessControl, ana: User, notes: Dataset) -> None:
    with pytest.raises(InvalidInputError, match="no user 'ghost'"):
        access.grant(notes, User("0" * 32, "ghost"), "read", by=ana)
    access.delete_dataset(notes, ana)
    with pytest.raises(DatasetNotFoundError):
        access.grant(notes, ana, "read", by=ana)


def test_deleting_needs_the_owner_or_the_permission_and_takes_the_grants_along(
    access: AccessControl, ana: User, bob: User, notes: Dataset
) -> None:
    access.grant(notes, bob, "write", by=ana)
    with pytest.raises(PermissionDeniedError, match="'delete'"):
        access.delete_dataset(notes, bob)
    access.grant(notes, bob, "delete", by=ana)
    access.delete_dataset(notes, bob)
    assert access.all_datasets() == [] and access.grants(notes) == []
    with pytest.raises(DatasetNotFoundError):
        access.delete_dataset(notes, ana)
    again = access.create_dataset(ana, "notes")
    assert again.id != notes.id and access.permissions(bob, again) == set()


# The operator


def test_an_operator_finds_any_dataset_by_its_key(access: AccessControl, notes: Dataset) -> None:
    assert access.by_key("ana@example.com/notes") == notes
    assert access.by_key("bob/notes") is None
    for malformed in ("notes", "a/b/c", "/notes", "ana/"):
        with pytest.raises(InvalidInputError):
            access.by_key(malformed)


def test_an_operator_creates_datasets_of_known_users_only(access: AccessControl, ana: User) -> None:
    made = access.get_or_create_by_key("ana@example.com/new")
    assert made.owner_id == ana.id and access.get_or_create_by_key(made.key) == made
    assert access.get_or_create_by_key(f"{DEFAULT_USER}/{MAIN_DATASET}").owner_name == DEFAULT_USER
    with pytest.raises(DatasetNotFoundError, match=r"no user 'nobody'.*users\.create"):
        access.get_or_create_by_key("nobody/new")


# The file


def test_processes_that_start_at_once_agree_on_the_default_user_and_its_dataset(
    tmp_path: Path, project_root: Path
) -> None:
    script = """
import sys
from pathlib import Path
from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessFile
sys.stdin.read()
access = AccessControl(AccessFile(Path(sys.argv[1]) / "access.sqlite"))
user = access.default_user()
print(user.id, [access.create_dataset(user, f"d{n}").id for n in range(5)])
"""
    command = [sys.executable, "-c", script, str(tmp_path / "home")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=project_root, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in processes:
        process.stdin.close()
    said = [process.stdout.read() for process in processes]
    assert [process.wait() for process in processes] == [0, 0]
    assert said[0] == said[1]
    access = AccessControl(AccessFile(tmp_path / "home" / "access.sqlite"))
    assert len(access.list_users()) == 1 and len(access.all_datasets()) == 5
    access.close()


def test_a_file_held_by_another_is_still_read_and_says_so_to_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.1)
    access = AccessControl(AccessFile(tmp_path / "access.sqlite"))
    user = access.default_user()
    holder = sqlite3.connect(tmp_path / "access.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert access.default_user() == user
    with pytest.raises(StoreBusyError, match=r"access\.sqlite"):
        access.create_user("late")
    holder.close()
    access.create_user("late")
    access.close()


def test_a_corrupt_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "access.sqlite").write_bytes(b"not a database, but as long as the header of one " * 20)
    with pytest.raises(SessionGraphError, match=r"access\.sqlite.*restore"):
        AccessControl(AccessFile(tmp_path / "access.sqlite"))
