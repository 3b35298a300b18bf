"""LangGraph's store over a client: what an agent remembers by namespace and key, as documents of a dataset.

Invariants: an item is one document. Its text is what is searched and extracted from; its source has the item itself, so
that the two come and go together, whatever puts in or forgets documents. Of several documents of one key, which a
killed `put` may leave, the newest counts, and the next `put` forgets the others.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    get_text_at_path,
)
from langgraph.store.memory import InMemoryStore

from sessiongraph.api.add import add_documents, writable
from sessiongraph.api.context import acting_user, permitted
from sessiongraph.client import SessionGraph
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError
from sessiongraph.ids import content_id
from sessiongraph.ingestion.clean_text import clean, clean_line
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.tabular import read_json
from sessiongraph.ingestion.parsing import ParsedDocument
from sessiongraph.integrations.event_loops import wait_for
from sessiongraph.retrieval.results import SearchType
from sessiongraph.secret_masking import mask
from sessiongraph.types import MAIN_DATASET, User

# A document's source: this, the namespace and the key as a JSON list, and the item as a JSON object.
_SCHEME = "langgraph:"
_MOST_SEARCHED = 1_000
_ENDS = (".", "!", "?", "。")

Place = tuple[tuple[str, ...], str]


class SessionGraphStore(BaseStore):
    """A `BaseStore` whose items are documents of `dataset`, which is made with the first.

        graph = builder.compile(store=SessionGraphStore(memory, dataset="work"))

    `put` also brings the item into the graph, as `cognify` does; so it costs what that costs, and what it states is
    found by every search of the dataset. `index=False` keeps it from both, `index=["field"]` lets those fields alone be
    read. A value that is put again is forgotten as it was, and so is one that is deleted. Secrets in values are masked,
    unless the dataset allows them. Items do not expire.
    """

    def __init__(self, memory: SessionGraph, *, dataset: str = MAIN_DATASET, user: User | None = None) -> None:
        self._memory, self._dataset, self._user = memory, dataset, user

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        return wait_for(self.abatch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """What each of `ops` gives; what is read is what there was before any of them was written."""
        results: list[Result] = []
        puts: dict[Place, PutOp] = {}
        for op in ops:
            results.append(await self._read(op))
            if isinstance(op, PutOp):
                puts[op.namespace, op.key] = op
        if puts:
            await self._write(list(puts.values()))
        return results

    async def _read(self, op: Op) -> Result:
        if isinstance(op, GetOp):
            found = await self._stored(_begin(op.namespace, op.key))
            return next((it.item for it in found), None)
        if isinstance(op, SearchOp):
            return await self._search(op)
        if isinstance(op, ListNamespacesOp):
            stored = await self._stored(_SCHEME)
            return await asyncio.to_thread(lambda: _scratch([it.item for it in stored]).batch([op])[0])
        return None

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        items = {it.document_id: it.item for it in await self._stored(_begin(op.namespace_prefix))}
        if op.filter:
            fitting = op.filter
            items = await asyncio.to_thread(lambda: {id_: it for id_, it in items.items() if _fits(it, fitting)})
        window = slice(op.offset, op.offset + op.limit)
        if not op.query:
            newest = sorted(items.values(), key=lambda item: item.updated_at, reverse=True)
            return [_found(item, None) for item in newest[window]]
        scores = await self._scores(op.query, op.namespace_prefix) if items else {}
        return [_found(items[id_], score) for id_, score in scores.items() if id_ in items][window]

    async def _scores(self, query: str, prefix: tuple[str, ...]) -> dict[str, float]:
        """The documents of items below `prefix` by how well they fit, best first."""
        (result,) = await self._memory.search(
            query,
            SearchType.CHUNKS,
            datasets=[self._dataset],
            user=self._user,
            top_k=_MOST_SEARCHED,
            node_sets=[_tag(prefix)],
        )
        scores: dict[str, float] = {}
        for citation in result.citations:
            scores.setdefault(citation.document_id, citation.score)
        return scores

    async def _write(self, puts: list[PutOp]) -> None:
        services = self._memory.services
        owner = await acting_user(services, self._user)
        dataset = await writable(services, owner, self._dataset)
        before = [await self._documents(_begin(op.namespace, op.key)) for op in puts]
        kept: set[str] = set()
        for op, known in zip(puts, before, strict=True):
            if op.value is None:
                continue
            value = _as_json(op) if dataset.allow_secrets else _masked("", _as_json(op))
            if known and known[0].item.value == value:
                kept.add(known[0].document_id)
                continue
            created_at = known[0].item.created_at if known else datetime.now(UTC)
            document = _document(op, value, created_at)
            tags = [_tag(op.namespace[:length]) for length in range(len(op.namespace) + 1)]
            added = await add_documents(services, [document], dataset, user=owner, node_sets=tags)
            kept.update(added.document_ids)
        if any(op.value is not None for op in puts):
            await self._memory.cognify(datasets=[self._dataset], user=self._user)
        for document_id in {it.document_id for known in before for it in known} - kept:
            await self._memory.forget(self._dataset, document_id=document_id, by=self._user)

    async def _stored(self, begin: str) -> "list[_Stored]":
        """The items whose document's source begins so, the newest first."""
        found: dict[Place, _Stored] = {}
        for it in await self._documents(begin):
            found.setdefault((it.item.namespace, it.item.key), it)
        return list(found.values())

    async def _documents(self, begin: str) -> "list[_Stored]":
        """All documents whose source begins so, the newest first: of one key there may be several."""
        services = self._memory.services
        try:
            dataset = await permitted(services, await acting_user(services, self._user), self._dataset, "read")
        except DatasetNotFoundError:
            return []
        query = """SELECT id, source, created_at FROM documents WHERE starts_with(source, ?)
            ORDER BY seq DESC, created_at DESC"""
        rows = await asyncio.to_thread(
            services.store(dataset).read, lambda connection: connection.execute(query, [begin]).fetchall()
        )
        return [it for row in rows if (it := _Stored.of(*row)) is not None]


