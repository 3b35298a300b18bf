"""The entities of a derivation: what each shows, chosen from its mentions alone.

What a user or a document states stands above what only an assistant claimed, and of that, what was said earlier.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from sessiongraph.columnar.growing_arrays import Column, Table, marked, sorted_distinct
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import Decision, Resolver
from sessiongraph.ids import content_id
from sessiongraph.snapshots.evidence import Evidence
from sessiongraph.snapshots.passages import PLACE

SHOWN = ("id", "name", "type", "description", "aliases")
# Descriptions shown of one entity: the first few that were stated, best standing first.
_DESCRIPTIONS = 3
_NO_TYPE = "Concept"


class Entities:
    """One row for each entity. An entity is known by the code of its key, which it keeps while its row may change."""

    def __init__(self, evidence: Evidence) -> None:
        self.table = Table(**dict.fromkeys(SHOWN, object), key=np.int32)
        self.resolver = Resolver()
        self.keys = np.zeros(0, np.int32)  # by code of a name key: the code of its entity's key, -1 without evidence
        self.rows = np.zeros(0, np.int32)  # by code of a name key: the row of its entity, -1 without evidence
        self._evidence = evidence
        self._row_of = Column(np.int32)  # by code of an entity's key
        self.text_bytes = 0

    def resolve(self, touched: Array, decisions: Mapping[tuple[str, str], Decision | None]) -> tuple[Array, Array]:
        """Resolve the name keys `touched`, of which the evidence has changed, and what `decisions` are about.

        The keys that mean another entity now, and the entities (by code) of which anything has changed.
        """
        evidence = self._evidence
        changed = self.resolver.update(evidence.named(touched), decisions)
        moved = sorted_distinct(np.concatenate([touched, evidence.keys.of(sorted(changed))]))
        entities = evidence.keys.of([self.resolver.entity_of(key) for key in evidence.keys.values.array[moved]])
        entities[~self._is_named(moved)] = -1
        before = self.keys
        self.keys = np.full(len(evidence.keys), -1, np.int32)
        self.keys[: len(before)] = before
        others = self.keys[moved] != entities
        affected = np.concatenate([self.keys[moved], entities])
        self.keys[moved] = entities
        return moved[others], sorted_distinct(affected[affected >= 0])

    def show(self, entities: Array, places: Table) -> Array:
        """Choose anew what `entities` (by code) show; `places` are the columns PLACE of the passages.

        The entities whose names are other ones now.
        """
        shown = dict(self._shown(entities, places))
        self._row_of.extend(np.full(len(self._evidence.keys) - len(self._row_of), -1, np.int32))
        there = np.array([code in shown for code in entities.tolist()], bool)
        gone, kept = entities[~there], entities[there]
        rows = self._row_of.array[kept]
        old, new = rows >= 0, kept[rows < 0]
        columns = {name: [shown[code][place] for code in kept.tolist()] for place, name in enumerate(SHOWN)}
        arrays = {name: _objects(values) for name, values in columns.items()}
        renamed = np.concatenate([gone, new, kept[old][self.table["name"][rows[old]] != arrays["name"][old]]])
        for name, array in arrays.items():
            # A column of which nothing changes is not copied.
            other = self.table[name][rows[old]] != array[old]
            self.table.put(rows[old][other], **{name: array[old][other]})
        added = self.table.extend({name: array[~old] for name, array in arrays.items()} | {"key": new})
        self._row_of.put(new, added)
        self._remove(gone)
        self.text_bytes += 250 * len(new)
        self.rows = np.where(self.keys >= 0, self._row_of.array[self.keys], -1).astype(np.int32)
        return renamed

    def _is_named(self, keys: Array) -> Array:
        named = np.zeros(len(self._evidence.keys), bool)
        named[self._evidence.mentions["key_code"]] = True
        return named[keys]

    def _remove(self, entities: Array) -> None:
        rows = self._row_of.array[entities]
        self._row_of.put(entities, -1)
        rows = rows[rows >= 0]
        if len(rows):
            self.table.remove(rows)
            self._row_of.put(self.table["key"], np.arange(len(self.table), dtype=np.int32))

    def _shown(self, entities: Array, places: Table) -> Iterator[tuple[int, tuple[object, ...]]]:
        """What each of `entities` that is mentioned shows, in the order of SHOWN."""
        evidence, mentions = self._evidence, self._evidence.mentions
        chosen = marked(entities, len(self.keys))[self.keys] & (self.keys >= 0)
        rows = np.flatnonzero(chosen[mentions["key_code"]])
        key = mentions["key_code"][rows]
        entity = self.keys[key]
        names = _counted(entity, mentions["name_code"][rows], evidence.names.values.array)
        own = key == entity
        own_names = _counted(entity[own], mentions["name_code"][rows[own]], evidence.names.values.array)
        types = _counted(entity, mentions["type_code"][rows], evidence.types.values.array)
        descriptions = self._descriptions(rows, entity, places)
        for code, wordings in names.items():
            key_text = evidence.keys.values.array[code]
            exact = own_names.get(code, wordings)
            name = min(exact, key=lambda wording: (-exact[wording], -sum(map(str.isupper, wording)), wording))
            stated = {kind: count for kind, count in types[code].items() if kind}
            yield (
                code,
                (
                    content_id("entity", key_text),
                    name,
                    min(stated, key=lambda kind: (-stated[kind], kind)) if stated else _NO_TYPE,
                    " ".join(descriptions.get(code, ())),
                    sorted(wordings.keys() - {name}),
                ),
            )

    def _descriptions(self, rows: Array, entity: Array, places: Table) -> dict[int, list[str]]:
        """The first few distinct descriptions of each entity, best standing first."""
        mentions = self._evidence.mentions
        described = mentions["description"][rows] != ""
        rows, entity = rows[described], entity[described]
        passages, local = np.unique(mentions["passage"][rows], return_inverse=True)
        ranks = np.empty(len(passages), np.int64)
        ranks[np.lexsort([places[name][passages] for name in reversed(PLACE)])] = np.arange(len(passages))
        rank = mentions["standing"][rows].astype(np.int64) * len(passages) + ranks[local]
        order = np.lexsort((rank, entity))
        rows, entity, rank = rows[order], entity[order], rank[order]
        texts = mentions["description"][rows]
        # In one passage several may stand: of those, by name, type and wording.
        tied = np.flatnonzero((entity[1:] == entity[:-1]) & (rank[1:] == rank[:-1]))
        for start, stop in _runs(tied):
            group = rows[start:stop].tolist()
            wordings = sorted(
                (*(mentions[column][row] for column in ("name", "type", "description")),) for row in group
            )
            texts[start:stop] = [description for _, _, description in wordings]
        distinct, starts = np.unique(entity, return_index=True)
        ends = np.append(starts, len(rows))[1:]
        spans = zip(distinct.tolist(), starts.tolist(), ends.tolist(), strict=True)
        return {code: _first_distinct(texts, start, stop) for code, start, stop in spans}


def _counted(entity: Array, codes: Array, strings: Array) -> dict[int, dict[str, int]]:
    """By entity, how often it has each string."""
    pairs, counts = np.unique(entity.astype(np.int64) << 32 | codes, return_counts=True)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    texts = strings[pairs & 0xFFFFFFFF]
    for code, text, count in zip((pairs >> 32).tolist(), texts, counts.tolist(), strict=True):
        found[code][text] = count
    return found


def _first_distinct(texts: Array, start: int, stop: int) -> list[str]:
    found: dict[str, None] = {}
    for place in range(start, stop):
        found[texts[place]] = None
        if len(found) == _DESCRIPTIONS:
            break
    return list(found)


def _runs(tied: Array) -> list[tuple[int, int]]:
    """The stretches of places of which each is tied with the next."""
    if not len(tied):
        return []
    breaks = np.flatnonzero(np.diff(tied) > 1)
    starts, stops = np.append(tied[0], tied[breaks + 1]), np.append(tied[breaks], tied[-1])
    return list(zip(starts.tolist(), (stops + 2).tolist(), strict=True))


def _objects(values: list[object]) -> Array:
    array = np.empty(len(values), object)
    for place, value in enumerate(values):
        array[place] = value
    return array
