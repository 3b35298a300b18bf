"""A graph of 20,000 entities, as rows straight into a dataset's store: evidence that no model had to find."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product

from sessiongraph.ids import content_id
from sessiongraph.store.connection import Row
from sessiongraph.store.graph_store import GraphStore, Transaction

ENTITIES, HUB_FACTS = 20_000, 400
_EACH, _START = 100, datetime(2024, 1, 1)
_SOUNDS = ["".join(it) for it in product("bdfgklmnprstvz", "aeiou")]


def name(number: int) -> str:
    """The name of an entity; 0 is that of the hub."""
    first, second, third = number % 70, number // 70 % 70, number // 4900
    return f"{_SOUNDS[first]}{_SOUNDS[second]}{_SOUNDS[third]}x {_SOUNDS[second]}{_SOUNDS[first]}q{number}".title()


def fill(
    store: GraphStore, entities: int = ENTITIES, hub_facts: int = HUB_FACTS, called: Callable[[int], str] = name
) -> None:
    """Every entity is known to the one before it, since some year; the hub knows so many others. Blocks."""
    pairs = [(number - 1, number) for number in range(1, entities)]
    pairs += [(0, 2 + number * (entities // hub_facts // 2)) for number in range(hub_facts)]
    rows: dict[str, list[Row]] = {
        table: [] for table in ("documents", "chunks", "ledger", "windows", "claims", "mentions")
    }
    for first in range(0, len(pairs), _EACH):
        _document(rows, first // _EACH, pairs[first : first + _EACH], called)

    def insert(tx: Transaction) -> None:
        for table, added in rows.items():
            tx.insert(table, added)

    store.write("run", "knowledge_graph", insert)


def _document(
    rows: dict[str, list[Row]], number: int, pairs: list[tuple[int, int]], name: Callable[[int], str]
) -> None:
    document, passage, window = (content_id(kind, str(number)) for kind in ("document", "passage", "window"))
    text = f"List {number} of who knows whom, such as {name(number)}."
    origin = {"kind": "document", "name": f"list {number}", "source": None, "session_id": None}
    at = _START + timedelta(hours=number)
    who = {"user_id": "u", "user_name": "ana", "created_at": at}
    rows["documents"].append({"id": document, **origin, "text": text, **who})
    rows["chunks"].append({"passage_id": passage, "document_id": document, "start": 0, "stop": len(text)})
    ledger = {"extractor": "x", "disposition": "persisted", "reason": None}
    rows["ledger"].append({"passage_id": passage, "window_id": window, **ledger})
    rows["windows"].append({"id": window, "summary": text})
    for one, other in pairs:
        said = {"window_id": window, "stated_by": "document"}
        claim = {"subject": name(one), "relation": "knows", "object": name(other), "valid_at": str(1990 + other % 30)}
        rows["claims"].append({**said, **claim, "statement": f"{name(one)} knows {name(other)}."})
        for entity in (one, other):
            kind = "Place" if entity % 5 == 0 else "Person"
            rows["mentions"].append({**said, "name": name(entity), "type": kind, "description": ""})
