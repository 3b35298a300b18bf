"""A dataset at a glance: how much is in it, how that grew, and how much of the disk it takes."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.services import Services
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset, User

_COUNTS = """
WITH passages AS (SELECT DISTINCT passage_id FROM chunks UNION SELECT DISTINCT passage_id FROM turns)
SELECT (SELECT count(*) FROM documents WHERE kind <> 'session') AS documents,
    (SELECT count(*) FROM documents WHERE kind = 'session') AS sessions,
    (SELECT coalesce(sum(length(text)), 0)::BIGINT FROM documents) AS characters,
    count(*) AS passages, count(*) FILTER (WHERE disposition = 'persisted') AS persisted,
    count(*) FILTER (WHERE disposition = 'skipped') AS skipped,
    count(*) FILTER (WHERE disposition = 'failed') AS failed, count(*) FILTER (WHERE disposition IS NULL) AS waiting
FROM passages LEFT JOIN current_ledger USING (passage_id)
"""
# Of what is there now, the day on which each came: what was forgotten is in no day.
_GROWTH = """
WITH first AS (
    SELECT passage_id, min(seq) AS seq FROM ledger WHERE disposition = 'persisted'
    AND passage_id IN (SELECT passage_id FROM live_windows) GROUP BY passage_id),
days AS (
    SELECT committed_at::DATE AS day, 0 AS sources, count(*) AS passages
    FROM first JOIN commits USING (seq) GROUP BY day
    UNION ALL SELECT created_at::DATE, count(*), 0 FROM documents GROUP BY 1)
SELECT day, sum(sum(sources)) OVER (ORDER BY day)::BIGINT, sum(sum(passages)) OVER (ORDER BY day)::BIGINT
FROM days GROUP BY day ORDER BY day
"""


@dataclass(frozen=True)
class Growth:
    """How much there was at the end of a day (UTC): documents and sessions, and passages in the graph."""

    day: date
    sources: int
    passages: int


@dataclass(frozen=True)
class DatasetOverview:
    """Documents, sessions, characters of documents, passages of both and what became of them, what is in the graph.

    `waiting` counts passages that nobody tried yet. `bytes` is what the dataset takes on disk. `growth` has the days
    on which something came of what is there now.
    """

    dataset: str
    documents: int
    sessions: int
    characters: int
    passages: int
    persisted: int
    skipped: int
    failed: int
    waiting: int
    entities: int
    facts: int
    bytes: int
    growth: list[Growth]


async def dataset_overview(services: Services, dataset: str, user: User | None) -> DatasetOverview:
    """As `Datasets.overview` says."""
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    return await asyncio.to_thread(_overview, services, target)


def _overview(services: Services, dataset: Dataset) -> DatasetOverview:
    counts, growth = services.store(dataset).read(_read)
    snapshot = services.snapshot(dataset)
    return DatasetOverview(
        **counts,
        dataset=dataset.key,
        entities=len(snapshot.entities),
        facts=len(snapshot.facts),
        bytes=_bytes(services.folder(dataset)),
        growth=growth,
    )


def _read(connection: StoreConnection) -> tuple[dict[str, Any], list[Growth]]:
    counted = connection.execute(_COUNTS)
    names = [column[0] for column in counted.description]
    counts = dict(zip(names, counted.fetchall()[0], strict=True))
    return counts, [Growth(*row) for row in connection.execute(_GROWTH).fetchall()]


def _bytes(folder: Path) -> int:
    return sum(it.stat().st_size for it in folder.rglob("*") if it.is_file() and not it.is_symlink())
