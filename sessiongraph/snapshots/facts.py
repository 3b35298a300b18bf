"""The table of facts: one for each subject, normalized relation, object and validity, worded as its best claim.

A fact keeps its row while it has claims and its entities stay the same; a claim about an entity and itself is no fact.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import GrowingArray, GrowingTable, mask_of, sorted_unique
from sessiongraph.columnar.key_index import KeyIndex
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, SavedParts
from sessiongraph.columnar.texts import CodedColumn, GrowingTexts
from sessiongraph.columnar.vectors import Array, GrowingVectors
from sessiongraph.ids import content_id
from sessiongraph.snapshots.corrected_claims import CorrectedClaims
from sessiongraph.snapshots.entities import EntityTable
from sessiongraph.snapshots.evidence import CORRECTION, EvidenceTables
from sessiongraph.snapshots.fact_supersession import (
    CONTAINMENT,
    endable_family,
    find_superseded,
    is_ending,
    relation_family,
)
from sessiongraph.snapshots.passages import ORDER_COLUMNS
from sessiongraph.text_index.bm25_index import BM25Index
from sessiongraph.text_index.tokenizer import Tokenizer

COLUMNS = (
    "id",
    "subject",
    "relation",
    "object",
    "statement",
    "valid_at",
    "stated_by",
    "said_at",
    "valid_until",
    "superseded_by",
    "corrected_by",
    "corrected_at",
)
# `ended` is when a person says that a fact ended.
_DISTINCT = ("id", "statement", "superseded_by")
_REPEATED = ("valid_at", "stated_by", "valid_until", "corrected_by", "corrected_at", "ended")
_TEXTS = (*_DISTINCT, "relation", *_REPEATED)
_CORRECTED = ("corrected_by", "corrected_at", "ended")
_NUMBERS = ("subject", "object", "subject_key", "object_key", "family", "slot", "vector")


class FactTable(SavedParts):
    """One row for each fact; `subject` and `object` are rows of entities, `subject_key` and `object_key` codes."""

    def __init__(
        self,
        evidence: EvidenceTables,
        entities: EntityTable,
        corrections: CorrectedClaims,
        tokenizer: Tokenizer,
    ) -> None:
        times = dict.fromkeys(("said_at", "last_said_at"), "datetime64[us]")
        texts = {name: GrowingTexts() for name in _DISTINCT} | {name: CodedColumn() for name in _REPEATED}
        self.table = GrowingTable(
            **texts,
            relation=CodedColumn(evidence.relations),
            **dict.fromkeys(_NUMBERS, np.int32),
            **times,
            priority=np.int8,
            hash=np.uint64,
            is_worded_by_names=bool,
        )
        self.index = BM25Index(tokenizer)
        self.vectors = GrowingVectors()
        self._evidence, self._entities, self._corrections = evidence, entities, corrections
        self._rows = KeyIndex(self.table["id"])
        self._families: dict[str, int] = {}
        self._family_of = GrowingArray(np.int32)  # by code of a relation; 0 for one that closes nothing
        self._endable: dict[str, list[int]] = {}  # by the family of who says that they are over, codes of such

    def assign_claims(self, rows: Array) -> Array:
        """Find or add the fact of each of the claims `rows`; returns the facts that they had and now have."""
        claims, keys = self._evidence.claims, self._entities.keys
        before = claims["fact"][rows]
        subject, object_ = keys[claims["subject"][rows]], keys[claims["object"][rows]]
        relation, validity = claims["relation"][rows], claims["valid"][rows]
        codes = self._corrections.applied(subject, relation, object_, validity)
        relation, object_, validity, replaced, gone = self._corrections.corrected(codes, relation, object_, validity)
        facts = np.full(len(rows), -1, np.int32)
        related = np.flatnonzero((subject != object_) & ~gone)
        pairs, pair = np.unique(subject[related].astype(np.int64) << 32 | object_[related], return_inverse=True)
        kinds, kind = np.unique(relation[related].astype(np.int64) << 32 | validity[related], return_inverse=True)
        distinct, local = _distinct(pair * max(len(kinds), 1) + kind)
        facts[related] = self._find_or_add(pairs[distinct // max(len(kinds), 1)], kinds[distinct % max(len(kinds), 1)])[
            local
        ]
        claims.put(rows, fact=facts)
        reworded = np.flatnonzero((claims["correction"][rows] != codes) | (claims["replaced"][rows] != replaced))
        claims.put(rows[reworded], correction=codes[reworded], replaced=replaced[reworded])
        # Other facts of a sentence that is wrong now are worded otherwise.
        beside = mask_of(claims["passage"][rows[reworded]], int(claims["passage"].max(initial=-1)) + 1)
        affected = np.concatenate([before, facts, claims["fact"][beside[claims["passage"]]]])
        return sorted_unique(affected[affected >= 0])

    def facts_worded_by(self, entities: Array) -> Array:
        """The facts (rows) whose words are the names of `entities` (by code)."""
        table, named = self.table, mask_of(entities, len(self._entities.keys))
        is_corrected = table["stated_by"].is_one_of([CORRECTION])
        return np.flatnonzero(is_corrected & (named[table["subject_key"]] | named[table["object_key"]])).astype(
            np.int32
        )

    def update_rows(self, facts: Array, passages: GrowingTable) -> Array:
        """Choose anew what is shown of `facts` (rows); returns those that have no claim any more."""
        claims = self._evidence.claims
        # One more place: -1 is no fact.
        rows = np.flatnonzero(mask_of(facts, len(self.table) + 1)[claims["fact"]]).astype(np.int32)
        rows = rows[np.argsort(claims["fact"][rows], kind="stable")]
        claimed, starts, counts = np.unique(claims["fact"][rows], return_index=True, return_counts=True)
        best = rows[starts]
        repeated: list[int] = []
        for place in np.flatnonzero(counts > 1).tolist():
            group = rows[starts[place] : starts[place] + counts[place]]
            best[place], repeats = _best(group, claims, passages)
            repeated += repeats
        if len(claimed):
            shown = {name: claims[name][best] for name in ("hash", "stated_by", "priority")}
            shown["statement"] = self._worded(best, passages)
            shown |= dict(zip(("said_at", "last_said_at"), _times(rows, starts, counts, claims, passages), strict=True))
            shown |= {name: np.full(len(claimed), None, object) for name in _CORRECTED}
            shown["is_worded_by_names"] = np.zeros(len(claimed), bool)
            wrong = self._wrong_sentences()
            is_touched = np.maximum.reduceat(claims["correction"][rows], starts) >= 0
            is_touched |= np.isin(claims["passage"][best], [passage for passage, _ in wrong])
            for place in np.flatnonzero(is_touched).tolist():
                group = rows[starts[place] : starts[place] + counts[place]]
                for name, value in self._corrected(int(claimed[place]), group, wrong, passages).items():
                    shown[name][place] = value
            self._put_shown(claimed.astype(np.int32), shown)
        unfounded = claims["fact"] < 0
        self._evidence.exclude(np.concatenate([np.flatnonzero(unfounded), np.array(repeated, np.int64)]))
        return facts[~mask_of(claimed, len(self.table))[facts]]

    def remove(self, facts: Array) -> None:
        """Remove `facts` (rows), which have no claims."""
        if not len(facts):
            return
        gone = self.table.take(facts, "id", "statement", "slot")
        self.index.remove(gone["statement"][gone["slot"] >= 0].tolist())
        for id_ in gone["id"]:
            self._rows.pop(id_)
        numbers = self.table.remove(facts)
        moved = (numbers >= 0) & (numbers != np.arange(len(numbers)))
        self._rows.update(self.table["id"][numbers[moved]], numbers[moved])
        claims = self._evidence.claims
        rows = np.flatnonzero(moved[claims["fact"]])  # none is -1 any more: those claims are excluded
        claims.put(rows, fact=numbers[claims["fact"][rows]])

    def update_supersession(self, facts: Array, gone: Array, renamed: Array) -> None:
        """Find anew which facts are superseded, where that may depend on `facts`, of which those `gone` have no claims,
        or on the names of the entities `renamed`."""
        table, size = self.table, len(self._entities.keys)
        if not self._families:
            return self._put_ends(facts, facts[:0])
        touched = sorted_unique(np.concatenate([facts, np.flatnonzero(mask_of(renamed, size)[table["object_key"]])]))
        touched = touched[table["family"][touched] > 0]
        containment = self._families.get(CONTAINMENT, -1)
        containing = touched[table["family"][touched] == containment]
        ends = mask_of(np.concatenate([table["subject_key"][containing], table["object_key"][containing]]), size)
        subjects = mask_of(table["subject_key"][touched], size)
        table.put(gone, family=0)
        rows = np.flatnonzero((table["family"] > 0) & (table["family"] != containment))
        subjects[table["subject_key"][rows[ends[table["object_key"][rows]]]]] = True
        rows = rows[subjects[table["subject_key"][rows]]]
        objects = mask_of(table["object_key"][rows], size)
        inside = objects[table["subject_key"]] & objects[table["object_key"]]
        around = np.flatnonzero(inside & (table["family"] == containment))
        superseded = find_superseded(self._supersession_input(np.concatenate([rows, around]))).iloc[: len(rows)]
        table.put(rows, **{name: superseded[name].to_numpy(object) for name in ("valid_until", "superseded_by")})
        self._put_ends(facts, rows)

    def _put_ends(self, facts: Array, derived: Array) -> None:
        """Set the ends that a person gave to `facts`, above those `derived` for some; other facts have none."""
        table = self.table
        given = derived[table["ended"][derived] != None]  # noqa: E711
        others = facts[~mask_of(derived, len(table))[facts]]
        others = others[table["valid_until"][others] != table["ended"][others]]
        rows = np.concatenate([given, others])
        table.put(rows, valid_until=table["ended"][rows], superseded_by=np.full(len(rows), None, object))

    def update_entity_rows(self) -> None:
        """Set the rows of subjects and objects from the present rows of entities."""
        entities = self._entities.rows
        for name in ("subject", "object"):
            now = entities[self.table[f"{name}_key"]]
            rows = np.flatnonzero(self.table[name] != now)
            self.table.put(rows, **{name: now[rows]})

    def _find_or_add(self, pairs: Array, kinds: Array) -> Array:
        """The facts of distinct pairs (subject, object) and kinds (relation, validity), added where there were none."""
        evidence = self._evidence
        subjects, objects, relation_codes, validity_codes = (
            pairs >> 32,
            pairs & 0xFFFFFFFF,
            kinds >> 32,
            kinds & 0xFFFFFFFF,
        )
        codes = sorted_unique(np.concatenate([subjects, objects]))
        names = zip(codes.tolist(), evidence.keys.values[codes], strict=True)
        entity_ids = {code: content_id("entity", key) for code, key in names}
        relations, times = evidence.relations.decode(relation_codes), evidence.times.decode(validity_codes)
        ids = [
            content_id("fact", entity_ids[subject], relation, entity_ids[object_], time)
            for subject, relation, object_, time in zip(
                subjects.tolist(), relations, objects.tolist(), times, strict=True
            )
        ]
        rows = self._rows.find(ids)
        new = np.flatnonzero(rows < 0)
        columns: dict[str, Array] = {name: np.full(len(new), -1, np.int32) for name in _NUMBERS}
        columns |= {name: np.full(len(new), None, object) for name in _TEXTS}
        columns["said_at"] = columns["last_said_at"] = np.full(len(new), np.datetime64("NaT", "us"))
        columns |= {"priority": np.zeros(len(new), np.int8), "hash": np.zeros(len(new), np.uint64)}
        columns["is_worded_by_names"] = np.zeros(len(new), bool)
        columns["id"] = np.array(ids, object)[new]
        columns["relation"] = relations[new]
        columns["valid_at"] = times[new]
        columns["valid_at"][columns["valid_at"] == ""] = None
        columns["subject_key"], columns["object_key"] = subjects[new], objects[new]
        columns["family"] = self._family(relation_codes[new])
        rows[new] = self.table.extend(columns)
        self._rows.update(columns["id"], rows[new])
        return rows

    def _family(self, relations: Array) -> Array:
        known = self._evidence.relations.values[len(self._family_of) :]
        for code, relation in enumerate(known, start=len(self._family_of)):
            family = relation_family(relation)
            if family is not None and family not in self._families:
                self._families[family] = len(self._families) + 1
                self._adopt(family)
            if family is None:
                family = endable_family(relation)
                self._endable.setdefault(family, []).append(code)
            self._family_of.extend([self._families.get(family, 0)])
        return self._family_of.array[relations]

    def _worded(self, claims: Array, passages: GrowingTable) -> Array:
        """The statements of `claims` (rows), with the labels of the speakers who made them."""
        table = self._evidence.claims
        return self._evidence.labelled(table["statement"][claims], table["passage"][claims], passages)

    def _adopt(self, family: str) -> None:
        """Put the relations that are now said to be over into their `family`, which is new."""
        codes = np.array(self._endable.get(family, []) if is_ending(family) else [], np.int64)
        self._family_of.put(codes, self._families[family])
        relations = self._evidence.relations.values[codes].tolist()
        rows = np.flatnonzero(self.table["relation"].is_one_of(relations)) if relations else codes
        self.table.put(rows, family=np.full(len(rows), self._families[family], np.int32))

    def _wrong_sentences(self) -> set[tuple[int, str]]:
        """The statements that a person corrected, each with its passage (a row)."""
        found: set[tuple[int, str]] = set()
        for table in (self._evidence.claims, self._evidence.excluded):
            rows = np.flatnonzero(table["replaced"])
            found |= set(zip(table["passage"][rows].tolist(), table["statement"][rows].tolist(), strict=True))
        return found

    def _corrected(
        self, fact: int, group: Array, wrong: set[tuple[int, str]], passages: GrowingTable
    ) -> dict[str, object]:
        """What is shown of a fact with the claims `group` (rows) where a person's word applies to it, or to a sentence
        that states it.

        It is worded as a passage does that says it itself in a sentence that is not `wrong`, or by the names that it
        relates.
        """
        claims, shown = self._evidence.claims, dict[str, object]()
        codes, is_own = claims["correction"][group], ~claims["replaced"][group]
        if (codes >= 0).any():
            word = self._corrections.newest(codes[codes >= 0])
            shown |= {"corrected_by": word.said.name, "corrected_at": word.said.at.isoformat()}
            shown["ended"] = word.valid_until
            if word.rewords:
                is_own &= claims["priority"][group] == 0
        own = group[is_own]
        said = zip(claims["passage"][own].tolist(), claims["statement"][own].tolist(), strict=True)
        right = own[[place not in wrong for place in said]] if len(own) else own
        if len(own):
            best, _ = _best(right if len(right) else own, claims, passages)
            shown |= {name: claims[name][best] for name in ("hash", "stated_by", "priority")}
            shown["statement"] = self._worded(np.array([best]), passages)[0]
        else:
            shown |= {"stated_by": CORRECTION, "priority": 0}
        if len(right):
            return shown
        # Found by the vector of the sentence that was corrected, which is about the same: no model is asked.
        return shown | {"statement": self._named_statement(fact), "is_worded_by_names": True}

    def _named_statement(self, fact: int) -> str:
        table = self.table
        names = [self._entities.name_of(int(table[side][fact])) for side in ("subject_key", "object_key")]
        date = f" ({table['valid_at'][fact]})" if table["valid_at"][fact] else ""
        return f"{names[0]} {table['relation'][fact].replace('_', ' ')} {names[1]}{date}".rstrip(".") + "."

    def _put_shown(self, facts: Array, shown: dict[str, Array]) -> None:
        """Show `facts` in the words of `shown`, and what it says of them."""
        table = self.table
        statements, hashes = shown.pop("statement"), shown.pop("hash")
        is_reworded = (table["slot"][facts] < 0) | (table["statement"][facts] != statements)
        reworded = facts[is_reworded]
        indexed = reworded[table["slot"][reworded] >= 0]
        self.index.remove(table["statement"][indexed].tolist())
        slots = self.index.add(statements[is_reworded].tolist())
        table.put(
            reworded,
            statement=statements[is_reworded],
            hash=hashes[is_reworded],
            slot=slots,
            vector=np.full(len(slots), -1, np.int32),
        )
        differs = np.zeros(len(facts), bool)
        for name, values in shown.items():
            differs |= table[name][facts] != values
        table.put(facts[differs], **{name: values[differs] for name, values in shown.items()})

    def _supersession_input(self, rows: Array) -> pd.DataFrame:
        """The columns of facts (rows) that `find_superseded` takes."""
        taken = self.table.take(rows)
        names = self._entities.table["name"][self._entities.rows[taken["object_key"]]]
        columns = {name: taken[name] for name in ("id", "relation", "valid_at", "said_at", "last_said_at", "stated_by")}
        columns |= {"subject": taken["subject_key"], "object": taken["object_key"], "object_name": names}
        return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()})

    def save(self, to: ArrayWriter, name: str) -> None:
        super().save(to, name)
        to.value(f"{name}.families", [self._families, self._endable])

    def load(self, saved: SavedArrays, name: str) -> None:
        super().load(saved, name)
        self._families, self._endable = saved.value(f"{name}.families")

    def _parts(self) -> Iterator[tuple[Any, str]]:
        yield self.table, "table"
        yield self.index, "index"
        yield self.vectors, "vectors"
        yield self._rows, "rows"
        yield self._family_of, "family_of"


def _distinct(values: Array) -> tuple[Array, Array]:
    """The distinct `values` in order of first occurrence, and the index of each value among them.

    That order is the order of their vectors, too: what lies side by side is read faster.
    """
    ordered, first, local = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return ordered[order], places[local]


def _best(group: Array, claims: GrowingTable, passages: GrowingTable) -> tuple[int, list[int]]:
    """The claim that a fact shows, and those of `group` that repeat what another says in the same passage."""
    priorities, statements, stated_in, speakers = (
        claims[name][group].tolist() for name in ("priority", "statement", "passage", "stated_by")
    )
    places = zip(*(passages[name][claims["passage"][group]].tolist() for name in ORDER_COLUMNS), strict=True)
    ordered = sorted(zip(priorities, statements, places, speakers, group.tolist(), stated_in, strict=True))
    seen: set[tuple[int, str, str]] = set()
    repeated = []
    for _, statement, _, stated_by, row, passage in ordered:
        if (key := (passage, statement, stated_by)) in seen:
            repeated.append(row)
        seen.add(key)
    return ordered[0][4], repeated


def _times(
    rows: Array, starts: Array, counts: Array, claims: GrowingTable, passages: GrowingTable
) -> tuple[Array, Array]:
    """When each fact was first and last said by its sources of highest priority. `rows` are claims, fact by fact."""
    priority = claims["priority"][rows]
    best = np.repeat(np.minimum.reduceat(priority, starts), counts) == priority
    said = passages["said_at"][claims["passage"][rows]].astype(np.int64)
    limits = np.iinfo(np.int64)
    first = np.minimum.reduceat(np.where(best, said, limits.max), starts)
    last = np.maximum.reduceat(np.where(best, said, limits.min), starts)
    return first.astype("datetime64[us]"), last.astype("datetime64[us]")
