"""Webhooks are delivered by every process that serves a home: whichever of them, or of Dagster's, comes first."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sessiongraph.client import SessionGraph
from sessiongraph.delivery.deliver import deliver_due
from sessiongraph.errors import SessionGraphError
from sessiongraph.services import Services

logger = logging.getLogger("sessiongraph")

INTERVAL_SECONDS = 5.0
_LAST_SECONDS = 5.0


@asynccontextmanager
async def delivering(client: SessionGraph) -> AsyncIterator[None]:
    """What is due is delivered meanwhile and, within _LAST_SECONDS, at the end. What is under way then is sent again by
    whoever delivers next."""
    work = asyncio.create_task(_keep_delivering(client.services))
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await _deliver(client.services)


async def _keep_delivering(services: Services) -> None:
    while True:
        await _deliver(services)
        await asyncio.sleep(INTERVAL_SECONDS)


async def _deliver(services: Services) -> None:
    try:
        await deliver_due(services)
    except SessionGraphError as error:
        logger.warning("Webhooks could not be delivered now: %s", error)
    except Exception:
        logger.exception("Webhooks could not be delivered now")
