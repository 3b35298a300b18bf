"""Webhooks: who is told, by HTTP, of what was persisted, failed and was forgotten in a dataset."""

import asyncio
import builtins
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sessiongraph.access.webhooks import EVENTS, DueWebhook, Webhook
from sessiongraph.api.context import acting_user, names, permitted
from sessiongraph.delivery.addresses import Allowed, check_url
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, User

if TYPE_CHECKING:
    from sessiongraph.delivery.events import Event
    from sessiongraph.delivery.sending import Attempt


class Webhooks:
    """Webhooks: who is told, by HTTP, of what was persisted, failed and was forgotten in a dataset."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(
        self,
        url: str,
        dataset: str = MAIN_DATASET,
        *,
        events: Sequence[str] | None = None,
        user: User | None = None,
    ) -> tuple[Webhook, str]:
        """A new hook of `user`, and the secret that signs what it is sent, which is not shown again.

        It is told of what is committed to `dataset` from now on: all events, or those named. Deliveries are made by
        `sessiongraph serve`, `sessiongraph mcp` or a Dagster daemon. Raises InvalidInputError for a URL to which
        nothing may be sent, or an event that there is not; DatasetNotFoundError, PermissionDeniedError unless `user`
        may read the dataset.
        """
        services = self._services
        check_url(url, Allowed.of(services.settings.webhook_allowed_hosts))
        chosen = _checked_events(events)
        owner = await acting_user(services, user)
        target = await permitted(services, owner, dataset, "read")
        return await asyncio.to_thread(services.access.webhooks.create, owner, target, url, chosen)

    async def list(self, *, user: User | None = None) -> builtins.list[Webhook]:
        """The user's hooks, the oldest first, with how they fare."""
        services = self._services
        return await asyncio.to_thread(services.access.webhooks.list, await acting_user(services, user))

    async def delete(self, webhook_id: str, *, user: User | None = None) -> None:
        """Delete a hook: it is told nothing more. Raises InvalidInputError where the user has none of that id."""
        services = self._services
        owner = await acting_user(services, user)
        await asyncio.to_thread(services.access.webhooks.delete, owner, webhook_id)

    async def test(self, webhook_id: str, *, user: User | None = None) -> "Attempt":
        """Send the event `webhook.test` now, once. Its `error` says what went wrong, None where it was received.

        Where it was, a hook that failed is tried again at once, and one that was gone is told again. Raises
        InvalidInputError where the user has no hook of that id.
        """
        from sessiongraph.delivery.sending import Sender

        services = self._services
        owner = await acting_user(services, user)
        hook = await asyncio.to_thread(services.access.webhooks.get, owner, webhook_id)
        sender = Sender(services.settings.webhook_allowed_hosts)
        attempt = await sender.send(hook.url, hook.secret, _test_event(hook))
        if attempt.error is None:
            await asyncio.to_thread(services.access.webhooks.received, hook.id)
        return attempt


def _checked_events(events: Sequence[str] | None) -> tuple[str, ...]:
    if events is None:
        return EVENTS
    chosen = names(events, "events")
    if odd := [name for name in chosen if name not in EVENTS]:
        raise InvalidInputError(f"{odd[0]!r:.60} is no event: there are {', '.join(EVENTS)}.")
    if not chosen:
        raise InvalidInputError("events is empty: name at least one, or leave it out to mean all.")
    return tuple(name for name in EVENTS if name in chosen)


def _test_event(hook: DueWebhook) -> "Event":
    from sessiongraph.delivery.events import Event, dataset_told

    return Event("webhook.test", f"evt_{new_id()}", datetime.now(UTC), {"dataset": dataset_told(hook.dataset)})
