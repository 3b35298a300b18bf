"""The live evidence of a derivation, as numbers: which names stand in which passage, and what is claimed of them.

Every string that stands in many rows has a code, so that what a name or a fact is supported by is found by a scan of
one column of whole numbers (1 ms for 1,000,000 rows).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import Codes, Column, Table, marked, sorted_distinct
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import Named, is_alias_relation, name_key
from sessiongraph.snapshots.incremental_read import Columns

# 1 is what only an assistant says: see `adjacency`.
STANDING = {"document": 0, "user": 0, "assistant": 1}
MENTIONED = ("entity", "passage", "key", "name", "type", "description", "stated_by")
CLAIMED = ("fact", "passage", "statement", "stated_by")


class Evidence:
    """`mentions`: by whom a key is named, how and where; what a claim is about is mentioned by it too.
    `claims`: of a `fact` (its row). `apart`: claims that say nothing that is shown, of an entity and itself or once
    more, until names are resolved otherwise.
    """

    def __init__(self) -> None:
        codes = dict.fromkeys(("passage", "key_code", "name_code", "type_code", "entity"), np.int32)
        texts = dict.fromkeys(("key", "name", "type", "description", "stated_by"), object)
        self.mentions = Table(**codes, **texts, standing=np.int8)
        codes = dict.fromkeys(("fact", "passage", "subject", "object", "relation", "valid"), np.int32)
        claimed = {"statement": object, "stated_by": object, "standing": np.int8, "hash": np.uint64}
        self.claims, self.apart = Table(**codes, **claimed), Table(**codes, **claimed)
        self.keys, self.names, self.types, self.relations, self.times = Codes(), Codes(), Codes(), Codes(), Codes()
        self._speakers, self._raw_relations = Codes(), Codes()
        self._keys_of_names, self._normal_relations = Column(np.int32), Column(np.int32)
        self._is_alias = Column(np.bool_)
        self.text_bytes = 0

    def remove(self, passages: Array, numbers: Array) -> tuple[Array, Array]:
        """Remove what stands in `passages` (rows), and give the others their new `numbers`.

        The keys that were named there, and the facts that were claimed.
        """
        if not len(passages):
            return passages, passages
        gone = marked(passages, len(numbers))
        moved = (numbers != np.arange(len(numbers))) & ~gone
        keys, facts = [], []
        for table, named in (
            (self.mentions, ("key_code",)),
            (self.claims, ("subject", "object")),
            (self.apart, ("subject", "object")),
        ):
            rows = np.flatnonzero(gone[table["passage"]])
            keys += [table[name][rows] for name in named]
            if table is self.claims:
                facts.append(table["fact"][rows])
            table.remove(rows)
            rows = np.flatnonzero(moved[table["passage"]])
            table.put(rows, passage=numbers[table["passage"][rows]])
        return sorted_distinct(np.concatenate(keys)), sorted_distinct(np.concatenate(facts))

    def add(self, mentions: Columns, claims: Columns, passages: Array) -> tuple[Array, Array]:
        """Add what `read_changes` found in new passages, which have the rows `passages`.

        The keys that are named there, and the rows of the new claims, which are of no fact yet.
        """
        about, claimed = self._coded_claims(claims, passages)
        keys = self._add_mentions(mentions, about, passages)
        return keys, self.claims.extend(claimed)

    def reclaim(self, keys: Array) -> Array:
        """The rows of all claims about `keys`, and of those that stood apart, which are of no fact now."""
        if not len(keys):
            return np.zeros(0, np.int32)
        named = marked(keys, len(self.keys))
        rows = np.flatnonzero(named[self.claims["subject"]] | named[self.claims["object"]]).astype(np.int32)
        again = self.claims.extend(self.apart.take(np.arange(len(self.apart))))
        self.apart.remove(np.arange(len(self.apart)))
        return np.concatenate([rows, again])

    def set_apart(self, rows: Array) -> None:
        """Take claims that say nothing to be shown out of the others."""
        rows = sorted_distinct(rows)
        self.apart.extend(self.claims.take(rows))
        self.claims.remove(rows)

    def place(self, entities: Array) -> None:
        """Bring the rows of entities in line with `entities`: the row of that which each key means."""
        now = entities[self.mentions["key_code"]]
        rows = np.flatnonzero(self.mentions["entity"] != now)
        self.mentions.put(rows, entity=now[rows])

    def named(self, keys: Array) -> dict[str, Named | None]:
        """What the evidence says of each of `keys`; None of one that is named nowhere."""
        chosen = marked(keys, len(self.keys))
        rows = np.flatnonzero(chosen[self.mentions["key_code"]])
        key = self.mentions["key_code"][rows]
        types = grouped(key, self.mentions["type_code"][rows])
        wordings = grouped(key, self.mentions["name_code"][rows])
        neighbours, aliases = self._neighbours(chosen)
        type_of, name_of, key_of = (codes.values.array for codes in (self.types, self.names, self.keys))
        return {
            key_of[code]: Named(
                frozenset(type_of[kind].casefold() for kind in types[code] if type_of[kind]),
                frozenset(name_of[wordings[code]].tolist()),
                frozenset(key_of[neighbours[code]].tolist()) if code in neighbours else frozenset(),
                frozenset(key_of[aliases[code]].tolist()) if code in aliases else frozenset(),
            )
            if code in types
            else None
            for code in keys.tolist()
        }

    def _neighbours(self, chosen: Array) -> tuple[dict[int, Array], dict[int, Array]]:
        """The keys that stand in a claim with each of the `chosen`, and those that are said to be other names of it."""
        found: tuple[list[Array], ...] = ([], [], [], [])
        for table in (self.claims, self.apart):
            for one, other in (("subject", "object"), ("object", "subject")):
                rows = np.flatnonzero(chosen[table[one]])
                keys, others = table[one][rows], table[other][rows]
                beside = keys != others
                found[0].append(keys[beside])
                found[1].append(others[beside])
                if one == "subject":
                    alias = self._is_alias.array[table["relation"][rows]] & beside
                    found[2].append(keys[alias])
                    found[3].append(others[alias])
        keys, others, named, aliases = map(np.concatenate, found)
        return grouped(keys, others), grouped(named, aliases)

    def _coded_claims(self, claims: Columns, passages: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        """Who is named in `claims` (passage, name and speaker), and the distinct claims as rows of `self.claims`."""
        names = self._named(np.concatenate([claims["subject"], claims["object"]]))
        speakers = self._speakers.of(claims["stated_by"])
        passage = passages[claims["passage"]]
        about = {"passage": np.tile(passage, 2), "name": names, "speaker": np.tile(speakers, 2)}
        keys = self._keys_of_names.array[names]
        statement = claims["statement"]
        coded = {
            "passage": passage,
            "subject": keys[: len(passage)],
            "object": keys[len(passage) :],
            "relation": self._related(claims["relation"]),
            "valid": self.times.of(claims["valid_at"]),
            "speaker": speakers,
            "hash": claims["hash"],
        }
        first = ~pd.DataFrame(coded).duplicated().to_numpy()
        coded = {name: column[first] for name, column in coded.items()}
        coded["statement"] = statement[first]
        coded["stated_by"], coded["standing"] = self._spoken(coded.pop("speaker"))
        coded["fact"] = np.full(len(coded["passage"]), -1, np.int32)
        self.text_bytes += sum(map(len, coded["statement"])) + 50 * len(coded["fact"])
        return about, coded

    def _add_mentions(self, mentions: Columns, about: Mapping[str, Array], passages: Array) -> Array:
        """Add `mentions` and whom the claims are `about`, each once; the keys that they name."""
        descriptions = np.concatenate([mentions["description"], np.full(len(about["name"]), "", object)])
        columns = {
            "passage": np.concatenate([passages[mentions["passage"]], about["passage"]]),
            "name": np.concatenate([self._named(mentions["name"]), about["name"]]),
            "type": self.types.of(np.concatenate([mentions["type"], np.full(len(about["name"]), "", object)])),
            "description": pd.factorize(descriptions)[0],
            "speaker": np.concatenate([self._speakers.of(mentions["stated_by"]), about["speaker"]]),
        }
        keys = self._keys_of_names.array[columns["name"]]
        typed = columns["type"] != self.types.of([""])[0]
        # Whoever is named with a type in a passage is not named there without one as well.
        places = columns["passage"].astype(np.int64) << 32 | keys
        covered = ~typed & np.isin(places, places[typed])
        kept = ~covered & ~pd.DataFrame(columns).duplicated().to_numpy()
        chosen = {name: column[kept] for name, column in columns.items()}
        stated_by, standing = self._spoken(chosen["speaker"])
        self.text_bytes += sum(map(len, descriptions)) + 50 * len(mentions["name"])
        self.mentions.extend(
            {
                "passage": chosen["passage"],
                "key_code": keys[kept],
                "name_code": chosen["name"],
                "type_code": chosen["type"],
                "entity": np.full(len(keys[kept]), -1, np.int32),
                "key": self.keys.strings(keys[kept]),
                "name": self.names.strings(chosen["name"]),
                "type": self.types.strings(chosen["type"]),
                "description": descriptions[kept],
                "stated_by": stated_by,
                "standing": standing,
            }
        )
        return sorted_distinct(keys)

    def _named(self, names: Array) -> Array:
        """The codes of `names`, each of which has its key."""
        before = len(self.names)
        codes = self.names.of(names)
        self._keys_of_names.extend(self.keys.of([name_key(name) for name in self.names.values.array[before:]]))
        return codes

    def _related(self, relations: Array) -> Array:
        """The codes of the normal forms of `relations`."""
        before, known = len(self._raw_relations), len(self.relations)
        codes = self._raw_relations.of(relations)
        new = [" ".join(relation.casefold().split()) for relation in self._raw_relations.values.array[before:]]
        self._normal_relations.extend(self.relations.of(new))
        self._is_alias.extend([is_alias_relation(relation) for relation in self.relations.values.array[known:]])
        return self._normal_relations.array[codes]

    def _spoken(self, speakers: Array) -> tuple[Array, Array]:
        """Who states it, by code, and the standing of that."""
        standings = np.array([STANDING[speaker] for speaker in self._speakers.values.array], np.int8)
        return self._speakers.strings(speakers), standings[speakers]

    @property
    def nbytes(self) -> int:
        codes = (self.keys, self.names, self.types, self.relations, self.times)
        tables = self.mentions.nbytes + self.claims.nbytes + self.apart.nbytes
        # A string of a code, its place in two tables and what is resolved about it.
        return tables + self.text_bytes + 300 * sum(map(len, codes))


def grouped(keys: Array, values: Array) -> dict[int, Array]:
    """The distinct `values` (not negative) of each of `keys`, by key."""
    pairs = sorted_distinct(keys.astype(np.int64) << 32 | values)
    distinct, starts = np.unique(pairs >> 32, return_index=True)
    parts = np.split(pairs & 0xFFFFFFFF, starts[1:]) if len(distinct) else []
    return dict(zip(distinct.tolist(), parts, strict=True))
