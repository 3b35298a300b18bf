"""`estimate_persist`: what persisting sessions would do, and what it would cost, with nothing done."""

import asyncio
from collections.abc import Sequence

from sessiongraph.api.context import acting_user, permitted, resources
from sessiongraph.api.persist import checked_session_ids
from sessiongraph.persistence.estimate import PersistEstimate
from sessiongraph.persistence.estimate import estimate_persist as estimate
from sessiongraph.persistence.session_staging import sessions_not_found
from sessiongraph.types import MAIN_DATASET, User


async def estimate_persist(
    user: User | None = None,
    session_ids: Sequence[str] | None = None,
    dataset: str = MAIN_DATASET,
    *,
    retry_failed: bool = False,
) -> PersistEstimate:
    """The dry run of `persist_sessions_in_knowledge_graph_pipeline` with the same arguments.

    Turn by turn it says what would be staged, extracted, reused or skipped and why, and how many calls, tokens (the
    answers' by what the dataset's came to so far) and US dollars that is. Writes nothing and calls no model.

    Raises InvalidInputError, CachingDisabledError, DatasetNotFoundError, PermissionDeniedError, SessionsNotFoundError
    (neither cache nor dataset knows one of them).
    """
    ids = checked_session_ids(session_ids)
    bundle = resources()
    acting = await acting_user(bundle, user)
    cache = await asyncio.to_thread(lambda: bundle.cache)
    target = await permitted(bundle, acting, dataset, "write")
    found = await estimate(cache, bundle.store(target), bundle.llm, {acting: ids}, retry_failed=retry_failed)
    if ids and len(found.missing) == len(ids):
        raise sessions_not_found(found.missing, [acting])
    return found
