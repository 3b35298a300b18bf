"""Hooks: of whoever may read the dataset, gone with that, and shown without their secret."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sessiongraph.access import webhooks
from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessFile
from sessiongraph.access.groups import Groups
from sessiongraph.access.webhooks import EVENTS, SECRET_PREFIX, Webhooks
from sessiongraph.errors import InvalidInputError
from sessiongraph.types import Dataset, Role, User

URL = "https://hooks.example.com/x"


class House:
    """Ana owns a dataset; Bob does not."""

    def __init__(self, home: Path) -> None:
        self.home, self.access = home, AccessControl(AccessFile(home / "access.sqlite"))
        access = self.access
        self.ana, self.bob = access.create_user("ana"), access.create_user("bob")
        self.dataset = access.create_dataset(self.ana, "work")

    @property
    def hooks(self) -> Webhooks:
        return self.access.webhooks

    def ids(self) -> list[str]:
        """Of all hooks, as the file has them."""
        return [id_ for (id_,) in self.rows("SELECT id FROM webhooks")]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "access.sqlite")) as file:
            return file.execute(query).fetchall()

    def hook(self, user: User, dataset: Dataset | None = None) -> str:
        return self.hooks.create(user, dataset or self.dataset, URL, EVENTS)[0].id


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.access.close()


def test_a_hook_shows_its_secret_once_and_is_its_users(house: House):
    made, secret = house.hooks.create(house.ana, house.dataset, URL, EVENTS[:1])
    assert secret.startswith(SECRET_PREFIX) and len(secret) >= len(SECRET_PREFIX) + 43
    assert (made.dataset, made.events, made.state) == ("ana/work", EVENTS[:1], "active")
    assert house.hooks.list(house.ana) == [made] and secret not in str(house.hooks.list(house.ana))
    assert house.hooks.list(house.bob) == []
    for call in (house.hooks.delete, house.hooks.get):
        with pytest.raises(InvalidInputError, match="'bob' has no webhook"):
            call(house.bob, made.id)
    house.hooks.delete(house.ana, made.id)
    assert house.hooks.list(house.ana) == house.hooks.due() == []


def granted(it: House) -> Callable[[], None]:
    it.access.grant(it.dataset, it.bob, "read", it.ana)
    return lambda: it.access.revoke(it.dataset, it.bob, "read", it.ana)


def in_a_role(it: House) -> tuple[Role, Groups]:
    groups = it.access.groups
    role = groups.create_role("readers", it.ana)
    groups.assign(role, it.bob, it.ana)
    it.access.grant(it.dataset, role, "read", it.ana)
    return role, groups


def in_a_role_that_is_left(it: House) -> Callable[[], None]:
    role, groups = in_a_role(it)
    return lambda: groups.unassign(role, it.bob, it.ana)


def in_a_role_that_is_deleted(it: House) -> Callable[[], None]:
    role, groups = in_a_role(it)
    return lambda: groups.delete_role(role, it.ana)


def in_a_role_that_may_no_more(it: House) -> Callable[[], None]:
    role, _ = in_a_role(it)
    return lambda: it.access.revoke(it.dataset, role, "read", it.ana)


def in_a_tenant_that_is_left(it: House) -> Callable[[], None]:
    groups = it.access.groups
    tenant = groups.create_tenant("acme", it.ana)
    for user in (it.ana, it.bob):
        groups.add_tenant_user(tenant, user, it.ana)
    granted(it)
    return lambda: groups.remove_tenant_user(tenant, it.bob, it.ana)


WAYS = [
    granted, in_a_role_that_is_left, in_a_role_that_is_deleted, in_a_role_that_may_no_more, in_a_tenant_that_is_left,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_who_may_read_no_more_has_no_hook_any_more(house: House, way: Callable[[House], Callable[[], None]]):
    lose = way(house)
    of_bob, of_ana = house.hook(house.bob), house.hook(house.ana)
    assert house.hooks.may_tell(of_bob) and len(house.hooks.due()) == 2
    lose()
    assert house.ids() == [of_ana] and not house.hooks.may_tell(of_bob)


def test_a_dataset_takes_its_hooks_with_it(house: House):
    kept = house.hook(house.ana, house.access.create_dataset(house.ana, "other"))
    house.hook(house.ana)
    house.access.delete_dataset(house.dataset, house.ana)
    assert house.ids() == [kept]


def test_a_user_has_so_many_hooks_and_no_more(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhooks, "_MOST", 2)
    house.hook(house.ana), house.hook(house.ana)
    with pytest.raises(InvalidInputError, match="has 2 webhooks"):
        house.hook(house.ana)


def test_a_hook_that_fails_is_tried_later_each_time_and_said_to_be_failing_after_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    hook, now = house.hook(house.ana), time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    waits = []
    for _ in range(12):
        house.hooks.failed(hook, "HTTP 500", is_gone=False)
        assert house.hooks.due() == []
        [(due,)] = house.rows("SELECT next_try_at FROM webhooks")
        waits.append(due - now)
        now = due
    assert 4 <= waits[0] <= 6 and all(6 * 3600 * 0.8 <= it <= 6 * 3600 * 1.2 for it in waits[7:])
    assert waits[:7] == sorted(waits[:7]) and len(house.hooks.due()) == 1
    [shown] = house.hooks.list(house.ana)
    assert (shown.state, shown.last_error) == ("failing", "HTTP 500")
    house.hooks.received(hook)
    [shown] = house.hooks.list(house.ana)
    assert (shown.state, shown.last_error, shown.failing_since) == ("active", None, None)


def test_a_file_from_before_there_were_hooks_gets_their_table(tmp_path: Path):
    AccessControl(AccessFile(tmp_path / "access.sqlite")).close()
    with sqlite3.connect(tmp_path / "access.sqlite") as file:
        file.execute("DROP TABLE webhooks")
    house = House(tmp_path)
    assert house.hooks.due() == []
    house.hook(house.ana)
    assert len(house.hooks.due()) == 1
    house.access.close()
