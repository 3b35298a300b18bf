"""The facts of a derivation: one for each subject, normal relation, object and validity, shown as its best claim is.

A fact whose entities are no others keeps its row while it has claims; claims of one entity and itself are no fact.
"""

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import Column, Table, marked, sorted_distinct
from sessiongraph.columnar.vectors import Array, VectorHeap
from sessiongraph.ids import content_id
from sessiongraph.snapshots.entities import Entities
from sessiongraph.snapshots.evidence import Evidence
from sessiongraph.snapshots.fact_supersession import WITHIN, close_superseded, functional_group
from sessiongraph.snapshots.passages import PLACE
from sessiongraph.text_index.bm25_index import LexicalIndex

SHOWN = (
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
)
_TEXTS = ("id", "relation", "statement", "valid_at", "stated_by", "valid_until", "superseded_by")
_NUMBERS = ("subject", "object", "subject_key", "object_key", "family", "slot", "vector")


class Facts:
    """One row for each fact; `subject` and `object` are rows of entities, `subject_key` and `object_key` codes."""

    def __init__(self, evidence: Evidence, entities: Entities) -> None:
        times = dict.fromkeys(("said_at", "last_said_at"), "datetime64[us]")
        texts, numbers = dict.fromkeys(_TEXTS, object), dict.fromkeys(_NUMBERS, np.int32)
        self.table = Table(**texts, **numbers, **times, standing=np.int8, hash=np.uint64)
        self.index = LexicalIndex()
        self.vectors = VectorHeap()
        self._evidence, self._entities = evidence, entities
        self._rows: dict[str, int] = {}
        self._families: dict[str, int] = {}
        self._family_of = Column(np.int32)  # by code of a relation; 0 for one that closes nothing

    def claim(self, rows: Array) -> Array:
        """Find the fact of each of the claims `rows`, or make it; the facts that they had, and those that they have."""
        claims, keys = self._evidence.claims, self._entities.keys
        before = claims["fact"][rows]
        subject, object_ = keys[claims["subject"][rows]], keys[claims["object"][rows]]
        facts = np.full(len(rows), -1, np.int32)
        two = np.flatnonzero(subject != object_)
        pairs, pair = np.unique(subject[two].astype(np.int64) << 32 | object_[two], return_inverse=True)
        said, kind = claims["relation"][rows[two]].astype(np.int64), claims["valid"][rows[two]]
        kinds, kind = np.unique(said << 32 | kind, return_inverse=True)
        distinct, local = _distinct(pair * max(len(kinds), 1) + kind)
        facts[two] = self._found(pairs[distinct // max(len(kinds), 1)], kinds[distinct % max(len(kinds), 1)])[local]
        claims.put(rows, fact=facts)
        affected = np.concatenate([before, facts])
        return sorted_distinct(affected[affected >= 0])

    def show(self, facts: Array, passages: Table) -> Array:
        """Choose anew what `facts` (rows) show; those that have no claim any more."""
        claims = self._evidence.claims
        # One more: -1 is no fact.
        rows = np.flatnonzero(marked(facts, len(self.table) + 1)[claims["fact"]]).astype(np.int32)
        rows = rows[np.argsort(claims["fact"][rows], kind="stable")]
        claimed, starts, counts = np.unique(claims["fact"][rows], return_index=True, return_counts=True)
        best = rows[starts]
        again: list[int] = []
        for place in np.flatnonzero(counts > 1).tolist():
            group = rows[starts[place] : starts[place] + counts[place]]
            best[place], repeats = _best(group, claims, passages)
            again += repeats
        if len(claimed):
            self._put(claimed.astype(np.int32), best, *_times(rows, starts, counts, claims, passages))
        unfounded = claims["fact"] < 0
        self._evidence.set_apart(np.concatenate([np.flatnonzero(unfounded), np.array(again, np.int64)]))
        return facts[~marked(claimed, len(self.table))[facts]]

    def remove(self, facts: Array) -> None:
        """Remove `facts` (rows), which have no claims."""
        if not len(facts):
            return
        gone = self.table.take(facts)
        self.index.remove(gone["statement"][gone["slot"] >= 0].tolist())
        for id_ in gone["id"]:
            del self._rows[id_]
        numbers = self.table.remove(facts)
        moved = (numbers >= 0) & (numbers != np.arange(len(numbers)))
        for row in numbers[moved].tolist():
            self._rows[self.table["id"][row]] = row
        claims = self._evidence.claims
        rows = np.flatnonzero(moved[claims["fact"]])  # none is -1 any more: those stand apart
        claims.put(rows, fact=numbers[claims["fact"][rows]])

    def close(self, facts: Array, gone: Array, renamed: Array) -> None:
        """Say anew until when facts held, where that may depend on `facts`, of which those `gone` have no claims, or on
        the names of the entities `renamed`."""
        table, size = self.table, len(self._entities.keys)
        if not self._families:
            return
        touched = sorted_distinct(np.concatenate([facts, np.flatnonzero(marked(renamed, size)[table["object_key"]])]))
        touched = touched[table["family"][touched] > 0]
        within = self._families.get(WITHIN, -1)
        about = touched[table["family"][touched] == within]
        ends = marked(np.concatenate([table["subject_key"][about], table["object_key"][about]]), size)
        subjects = marked(table["subject_key"][touched], size)
        table.put(gone, family=0)
        rows = np.flatnonzero((table["family"] > 0) & (table["family"] != within))
        subjects[table["subject_key"][rows[ends[table["object_key"][rows]]]]] = True
        rows = rows[subjects[table["subject_key"][rows]]]
        objects = marked(table["object_key"][rows], size)
        inside = objects[table["subject_key"]] & objects[table["object_key"]]
        around = np.flatnonzero(inside & (table["family"] == within))
        closed = close_superseded(self._told(np.concatenate([rows, around]))).iloc[: len(rows)]
        table.put(rows, **{name: closed[name].to_numpy(object) for name in ("valid_until", "superseded_by")})

    def place(self) -> None:
        """Bring the rows of subjects and objects in line with the entities."""
        entities = self._entities.rows
        for name in ("subject", "object"):
            now = entities[self.table[f"{name}_key"]]
            rows = np.flatnonzero(self.table[name] != now)
            self.table.put(rows, **{name: now[rows]})

    def _found(self, pairs: Array, kinds: Array) -> Array:
        """The facts of distinct subjects and objects, and relations and times; new ones where there were none."""
        keys, relations, times = (
            codes.values.array for codes in (self._evidence.keys, self._evidence.relations, self._evidence.times)
        )
        subjects, objects, said, valid = pairs >> 32, pairs & 0xFFFFFFFF, kinds >> 32, kinds & 0xFFFFFFFF
        entity_ids = {
            code: content_id("entity", keys[code])
            for code in sorted_distinct(np.concatenate([subjects, objects])).tolist()
        }
        ids = [
            content_id("fact", entity_ids[subject], relations[relation], entity_ids[object_], times[time])
            for subject, relation, object_, time in zip(
                subjects.tolist(), said.tolist(), objects.tolist(), valid.tolist(), strict=True
            )
        ]
        rows = np.fromiter((self._rows.get(id_, -1) for id_ in ids), np.int32, len(ids))
        new = np.flatnonzero(rows < 0)
        columns: dict[str, Array] = {name: np.full(len(new), -1, np.int32) for name in _NUMBERS}
        columns |= {name: np.full(len(new), None, object) for name in _TEXTS}
        columns["said_at"] = columns["last_said_at"] = np.full(len(new), np.datetime64("NaT", "us"))
        columns |= {"standing": np.zeros(len(new), np.int8), "hash": np.zeros(len(new), np.uint64)}
        columns["id"] = np.array(ids, object)[new]
        columns["relation"] = relations[said[new]]
        columns["valid_at"] = times[valid[new]]
        columns["valid_at"][columns["valid_at"] == ""] = None
        columns["subject_key"], columns["object_key"] = subjects[new], objects[new]
        columns["family"] = self._family(said[new])
        rows[new] = self.table.extend(columns)
        self._rows.update(zip(columns["id"], rows[new].tolist(), strict=True))
        return rows

    def _family(self, relations: Array) -> Array:
        known = self._evidence.relations.values.array[len(self._family_of) :]
        groups = [functional_group(relation) for relation in known]
        self._family_of.extend(
            [self._families.setdefault(group, len(self._families) + 1) if group else 0 for group in groups]
        )
        return self._family_of.array[relations]

    def _put(self, facts: Array, best: Array, said_at: Array, last_said_at: Array) -> None:
        """Show `facts` as the claims `best` say them."""
        claims, table = self._evidence.claims, self.table
        hashes = claims["hash"][best]
        other = (table["hash"][facts] != hashes) | (table["slot"][facts] < 0)
        reworded, wording = facts[other], best[other]
        indexed = reworded[table["slot"][reworded] >= 0]
        self.index.remove(table["statement"][indexed].tolist())
        statements = claims["statement"][wording]
        slots = self.index.add(statements.tolist())
        table.put(
            reworded, statement=statements, hash=hashes[other], slot=slots, vector=np.full(len(slots), -1, np.int32)
        )
        said = {"stated_by": claims["stated_by"][best], "standing": claims["standing"][best]}
        said |= {"said_at": said_at, "last_said_at": last_said_at}
        differs = np.zeros(len(facts), bool)
        for name, values in said.items():
            differs |= table[name][facts] != values
        table.put(facts[differs], **{name: values[differs] for name, values in said.items()})

    def _told(self, rows: Array) -> pd.DataFrame:
        """What `close_superseded` asks of facts."""
        taken = self.table.take(rows)
        names = self._entities.table["name"][self._entities.rows[taken["object_key"]]]
        columns = {name: taken[name] for name in ("id", "relation", "valid_at", "said_at", "last_said_at", "stated_by")}
        columns |= {"subject": taken["subject_key"], "object": taken["object_key"], "object_name": names}
        return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()})

    @property
    def nbytes(self) -> int:
        return self.table.nbytes + self.index.nbytes + self.vectors.nbytes + 180 * len(self.table)


