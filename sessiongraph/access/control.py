"""The rules of users, datasets and grants; those of tenants and roles are in `groups`, of API keys in `keys`,
of browsers that signed in with one in `browser_sessions`, of webhooks in `webhooks`.

Invariants: whoever has no grant on another's dataset is told the same as if there were none; every change is
one transaction that waited for the others, so no two processes make the same user or dataset twice.

Methods block, the constructor too: callers on an event loop run them in a thread (`asyncio.to_thread`).
"""

from collections.abc import Iterable
from typing import NoReturn

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sessiongraph.access.arrivals import Arrivals
from sessiongraph.access.browser_sessions import BrowserSessions
from sessiongraph.access.database import AccessDatabase, insert_new
from sessiongraph.access.groups import Groups, no_role, no_user
from sessiongraph.access.keys import Keys
from sessiongraph.access.models import DatasetRow, GrantRow, RoleGrantRow, RoleRow, TenantUserRow, UserRow
from sessiongraph.access.queries import (
    held,
    holders,
    is_one_of,
    keyed_dataset,
    own_dataset,
    tenant_of,
    tenants_seen,
    user_named,
    visible,
)
from sessiongraph.access.webhooks import Webhooks, drop_unreadable
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError, PermissionDeniedError
from sessiongraph.ids import check_name, dataset_parts, key_parts, new_id
from sessiongraph.types import DEFAULT_USER, MAIN_DATASET, PERMISSIONS, Dataset, Permission, Role, User


