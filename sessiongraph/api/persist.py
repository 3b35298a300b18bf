"""Persisting: what was said in sessions, into a dataset's graph, for good."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from sessiongraph.api.context import acting_user, check_flag, permitted
from sessiongraph.dagster.event_reporting import logger, report_materialization
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_session_id, new_id
from sessiongraph.persistence.persist import PersistReport
from sessiongraph.persistence.persist import persist_sessions as persist
from sessiongraph.services import Services
from sessiongraph.types import Dataset, User


class BackgroundPersist:
    """A persist that is under way. `await` it for its report, or for the error it ended with.

    One that is never awaited logs its error when it fails. Should the process end first, nothing is lost: the next
    persist, schedule or sensor takes up what is missing.
    """

    def __init__(self, work: "asyncio.Task[PersistReport]", run_id: str, kept: "set[asyncio.Task[Any]]") -> None:
        self.run_id = run_id
        self._work = work
        self._awaited = False
        # An event loop alone does not keep a task that nobody holds.
        self._kept = kept
        kept.add(work)
        work.add_done_callback(self._ended)

    @property
    def done(self) -> bool:
        return self._work.done()

    def __await__(self) -> Generator[Any, None, PersistReport]:
        self._awaited = True
        return asyncio.shield(self._work).__await__()

    def _ended(self, work: "asyncio.Task[PersistReport]") -> None:
        self._kept.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None and not self._awaited:
            logger.error("Persisting sessions in the background failed (operation %s): %s", self.run_id, error)


async def persist_sessions(
    services: Services,
    session_ids: Sequence[str] | None,
    dataset: str,
    *,
    user: User | None,
    run_in_background: bool,
    retry_failed: bool,
    reextract: bool,
) -> PersistReport | BackgroundPersist:
    """As `SessionGraph.persist_sessions` says."""
    ids = checked_session_ids(session_ids)
    check_flag(run_in_background, "run_in_background")
    check_flag(reextract, "reextract")
    acting = await acting_user(services, user)
    # Opening the cache says whether there is one, before anything else happens.
    await asyncio.to_thread(lambda: services.cache)
    target = await permitted(services, acting, dataset, "write")
    run_id = new_id()
    work = _persist(services, acting, ids, target, run_id, retry_failed, reextract)
    if run_in_background:
        return BackgroundPersist(asyncio.create_task(work), run_id, services.background)
    return await work


def checked_session_ids(session_ids: Sequence[str] | None) -> list[str]:
    """The distinct ids; none for None. Raises InvalidInputError."""
    if isinstance(session_ids, str | bytes) or not isinstance(session_ids, Sequence | set | frozenset | type(None)):
        raise InvalidInputError('session_ids is a list of session ids, such as ["demo_session"].')
    return list(dict.fromkeys(check_session_id(session_id) for session_id in session_ids or ()))


async def _persist(
    services: Services,
    user: User,
    session_ids: list[str],
    dataset: Dataset,
    run_id: str,
    retry_failed: bool,
    reextract: bool,
) -> PersistReport:
    report = await persist(
        services.cache,
        services.store(dataset),
        services.llm,
        services.embedder,
        user,
        session_ids,
        run_id=run_id,
        retry_failed=retry_failed,
        reextract=reextract,
    )
    if report.staged:
        await report_materialization(services, "session_turns", dataset, run_id, lambda: _staging_metadata(report))
    if report.settled:
        await report_materialization(services, "session_knowledge", dataset, run_id, lambda: _persist_metadata(report))
    if report.failure is not None:
        raise report.failure
    return report


def _staging_metadata(report: PersistReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import staging_metadata

    return staging_metadata(report)


def _persist_metadata(report: PersistReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import persist_metadata

    return persist_metadata(report)
