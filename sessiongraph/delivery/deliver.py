"""Delivering what is due to the hooks of a home; who calls this, and how often, does not matter to what arrives.

Invariants: the commit log is the outbox, and a hook's place in it moves only after its event was received, so that a
process killed anywhere costs a second delivery, never one. One process of a home delivers at a time, told by a lock; a
hook gets its events in the order of commits, and one that fails holds up nobody but itself.
"""

import asyncio
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.access.webhooks import DueWebhook
from sessiongraph.delivery.events import Commit, last_commit, last_commit_before, read_commits
from sessiongraph.delivery.sending import Sender
from sessiongraph.errors import SessionGraphError, StoreBusyError
from sessiongraph.services import Services
from sessiongraph.store.file_lock import take_lock

if TYPE_CHECKING:
    from sessiongraph.store.connection import StoreConnection

logger = logging.getLogger("sessiongraph")

# No delivery is begun later than this after the beginning; those under way come to their end.
ROUND_SECONDS = 20.0
_AT_ONCE = 8
# A store that is being written is read the next time.
_PATIENCE_SECONDS = 2.0
_UNREADABLE = "its dataset could not be read: the log of the service, or of the daemon, says why"


def lock_file(home: Path) -> Path:
    """Held by the one process of a home that delivers; the system lets go of it when that dies."""
    return home / "delivering.lock"


async def deliver_due(services: Services) -> int:
    """Deliver what is due, for ROUND_SECONDS or a little more; how many events were received.

    Does nothing where another process delivers just now.
    """
    if not await asyncio.to_thread(services.access.webhooks.due):
        return 0
    lock = await asyncio.to_thread(take_lock, lock_file(services.settings.home))
    if lock is None:
        return 0
    try:
        # What the process before has delivered meanwhile is due no more.
        due = await asyncio.to_thread(services.access.webhooks.due)
        return await _Round(services).deliver(due)
    finally:
        lock.release()


class _Round:
    """One look at all hooks that are due."""

    def __init__(self, services: Services) -> None:
        self._services, self._hooks = services, services.access.webhooks
        self._sender = Sender(services.settings.webhook_allowed_hosts)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._until = time.monotonic() + ROUND_SECONDS
        self._received = 0

    async def deliver(self, due: list[DueWebhook]) -> int:
        # All of them to their end: the lock is let go of afterwards.
        ended = await asyncio.gather(*map(self._deliver_to, due), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        return self._received

    async def _deliver_to(self, hook: DueWebhook) -> None:
        async with self._places:
            try:
                while not self._is_over() and (commits := await asyncio.to_thread(self._read, hook)):
                    for commit in commits:
                        if not await self._tell(hook, commit):
                            return
                    hook = replace(hook, seq=commits[-1].seq)
            except StoreBusyError:
                return
            except Exception as error:
                # One that cannot be served holds up no other; why is the operator's to know.
                logger.warning("Webhook %s could not be served: %s", hook.id, error, exc_info=not _is_ours(error))
                await asyncio.to_thread(self._hooks.failed, hook.id, _UNREADABLE, is_gone=False)

    def _is_over(self) -> bool:
        return time.monotonic() > self._until

    def _read(self, hook: DueWebhook) -> list[Commit]:
        """The commits that the hook was not told of. Where there is none, that is written down, so that the store is
        not opened again until it has changed."""
        store = self._services.store(hook.dataset)
        read_as = repr(store.signature())
        if not store.exists or read_as == hook.read_as:
            return []
        place, commits = store.read(lambda connection: _commits_for(connection, hook), _PATIENCE_SECONDS)
        if not commits:
            self._hooks.advance(hook.id, place, read_as)
        return commits

    async def _tell(self, hook: DueWebhook, commit: Commit) -> bool:
        """Whether the hook was told of `commit` whole."""
        for event in commit.events:
            if event.type not in hook.events:
                continue
            if self._is_over() or not await asyncio.to_thread(self._hooks.may_tell, hook.id):
                return False
            attempt = await self._sender.send(hook.url, hook.secret, event)
            if attempt.error is not None:
                await asyncio.to_thread(self._hooks.failed, hook.id, attempt.error, attempt.is_gone)
                return False
            self._received += 1
            await asyncio.to_thread(self._hooks.received, hook.id)
        if commit.events:
            await asyncio.to_thread(self._hooks.advance, hook.id, commit.seq)
        return True


def _commits_for(connection: "StoreConnection", hook: DueWebhook) -> tuple[int, list[Commit]]:
    """Up to which commit the hook was told, and the next ones."""
    place = last_commit_before(connection, hook.created_at) if hook.seq is None else hook.seq
    # A backup that was restored may end before that.
    place = min(place, last_commit(connection))
    return place, read_commits(connection, hook.dataset, place)


def _is_ours(error: Exception) -> bool:
    return isinstance(error, SessionGraphError | OSError)
