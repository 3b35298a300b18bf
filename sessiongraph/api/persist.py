"""Persisting: what was said in sessions, into a dataset's graph, for good."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from sessiongraph import telemetry
from sessiongraph.api.context import acting_user, check_flag, permitted
from sessiongraph.dagster.event_reporting import logger, report_failures, report_materialization
from sessiongraph.errors import InvalidInputError, NoGraphDataError
from sessiongraph.ids import check_session_id, new_id
from sessiongraph.persistence.persist import PersistReport
from sessiongraph.persistence.persist import persist_sessions as persist
from sessiongraph.persistence.session_routing import belongs_to, homes_of_sessions
from sessiongraph.services import Services
from sessiongraph.types import Dataset, ProgressCallback, Turn, User


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
    create: bool,
    whole: bool = True,
    progress: ProgressCallback | None = None,
) -> PersistReport | BackgroundPersist:
    """As `SessionGraph.persist_sessions` says."""
    ids = checked_session_ids(session_ids)
    check_flag(run_in_background, "run_in_background")
    check_flag(reextract, "reextract")
    check_flag(create, "create")
    acting = await acting_user(services, user)
    # Opening the cache says whether there is one, before anything else happens.
    await asyncio.to_thread(lambda: services.cache)
    target = await permitted(services, acting, dataset, "write")
    if not create:
        await asyncio.to_thread(_check_graph, services, acting, ids, target)
    run_id = new_id()
    work = _persist(services, acting, ids, target, run_id, retry_failed, reextract, whole, progress)
    if run_in_background:
        return BackgroundPersist(asyncio.create_task(work), run_id, services.background)
    return await work


def checked_session_ids(session_ids: Sequence[str] | None) -> list[str]:
    """The distinct ids; none for None. Raises InvalidInputError."""
    if isinstance(session_ids, str | bytes) or not isinstance(session_ids, Sequence | set | frozenset | type(None)):
        raise InvalidInputError('session_ids is a list of session ids, such as ["demo_session"].')
    return list(dict.fromkeys(check_session_id(session_id) for session_id in session_ids or ()))


def _counts(report: PersistReport) -> dict[str, int]:
    return {
        "sessiongraph.sessions": len(report.sessions),
        "sessiongraph.turns.staged": report.staged,
        "sessiongraph.turns.extracted": report.extracted,
        "sessiongraph.turns.failed": report.failed,
    }


# The work itself: what runs in the background has a span that lasts as long.
@telemetry.traced("persist_sessions", _counts)
async def _persist(
    services: Services,
    user: User,
    session_ids: list[str],
    dataset: Dataset,
    run_id: str,
    retry_failed: bool,
    reextract: bool,
    whole: bool,
    progress: ProgressCallback | None,
) -> PersistReport:
    telemetry.annotate({"sessiongraph.dataset.id": dataset.id})
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
        belongs=belongs_to(dataset),
        whole=whole,
        progress=progress,
        allow_secrets=dataset.allow_secrets,
    )
    report.warnings = await asyncio.to_thread(_privacy_warnings, services, user, report.copies, dataset)
    for warning in report.warnings:
        logger.warning(warning)
    if report.staged:
        await report_materialization(services, "session_turns", dataset, run_id, lambda: _staging_metadata(report))
    if report.settled:
        await asyncio.to_thread(services.keep_checkpoint, dataset)
        await report_materialization(services, "session_knowledge", dataset, run_id, lambda: _persist_metadata(report))
    await report_failures(services, "session_knowledge", dataset, report)
    if report.failure is not None:
        raise report.failure
    return report


async def homes(services: Services, session_ids: Sequence[str], user: User | None) -> dict[str, dict[str, int]]:
    """How many turns of each of the user's cached sessions belong to which dataset, as `homes_of_sessions` says."""
    acting = await acting_user(services, user)
    ids = checked_session_ids(session_ids)
    return await asyncio.to_thread(lambda: homes_of_sessions(services.cache, services.access, acting, ids))


def _check_graph(services: Services, user: User, session_ids: list[str], dataset: Dataset) -> None:
    """Raise NoGraphDataError where the sessions' turns would be all that there is in the graph of `dataset`."""
    query = "SELECT 1 FROM ledger WHERE disposition = 'persisted' LIMIT 1"
    if services.store(dataset).read(lambda con: con.execute(query).fetchall()):
        return
    homes = homes_of_sessions(services.cache, services.access, user, session_ids)
    if not homes:
        return  # what is in no cache is not found, which is told next
    places = ", ".join(sorted({key or "a dataset that is gone" for counts in homes.values() for key in counts}))
    raise NoGraphDataError(
        f"There is no graph in {dataset.key} yet: run add() and cognify() first, or give create=True to begin it with "
        f"these sessions. Nothing was staged. Where their turns belong: {places}."
    )


def _privacy_warnings(services: Services, user: User, copies: Sequence[Turn], dataset: Dataset) -> list[str]:
    """What to warn of where `copies` were made in `dataset`: that its readers may not read what they quote."""
    quoting_turns = [turn for turn in copies if turn.elements]
    if not quoting_turns:
        return []
    readers = {reader.id: reader.name for reader in services.access.holders(dataset, "read")}
    warnings = []
    for source in services.access.list_datasets(user):
        shut_out = readers.keys() - {reader.id for reader in services.access.holders(source, "read")}
        quoting = _count_quoting(services, source, quoting_turns) if shut_out and source != dataset else 0
        if quoting:
            names = ", ".join(sorted(readers[id_] for id_ in shut_out))
            warnings.append(
                f"{quoting} turn(s) that go into {dataset.key} quote {source.key}, which {names} may not read: they "
                f"can read those answers now. forget({dataset.name!r}, session_id=…, turn_id=…) takes one out again."
            )
    return warnings


def _count_quoting(services: Services, source: Dataset, turns: Sequence[Turn]) -> int:
    """How many of `turns` cite a passage of `source`, or were asked there."""
    cited = list({element for turn in turns for element in turn.elements})
    query = "SELECT DISTINCT passage_id FROM ledger WHERE passage_id IN (SELECT unnest(?))"
    there = {id_ for (id_,) in services.store(source).read(lambda con: con.execute(query, [cited]).fetchall())}
    return sum(turn.dataset_id == source.id or not there.isdisjoint(turn.elements) for turn in turns)


def _staging_metadata(report: PersistReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import staging_metadata

    return staging_metadata(report)


def _persist_metadata(report: PersistReport) -> Mapping[str, Any]:
    from sessiongraph.dagster.metadata import persist_metadata

    return persist_metadata(report)
