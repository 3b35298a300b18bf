"""Long lists, a page at a time: what is shown is read, and the rest is counted. `/v1` gives the same lists whole."""

import asyncio
from dataclasses import dataclass

import numpy as np

from sessiongraph.api import entity_records, fact_records
from sessiongraph.api.context import acting_user, permitted
from sessiongraph.api.documents import Document, read_documents
from sessiongraph.api.entity_records import Entity
from sessiongraph.api.fact_records import Fact
from sessiongraph.columnar.vectors import Array
from sessiongraph.services import Services
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset, User

_IS_DOCUMENT = "WHERE kind <> 'session'"
_NAMED = f"{_IS_DOCUMENT} AND strpos(lower(name), lower(?)) > 0"
_NEWEST_FIRST = "ORDER BY d.seq DESC, name DESC, d.id DESC LIMIT ? OFFSET ?"
_TOTALS = f"""
WITH passages AS (SELECT DISTINCT document_id, passage_id FROM chunks),
counted AS (
    SELECT document_id, count(*) FILTER (WHERE disposition IS NULL) AS waiting,
        bool_or(disposition = 'failed') AS failed
    FROM passages LEFT JOIN current_ledger USING (passage_id) GROUP BY document_id)
SELECT count(*), count(*) FILTER (WHERE document_id IS NULL), coalesce(sum(waiting), 0)::BIGINT,
    count(*) FILTER (WHERE failed)
FROM documents d LEFT JOIN counted c ON c.document_id = d.id {_IS_DOCUMENT}
"""
_MOST_FAILED = 20


@dataclass(frozen=True)
class Place:
    """Which part of a list is wanted: the page `number`, from 1 on, of pages of `size`."""

    number: int
    size: int

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size

    def within(self, count: int) -> "Place":
        """The page nearest to it that a list of `count` has."""
        return Place(min(max(self.number, 1), self.pages(count)), self.size)

    def pages(self, count: int) -> int:
        """How many a list of `count` has, one at the least."""
        return max(1, -(-count // self.size))


@dataclass(frozen=True)
class DocumentPage:
    """Some of the `count` documents that are called so, the newest first.

    Of all in the dataset: how many there are (`total`), not cut into passages yet (`new`), passages that nobody tried
    yet (`waiting`), `sessions`, and documents of which something failed (`failed_count`), up to 20 of them in `failed`.
    """

    found: list[Document]
    count: int
    place: Place
    total: int
    new: int
    waiting: int
    sessions: int
    failed_count: int
    failed: list[Document]


@dataclass(frozen=True)
class EntityPage:
    """Some of `count` entities, in the order of `Entities.list`."""

    found: list[Entity]
    count: int
    place: Place


@dataclass(frozen=True)
class FactPage:
    """Some of the facts about an entity: first those that are `holding`, then those that are `over`, and then those
    that were never true (`retracted`), each in order of time. `later` has, by id, what took the place of some.
    """

    found: list[Fact]
    holding: int
    over: int
    retracted: int
    place: Place
    later: dict[str, Fact]

    @property
    def count(self) -> int:
        return self.holding + self.over + self.retracted


async def document_page(services: Services, dataset: Dataset, query: str, place: Place) -> DocumentPage:
    """Documents whose names have `query` in them, of a `dataset` that its reader may read."""
    return await asyncio.to_thread(services.store(dataset).read, lambda con: _documents(con, query.strip(), place))


async def entity_page(
    services: Services, dataset: str, query: str | None, type_: str | None, place: Place, user: User | None
) -> EntityPage:
    """Entities of a type, with words of `query` in a name. Raises DatasetNotFoundError, PermissionDeniedError."""
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    return await asyncio.to_thread(lambda: _entities(services.snapshot(target), query, type_, place))


async def fact_page(services: Services, dataset: str, entity: str, place: Place, user: User | None) -> FactPage:
    """Facts about an entity. Raises InvalidInputError where there is none; as `entity_page`."""
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    return await asyncio.to_thread(lambda: _facts(services.snapshot(target), target, entity, place))


def _documents(connection: StoreConnection, query: str, wanted: Place) -> DocumentPage:
    [(count,)] = connection.execute(f"SELECT count(*) FROM documents {_NAMED}", [query]).fetchall()
    [(total, new, waiting, failed)] = connection.execute(_TOTALS).fetchall()
    [(sessions,)] = connection.execute("SELECT count(*) FROM documents WHERE kind = 'session'").fetchall()
    place = wanted.within(count)
    return DocumentPage(
        read_documents(connection, f"{_NAMED} {_NEWEST_FIRST}", [query, place.size, place.first]),
        count,
        place,
        total,
        new,
        waiting,
        sessions,
        failed,
        read_documents(connection, f"{_IS_DOCUMENT} AND failed > 0 {_NEWEST_FIRST}", [_MOST_FAILED, 0])
        if failed
        else [],
    )


def _entities(snapshot: Snapshot, query: str | None, type_: str | None, wanted: Place) -> EntityPage:
    counts = entity_records.fact_counts(snapshot, entity_records.holding(snapshot))
    rows = entity_records.chosen(snapshot, query, type_, counts)
    place = wanted.within(len(rows))
    found = rows[place.first : place.first + place.size]
    return EntityPage([entity_records.shown(snapshot, int(row), counts) for row in found], len(rows), place)


def _facts(snapshot: Snapshot, dataset: Dataset, entity: str, wanted: Place) -> FactPage:
    row, facts = entity_records.row_of(snapshot, dataset, entity), snapshot.facts
    about = np.flatnonzero(((facts["subject"] == row) | (facts["object"] == row)).to_numpy())
    is_over = facts["valid_until"].notna().to_numpy()[about]
    rows = about[np.lexsort((facts["id"].to_numpy(str)[about], _began(snapshot, about), is_over))].tolist()
    wrong = sorted({it.id for it in snapshot.retracted if row in (it.subject, it.object)})
    place = wanted.within(len(rows) + len(wrong))
    first, last = place.first, place.first + place.size
    here = rows[first:last]
    found = fact_records.shown(snapshot, here, wrong[max(first - len(rows), 0) : max(last - len(rows), 0)])
    later = np.flatnonzero(facts["id"].isin(facts["superseded_by"].iloc[here].dropna()).to_numpy()).tolist()
    return FactPage(
        found,
        int((~is_over).sum()),
        int(is_over.sum()),
        len(wrong),
        place,
        {it.id: it for it in fact_records.shown(snapshot, later, [])},
    )


def _began(snapshot: Snapshot, rows: Array) -> Array:
    """When each of these facts began or, without that, was said."""
    facts = snapshot.facts.iloc[rows]
    return facts["valid_at"].fillna(facts["said_at"].dt.strftime("%Y-%m-%d")).to_numpy(str)