class AccessControl:
    """Who may do what with which dataset, kept in `database`, which is closed with it.

    A user may do what is granted to them or to a role of theirs, and everything with what they own.
    """

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database
        self.groups = Groups(self._database)
        self.keys = Keys(self._database)
        self.browser_sessions = BrowserSessions(self._database)
        self.webhooks = Webhooks(self._database)
        self.arrivals = Arrivals(self._database)
        self._default_user: User | None = None

    def close(self) -> None:
        """Give back connections."""
        self._database.close()

    # Users

    def create_user(self, name: str) -> User:
        """A new user. Raises InvalidInputError for a name that is taken or malformed."""
        check_name(name, kind="user name")
        with self._database.writing() as db:
            if user_named(db, name):
                raise InvalidInputError(f"There is a user {name!r} already: take that one, or another name.")
            return _add_user(db, name)

    def get_user(self, name_or_id: str) -> User:
        """The user of that id or name. Raises InvalidInputError where there is none."""
        check_name(name_or_id, kind="user name")
        with self._database.reading() as db:
            row = db.get(UserRow, name_or_id) or user_named(db, name_or_id)
            if row is None:
                raise InvalidInputError(no_user(name_or_id))
            return row.as_user()

    def list_users(self, by: User | None = None) -> list[User]:
        """Those whom `by` may know of, or all users, by name."""
        users = select(UserRow).outerjoin(TenantUserRow).order_by(UserRow.name)
        with self._database.reading() as db:
            if by is not None:
                users = users.where(is_one_of(TenantUserRow.tenant_id, tenants_seen(db, by.id)))
            return [row.as_user() for row in db.scalars(users)]

    def default_user(self) -> User:
        """The user of whoever names none, created when first asked for. Users stay, so one is asked for once."""
        if self._default_user is None:
            self._default_user = self._find_default_user()
        return self._default_user

    def _find_default_user(self) -> User:
        with self._database.reading() as db:
            if row := user_named(db, DEFAULT_USER):
                return row.as_user()
        with self._database.writing() as db:
            row = user_named(db, DEFAULT_USER)
            return row.as_user() if row else _add_user(db, DEFAULT_USER)

    # Datasets, as a user sees them

    def create_dataset(self, user: User, name: str) -> Dataset:
        """The user's own dataset of that name, created where there is none. Raises InvalidInputError."""
        check_name(name)
        with self._database.reading() as db:
            if row := own_dataset(db, user.id, name):
                return row.as_dataset()
        with self._database.writing() as db:
            row = own_dataset(db, user.id, name)
            return row.as_dataset() if row else _add_dataset(db, user, name)

    def resolve(self, user: User, dataset: str, permission: Permission) -> Dataset:
        """The dataset that `user` means by `dataset`, where they may do `permission` with it.

        `dataset` is the name of one of their own, an id, a key ("owner/name"), or the name of the one dataset
        so called that is granted to them. Their own main dataset is created when first asked for. Raises
        DatasetNotFoundError, PermissionDeniedError, or InvalidInputError (malformed, or several are meant).
        """
        _check_permission(permission)
        owner, name = dataset_parts(dataset)
        with self._database.reading() as db:
            if row := _meant(db, user, owner, name):
                if permission not in held(db, user.id, row):
                    _deny(user, permission, row.as_dataset())
                return row.as_dataset()
        if name == MAIN_DATASET and owner in ("", user.name):
            return self.create_dataset(user, MAIN_DATASET)
        raise DatasetNotFoundError(_no_dataset(user, dataset))

    def list_datasets(self, user: User, permission: Permission = "read") -> list[Dataset]:
        """The user's own datasets and those on which `permission` is granted to them, by key."""
        with self._database.reading() as db:
            return _by_key(db.scalars(visible(user.id, _check_permission(permission))))

    def update_dataset(self, dataset: Dataset, user: User, *, allow_secrets: bool) -> Dataset:
        """Say whether secrets may stand in the dataset, if `user` may "share" it; the dataset as it is then.

        Raises DatasetNotFoundError or PermissionDeniedError.
        """
        with self._database.writing() as db:
            row = _shareable(db, dataset, user)
            row.allow_secrets = allow_secrets
            return row.as_dataset()

    def allows_secrets(self, user_id: str, dataset_id: str | None) -> bool:
        """Whether secrets may stand in the dataset; for None, in the user's main dataset. Not in one that is gone."""
        with self._database.reading() as db:
            row = db.get(DatasetRow, dataset_id) if dataset_id else own_dataset(db, user_id, MAIN_DATASET)
            return row is not None and row.allow_secrets

    def delete_dataset(self, dataset: Dataset, user: User) -> None:
        """Forget the dataset and its grants, if `user` may "delete" it; its files are the caller's to remove.

        Raises DatasetNotFoundError or PermissionDeniedError.
        """
        with self._database.writing() as db:
            row = db.get(DatasetRow, dataset.id)
            permissions = held(db, user.id, row) if row else set()
            if row is None or not permissions:
                raise DatasetNotFoundError(_no_dataset(user, dataset.key))
            if "delete" not in permissions:
                _deny(user, "delete", dataset)
            db.delete(row)

    # Datasets, as the operator sees them: everyone's

    def all_datasets(self) -> list[Dataset]:
        """Everyone's datasets, by key."""
        with self._database.reading() as db:
            return _by_key(db.scalars(select(DatasetRow)))

    def by_key(self, key: str) -> Dataset | None:
        """The dataset of the key "owner/name", None where there is none. Raises InvalidInputError."""
        owner, name = key_parts(key)
        with self._database.reading() as db:
            row = keyed_dataset(db, owner, name)
            return row.as_dataset() if row else None

    def get_or_create_by_key(self, key: str) -> Dataset:
        """The dataset of the key "owner/name", created where its owner exists or is the default user.

        Raises DatasetNotFoundError where the owner does not exist, InvalidInputError for a malformed key.
        """
        owner, name = key_parts(key)
        if owner == DEFAULT_USER:
            return self.create_dataset(self.default_user(), name)
        with self._database.reading() as db:
            row = user_named(db, owner)
            user = row.as_user() if row else None
        if user is None:
            raise DatasetNotFoundError(f"There is no dataset {key!r} and it cannot be created: {no_user(owner)}")
        return self.create_dataset(user, name)

    # Grants

    def grant(self, dataset: Dataset, to: User | Role, permission: Permission, by: User) -> None:
        """Let a user, or whoever is in a role, do `permission` with `dataset`; nothing changes where they may already.

        `by` owns the dataset or may "share" it, else PermissionDeniedError. Raises InvalidInputError for an
        unknown permission, and for a user or role that is unknown or of another tenant.
        """
        _check_permission(permission)
        with self._database.writing() as db:
            row = _shareable(db, dataset, by)
            _check_same_tenant(db, to, row)
            if to.id != row.owner_id:
                table, given = _grant_of(row, to, permission)
                insert_new(db, table, given)

    def revoke(self, dataset: Dataset, to: User | Role, permission: Permission, by: User) -> None:
        """Take back what `grant` gave; nothing changes where it was not given.

        `by` owns the dataset or may "share" it, else PermissionDeniedError. Raises InvalidInputError for an
        unknown permission, and for the owner, who cannot lose any.
        """
        _check_permission(permission)
        with self._database.writing() as db:
            row = _shareable(db, dataset, by)
            if to.id == row.owner_id:
                raise InvalidInputError(
                    f"{to.name!r} owns {dataset.key!r}, and an owner's permissions cannot be revoked: "
                    "revoke those of others, or delete the dataset."
                )
            table, given = _grant_of(row, to, permission)
            db.execute(delete(table).filter_by(**given))
            drop_unreadable(db)

    def grants(self, dataset: Dataset) -> list[tuple[User | Role, Permission]]:
        """What is granted on the dataset, by name; the owner, who may do everything, is not in it."""
        given: list[tuple[User | Role, Permission]] = []
        with self._database.reading() as db:
            for user in db.scalars(select(GrantRow).filter_by(dataset_id=dataset.id)):
                given.append((user.user.as_user(), _check_permission(user.permission)))
            for role in db.scalars(select(RoleGrantRow).filter_by(dataset_id=dataset.id)):
                given.append((role.role.as_role(), _check_permission(role.permission)))
        return sorted(given, key=lambda grant: (grant[0].name, PERMISSIONS.index(grant[1])))

    def holders(self, dataset: Dataset, permission: Permission) -> list[User]:
        """Who may do `permission` with the dataset, its owner among them, by name."""
        with self._database.reading() as db:
            row = db.get(DatasetRow, dataset.id)
            return [user.as_user() for user in db.scalars(holders(row, permission))] if row else []

    def permissions(self, user: User, dataset: Dataset) -> set[Permission]:
        """What the user may do with the dataset: everything with their own, nothing with one that is gone."""
        with self._database.reading() as db:
            row = db.get(DatasetRow, dataset.id)
            return held(db, user.id, row) if row else set()


