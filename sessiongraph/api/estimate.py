"""`estimate_persist` and `estimate_cognify`: what a call would do, and what it would cost, with nothing done."""

import asyncio
from collections.abc import Sequence

from sessiongraph.api.context import acting_user, all_permitted, permitted
from sessiongraph.api.persist import checked_session_ids
from sessiongraph.extraction.estimate import CognifyEstimate, dry_run_cognify
from sessiongraph.persistence.estimate import PersistEstimate, dry_run
from sessiongraph.persistence.session_routing import belongs_to
from sessiongraph.persistence.session_staging import sessions_not_found
from sessiongraph.services import Services
from sessiongraph.types import User


async def estimate_persist(
    services: Services,
    session_ids: Sequence[str] | None,
    dataset: str,
    *,
    user: User | None,
    retry_failed: bool,
    reextract: bool,
    whole: bool = True,
) -> PersistEstimate:
    """As `SessionGraph.estimate_persist` says."""
    ids = checked_session_ids(session_ids)
    acting = await acting_user(services, user)
    cache = await asyncio.to_thread(lambda: services.cache)
    target = await permitted(services, acting, dataset, "write")
    found = await dry_run(
        cache,
        services.store(target),
        services.llm,
        {acting: ids},
        belongs=(lambda turn: True) if whole else belongs_to(target),
        retry_failed=retry_failed,
        reextract=reextract,
        allow_secrets=target.allow_secrets,
    )
    if ids and len(found.missing) == len(ids):
        raise sessions_not_found(found.missing, [acting])
    return found


async def estimate_cognify(
    services: Services,
    datasets: Sequence[str] | str | None,
    *,
    user: User | None,
    retry_failed: bool,
    reextract: bool,
) -> dict[str, CognifyEstimate]:
    """As `SessionGraph.estimate_cognify` says."""
    acting = await acting_user(services, user)
    return {
        dataset.name if dataset.owner_id == acting.id else dataset.key: await dry_run_cognify(
            services.store(dataset), services.llm, retry_failed=retry_failed, reextract=reextract
        )
        for dataset in await all_permitted(services, acting, datasets, "write")
    }
