"""The table of entities: name, type and description of each, chosen from its mentions alone.

What a user or a document states has priority over what only an assistant claimed, and then what was said earlier.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sessiongraph.columnar.growing_arrays import GrowingArray, GrowingTable, mask_of, sorted_unique
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, SavedParts
from sessiongraph.columnar.texts import CodedColumn, GrowingTexts
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import Decision, EntityResolver
from sessiongraph.ids import content_id
from sessiongraph.snapshots.corrected_claims import CorrectedClaims
from sessiongraph.snapshots.evidence import EvidenceTables
from sessiongraph.snapshots.passages import ORDER_COLUMNS

COLUMNS = ("id", "name", "type", "description", "aliases")
# The first few descriptions of an entity are shown, in order of priority.
_DESCRIPTIONS = 3


def untyped(is_subject: bool) -> str:
    """The type of what nothing gives a type: facts are about it, or only say it of something else."""
    return "Concept" if is_subject else "Value"


class EntityTable(SavedParts):
    """One row for each entity. The code of its key identifies an entity for good; its row may change."""

    def __init__(self, evidence: EvidenceTables, corrections: CorrectedClaims) -> None:
        texts = {name: GrowingTexts() for name in ("id", "name", "description")}
        self.table = GrowingTable(**texts, type=CodedColumn(), aliases=GrowingTexts(lists=True), key=np.int32)
        self.resolver = EntityResolver()
        self.keys = np.zeros(0, np.int32)  # by code of a name key: the code of its entity's key, -1 without evidence
        self.rows = np.zeros(0, np.int32)  # by code of a name key: the row of its entity, -1 without evidence
        self._evidence, self._corrections = evidence, corrections
        self._row_of = GrowingArray(np.int32)  # by code of an entity's key

    def resolve(
        self,
        touched: Array,
        decisions: Mapping[tuple[str, str], Decision | None],
        speakers: Mapping[str, Mapping[str, bool]],
    ) -> tuple[Array, Array]:
        """Resolve the name keys `touched`, whose evidence has changed, and those that `decisions` are about, or that
        `speakers` bear since.

        Returns the keys that mean another entity now, and the entities (by code) of which anything has changed.
        """
        evidence = self._evidence
        known = self._corrections.with_names(evidence.of_names(touched))
        changed = self.resolver.update(known, decisions, speakers)
        moved = sorted_unique(np.concatenate([touched, evidence.keys.encode(sorted(changed))]))
        entities = evidence.keys.encode([self.resolver.entity_of(key) for key in evidence.keys.values[moved]])
        entities[~self._is_mentioned(moved)] = -1
        before = self.keys
        self.keys = np.full(len(evidence.keys), -1, np.int32)
        self.keys[: len(before)] = before
        reresolved = self.keys[moved] != entities
        affected = np.concatenate([self.keys[moved], entities])
        self.keys[moved] = entities
        return moved[reresolved], sorted_unique(affected[affected >= 0])

    def update_rows(self, entities: Array, passages: GrowingTable) -> Array:
        """Choose anew what is shown of `entities` (by code); `passages` has the ORDER_COLUMNS of passages.

        Returns the entities whose names have changed.
        """
        shown = dict(self._shown_values(entities, passages))
        self._row_of.extend(np.full(len(self._evidence.keys) - len(self._row_of), -1, np.int32))
        there = np.array([code in shown for code in entities.tolist()], bool)
        gone, kept = entities[~there], entities[there]
        rows = self._row_of.array[kept]
        old, new = rows >= 0, kept[rows < 0]
        columns = {name: [shown[code][place] for code in kept.tolist()] for place, name in enumerate(COLUMNS)}
        arrays = {name: _objects(values) for name, values in columns.items()}
        renamed = np.concatenate([gone, new, kept[old][self.table["name"][rows[old]] != arrays["name"][old]]])
        for name, array in arrays.items():
            # A column in which nothing changes is not copied.
            changed = self.table[name][rows[old]] != array[old]
            self.table.put(rows[old][changed], **{name: array[old][changed]})
        added = self.table.extend({name: array[~old] for name, array in arrays.items()} | {"key": new})
        self._row_of.put(new, added)
        self._remove(gone)
        self.rows = np.where(self.keys >= 0, self._row_of.array[self.keys], -1).astype(np.int32)
        return renamed

    def name_of(self, entity: int) -> str:
        """The name that an entity (by code) is shown by."""
        return str(self.table["name"][self._row_of.array[entity]])

    def save(self, to: ArrayWriter, name: str) -> None:
        super().save(to, name)
        to.array(f"{name}.keys", self.keys)
        to.array(f"{name}.entity_rows", self.rows)

    def load(self, saved: SavedArrays, name: str) -> None:
        super().load(saved, name)
        self.keys, self.rows = saved.array(f"{name}.keys"), saved.array(f"{name}.entity_rows")

    def _parts(self) -> Iterator[tuple[Any, str]]:
        yield self.table, "table"
        yield self._row_of, "row_of"
        yield self.resolver, "resolver"

    def _is_mentioned(self, keys: Array) -> Array:
        mentioned = self._evidence.mentioned_keys()
        mentioned[self._corrections.named_keys] = True
        return mentioned[keys]

    def _remove(self, entities: Array) -> None:
        rows = self._row_of.array[entities]
        self._row_of.put(entities, -1)
        rows = rows[rows >= 0]
        if len(rows):
            self.table.remove(rows)
            self._row_of.put(self.table["key"], np.arange(len(self.table), dtype=np.int32))

    def _shown_values(self, entities: Array, passages: GrowingTable) -> Iterator[tuple[int, tuple[object, ...]]]:
        """The values shown of each of `entities` that is mentioned, in the order of COLUMNS."""
        evidence, mentions = self._evidence, self._evidence.mentions
        chosen = mask_of(entities, len(self.keys))[self.keys] & (self.keys >= 0)
        rows = np.flatnonzero(chosen[mentions["key_code"]])
        key = mentions["key_code"][rows]
        entity = self.keys[key]
        names = _counted(entity, mentions["name_code"][rows], evidence.wordings)
        # Whoever is known as a speaker's sister goes by her name, once that is told.
        is_relative = evidence.is_relative
        own = np.where(is_relative[entity], ~is_relative[key], key == entity)
        own_names = _counted(entity[own], mentions["name_code"][rows[own]], evidence.wordings)
        types = _counted(entity, mentions["type_code"][rows], evidence.types.values)
        descriptions = self._descriptions(rows, entity, passages)
        is_subject = mask_of(self.keys[evidence.subjects(chosen)], len(self.keys))
        codes = list(names)
        key_texts = dict(zip(codes, evidence.keys.values[np.array(codes, np.int64)], strict=True))
        for code, wordings in names.items():
            key_text = key_texts[code]
            exact = own_names.get(code, wordings)
            name = min(exact, key=lambda wording: (-exact[wording], -sum(map(str.isupper, wording)), wording))
            stated = {kind: count for kind, count in types[code].items() if kind}
            commonest = min(stated, key=lambda kind: (-stated[kind], kind), default="")
            right_type, right_name = self._corrections.shown_as(code)
            name = right_name or name
            yield (
                code,
                (
                    content_id("entity", key_text),
                    name,
                    right_type or commonest or untyped(bool(is_subject[code])),
                    " ".join(descriptions.get(code, ())),
                    sorted(wordings.keys() - {name}),
                ),
            )

    def _descriptions(self, rows: Array, entity: Array, order: GrowingTable) -> dict[int, list[str]]:
        """The first few distinct descriptions of each entity, in order of priority."""
        mentions, evidence = self._evidence.mentions, self._evidence
        described = mentions["description"].is_filled()[rows]
        rows, entity = rows[described], entity[described]
        passages, local = np.unique(mentions["passage"][rows], return_inverse=True)
        ranks = np.empty(len(passages), np.int64)
        ranks[np.lexsort([order[name][passages] for name in reversed(ORDER_COLUMNS)])] = np.arange(len(passages))
        rank = mentions["priority"][rows].astype(np.int64) * len(passages) + ranks[local]
        by_rank = np.lexsort((rank, entity))
        rows, entity, rank = rows[by_rank], entity[by_rank], rank[by_rank]
        texts = mentions["description"][rows]
        # One passage may state several: these are ordered by name, type and wording.
        tied = np.flatnonzero((entity[1:] == entity[:-1]) & (rank[1:] == rank[:-1]))
        for start, stop in _runs(tied):
            group = rows[start:stop]
            named = evidence.wordings[mentions["name_code"][group]], evidence.types.values[mentions["type_code"][group]]
            wordings = sorted(zip(*named, texts[start:stop], strict=True))
            texts[start:stop] = [description for _, _, description in wordings]
        texts = self._evidence.labelled(texts, mentions["passage"][rows], order)
        distinct, starts = np.unique(entity, return_index=True)
        ends = np.append(starts, len(rows))[1:]
        spans = zip(distinct.tolist(), starts.tolist(), ends.tolist(), strict=True)
        return {code: _first_distinct(texts, start, stop) for code, start, stop in spans}


def _counted(entity: Array, codes: Array, strings: GrowingTexts) -> dict[int, dict[str, int]]:
    """By entity, how often each string occurs."""
    pairs, counts = np.unique(entity.astype(np.int64) << 32 | codes, return_counts=True)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    distinct, local = np.unique(pairs & 0xFFFFFFFF, return_inverse=True)
    texts = strings[distinct][local]
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
    """The ranges of positions of which each is tied with the next."""
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