@dataclass(frozen=True)
class _Stored:
    document_id: str
    item: Item

    @classmethod
    def of(cls, document_id: str, source: str, updated_at: datetime) -> "_Stored | None":
        """None where the source was not written by `put`: a dataset may have been imported from anywhere."""
        try:
            place, end = json.JSONDecoder().raw_decode(source, len(_SCHEME))
            record = json.loads(source[end:])
            created_at = datetime.fromisoformat(record["created_at"])
            *namespace, key = place
            item = Item(
                value=record["value"],
                key=key,
                namespace=tuple(namespace),
                created_at=created_at,
                updated_at=updated_at.replace(tzinfo=UTC),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return cls(document_id, item)


def _begin(namespace: tuple[str, ...], key: str | None = None) -> str:
    """How the sources begin of the item with that key or, where none is given, of all below the namespace."""
    if key is not None:
        return _SCHEME + json.dumps([*namespace, key])
    return _SCHEME + json.dumps(list(namespace))[:-1] + (", " if namespace else "")


def _tag(prefix: tuple[str, ...]) -> str:
    """The node set of all items below a namespace."""
    return f"langgraph-{content_id(*prefix)}" if prefix else "langgraph"


def _as_json(op: PutOp) -> dict[str, Any]:
    """The value as JSON gives it back. Raises InvalidInputError where it cannot."""
    try:
        return json.loads(json.dumps(op.value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"The value of {op.key!r:.60} holds what JSON cannot write: {error}.") from error


def _masked(name: str, value: Any) -> Any:
    """`value` without secrets, which a name before them may give away."""
    if isinstance(value, Mapping):
        return {key: _masked(key, it) for key, it in value.items()}
    if isinstance(value, list):
        return [_masked(name, it) for it in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    named = mask(f"{name}: {value}")
    return named.text.removeprefix(f"{name}: ") if named.counts else value


def _document(op: PutOp, value: dict[str, Any], created_at: datetime) -> ParsedDocument:
    place = [*op.namespace, op.key]
    record = json.dumps({"value": value, "created_at": created_at.isoformat()})
    heading = json.dumps(place, ensure_ascii=False)
    if op.index is None:
        shown: Any = value
    else:
        # What is not read of a value tells two of them apart all the same.
        heading += f" {content_id(record)[:8]}"
        texts = {path: get_text_at_path(value, path) for path in op.index or []}
        shown = {path: it[0] if len(it) == 1 else it for path, it in texts.items()}
    # A sentence speaks for itself; what is none is told with the name of its field.
    sentences = [it for it in shown.values() if isinstance(it, str) and it.endswith(_ENDS)]
    rest = {name: it for name, it in shown.items() if it not in sentences}
    text = "\n\n".join([heading, *sentences, read_json(BytesIO(json.dumps(rest).encode()), Notes())])
    source = _SCHEME + json.dumps(place) + record
    return ParsedDocument(clean_line(op.key) or "item", source, clean(text), "application/json")


def _scratch(items: Iterable[Item]) -> InMemoryStore:
    """A store of LangGraph's own with these items: what a filter and a pattern of namespaces mean, it knows."""
    scratch = InMemoryStore()
    scratch.batch([PutOp(it.namespace, it.key, it.value) for it in items])
    return scratch


def _fits(item: Item, filter: dict[str, Any]) -> bool:
    try:
        return bool(_scratch([item]).search((), filter=filter))
    except TypeError:  # What is not there, or is no number, is not greater than one.
        return False


def _found(item: Item, score: float | None) -> SearchItem:
    return SearchItem(item.namespace, item.key, item.value, item.created_at, item.updated_at, score)
