"""Importing what LangChain keeps in Redis."""

import asyncio
from contextlib import closing

from sessiongraph.api.context import acting_user, check_flag
from sessiongraph.api.session_import import import_target, session_import
from sessiongraph.errors import InvalidInputError
from sessiongraph.importers.import_sessions import ImportReport
from sessiongraph.importers.langchain_redis import FORMAT, PREFIXES, LangChainRedis
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.importers.open_export import in_batches
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, User


async def import_langchain(
    services: Services,
    url: str,
    *,
    user: User | None,
    dataset: str | None,
    key_prefix: str | None,
    dry_run: bool,
) -> ImportReport:
    """As `Sessions.import_langchain` says."""
    check_flag(dry_run, "dry_run")
    if not isinstance(url, str) or not isinstance(key_prefix, str | None):
        raise InvalidInputError("url and key_prefix are texts.")
    cache = services.cache
    owner = await acting_user(services, user)
    with closing(LangChainRedis(url, PREFIXES if key_prefix is None else (key_prefix,))) as source:
        notes = ReadingNotes()
        batches = in_batches(source.conversations(notes))
        # Before a dataset is made: the Redis may not be there.
        batch = await asyncio.to_thread(next, batches, None)
        target = await asyncio.to_thread(import_target, services, owner, dataset, dry_run)
        report = ImportReport(FORMAT, dry_run, dataset or MAIN_DATASET)
        work = session_import(services, cache, owner, target, dataset, report)
        while batch:
            await asyncio.to_thread(work.take, batch)
            batch = await asyncio.to_thread(next, batches, None)
    return work.finish(notes, services.settings.session_ttl_seconds)
