"""`forget`: a turn, a session, a document, a user's sessions or all of a dataset, out of the graph for good."""

import asyncio
from dataclasses import dataclass
from functools import partial

from sessiongraph import telemetry
from sessiongraph.api.context import acting_user, check_flag, permitted
from sessiongraph.changes.page_store import list_pages, page_renderer, rewrite_pages
from sessiongraph.dagster.event_reporting import report_build, report_materialization
from sessiongraph.errors import CachingDisabledError, InvalidInputError, SessionsNotFoundError
from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.forgetting import Forgotten, Target
from sessiongraph.forgetting import forget as forget_in_store
from sessiongraph.ids import (
    check_name,
    check_session_id,
    check_turn_id,
    dataset_parts,
    new_id,
    session_document_id,
    turn_passage_id,
)
from sessiongraph.ingestion.inbox import drop_originals
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.services import Services
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset, User


@dataclass(frozen=True)
class ForgetReport:
    """What was taken out of the dataset and of the cache, and how many turns were extracted anew without it."""

    run_id: str
    documents: int
    turns: int
    cached_turns: int
    extracted: int


def _counts(report: ForgetReport) -> dict[str, int]:
    return {
        "sessiongraph.documents.forgotten": report.documents,
        "sessiongraph.turns.forgotten": report.turns,
        "sessiongraph.turns.extracted": report.extracted,
    }


@telemetry.traced("forget", _counts)
async def forget(
    services: Services,
    dataset: str,
    *,
    session_id: str | None,
    turn_id: str | None,
    document_id: str | None,
    user: User | None,
    by: User | None,
    from_cache: bool,
) -> ForgetReport:
    """As `SessionGraph.forget` says."""
    check_target(dataset, session_id, turn_id, document_id, user)
    check_flag(from_cache, "from_cache")
    acting = await acting_user(services, by)
    owner = await acting_user(services, user) if user is not None else acting
    target_dataset = await permitted(services, acting, dataset, "delete")
    store, run_id = services.store(target_dataset), new_id()
    sessions_alone = bool(session_id or user)
    target, cached = await asyncio.to_thread(
        store.read, lambda con: find_target(con, owner, session_id, turn_id, document_id, sessions_alone)
    )
    dropped = await asyncio.to_thread(_drop_cached, services, acting, cached) if from_cache else 0
    asset = "documents" if document_id and not cached else "session_turns"
    # The store last: as long as it knows the target, a `forget` that was cut short can be made again.
    await asyncio.to_thread(drop_originals, store, set(target.document_ids))
    if store.exists:
        pages = await asyncio.to_thread(list_pages, store)
        try:
            done = await asyncio.to_thread(forget_in_store, store, target, run_id, asset)
        finally:
            # With those that were made while nobody was kept out.
            pages |= await asyncio.to_thread(list_pages, store)
            renderer = partial(services.shared.made, page_renderer)
            await asyncio.to_thread(rewrite_pages, store, services.snapshots, renderer, target_dataset.key, list(pages))
        # Of a file that was being taken meanwhile, too.
        await asyncio.to_thread(drop_originals, store, set(target.document_ids))
    else:
        done = Forgotten()
    # What models answered in this process may quote what is forgotten.
    services.forget_answers()
    metadata = {"documents_forgotten": done.documents, "turns_forgotten": done.turns}
    await report_materialization(services, asset, target_dataset, run_id, lambda: metadata)
    extracted = await _extract_anew(services, target_dataset, done, run_id)
    return ForgetReport(run_id, done.documents, done.turns, dropped, extracted)


def check_target(
    dataset: str, session_id: str | None, turn_id: str | None, document_id: str | None, user: User | None
) -> None:
    """Raises InvalidInputError for what names nothing that could be forgotten."""
    dataset_parts(dataset)
    if session_id is not None:
        check_session_id(session_id)
    if turn_id is not None:
        check_turn_id(turn_id)
    if document_id is not None:
        check_name(document_id, "document id")
    if document_id is not None and (session_id or turn_id or user):
        raise InvalidInputError("Give document_id alone: a document is no user's session.")
    if turn_id is not None and session_id is None:
        raise InvalidInputError("Give the session_id that the turn is in, too.")


CachedTurns = list[tuple[str, str, str | None]]


def find_target(
    connection: StoreConnection,
    owner: User,
    session_id: str | None,
    turn_id: str | None,
    document_id: str | None,
    sessions_alone: bool,
) -> tuple[Target, CachedTurns]:
    """What to forget in the store, and (user, session, turn or all) of what to drop from the cache."""
    if document_id is not None:
        query = "SELECT user_id, session_id FROM documents WHERE id = ?"
        found = connection.execute(query, [document_id]).fetchall()
        if not found:
            raise InvalidInputError(
                f"The dataset has no document {document_id!r}. A search's citations name their ids."
            )
        # A citation names a session as the document that its turns are of.
        return Target([document_id]), [(user, session, None) for user, session in found if session is not None]
    if session_id is not None:
        session = session_document_id(owner.id, session_id)
        if not connection.execute("SELECT 1 FROM documents WHERE id = ?", [session]).fetchall():
            raise SessionsNotFoundError(
                f"The dataset knows no session {session_id!r} of user {owner.name!r}. "
                "sessions.delete_session removes one that is only in the cache.",
                (session_id,),
            )
        if turn_id is None:
            return Target([session]), [(owner.id, session_id, None)]
        passage = turn_passage_id(session, turn_id)
        if not connection.execute("SELECT 1 FROM turns WHERE passage_id = ?", [passage]).fetchall():
            raise InvalidInputError(f"The dataset has no turn {turn_id!r} of session {session_id!r}.")
        return Target(passage_ids=[passage]), [(owner.id, session_id, turn_id)]
    condition, values = ("WHERE kind = 'session' AND user_id = ?", [owner.id]) if sessions_alone else ("", [])
    rows = connection.execute(f"SELECT id, user_id, session_id FROM documents {condition}", values).fetchall()
    cached: CachedTurns = [(user, session, None) for _, user, session in rows if session is not None]
    return Target([id_ for id_, _, _ in rows], user_ids=[owner.id] if sessions_alone else []), cached


def _drop_cached(services: Services, acting: User, cached: CachedTurns) -> int:
    """Delete from the cache what the acting user owns; another's sessions are theirs to delete."""
    try:
        cache = services.cache
    except CachingDisabledError:
        return 0
    dropped = 0
    for user_id, session_id, turn_id in cached:
        if user_id != acting.id:
            continue
        if turn_id is not None:
            dropped += cache.delete_turn(user_id, session_id, turn_id)
        else:
            dropped += len(cache.get_turns(user_id, session_id))
            cache.delete_session(user_id, session_id)
    return dropped


async def _extract_anew(services: Services, dataset: Dataset, done: Forgotten, run_id: str) -> int:
    if not done.affected:
        return 0
    report = await build_knowledge(
        services.store(dataset),
        services.llm,
        services.embedder,
        read_turn_passages,
        run_id=run_id,
        asset="session_knowledge",
        document_ids=done.affected,
    )
    await report_build(services, "session_knowledge", dataset, report)
    return report.extracted
