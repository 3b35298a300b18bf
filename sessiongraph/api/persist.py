"""`persist_sessions_in_knowledge_graph_pipeline`: what was said in sessions, into a dataset's graph, for good."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal, overload

from sessiongraph.api.context import acting_user, check_flag, permitted, resources
from sessiongraph.dagster.event_reporting import logger, report_materialization
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_session_id, new_id
from sessiongraph.persistence.persist import PersistReport, persist_sessions
from sessiongraph.services import Resources
from sessiongraph.types import MAIN_DATASET, Dataset, User

# An event loop alone does not keep a task that nobody holds.
_under_way: "set[asyncio.Task[PersistReport]]" = set()


class BackgroundPersist:
    """A persist that is under way. `await` it for its report, or for the error it ended with.

    One that is never awaited logs its error when it fails. Should the process end first, nothing is lost: the next
    persist, schedule or sensor takes up what is missing.
    """

    def __init__(self, work: "asyncio.Task[PersistReport]", run_id: str) -> None:
        self.run_id = run_id
        self._work = work
        self._awaited = False
        _under_way.add(work)
        work.add_done_callback(self._ended)

    @property
    def done(self) -> bool:
        return self._work.done()

    def __await__(self) -> Generator[Any, None, PersistReport]:
        self._awaited = True
        return asyncio.shield(self._work).__await__()

    def _ended(self, work: "asyncio.Task[PersistReport]") -> None:
        _under_way.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None and not self._awaited:
            logger.error("Persisting sessions in the background failed (operation %s): %s", self.run_id, error)


@overload
async def persist_sessions_in_knowledge_graph_pipeline(
    user: User | None = None,
    session_ids: Sequence[str] | None = None,
    dataset: str = MAIN_DATASET,
    run_in_background: Literal[False] = False,
    *,
    retry_failed: bool = False,
) -> PersistReport: ...


@overload
async def persist_sessions_in_knowledge_graph_pipeline(
    user: User | None = None,
    session_ids: Sequence[str] | None = None,
    dataset: str = MAIN_DATASET,
    *,
    run_in_background: Literal[True],
    retry_failed: bool = False,
) -> BackgroundPersist: ...


async def persist_sessions_in_knowledge_graph_pipeline(
    user: User | None = None,
    session_ids: Sequence[str] | None = None,
    dataset: str = MAIN_DATASET,
    run_in_background: bool = False,
    *,
    retry_failed: bool = False,
) -> PersistReport | BackgroundPersist:
    """Persist a user's cached sessions into `dataset`, under the node set `user_sessions_from_cache`.

    Only turns that are new, edited or rated otherwise since the last persist are worked on, each exactly once. None or
    no ids persist none. With `run_in_background`, what can be refused is refused now, and a handle is returned at once.
    A turn that failed three times by its own fault (a refusal, an answer that does not validate) is quarantined: it is
    tried again only with `retry_failed`, or when its words, those before it, the prompt or the model change.

    Raises InvalidInputError, CachingDisabledError, DatasetNotFoundError, PermissionDeniedError, SessionsNotFoundError
    (neither cache nor dataset knows one of them), CacheUnavailableError, LLMNotConfiguredError, LLMFailedError.
    """
    ids = checked_session_ids(session_ids)
    check_flag(run_in_background, "run_in_background")
    bundle = resources()
    acting = await acting_user(bundle, user)
    # Opening the cache says whether there is one, before anything else happens.
    await asyncio.to_thread(lambda: bundle.cache)
    target = await permitted(bundle, acting, dataset, "write")
    run_id = new_id()
    work = _persist(bundle, acting, ids, target, run_id, retry_failed)
    if run_in_background:
        return BackgroundPersist(asyncio.create_task(work), run_id)
    return await work


def checked_session_ids(session_ids: Sequence[str] | None) -> list[str]:
    """The distinct ids; none for None. Raises InvalidInputError."""
    if isinstance(session_ids, str | bytes) or not isinstance(session_ids, Sequence | set | frozenset | type(None)):
        raise InvalidInputError('session_ids is a list of session ids, such as ["demo_session"].')
    return list(dict.fromkeys(check_session_id(session_id) for session_id in session_ids or ()))


async def _persist(
    bundle: Resources, user: User, session_ids: list[str], dataset: Dataset, run_id: str, retry_failed: bool
) -> PersistReport:
    report = await persist_sessions(
        bundle.cache,
        bundle.store(dataset),
        bundle.llm,
        bundle.embedder,
        user,
        session_ids,
        run_id=run_id,
        retry_failed=retry_failed,
    )
    if report.staged:
        await report_materialization(bundle, "session_turns", dataset, run_id, lambda: _staging_metadata(report))
    if report.settled:
        await report_materialization(bundle, "session_knowledge", dataset, run_id, lambda: _persist_metadata(report))
    if report.failure is not None:
        raise report.failure
    return report


def _staging_metadata(report: PersistReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import staging_metadata

    return staging_metadata(report)


def _persist_metadata(report: PersistReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import persist_metadata

    return persist_metadata(report)
