"""The rules of tenants and roles: who is in them, and who says so. What may be done with datasets is in `control`.

Invariant: nothing crosses tenants. A role's users are of its tenant, a grant is to a user or role of the tenant of the
dataset's owner, and a user joins a tenant without ties, and leaves it without any. Those who are in no tenant are
among themselves in the same way. Of what is in another tenant everyone is told that it is not there.

Methods block.
"""

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from sessiongraph.access.database import AccessDatabase, insert_new
from sessiongraph.access.models import (
    DatasetRow,
    GrantRow,
    RoleGrantRow,
    RoleRow,
    RoleUserRow,
    TenantRow,
    TenantUserRow,
    UserRow,
)
from sessiongraph.access.queries import is_one_of, tenant_of, tenants_seen
from sessiongraph.access.webhooks import drop_unreadable
from sessiongraph.errors import InvalidInputError, PermissionDeniedError
from sessiongraph.ids import check_name, new_id
from sessiongraph.types import Role, Tenant, User


class Groups:
    """Tenants and roles, in the file of access control. `by` is whoever acts."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    # Tenants

    def create_tenant(self, name: str, by: User) -> Tenant:
        """A new tenant, with nobody in it yet. Raises InvalidInputError for a name that is taken or malformed."""
        check_name(name, kind="tenant name")
        with self._database.writing() as db:
            if db.scalar(select(TenantRow).filter_by(name=name)):
                raise InvalidInputError(f"There is a tenant {name!r} already: take another name.")
            row = TenantRow(id=new_id(), name=name, owner_id=by.id)
            db.add(row)
            return row.as_tenant()

    def get_tenant(self, name: str, by: User) -> Tenant:
        """The tenant of that name, where `by` owns it or is in it. Raises InvalidInputError."""
        check_name(name, kind="tenant name")
        with self._database.reading() as db:
            row = db.scalar(select(TenantRow).where(TenantRow.name == name, _tenant_seen(db, by)))
            if row is None:
                raise InvalidInputError(_no_tenant(name))
            return row.as_tenant()

    def list_tenants(self, by: User) -> list[Tenant]:
        """The tenants that `by` owns or is in, by name."""
        with self._database.reading() as db:
            rows = db.scalars(select(TenantRow).where(_tenant_seen(db, by)).order_by(TenantRow.name))
            return [row.as_tenant() for row in rows]

    def tenant_users(self, tenant: Tenant, by: User) -> list[User]:
        """Who is in the tenant, by name; `by` owns it or is in it, else InvalidInputError."""
        with self._database.reading() as db:
            if tenant.id not in tenants_seen(db, by.id):
                raise InvalidInputError(_no_tenant(tenant.name))
            users = select(UserRow).join(TenantUserRow).where(TenantUserRow.tenant_id == tenant.id)
            return [row.as_user() for row in db.scalars(users.order_by(UserRow.name))]

    def add_tenant_user(self, tenant: Tenant, user: User, by: User) -> None:
        """Put `user` into the tenant, which `by` owns, else PermissionDeniedError.

        Raises InvalidInputError where the user is in another, or has shared, been granted or owns something with those
        outside that the tenant would hide.
        """
        with self._database.writing() as db:
            _check_owns_tenant(db, tenant, by)
            there = tenant_of(db, user.id)
            if there == tenant.id:
                return
            if there is not None or db.get(UserRow, user.id) is None:
                raise InvalidInputError(no_user(user.name))
            if _has_ties(db, user):
                raise InvalidInputError(
                    f"{user.name!r} shares datasets or roles with users outside of the tenant {tenant.name!r}, who "
                    "would not see each other any more: revoke those grants and leave those roles first."
                )
            db.add(TenantUserRow(user_id=user.id, tenant_id=tenant.id))

    def remove_tenant_user(self, tenant: Tenant, user: User, by: User) -> None:
        """Take `user` out of the tenant, which `by` owns, else PermissionDeniedError.

        They keep what they own, alone: grants to them and on their datasets end, and they leave their roles.
        """
        with self._database.writing() as db:
            _check_owns_tenant(db, tenant, by)
            if tenant_of(db, user.id) != tenant.id:
                raise InvalidInputError(f"{user.name!r} is not in the tenant {tenant.name!r}.")
            _cut_ties(db, user)
            drop_unreadable(db)
            db.execute(delete(TenantUserRow).filter_by(user_id=user.id))

    # Roles

    def create_role(self, name: str, by: User, tenant: Tenant | None = None) -> Role:
        """A new role, with nobody in it yet, of `tenant` or, for None, of the tenant that `by` is in.

        Raises InvalidInputError for a name that is taken or malformed, or a tenant that `by` neither owns nor is in.
        """
        check_name(name, kind="role name")
        with self._database.writing() as db:
            tenant_id = tenant.id if tenant else tenant_of(db, by.id)
            if tenant and tenant_id not in tenants_seen(db, by.id):
                raise InvalidInputError(_no_tenant(tenant.name))
            if db.scalar(select(RoleRow).filter_by(name=name, tenant_id=tenant_id)):
                raise InvalidInputError(f"There is a role {name!r} already: take that one, or another name.")
            row = RoleRow(id=new_id(), name=name, owner_id=by.id, tenant_id=tenant_id)
            db.add(row)
            db.flush()
            return row.as_role()

    def get_role(self, name: str, by: User) -> Role:
        """The role that `by` means by a name, or by "tenant/name". Raises InvalidInputError."""
        tenant, slash, own = name.rpartition("/") if isinstance(name, str) else ("", "", name)
        check_name(own, kind="role name")
        with self._database.reading() as db:
            found = select(RoleRow).where(RoleRow.name == own)
            if slash:
                check_name(tenant, kind="tenant name")
                seen = is_one_of(RoleRow.tenant_id, tenants_seen(db, by.id) - {None})
                row = db.scalar(found.where(seen, RoleRow.tenant.has(name=tenant)))
            else:
                row = db.scalar(found.filter_by(tenant_id=tenant_of(db, by.id)))
            if row is None:
                raise InvalidInputError(no_role(name))
            return row.as_role()

    def list_roles(self, by: User) -> list[Role]:
        """The roles of the tenant that `by` is in and of those that they own, by key."""
        with self._database.reading() as db:
            rows = db.scalars(select(RoleRow).where(is_one_of(RoleRow.tenant_id, tenants_seen(db, by.id))))
            return sorted((row.as_role() for row in rows), key=lambda role: role.key)

    def role_users(self, role: Role, by: User) -> list[User]:
        """Who is in the role, by name. Raises InvalidInputError where `by` may not know of it."""
        with self._database.reading() as db:
            _seen_role(db, role, by)
            users = select(UserRow).join(RoleUserRow).where(RoleUserRow.role_id == role.id)
            return [row.as_user() for row in db.scalars(users.order_by(UserRow.name))]

    def assign(self, role: Role, user: User, by: User) -> None:
        """Put `user` into the role; nothing changes where they are.

        `by` owns the role or its tenant, else PermissionDeniedError. Raises InvalidInputError for a user or role of
        another tenant.
        """
        with self._database.writing() as db:
            row = _managed_role(db, role, by)
            if db.get(UserRow, user.id) is None or tenant_of(db, user.id) != row.tenant_id:
                raise InvalidInputError(no_user(user.name))
            insert_new(db, RoleUserRow, {"role_id": row.id, "user_id": user.id})

    def unassign(self, role: Role, user: User, by: User) -> None:
        """Take `user` out of the role; nothing changes where they are not in it. `by` as in `assign`."""
        with self._database.writing() as db:
            row = _managed_role(db, role, by)
            db.execute(delete(RoleUserRow).filter_by(role_id=row.id, user_id=user.id))
            drop_unreadable(db)

    def delete_role(self, role: Role, by: User) -> None:
        """Delete the role, and with it what was granted to it. `by` as in `assign`."""
        with self._database.writing() as db:
            db.execute(delete(RoleRow).filter_by(id=_managed_role(db, role, by).id))
            drop_unreadable(db)


def _tenant_seen(db: Session, user: User) -> ColumnElement[bool]:
    return is_one_of(TenantRow.id, tenants_seen(db, user.id))


def _check_owns_tenant(db: Session, tenant: Tenant, by: User) -> None:
    if tenant.id not in tenants_seen(db, by.id):
        raise InvalidInputError(_no_tenant(tenant.name))
    row = db.get(TenantRow, tenant.id)
    if row is None or row.owner_id != by.id:
        raise PermissionDeniedError(f"{by.name!r} does not own the tenant {tenant.name!r}: ask its owner.")


def _seen_role(db: Session, role: Role, by: User) -> RoleRow:
    row = db.get(RoleRow, role.id)
    if row is None or row.tenant_id not in tenants_seen(db, by.id):
        raise InvalidInputError(no_role(role.key))
    return row


def _managed_role(db: Session, role: Role, by: User) -> RoleRow:
    row = _seen_role(db, role, by)
    if by.id not in (row.owner_id, row.tenant.owner_id if row.tenant else None):
        raise PermissionDeniedError(f"{by.name!r} does not own the role {role.key!r}: ask its owner.")
    return row


def _has_ties(db: Session, user: User) -> bool:
    own = select(DatasetRow.id).filter_by(owner_id=user.id)
    ties = (
        exists().where(or_(GrantRow.user_id == user.id, GrantRow.dataset_id.in_(own))),
        exists().where(RoleGrantRow.dataset_id.in_(own)),
        exists().where(RoleUserRow.user_id == user.id),
    )
    return bool(db.scalar(select(or_(*ties))))


def _cut_ties(db: Session, user: User) -> None:
    own = select(DatasetRow.id).filter_by(owner_id=user.id)
    db.execute(delete(GrantRow).where(or_(GrantRow.user_id == user.id, GrantRow.dataset_id.in_(own))))
    db.execute(delete(RoleGrantRow).where(RoleGrantRow.dataset_id.in_(own)))
    db.execute(delete(RoleUserRow).filter_by(user_id=user.id))


def no_user(name: str) -> str:
    """What to say of a user who is not there, or whom the asker may not know of."""
    return f"There is no user {name!r}: users.create(...) makes one, users.list() shows who there is."


def no_role(name: str) -> str:
    """As `no_user`, of a role."""
    return f"There is no role {name!r}: roles.create(...) makes one, roles.list() shows those there are."


def _no_tenant(name: str) -> str:
    return f"You know no tenant {name!r}: tenants.create(...) makes one, tenants.list() shows those you own or are in."
