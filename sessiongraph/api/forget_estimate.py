"""The dry run of `forget`: what would go with the thing, and what stays because something else states it too."""

import asyncio
from dataclasses import dataclass

import numpy as np

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.api.forget import check_target, find_target
from sessiongraph.errors import CachingDisabledError
from sessiongraph.forgetting import Target, passages_of
from sessiongraph.services import Services
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import User

# Statements and names that are given; the counts are of all.
_MOST_SHOWN = 50


@dataclass(frozen=True)
class ForgetEstimate:
    """What `forget` would take out: documents and sessions, passages (turns and chunks), turns of the cache.

    `facts` (subject, relation and object) and `entities` (names) are those that nothing else states: 50 at the most of
    each, `fact_count` and `entity_count` count all.
    """

    documents: int
    passages: int
    cached_turns: int
    fact_count: int
    entity_count: int
    facts: list[str]
    entities: list[str]


async def estimate_forget(
    services: Services,
    dataset: str,
    *,
    session_id: str | None,
    turn_id: str | None,
    document_id: str | None,
    user: User | None,
    by: User | None,
) -> ForgetEstimate:
    """As `SessionGraph.estimate_forget` says."""
    check_target(dataset, session_id, turn_id, document_id, user)
    acting = await acting_user(services, by)
    owner = await acting_user(services, user) if user is not None else acting
    target_dataset = await permitted(services, acting, dataset, "delete")
    sessions_alone = bool(session_id or user)

    def read(connection: StoreConnection) -> tuple[Target, list[tuple[str, str, str | None]], list[str]]:
        target, cached = find_target(connection, owner, session_id, turn_id, document_id, sessions_alone)
        return target, cached, [*target.passage_ids, *passages_of(connection, target.document_ids)]

    target, cached, passages = await asyncio.to_thread(services.store(target_dataset).read, read)
    snapshot = await asyncio.to_thread(services.snapshot, target_dataset)
    facts, entities = await asyncio.to_thread(_only_from, snapshot, passages)
    own = [(session, turn) for user_id, session, turn in cached if user_id == acting.id]
    return ForgetEstimate(
        len(target.document_ids),
        len(set(passages)),
        await asyncio.to_thread(_count_cached, services, acting, own),
        len(facts),
        len(entities),
        facts[:_MOST_SHOWN],
        entities[:_MOST_SHOWN],
    )


def _only_from(snapshot: Snapshot, passage_ids: list[str]) -> tuple[list[str], list[str]]:
    """The facts and the names of entities that have evidence in these passages, and in no other."""
    going = snapshot.passages["id"].isin(set(passage_ids)).to_numpy()
    facts = _all_going(snapshot.claims["fact"].to_numpy(), snapshot.claims["passage"].to_numpy(), going)
    named = _all_going(snapshot.mentions["entity"].to_numpy(), snapshot.mentions["passage"].to_numpy(), going)
    # An entity that a fact speaks of stays with it.
    staying = np.delete(np.arange(len(snapshot.facts)), facts)
    kept = set(snapshot.facts["subject"].to_numpy()[staying]) | set(snapshot.facts["object"].to_numpy()[staying])
    names = snapshot.entities["name"].array
    going_facts = snapshot.facts.iloc[facts]
    ends = zip(going_facts["subject"], going_facts["relation"], going_facts["object"], strict=True)
    return (
        sorted(f"{names[subject]} {relation} {names[object_]}" for subject, relation, object_ in ends),
        sorted(str(names[row]) for row in named if row not in kept),
    )


def _all_going(of: np.ndarray, passages: np.ndarray, going: np.ndarray) -> np.ndarray:
    """The rows in `of` all of whose `passages` go."""
    is_going = going[passages.astype(int)]
    some, staying = np.unique(of[is_going]), np.unique(of[~is_going])
    return np.setdiff1d(some[some >= 0], staying).astype(int)


def _count_cached(services: Services, user: User, cached: list[tuple[str, str | None]]) -> int:
    try:
        cache = services.cache
    except CachingDisabledError:
        return 0
    return sum(turn in (None, it.turn_id) for session, turn in cached for it in cache.get_turns(user.id, session))
