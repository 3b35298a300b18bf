"""The rules of API keys, by which the service knows whose a request is.

Invariants: a key is shown once, when it is made, and kept as its SHA-256 alone; 256 random bits cannot be guessed, so
no salt is needed. Keys are revoked and never deleted: once there was one, nobody is served without one again.

Methods block.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import select

from sessiongraph.access.database import AccessDatabase
from sessiongraph.access.groups import no_user
from sessiongraph.access.models import ApiKeyRow, UserRow
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name, new_id
from sessiongraph.types import User

Scope = Literal["read", "write", "admin"]
# Each may do what those before it may.
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
# By which a leaked key is recognised, by people and by scanners of repositories.
PREFIX = "sgk_"
_RANDOM_BYTES = 32
_MOST_DAYS = 3650


@dataclass(frozen=True)
class ApiKey:
    """A key of `user`, without what it is: `read` asks and lists, `write` also puts in and takes out, `admin` also
    shares and deletes datasets. `state` is active, expired or revoked."""

    id: str
    user: User
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    state: Literal["active", "expired", "revoked"]


class Keys:
    """The keys of all users, in the file of access control."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database
        self._one_was_made = False

    def create(self, user: User, scope: str, days: int | None = None) -> tuple[ApiKey, str]:
        """A new key of `user` that is good for `days` (for ever, for None), and the key itself, to be shown once.

        Raises InvalidInputError.
        """
        checked = check_scope(scope)
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= _MOST_DAYS):
            raise InvalidInputError(f"A key is good for 1 to {_MOST_DAYS} days, a whole number, not {days!r:.60}.")
        key, now = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES), int(time.time())
        expires_at = None if days is None else now + int(timedelta(days=days).total_seconds())
        with self._database.writing() as db:
            owner = db.get(UserRow, user.id)
            if owner is None:
                raise InvalidInputError(no_user(user.name))
            row = ApiKeyRow(
                id=new_id()[:12],
                sha256=hash_secret(key),
                user=owner,
                scope=checked,
                created_at=now,
                expires_at=expires_at,
            )
            db.add(row)
            db.flush()
            return as_key(row), key

    def list(self, user: User) -> list[ApiKey]:
        """The user's keys, the oldest first; also those that are no good any more."""
        query = select(ApiKeyRow).filter_by(user_id=user.id).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
        with self._database.reading() as db:
            return [as_key(row) for row in db.scalars(query)]

    def revoke(self, user: User, key_id: str) -> ApiKey:
        """End the key of that id, at once and for good. Raises InvalidInputError where the user has none."""
        check_name(key_id, kind="key id")
        with self._database.writing() as db:
            row = db.get(ApiKeyRow, key_id)
            if row is None or row.user_id != user.id:
                raise InvalidInputError(
                    f"{user.name!r} has no key {key_id!r}: `sessiongraph users key list {user.name}` shows their ids."
                )
            row.revoked_at = row.revoked_at or int(time.time())
            return as_key(row)

    def exist(self) -> bool:
        """Whether a key was ever made, of whomever."""
        if not self._one_was_made:
            with self._database.reading() as db:
                self._one_was_made = db.scalar(select(ApiKeyRow.id).limit(1)) is not None
        return self._one_was_made

    def find(self, key: str) -> ApiKey | None:
        """The active key that `key` is; None where it is none, or no good any more."""
        if not key.startswith(PREFIX):
            return None
        # By its hash: how long that takes says nothing of the key.
        with self._database.reading() as db:
            row = db.scalar(select(ApiKeyRow).filter_by(sha256=hash_secret(key)))
            found = as_key(row) if row is not None else None
        return found if found is not None and found.state == "active" else None


def check_scope(scope: object) -> Scope:
    """`scope` itself where it is one. Raises InvalidInputError."""
    for known in SCOPES:
        if scope == known:
            return known
    raise InvalidInputError(f"{scope!r:.60} is no scope of a key: use one of {', '.join(SCOPES)}.")


def hash_secret(key: str) -> str:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def as_key(row: ApiKeyRow) -> ApiKey:
    """The key of a row, as it stands now."""
    is_over = row.expires_at is not None and row.expires_at <= time.time()
    return ApiKey(
        row.id,
        row.user.as_user(),
        check_scope(row.scope),
        datetime.fromtimestamp(row.created_at, UTC),
        None if row.expires_at is None else datetime.fromtimestamp(row.expires_at, UTC),
        "revoked" if row.revoked_at is not None else "expired" if is_over else "active",
    )