def _add_user(db: Session, name: str) -> User:
    row = UserRow(id=new_id(), name=name)
    db.add(row)
    return row.as_user()


def _add_dataset(db: Session, user: User, name: str) -> Dataset:
    owner = db.get(UserRow, user.id)
    if owner is None:
        raise InvalidInputError(no_user(user.name))
    dataset = Dataset(new_id(), name, owner.id, owner.name)
    db.add(DatasetRow(id=dataset.id, name=name, owner_id=owner.id))
    return dataset


def _meant(db: Session, user: User, owner: str, name: str) -> DatasetRow | None:
    """What `resolve` is asked for, among what the user may know of; `owner` is "" where none was named."""
    if owner:
        return db.scalar(visible(user.id).where(DatasetRow.name == name, DatasetRow.owner.has(name=owner)))
    if row := own_dataset(db, user.id, name):
        return row
    # An id before another's name, so that nobody can slip in a dataset that is named like an id.
    if row := db.scalar(visible(user.id).where(DatasetRow.id == name)):
        return row
    granted = db.scalars(visible(user.id).where(DatasetRow.name == name)).all()
    if len(granted) > 1:
        keys = ", ".join(dataset.key for dataset in _by_key(granted))
        raise InvalidInputError(f"Several datasets granted to you are named {name!r}: name one as {keys}.")
    return granted[0] if granted else None


def _shareable(db: Session, dataset: Dataset, by: User) -> DatasetRow:
    row = db.get(DatasetRow, dataset.id)
    if row is None:
        raise DatasetNotFoundError(_no_dataset(by, dataset.key))
    if "share" not in held(db, by.id, row):
        _deny(by, "share", dataset)
    return row


def _check_same_tenant(db: Session, to: User | Role, dataset: DatasetRow) -> None:
    """Refuse a user or role that is of another tenant than the dataset's owner, as one that is not there."""
    tenant = tenant_of(db, dataset.owner_id)
    if isinstance(to, Role):
        role = db.get(RoleRow, to.id)
        if role is None or role.tenant_id != tenant:
            raise InvalidInputError(no_role(to.key))
    elif db.get(UserRow, to.id) is None or tenant_of(db, to.id) != tenant:
        raise InvalidInputError(no_user(to.name))


def _grant_of(
    dataset: DatasetRow, to: User | Role, permission: Permission
) -> tuple[type[GrantRow | RoleGrantRow], dict[str, str]]:
    """The table of the grant, and its row."""
    given = {"dataset_id": dataset.id, "permission": permission}
    if isinstance(to, Role):
        return RoleGrantRow, {**given, "role_id": to.id}
    return GrantRow, {**given, "user_id": to.id}


def _by_key(rows: Iterable[DatasetRow]) -> list[Dataset]:
    return sorted((row.as_dataset() for row in rows), key=lambda dataset: dataset.key)


def _check_permission(permission: str) -> Permission:
    for known in PERMISSIONS:
        if permission == known:
            return known
    raise InvalidInputError(f"{permission!r:.60} is no permission: use one of {', '.join(PERMISSIONS)}.")


def _no_dataset(user: User, dataset: str) -> str:
    # Says nothing that depends on whether others have such a dataset.
    return (
        f"{user.name!r} knows no dataset {dataset!r}: add(…, dataset_name=…) creates it; "
        "list what you may see with datasets.list()."
    )


def _deny(user: User, permission: Permission, dataset: Dataset) -> NoReturn:
    raise PermissionDeniedError(
        f"{user.name!r} lacks the permission {permission!r} on {dataset.key!r}: its owner, "
        f"{dataset.owner_name!r}, grants it with datasets.grant({dataset.name!r}, {user.name!r}, "
        f"{permission!r}, …) or `sessiongraph datasets grant`."
    )
