"""The rules of browser sessions: a browser that signed in with a key, and goes on by a cookie.

Invariants: what the cookie has is 256 random bits, made at each sign-in and kept as their SHA-256 alone, so nobody can
guess one, read one here or have another take one over. A session reaches as far as its key and ends with it; it also
ends when it is signed out, and EXPIRY_SECONDS after it began. A link signs in once, within LINK_SECONDS.

Methods block.
"""

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import delete

from sessiongraph.access.database import AccessDatabase
from sessiongraph.access.keys import ApiKey, Scope, as_key, hash_secret
from sessiongraph.access.models import BrowserSessionRow
from sessiongraph.types import User

EXPIRY_SECONDS = 7 * 24 * 3600
LINK_SECONDS = 120
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class BrowserSession:
    """Who signed in, how far they reach, and by which key; None where the command line let them in by a link."""

    user: User
    scope: Scope
    key_id: str | None


class BrowserSessions:
    """Browsers that signed in, in the file of access control."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def begin(self, key: ApiKey) -> str:
        """A new session by `key`; the secret that the browser is to have."""
        return self._add(key.user, key.id, False, EXPIRY_SECONDS)

    def offer_link(self, user: User) -> str:
        """A secret by which one browser may sign in as `user`: for whoever has the home's files in hand anyway."""
        return self._add(user, None, True, LINK_SECONDS)

    def redeem(self, link: str) -> str | None:
        """The secret of a new session by a link, which is used up; None where it is none, or no good any more."""
        with self._database.writing() as db:
            row = db.get(BrowserSessionRow, hash_secret(link))
            if row is None or not row.is_link or row.expires_at <= time.time():
                return None
            user = row.user.as_user()
            db.delete(row)
        return self._add(user, None, False, EXPIRY_SECONDS)

    def find(self, secret: str) -> BrowserSession | None:
        """The session that has this secret; None where there is none, or it is over."""
        with self._database.reading() as db:
            row = db.get(BrowserSessionRow, hash_secret(secret))
            if row is None or row.is_link or row.expires_at <= time.time():
                return None
            if row.key is None:
                return BrowserSession(row.user.as_user(), "admin", None)
            key = as_key(row.key)
            return BrowserSession(key.user, key.scope, key.id) if key.state == "active" else None

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._database.writing() as db:
            db.execute(delete(BrowserSessionRow).filter_by(sha256=hash_secret(secret)))

    def _add(self, user: User, key_id: str | None, is_link: bool, seconds: int) -> str:
        secret, now = secrets.token_urlsafe(_RANDOM_BYTES), int(time.time())
        with self._database.writing() as db:
            db.execute(delete(BrowserSessionRow).where(BrowserSessionRow.expires_at <= now))
            db.add(
                BrowserSessionRow(
                    sha256=hash_secret(secret),
                    user_id=user.id,
                    key_id=key_id,
                    is_link=is_link,
                    expires_at=now + seconds,
                )
            )
        return secret
