"""Roles and tenants: who would see or reach whom, if they were wrong."""

import pytest

from sessiongraph.access.control import AccessControl
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError, PermissionDeniedError
from sessiongraph.types import Role, Tenant, User


@pytest.fixture
def operator(access: AccessControl) -> User:
    return access.default_user()


@pytest.fixture
def people(access: AccessControl) -> dict[str, User]:
    return {name: access.create_user(name) for name in ("ana", "bob", "cat", "dan")}


@pytest.fixture
def acme(access: AccessControl, operator: User, people: dict[str, User]) -> Tenant:
    """A tenant of Ana and Bob; Cat and Dan are in none."""
    tenant = access.groups.create_tenant("acme", operator)
    for name in ("ana", "bob"):
        access.groups.add_tenant_user(tenant, people[name], operator)
    return tenant


# Roles


def test_what_is_granted_to_a_role_is_its_users_for_as_long_as_they_are_in_it(
    access: AccessControl, people: dict[str, User]
) -> None:
    ana, bob = people["ana"], people["bob"]
    notes = access.create_dataset(ana, "notes")
    role = access.groups.create_role("readers", ana)
    access.grant(notes, role, "read", by=ana)
    assert access.list_datasets(bob) == []

    access.groups.assign(role, bob, ana)
    access.groups.assign(role, bob, ana)
    assert access.groups.role_users(role, bob) == [bob]
    assert access.permissions(bob, notes) == {"read"} and access.list_datasets(bob) == [notes]
    assert access.resolve(bob, "notes", "read") == notes
    assert access.grants(notes) == [(role, "read")]
    with pytest.raises(PermissionDeniedError):
        access.resolve(bob, "notes", "write")

    access.grant(notes, bob, "write", by=ana)
    assert access.permissions(bob, notes) == {"read", "write"}
    assert access.holders(notes, "write") == [ana, bob] == access.holders(notes, "read")
    access.revoke(notes, bob, "write", by=ana)
    access.groups.unassign(role, bob, ana)
    assert access.permissions(bob, notes) == set() and access.holders(notes, "read") == [ana]
    with pytest.raises(DatasetNotFoundError):
        access.resolve(bob, notes.key, "read")


@pytest.mark.parametrize("end", ["revoke", "delete_role", "delete_dataset"])
def test_a_role_that_lost_its_grant_gives_nothing(access: AccessControl, people: dict[str, User], end: str) -> None:
    ana, bob = people["ana"], people["bob"]
    notes = access.create_dataset(ana, "notes")
    role = access.groups.create_role("readers", ana)
    access.groups.assign(role, bob, ana)
    access.grant(notes, role, "read", by=ana)
    if end == "revoke":
        access.revoke(notes, role, "read", by=ana)
    elif end == "delete_role":
        access.groups.delete_role(role, ana)
        access.groups.create_role("readers", bob)
    else:
        access.delete_dataset(notes, ana)
    assert access.list_datasets(bob) == [] and access.grants(notes) == []


def test_only_its_owner_says_who_is_in_a_role(access: AccessControl, people: dict[str, User]) -> None:
    ana, bob, cat = people["ana"], people["bob"], people["cat"]
    role = access.groups.create_role("readers", ana)
    access.groups.assign(role, bob, ana)
    for call in (access.groups.assign, access.groups.unassign):
        with pytest.raises(PermissionDeniedError, match="readers"):
            call(role, cat, bob)
    with pytest.raises(PermissionDeniedError):
        access.groups.delete_role(role, bob)
    with pytest.raises(InvalidInputError, match="already"):
        access.groups.create_role("readers", bob)
    with pytest.raises(InvalidInputError, match="no role"):
        access.groups.assign(Role("0" * 32, "ghost", ana.id), bob, ana)
    with pytest.raises(InvalidInputError, match="no user"):
        access.groups.assign(role, User("0" * 32, "ghost"), ana)
    assert access.groups.role_users(role, ana) == [bob]


# Tenants


def test_a_user_sees_those_of_their_tenant_alone(
    access: AccessControl, operator: User, people: dict[str, User], acme: Tenant
) -> None:
    ana, bob, cat, dan = people.values()
    assert access.list_users(ana) == [ana, bob]
    assert access.list_users(cat) == [cat, dan, operator]
    assert access.list_users(operator) == [ana, bob, cat, dan, operator] == access.list_users()
    assert access.groups.list_tenants(ana) == [acme] == access.groups.list_tenants(operator)
    assert access.groups.tenant_users(acme, ana) == [ana, bob]
    assert access.groups.list_tenants(cat) == []
    with pytest.raises(InvalidInputError) as hidden:
        access.groups.get_tenant("acme", cat)
    with pytest.raises(InvalidInputError) as absent:
        access.groups.get_tenant("nope", cat)
    assert str(hidden.value) == str(absent.value).replace("nope", "acme")
    with pytest.raises(InvalidInputError):
        access.groups.tenant_users(acme, cat)


