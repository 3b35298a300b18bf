"""The rules of webhooks: whose they are, what they have been told, and what happens where nobody listens.

Invariants: a hook is of one user and one dataset that they may read; whoever loses that loses the hook in the same
transaction (`drop_unreadable`), and it is asked again before each delivery (`may_tell`). Its place in the commit log
moves only after what stood there was received. The secret is shown once, when the hook is made; it is kept as it is,
since signing needs it.

Methods block.
"""

import base64
import builtins
import random
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from sessiongraph.access.database import AccessDatabase
from sessiongraph.access.models import DatasetRow, WebhookRow
from sessiongraph.access.queries import is_readable
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name, new_id
from sessiongraph.types import Dataset, User

EVENTS = ("passages.persisted", "passages.failed", "passages.forgotten")
# As Standard Webhooks marks the secrets of HMAC-SHA256.
SECRET_PREFIX = "whsec_"
_RANDOM_BYTES = 32
_MOST = 100

_FIRST_WAIT, _LONGEST_WAIT = 5.0, 6 * 3600.0
_FAILING_AFTER = 24 * 3600.0

State = Literal["active", "retrying", "failing", "gone"]


@dataclass(frozen=True)
class Webhook:
    """A hook, without its secret: it is told of `events` of the dataset (by its key).

    `state`: "active", "retrying" (the last try failed, for `last_error`), "failing" (for a day or more; it is tried
    every few hours all the same), or "gone" (its receiver answered 410, and is asked no more). `failing_since` is when
    the first of the tries in a row failed, `delivered_at` when something was last received.
    """

    id: str
    url: str
    dataset: str
    events: tuple[str, ...]
    state: State
    created_at: datetime
    delivered_at: datetime | None
    failing_since: datetime | None
    last_error: str | None


@dataclass(frozen=True)
class DueWebhook:
    """What delivering to a hook needs. `seq` is the last commit that it was told of; None: nothing yet, and only what
    was committed after `created_at` concerns it. `read_as` is the store's signature when nothing was left to tell."""

    id: str
    dataset: Dataset
    url: str
    secret: str
    events: frozenset[str]
    created_at: datetime
    seq: int | None
    read_as: str | None


class Webhooks:
    """The hooks of all users, in the file of access control."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def create(self, user: User, dataset: Dataset, url: str, events: tuple[str, ...]) -> tuple[Webhook, str]:
        """A new hook of `user`, who may read `dataset`, and its secret, to be shown once. Raises InvalidInputError."""
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_RANDOM_BYTES)).decode()
        with self._database.writing() as db:
            if (db.scalar(select(func.count()).where(WebhookRow.user_id == user.id)) or 0) >= _MOST:
                raise InvalidInputError(f"{user.name!r} has {_MOST} webhooks, and no more: delete some first.")
            row = WebhookRow(
                id=new_id()[:12],
                user_id=user.id,
                dataset=db.get_one(DatasetRow, dataset.id),
                url=url,
                events=" ".join(events),
                secret=secret,
                created_at=time.time(),
                failures=0,
                next_try_at=0.0,
            )
            db.add(row)
            db.flush()
            return _as_webhook(row), secret

    def list(self, user: User) -> list[Webhook]:
        """The user's hooks, the oldest first."""
        with self._database.reading() as db:
            rows = select(WebhookRow).where(WebhookRow.user_id == user.id, _is_readable())
            return [_as_webhook(row) for row in db.scalars(rows.order_by(WebhookRow.created_at, WebhookRow.id))]

    def delete(self, user: User, webhook_id: str) -> None:
        """Delete a hook. Raises InvalidInputError where the user has none of that id."""
        with self._database.writing() as db:
            db.delete(_own(db, user, webhook_id))

    def get(self, user: User, webhook_id: str) -> DueWebhook:
        """The user's hook of that id, due or not. Raises InvalidInputError."""
        with self._database.reading() as db:
            return _as_due(_own(db, user, webhook_id))

    # As whoever delivers sees them: everyone's

    def due(self) -> builtins.list[DueWebhook]:
        """The hooks that may be told something now, those first that wait longest."""
        wanted = (WebhookRow.is_gone.is_(False), WebhookRow.next_try_at <= time.time(), _is_readable())
        with self._database.reading() as db:
            rows = db.scalars(select(WebhookRow).where(*wanted).order_by(WebhookRow.next_try_at, WebhookRow.id))
            return [_as_due(row) for row in rows]

    def may_tell(self, webhook_id: str) -> bool:
        """Whether there is the hook still, and its user may read its dataset."""
        wanted = (WebhookRow.id == webhook_id, WebhookRow.is_gone.is_(False), _is_readable())
        with self._database.reading() as db:
            return db.scalar(select(WebhookRow.id).where(*wanted)) is not None

    def advance(self, webhook_id: str, seq: int, read_as: str | None = None) -> None:
        """Write down that the hook was told of all up to commit `seq`."""
        with self._database.writing() as db:
            if row := db.get(WebhookRow, webhook_id):
                row.seq, row.read_as = seq, read_as

    def received(self, webhook_id: str) -> None:
        """Write down that the receiver is there: it is not waited any more, and not "gone"."""
        with self._database.writing() as db:
            if row := db.get(WebhookRow, webhook_id):
                row.failures, row.next_try_at, row.is_gone = 0, 0.0, False
                row.failing_since = row.last_error = None
                row.delivered_at = time.time()

    def failed(self, webhook_id: str, error: str, is_gone: bool) -> None:
        """Write down why a delivery failed, and when to try again: later each time, and not in step with others."""
        with self._database.writing() as db:
            if row := db.get(WebhookRow, webhook_id):
                wait = min(_FIRST_WAIT * 4.0 ** min(row.failures, 16), _LONGEST_WAIT)
                row.failures, row.last_error, row.is_gone = row.failures + 1, error, is_gone
                row.failing_since = row.failing_since or time.time()
                row.next_try_at = time.time() + wait * random.uniform(0.8, 1.2)


def drop_unreadable(db: Session) -> None:
    """Delete the hooks of those who may not read their datasets any more; part of what takes that away."""
    db.flush()
    db.execute(delete(WebhookRow).where(~_is_readable()).execution_options(synchronize_session=False))


def _is_readable() -> ColumnElement[bool]:
    return is_readable(WebhookRow.user_id, WebhookRow.dataset_id)


def _own(db: Session, user: User, webhook_id: str) -> WebhookRow:
    check_name(webhook_id, kind="webhook id")
    row = db.get(WebhookRow, webhook_id)
    if row is None or row.user_id != user.id:
        raise InvalidInputError(f"{user.name!r} has no webhook {webhook_id!r}: webhooks.list() shows their ids.")
    return row


def _as_due(row: WebhookRow) -> DueWebhook:
    return DueWebhook(
        row.id,
        row.dataset.as_dataset(),
        row.url,
        row.secret,
        frozenset(row.events.split()),
        datetime.fromtimestamp(row.created_at, UTC),
        row.seq,
        row.read_as,
    )


def _as_webhook(row: WebhookRow) -> Webhook:
    return Webhook(
        row.id,
        row.url,
        row.dataset.as_dataset().key,
        tuple(row.events.split()),
        _state(row),
        datetime.fromtimestamp(row.created_at, UTC),
        _moment(row.delivered_at),
        _moment(row.failing_since),
        row.last_error,
    )


def _state(row: WebhookRow) -> State:
    if row.is_gone:
        return "gone"
    if row.failing_since is None:
        return "active"
    return "failing" if time.time() - row.failing_since >= _FAILING_AFTER else "retrying"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
