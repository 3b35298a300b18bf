"""Users who come with a dataset from another home: who they are here, and how they are let in with it.

Invariant: nobody becomes somebody else unasked. A user is known again by id and name together; an id or a name that is
taken here by itself is refused. The default user alone is whoever names none, in every home: theirs becomes that of the
default user here, who takes the id that comes where there was none before.

Methods block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sessiongraph.access.database import AccessDatabase
from sessiongraph.access.models import DatasetRow, TenantUserRow, UserRow
from sessiongraph.access.queries import is_one_of, own_dataset, tenants_seen, user_named
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import new_id
from sessiongraph.types import DEFAULT_USER, Dataset, User


@dataclass(frozen=True)
class Arrival:
    """A dataset that is to come: as what, and who its `users` (by the id that they come with) are here."""

    dataset: Dataset
    users: Mapping[str, User]


class Arrivals:
    """Datasets and users from elsewhere, in the file of access control."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def plan(
        self, name: str, users: Sequence[User], as_users: Mapping[str, str], by: User | None, allow_secrets: bool
    ) -> Arrival:
        """Who `users` are here, and what the dataset is that comes as `name` to `by` (None: the default user).

        `as_users` says by name who here is which of them. A dataset that is here keeps whether it allows secrets.
        Nothing is written. Raises InvalidInputError for a user who
        is not to be told apart from one who is here, and for names in `as_users` that nobody has.
        """
        with self._database.reading() as db:
            known = _Known(db, by)
            if odd := sorted(as_users.keys() - {user.name for user in users}):
                names = ", ".join(sorted(user.name for user in users))
                raise InvalidInputError(f"The archive has no user {odd[0]!r:.80}: its users are {names}.")
            found = {user.id: known.counterpart(user, as_users.get(user.name)) for user in users}
            if len(set(found.values())) < len(found):
                raise InvalidInputError(
                    "Two users of the archive would be one here, and nothing was written: part them with as_users."
                )
            defaults = [user for user in found.values() if user.name == DEFAULT_USER]
            owner = by or known.default or next(iter(defaults), User(new_id(), DEFAULT_USER))
            row = own_dataset(db, owner.id, name)
            comes = Dataset(new_id(), name, owner.id, owner.name, allow_secrets)
            return Arrival(row.as_dataset() if row else comes, found)

    def admit(self, arrival: Arrival) -> Dataset:
        """Write down what `plan` found. Raises InvalidInputError where it is no longer so."""
        dataset = arrival.dataset
        owner = User(dataset.owner_id, dataset.owner_name)
        with self._database.writing() as db:
            for user in dict.fromkeys([owner, *arrival.users.values()]):
                _admit_user(db, user)
            row = own_dataset(db, owner.id, dataset.name)
            if row is None:
                columns = {"id": dataset.id, "name": dataset.name, "allow_secrets": dataset.allow_secrets}
                db.add(DatasetRow(**columns, owner_id=owner.id))
            elif row.id != dataset.id:
                raise _changed()
            return dataset


class _Known:
    """The users whom `by` may know of, and whose names and ids are taken."""

    def __init__(self, db: Session, by: User | None) -> None:
        self._db = db
        default = user_named(db, DEFAULT_USER)
        self.default = default and default.as_user()
        acting = by or self.default
        seen = tenants_seen(db, acting.id) if acting else {None}
        rows = select(UserRow).outerjoin(TenantUserRow).where(is_one_of(TenantUserRow.tenant_id, seen))
        self._users = {row.name: row.as_user() for row in db.scalars(rows)}

    def counterpart(self, user: User, as_user: str | None) -> User:
        """Who `user` is here; who is not known comes as they are."""
        if as_user is not None:
            if as_user not in self._users:
                raise InvalidInputError(f"There is no user {as_user!r:.80} to be {user.name!r} here: users.list().")
            return self._users[as_user]
        if user.name == DEFAULT_USER and self.default:
            return self.default
        if self._users.get(user.name) == user:
            return user
        by_name = user_named(self._db, user.name)
        if by_name or self._db.get(UserRow, user.id) or user_named(self._db, user.id):
            taken = "name" if by_name else "id"
            raise InvalidInputError(
                f"The archive's user {user.name!r} has the {taken} of somebody else here, and nothing was written. Say "
                "with as_users who of users.list() they are (the same name, where they are the same person), or make "
                "a user for them with users.create(…)."
            )
        return user


def _admit_user(db: Session, user: User) -> None:
    row, named = db.get(UserRow, user.id), user_named(db, user.name)
    if row is None and named is None:
        db.add(UserRow(id=user.id, name=user.name))
        db.flush()
    elif row is None or row.name != user.name:
        raise _changed()


def _changed() -> InvalidInputError:
    return InvalidInputError("Users or datasets changed while it was imported, and nothing was written: import again.")