def _distinct(values: Array) -> tuple[Array, Array]:
    """The distinct `values`, and the place of each value among them.

    They are in the order in which they came, which is that of their vectors too: what lies side by side is read faster.
    """
    ordered, first, local = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return ordered[order], places[local]


def _best(group: Array, claims: Table, passages: Table) -> tuple[int, list[int]]:
    """The claim that a fact shows, and those of `group` that say once more what another says in the same passage."""
    said = [claims[name][group].tolist() for name in ("standing", "statement", "passage", "stated_by")]
    places = zip(*(passages[name][claims["passage"][group]].tolist() for name in PLACE), strict=True)
    ordered = sorted(zip(said[0], said[1], places, said[3], group.tolist(), said[2], strict=True))
    seen: set[tuple[int, str, str]] = set()
    again = []
    for _, statement, _, stated_by, row, passage in ordered:
        if (key := (passage, statement, stated_by)) in seen:
            again.append(row)
        seen.add(key)
    return ordered[0][4], again


def _times(rows: Array, starts: Array, counts: Array, claims: Table, passages: Table) -> tuple[Array, Array]:
    """When each fact was first and last said by those of best standing, from its claims: `rows`, fact by fact."""
    standing = claims["standing"][rows]
    best = np.repeat(np.minimum.reduceat(standing, starts), counts) == standing
    said = passages["said_at"][claims["passage"][rows]].astype(np.int64)
    limits = np.iinfo(np.int64)
    first = np.minimum.reduceat(np.where(best, said, limits.max), starts)
    last = np.maximum.reduceat(np.where(best, said, limits.min), starts)
    return first.astype("datetime64[us]"), last.astype("datetime64[us]")
