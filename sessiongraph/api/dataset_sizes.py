"""How much there is in each dataset that a user may read."""

import asyncio
from dataclasses import dataclass

from sessiongraph.api.context import acting_user
from sessiongraph.errors import StoreBusyError
from sessiongraph.services import Services
from sessiongraph.types import Dataset, User

_COUNTS = """
SELECT (SELECT count(*) FROM documents WHERE kind <> 'session'),
    (SELECT count(*) FROM documents WHERE kind = 'session'),
    (SELECT count(*) FROM live_windows),
    (SELECT count(*) FROM current_ledger WHERE disposition = 'failed')
"""
# How long a dataset that is being written is waited for.
_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class DatasetSize:
    """Documents, sessions, passages of both that are in the graph, and failed ones; None while another process writes.

    `dataset` is its key.
    """

    dataset: str
    documents: int | None = None
    sessions: int | None = None
    passages: int | None = None
    failed: int | None = None


async def dataset_sizes(services: Services, user: User | None) -> list[DatasetSize]:
    """Of all datasets that the user may read, their own first."""
    acting = await acting_user(services, user)
    found = await asyncio.to_thread(services.access.list_datasets, acting)
    ordered = sorted(found, key=lambda it: (it.owner_id != acting.id, it.key))
    return await asyncio.to_thread(lambda: [_size(services, it) for it in ordered])


def _size(services: Services, dataset: Dataset) -> DatasetSize:
    try:
        [row] = services.store(dataset).read(lambda con: con.execute(_COUNTS).fetchall(), _PATIENCE_SECONDS)
    except StoreBusyError:
        return DatasetSize(dataset.key)
    return DatasetSize(dataset.key, *row)
