"""Keys: shown once, kept as hashes, good until they expire or are revoked, and there for good once there was one."""

import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessFile
from sessiongraph.access.keys import PREFIX
from sessiongraph.access.models import Base
from sessiongraph.errors import InvalidInputError


def test_a_key_is_its_users_and_stands_nowhere_on_disk(access: AccessControl, tmp_path: Path):
    ana = access.create_user("ana")
    made, key = access.keys.create(ana, "read")
    assert key.startswith(PREFIX) and len(key) >= len(PREFIX) + 43  # 256 bits
    assert access.keys.find(key) == made and made.user == ana and made.scope == "read"
    on_disk = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    with access._database.reading() as db:
        rows = repr([row for table in Base.metadata.sorted_tables for row in db.execute(select(table))])
    assert made.id in rows
    assert key.removeprefix(PREFIX) not in rows and key.removeprefix(PREFIX).encode() not in on_disk


@pytest.mark.parametrize("guess", ["", PREFIX, "sgk_" + "A" * 43, "' OR 1=1 --", "\ud800", "sgk_é", "x" * 10_000])
def test_what_is_no_key_is_nobodys(access: AccessControl, guess: str):
    access.keys.create(access.create_user("ana"), "admin")
    assert access.keys.find(guess) is None


def test_a_key_ends_when_it_is_revoked(access: AccessControl):
    ana, bob = access.create_user("ana"), access.create_user("bob")
    made, key = access.keys.create(ana, "write")
    with pytest.raises(InvalidInputError, match="'bob' has no key"):
        access.keys.revoke(bob, made.id)
    assert access.keys.revoke(ana, made.id).state == "revoked"
    assert access.keys.find(key) is None and access.keys.exist()
    assert [it.state for it in access.keys.list(ana)] == ["revoked"] and access.keys.list(bob) == []


def test_a_key_ends_when_its_days_are_over(access: AccessControl, monkeypatch: pytest.MonkeyPatch):
    ana = access.create_user("ana")
    _, key = access.keys.create(ana, "write", days=2)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86_400 - 60)
    assert access.keys.find(key) is not None
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86_400 + 1)
    assert access.keys.find(key) is None and [it.state for it in access.keys.list(ana)] == ["expired"]


@pytest.mark.parametrize(
    ("scope", "days"), [("root", None), ("", None), ("write", 0), ("write", True), ("read", 99_999)]
)
def test_what_cannot_be_meant_is_refused(access: AccessControl, scope: str, days: int | None):
    with pytest.raises(InvalidInputError):
        access.keys.create(access.create_user("ana"), scope, days)
    assert not access.keys.exist()


def test_a_file_from_before_there_were_keys_gets_their_table(tmp_path: Path):
    AccessControl(AccessFile(tmp_path / "access.sqlite")).close()
    with sqlite3.connect(tmp_path / "access.sqlite") as file:
        file.execute("DROP TABLE api_keys")
    access = AccessControl(AccessFile(tmp_path / "access.sqlite"))
    assert not access.keys.exist()
    _, key = access.keys.create(access.create_user("ana"), "write")
    assert access.keys.find(key) is not None
    access.close()
