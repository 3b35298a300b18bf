"""The Redis of LangChain's that the settings name, as a source of the dataset that they name: the owner's sessions."""

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

from sessiongraph.errors import SessionGraphError
from sessiongraph.importers.taken_in import Stage, TakenIn
from sessiongraph.services import Services
from sessiongraph.settings import Settings
from sessiongraph.types import MAIN_DATASET, Dataset, User

if TYPE_CHECKING:
    from sessiongraph.importers.langchain_redis import LangChainRedis


def langchain_redis(settings: Settings) -> "LangChainRedis | None":
    """The Redis that the settings name, to be closed; None where they name none."""
    if settings.langchain_redis_url is None:
        return None
    from sessiongraph.importers.langchain_redis import PREFIXES, LangChainRedis  # which loads redis

    prefix = settings.langchain_redis_key_prefix
    return LangChainRedis(settings.langchain_redis_url.get_secret_value(), (prefix,) if prefix else PREFIXES)


async def take_langchain(services: Services, dataset: Dataset, stage: Stage, taken: TakenIn) -> None:
    """Take what is new there, where it belongs to `dataset`. A Redis that cannot be read stops nothing else.

    Raises CacheUnavailableError, StoreBusyError.
    """
    source = langchain_redis(services.settings)
    if source is None or dataset.key != services.settings.langchain_redis_dataset:
        return
    from sessiongraph.importers.import_sessions import ImportReport, SessionImport
    from sessiongraph.importers.langchain_redis import FORMAT
    from sessiongraph.importers.notes import ReadingNotes
    from sessiongraph.importers.open_export import in_batches

    with closing(source):
        owner, notes = User(dataset.owner_id, dataset.owner_name), ReadingNotes()
        report = ImportReport(FORMAT, dry_run=False, dataset=dataset.key)
        # As without --dataset: what belongs to the main dataset may say so, or nothing.
        target = None if dataset.name == MAIN_DATASET else dataset.id
        work = SessionImport(report, services.cache, services.access, owner, target, services.store(dataset).read)
        batches = in_batches(source.conversations(notes))
        while True:
            try:
                batch = await asyncio.to_thread(next, batches, None)
            except SessionGraphError as error:
                taken.failed[source.where] = str(error)
                break
            if batch is None:
                break
            await stage(owner, await asyncio.to_thread(work.take, batch))
    work.finish(notes, services.settings.session_ttl_seconds)
    if report.turns or report.withdrawn:
        taken.add(report)
    if report.unread_count:
        taken.failed[source.where] = f"{report.unread_count} place(s) could not be read: {report.unread[0]}"
