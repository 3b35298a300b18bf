"""Importing cognee's session cache, for whoever moves."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from sessiongraph.api.context import acting_user, check_flag
from sessiongraph.api.session_import import import_target, session_import
from sessiongraph.errors import InvalidInputError
from sessiongraph.importers.cognee import open_cognee_cache, read, users_of
from sessiongraph.importers.import_sessions import ImportReport
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.importers.open_export import in_batches
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, Progress, ProgressCallback, User

_MOST_NAMED = 10


async def import_cognee(
    services: Services,
    source: str,
    *,
    as_users: Mapping[str, str] | None,
    user: User | None,
    dataset: str | None,
    dry_run: bool,
    progress: ProgressCallback | None,
) -> dict[str, ImportReport]:
    """As `Sessions.import_cognee` says."""
    check_flag(dry_run, "dry_run")
    if not isinstance(source, str):
        raise InvalidInputError(f"source is of type {type(source).__name__}: give a Redis URL or a path, as a text.")
    wanted, cache = _as_users(as_users), services.cache
    with closing(await asyncio.to_thread(open_cognee_cache, source)) as theirs:
        notes = ReadingNotes()
        keys = await asyncio.to_thread(theirs.keys, notes)
        owners = await _owners(services, users_of(keys), wanted, user)
        left_out = sum(id_ not in owners for id_, _ in keys)
        notes.leave_out("session(s) of users who were not named", left_out)
        total, done = len(keys) - left_out, 0
        reports: dict[str, ImportReport] = {}
        for owner in dict.fromkeys(owners.values()):
            mine = [key for key in keys if owners.get(key[0]) == owner]
            target = await asyncio.to_thread(import_target, services, owner, dataset, dry_run)
            report = ImportReport("cognee", dry_run, dataset or MAIN_DATASET)
            work = session_import(services, cache, owner, target, dataset, report)
            batches = in_batches(read(theirs, mine, notes))
            while batch := await asyncio.to_thread(next, batches, None):
                await asyncio.to_thread(work.take, batch)
            reports[owner.name] = work.finish(notes, services.settings.session_ttl_seconds)
            done, notes = done + len(mine), ReadingNotes()
            if progress is not None:
                progress(Progress("sessions", done, total, sum(it.unread_count for it in reports.values())))
        return reports


async def _owners(
    services: Services, found: Counter[str], wanted: dict[str, str] | None, user: User | None
) -> dict[str, User]:
    """Who here is which of cognee's users. Raises InvalidInputError where that was not said of several."""
    if wanted is not None:
        if unknown := wanted.keys() - found.keys():
            raise InvalidInputError(f"cognee has no session of {', '.join(sorted(unknown))}. It has {_told(found)}.")
        return {theirs: await asyncio.to_thread(services.access.get_user, ours) for theirs, ours in wanted.items()}
    if len(found) > 1:
        raise InvalidInputError(
            f"cognee has sessions of several users: {_told(found)}. Say who of them is who here, with as_users={{…}} "
            "or --as-user ID=NAME; those who are not named are left out."
        )
    owner = await acting_user(services, user)
    return dict.fromkeys(found, owner)


def _told(found: Counter[str]) -> str:
    named = ", ".join(f"{user} ({count})" for user, count in found.most_common(_MOST_NAMED))
    return (named or "none") + (f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else "")


def _as_users(as_users: Any) -> dict[str, str] | None:
    if as_users is None:
        return None
    if not isinstance(as_users, Mapping) or not all(isinstance(it, str) for pair in as_users.items() for it in pair):
        raise InvalidInputError("as_users says in a dict who is who: cognee's user ids, and the names of users here.")
    return dict(as_users)
