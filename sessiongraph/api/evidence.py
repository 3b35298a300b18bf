"""Where something stands: a passage, or those that state a fact, among their neighbours."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name
from sessiongraph.services import Services
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import User

_NEIGHBOURS = 2


@dataclass(frozen=True)
class Evidence:
    """A passage of a document, or a turn of a session, and the texts of up to two passages `before` and `after` it.

    `statement` is what it states, in its own wording, where a fact was asked for; `stated_by` whose words these are:
    "user", "assistant", "document"; `replaced`, whether a person says that it is wrong.
    """

    id: str
    dataset: str
    document_id: str
    name: str
    session_id: str | None
    turn_id: str | None
    text: str
    said_at: datetime
    stated_by: str
    statement: str | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    replaced: bool = False


async def evidence(services: Services, dataset: str, id_: str, user: User | None) -> list[Evidence]:
    """As `SessionGraph.evidence` says."""
    check_name(id_, "id of a passage or a fact")
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    snapshot = await asyncio.to_thread(services.snapshot, target)
    found = await asyncio.to_thread(_found, snapshot, target.key, id_)
    if not found:
        raise InvalidInputError(
            f"Dataset {dataset!r} has no passage and no fact {id_!r} in its graph: it was edited, forgotten, or is not "
            "in the graph yet."
        )
    return found


async def evidence_of(
    services: Services, dataset: str, ids: tuple[str, ...], user: User | None
) -> list[tuple[Evidence, str]]:
    """A passage for each of `ids`, of passages and facts, with that id; what the graph does not have is left out."""
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    snapshot = await asyncio.to_thread(services.snapshot, target)
    return await asyncio.to_thread(lambda: [(it, id_) for id_ in ids for it in _found(snapshot, target.key, id_)[:1]])


def _found(snapshot: Snapshot, dataset: str, id_: str) -> list[Evidence]:
    rows = np.flatnonzero(snapshot.passages["id"].array == id_)
    if len(rows):
        row = int(rows[0])
        return [_evidence(snapshot, dataset, row, "user" if snapshot.is_turn[row] else "document", None)]
    facts = np.flatnonzero(snapshot.facts["id"].array == id_)
    claims = snapshot.claims.iloc[snapshot.claims_of(int(facts[0]))] if len(facts) else snapshot.claims.iloc[:0]
    columns = (claims[name] for name in ("passage", "stated_by", "statement", "replaced"))
    return [
        replace(_evidence(snapshot, dataset, int(row), by, statement), replaced=bool(replaced))
        for row, by, statement, replaced in zip(*columns, strict=True)
    ]


def _evidence(snapshot: Snapshot, dataset: str, row: int, stated_by: str, statement: str | None) -> Evidence:
    it, texts = snapshot.passages.iloc[row], snapshot.passages["text"]
    is_turn = it["turn_id"] is not None
    return Evidence(
        it["id"],
        dataset,
        it["document_id"],
        it["name"],
        it["session_id"] if is_turn else None,
        it["turn_id"],
        it["text"],
        it["said_at"].to_pydatetime().replace(tzinfo=UTC),
        stated_by,
        statement,
        tuple(texts.iloc[at] for at in reversed(_walk(snapshot.previous, row))),
        tuple(texts.iloc[at] for at in _walk(snapshot.next, row)),
    )


def _walk(neighbours: np.ndarray, row: int) -> list[int]:
    """The next rows from `row` on, the nearest first."""
    found: list[int] = []
    while len(found) < _NEIGHBOURS and (row := int(neighbours[row])) >= 0:
        found.append(row)
    return found