def test_nothing_is_granted_across_tenants(
    access: AccessControl, operator: User, people: dict[str, User], acme: Tenant
) -> None:
    ana, bob, cat, dan = people.values()
    notes, diary = access.create_dataset(ana, "notes"), access.create_dataset(cat, "diary")
    inside, outside = access.groups.create_role("team", ana), access.groups.create_role("team", cat)
    assert (inside.key, outside.key) == ("acme/team", "team")
    for dataset, owner, to in ((notes, ana, cat), (notes, ana, outside), (diary, cat, ana), (diary, cat, inside)):
        with pytest.raises(InvalidInputError, match="There is no (user|role)"):
            access.grant(dataset, to, "read", by=owner)
    with pytest.raises(InvalidInputError, match="no user 'cat'"):
        access.groups.assign(inside, cat, ana)
    with pytest.raises(InvalidInputError, match="no role"):
        access.groups.assign(inside, ana, cat)
    access.grant(notes, bob, "share", by=ana)
    with pytest.raises(InvalidInputError, match="no user 'dan'"):
        access.grant(notes, dan, "read", by=bob)
    assert access.groups.list_roles(bob) == [inside] and access.groups.list_roles(dan) == [outside]
    assert access.groups.get_role("team", bob) == inside == access.groups.get_role("acme/team", operator)
    assert access.groups.get_role("team", dan) == outside
    with pytest.raises(InvalidInputError):
        access.groups.get_role("acme/team", dan)


def test_the_owner_of_a_tenant_manages_its_roles_from_outside(
    access: AccessControl, operator: User, people: dict[str, User], acme: Tenant
) -> None:
    ana, bob, cat, _ = people.values()
    role = access.groups.create_role("team", operator, acme)
    access.groups.assign(role, bob, operator)
    assert role.key == "acme/team" and access.groups.role_users(role, ana) == [bob]
    with pytest.raises(InvalidInputError, match="know no tenant"):
        access.groups.create_role("spies", cat, acme)


def test_only_its_owner_says_who_is_in_a_tenant(
    access: AccessControl, operator: User, people: dict[str, User], acme: Tenant
) -> None:
    ana, bob, cat, dan = people.values()
    with pytest.raises(PermissionDeniedError):
        access.groups.add_tenant_user(acme, cat, ana)
    with pytest.raises(InvalidInputError, match="know no tenant"):
        access.groups.add_tenant_user(acme, cat, cat)
    other = access.groups.create_tenant("other", dan)
    with pytest.raises(InvalidInputError, match="no user 'ana'"):
        access.groups.add_tenant_user(other, ana, dan)
    with pytest.raises(PermissionDeniedError):
        access.groups.remove_tenant_user(acme, bob, ana)
    assert access.groups.tenant_users(acme, operator) == [ana, bob]


def test_nobody_joins_a_tenant_with_ties_or_leaves_it_with_any(
    access: AccessControl, operator: User, people: dict[str, User], acme: Tenant
) -> None:
    ana, _, cat, dan = people.values()
    diary = access.create_dataset(cat, "diary")
    access.grant(diary, dan, "read", by=cat)
    for tied in (cat, dan):
        with pytest.raises(InvalidInputError, match="revoke"):
            access.groups.add_tenant_user(acme, tied, operator)
    access.revoke(diary, dan, "read", by=cat)
    access.groups.add_tenant_user(acme, cat, operator)
    access.grant(diary, ana, "read", by=cat)

    team = access.groups.create_role("team", ana)
    notes = access.create_dataset(ana, "notes")
    access.grant(notes, team, "read", by=ana)
    access.groups.assign(team, cat, ana)
    access.grant(diary, team, "read", by=cat)
    access.groups.remove_tenant_user(acme, cat, operator)

    assert access.list_datasets(cat) == [diary] and access.grants(diary) == []
    assert access.list_datasets(ana) == [notes] and access.groups.role_users(team, ana) == []
    with pytest.raises(InvalidInputError, match="not in the tenant"):
        access.groups.remove_tenant_user(acme, cat, operator)


def test_who_left_a_tenant_no_longer_manages_the_roles_they_made_there(
    access: AccessControl, operator: User, people: dict[str, User], acme: Tenant
) -> None:
    ana, bob, _, _ = people.values()
    team = access.groups.create_role("team", bob)
    access.groups.remove_tenant_user(acme, bob, operator)
    with pytest.raises(InvalidInputError, match="no role"):
        access.groups.assign(team, ana, bob)
    access.groups.assign(team, ana, operator)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "x" * 201, "\u202eabc", "a\x00", None, 7])
def test_malformed_names_make_nothing(access: AccessControl, operator: User, name: str) -> None:
    for call in (access.groups.create_tenant, access.groups.create_role, access.groups.get_tenant):
        with pytest.raises(InvalidInputError):
            call(name, operator)
    assert access.groups.list_roles(operator) == access.groups.list_tenants(operator) == []
