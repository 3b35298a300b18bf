"""What is asked of the tables: rows by name, by key, by who may see them. Rules belong in `control` and `groups`."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, exists, false, or_, select, union
from sqlalchemy.orm import Session

from sessiongraph.access.models import (
    DatasetRow,
    GrantRow,
    RoleGrantRow,
    RoleUserRow,
    TenantRow,
    TenantUserRow,
    UserRow,
)
from sessiongraph.types import PERMISSIONS, Permission


def user_named(db: Session, name: str) -> UserRow | None:
    return db.scalar(select(UserRow).filter_by(name=name))


def own_dataset(db: Session, owner_id: str, name: str) -> DatasetRow | None:
    return db.scalar(select(DatasetRow).filter_by(owner_id=owner_id, name=name))


def keyed_dataset(db: Session, owner: str, name: str) -> DatasetRow | None:
    """The dataset "owner/name"."""
    return db.scalar(select(DatasetRow).join(DatasetRow.owner).where(UserRow.name == owner, DatasetRow.name == name))


def held(db: Session, user_id: str, dataset: DatasetRow) -> set[Permission]:
    """What the user may do with `dataset`; the owner, everything."""
    if dataset.owner_id == user_id:
        return set(PERMISSIONS)
    grants = _granted()
    given = set(db.scalars(select(grants.c.permission).filter_by(dataset_id=dataset.id, user_id=user_id)))
    return {permission for permission in PERMISSIONS if permission in given}


def visible(user_id: str, permission: Permission | None = None) -> Select[DatasetRow]:
    """The user's own datasets, and those granted to them: with `permission` or, for None, with any."""
    grants = _granted()
    granted = select(grants.c.dataset_id).filter_by(user_id=user_id)
    if permission is not None:
        granted = granted.filter_by(permission=permission)
    return select(DatasetRow).where(or_(DatasetRow.owner_id == user_id, DatasetRow.id.in_(granted)))


def holders(dataset: DatasetRow, permission: Permission) -> Select[UserRow]:
    """Those who may do `permission` with `dataset`, its owner among them, by name."""
    grants = _granted()
    granted = select(grants.c.user_id).filter_by(dataset_id=dataset.id, permission=permission)
    chosen = or_(UserRow.id == dataset.owner_id, UserRow.id.in_(granted))
    return select(UserRow).where(chosen).order_by(UserRow.name)


def is_readable(user_id: ColumnElement[Any] | Any, dataset_id: ColumnElement[Any] | Any) -> ColumnElement[bool]:
    """Whether the user of a row may read the dataset of that row; both are given as its columns."""
    grants = _granted()
    owned = exists().where(DatasetRow.id == dataset_id, DatasetRow.owner_id == user_id)
    given = exists().where(
        grants.c.dataset_id == dataset_id, grants.c.user_id == user_id, grants.c.permission == "read"
    )
    return or_(owned, given)


def _granted() -> Subquery:
    """Every permission that somebody was given: dataset_id, user_id, permission; to them, or to a role of theirs."""
    to_users = select(GrantRow.dataset_id, GrantRow.user_id, GrantRow.permission)
    to_roles = select(RoleGrantRow.dataset_id, RoleUserRow.user_id, RoleGrantRow.permission).join(
        RoleUserRow, RoleUserRow.role_id == RoleGrantRow.role_id
    )
    return union(to_users, to_roles).subquery()


def tenant_of(db: Session, user_id: str) -> str | None:
    """The id of the tenant that the user is in; None where they are in none."""
    return db.scalar(select(TenantUserRow.tenant_id).filter_by(user_id=user_id))


def tenants_seen(db: Session, user_id: str) -> set[str | None]:
    """The ids of the tenants whose users and roles the user may know of: their own (or None), and those they own."""
    return {tenant_of(db, user_id), *db.scalars(select(TenantRow.id).filter_by(owner_id=user_id))}


def is_one_of(column: ColumnElement[Any] | Any, values: Iterable[str | None]) -> ColumnElement[bool]:
    """`column IN values`, where None is a value like any other."""
    known = set(values)
    return or_(column.in_(known - {None}), column.is_(None) if None in known else false())
