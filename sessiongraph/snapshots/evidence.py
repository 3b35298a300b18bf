"""Dictionary-encoded tables of the live evidence: which names are mentioned in which passage, and what is claimed.

Every string that occurs in many rows has a code, so that the evidence for a name or a fact is found by scanning one
column of integers (1 ms for 1,000,000 rows).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import GrowingArray, GrowingTable, frame_of, mask_of, sorted_unique
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, SavedParts
from sessiongraph.columnar.text_arrays import CodedTexts
from sessiongraph.columnar.texts import CodedColumn, GrowingTexts, StringCodes
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import NameEvidence, is_alias_relation
from sessiongraph.entity_resolution.speaker_names import is_speaker_key, key_of_wording, own_names, user_of_name
from sessiongraph.prompts.prompt_format import SPEAKER
from sessiongraph.snapshots.incremental_read import Columns
from sessiongraph.snapshots.passages import ORDER_COLUMNS
from sessiongraph.snapshots.speakers import Speakers, is_naming_relation

# Of evidence, the lowest first. `adjacency` relies on it that 1 means an assistant.
SOURCE_PRIORITY = {"document": 0, "transcript": 0, "user": 0, "assistant": 1}
# As who states what a person corrected.
CORRECTION = "correction"
MENTION_COLUMNS = ("entity", "passage", "key", "name", "type", "description", "stated_by")
CLAIM_COLUMNS = ("fact", "passage", "statement", "stated_by", "replaced")
# What the tables are made of; `excluded` has the texts of `claims`, which come first.
_PARTS = (
    *("mentions", "claims", "excluded", "keys", "names", "types", "wordings", "relations", "times", "_stated_by"),
    *("_raw_relations", "_keys_of_names", "_normal_relations", "_is_alias", "_is_naming"),
)


class EvidenceTables(SavedParts):
    """The evidence of all live passages.

    `mentions`: which name key is mentioned in which passage, in which wording, by whom; the subject and the object of a
    claim are mentioned, too. `claims`: the statements of each `fact` (its row). `excluded`: claims that are not shown,
    because they relate an entity to itself or repeat another or a person says that they are wrong, until names are
    resolved otherwise. `correction` is the code of what a person said of a claim, or by which a name is mentioned, -1
    for none (`corrected_claims`); `replaced`, whether the sentence of a claim states something wrong.
    """

    def __init__(self, speakers: Speakers) -> None:
        self._stated_by = StringCodes()
        codes = dict.fromkeys(("passage", "key_code", "name_code", "type_code", "entity"), np.int32)
        stated = {"stated_by": CodedColumn(self._stated_by), "priority": np.int8}
        self.mentions = GrowingTable(**codes, **stated, description=GrowingTexts(), correction=np.int32)
        codes = dict.fromkeys(("fact", "passage", "subject", "object", "relation", "valid", "correction"), np.int32)
        stated = {"stated_by": CodedColumn(self._stated_by), "priority": np.int8}
        self.claims = GrowingTable(**codes, **stated, statement=GrowingTexts(), hash=np.uint64, replaced=bool)
        self.excluded = self.claims.like()
        self.keys, self.names, self.types = StringCodes(), StringCodes(), StringCodes()
        self.wordings = GrowingTexts()  # by code of a name: as it is shown
        self.relations, self.times = StringCodes(), StringCodes()
        self._speakers, self._raw_relations = speakers, StringCodes()
        self._keys_of_names, self._normal_relations = GrowingArray(np.int32), GrowingArray(np.int32)
        self._is_alias, self._is_naming = GrowingArray(np.bool_), GrowingArray(np.bool_)
        self._users_of_keys: dict[int, str] = {}  # by code of a speaker's key
        self._relative_keys: set[int] = set()
        self._names_of_users: dict[str, list[int]] = {}  # codes of the names that hold a user's id

    def remove(self, passages: Array, numbers: Array) -> tuple[Array, Array]:
        """Remove the evidence of `passages` (rows), and renumber the others by `numbers`.

        Returns the keys that were mentioned there, and the facts that were claimed.
        """
        if not len(passages):
            return passages, passages
        gone = mask_of(passages, len(numbers))
        moved = (numbers != np.arange(len(numbers))) & ~gone
        keys, facts = [], []
        for table, key_columns in (
            (self.mentions, ("key_code",)),
            (self.claims, ("subject", "object")),
            (self.excluded, ("subject", "object")),
        ):
            rows = np.flatnonzero(gone[table["passage"]])
            keys += [table[name][rows] for name in key_columns]
            if table is self.claims:
                facts.append(table["fact"][rows])
            table.remove(rows)
            rows = np.flatnonzero(moved[table["passage"]])
            table.put(rows, passage=numbers[table["passage"][rows]])
        return sorted_unique(np.concatenate(keys)), sorted_unique(np.concatenate(facts))

    def add(self, mentions: Columns, claims: Columns, passages: Array, users: Array) -> tuple[Array, Array]:
        """Add the evidence of new passages, which have the rows `passages`, as `read_evidence` returns it.

        `users` are the ids of the users whose turns the passages are, None for other passages.
        Returns the keys that are mentioned there, and the rows of the new claims, which have no fact yet.
        """
        mentions, claims = _with_own_names(mentions, users, "name"), _with_own_names(claims, users, "subject", "object")
        claimed_names, claim_rows = self._encode_claims(claims, passages)
        keys = self._add_mentions(mentions, claimed_names, passages)
        return keys, self.claims.extend(claim_rows)

    def claims_to_reassign(self, keys: Array, corrected: Array | None) -> Array:
        """The rows of all claims whose fact must be found anew: those about `keys`, those `corrected` (None where no
        correction has changed) and all that were excluded."""
        if not len(keys) and corrected is None:
            return np.zeros(0, np.int32)
        is_key = mask_of(keys, len(self.keys))
        about = np.flatnonzero(is_key[self.claims["subject"]] | is_key[self.claims["object"]])
        rows = sorted_unique(np.concatenate([about, about[:0] if corrected is None else corrected])).astype(np.int32)
        restored = self.claims.extend_from(self.excluded, np.arange(len(self.excluded)))
        self.excluded.remove(np.arange(len(self.excluded)))
        return np.concatenate([rows, restored])

    def exclude(self, rows: Array) -> None:
        """Move claims (rows) that are not to be shown to `excluded`."""
        rows = sorted_unique(rows)
        self.excluded.extend_from(self.claims, rows)
        self.claims.remove(rows)

    def update_entity_rows(self, entities: Array) -> None:
        """Set the entity of each mention from `entities`: by key, the row of the entity that it means."""
        now = entities[self.mentions["key_code"]]
        rows = np.flatnonzero(self.mentions["entity"] != now)
        self.mentions.put(rows, entity=now[rows])

    def told_names(self, passages: GrowingTable) -> dict[str, tuple[str, ...]]:
        """By user id: what users said that they are called, the newest first. `passages` has the ORDER_COLUMNS."""
        is_speaker = self._is_speaker
        told: list[tuple[tuple[int, ...], int, int, int]] = []
        for table in (self.claims, self.excluded):
            naming = self._is_naming.array[table["relation"]] & (table["priority"] == 0)
            rows = np.flatnonzero(naming & is_speaker[table["subject"]])
            numbers = (table[name][rows].tolist() for name in ("subject", "object", "passage"))
            for subject, named, passage in zip(*numbers, strict=True):
                place = tuple(int(passages[name][passage]) for name in ORDER_COLUMNS)
                told.append((place, subject, named, passage))
        wordings = self._wordings_in({(passage, named) for _, _, named, passage in told})
        found: dict[str, dict[str, None]] = {}
        for _, subject, named, passage in sorted(told, reverse=True):
            if (wording := wordings.get((passage, named))) is not None:
                found.setdefault(self._users_of_keys[subject], {})[wording] = None
        return {user_id: tuple(names) for user_id, names in found.items()}

    def _wordings_in(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
        """By passage and key, of `places`: the wording in which the passage mentions it, unless it is a speaker's."""
        chosen = mask_of(np.array([key for _, key in places], np.int32), len(self.keys))
        rows = np.flatnonzero(chosen[self.mentions["key_code"]])
        passages, keys, codes = (self.mentions[name][rows].tolist() for name in ("passage", "key_code", "name_code"))
        found: dict[tuple[int, int], str] = {}
        for place, code in zip(zip(passages, keys, strict=True), codes, strict=True):
            name = self.names.values[code]
            if place in places and name == self.wordings[code]:
                found[place] = min(name, found.get(place, name))
        return found

    def relabel(self, user_ids: Collection[str], passages: GrowingTable) -> tuple[Array, Array]:
        """Show the names of these users, and of what is theirs, with their present labels.

        Returns the keys of those names and of what these users describe, and the facts that they have claimed.
        """
        codes = np.array([code for user_id in user_ids for code in self._names_of_users.get(user_id, ())], np.int32)
        if not len(codes):
            return codes, codes
        self.wordings.put(codes, [self._speakers.label(name) for name in self.names.values[codes]])
        told = passages["user_id"].is_one_of(list(user_ids)) & passages["is_turn"]
        facts = self.claims["fact"][np.flatnonzero(told[self.claims["passage"]])]
        described = np.flatnonzero(told[self.mentions["passage"]] & self.mentions["description"].is_filled())
        keys = np.concatenate([self._keys_of_names.array[codes], self.mentions["key_code"][described]])
        return sorted_unique(keys), sorted_unique(facts[facts >= 0])

    def labelled(self, texts: Array, told_in: Array, passages: GrowingTable) -> Array:
        """`texts`, told in passages (rows), with the labels of the speakers who said them for "the user"."""
        shown = texts.copy()
        for place, text in enumerate(texts.tolist()):
            if SPEAKER in text.lower() and passages["is_turn"][told_in[place]]:
                shown[place] = self._speakers.labelled(text, passages["user_id"][told_in[place]])
        return shown

    def is_told(self, claims: Array) -> bool:
        """Whether one of `claims` (rows) may say what a speaker is called."""
        return bool(self._is_naming.array[self.claims["relation"][claims]].any())

    def subjects(self, chosen: Array) -> Array:
        """Those of the keys `chosen` (a mask) that claims are about, once for each claim."""
        subjects = (table["subject"] for table in (self.claims, self.excluded))
        return np.concatenate([keys[chosen[keys]] for keys in subjects])

    def mentioned_keys(self) -> Array:
        """A mask of the keys that the evidence itself mentions: not by a correction alone."""
        own = self.mentions["key_code"][self.mentions["correction"] < 0]
        return mask_of(own, len(self.keys))

    def mention(self, names: Sequence[str], passages: Sequence[int], corrections: Array) -> None:
        """Mention `names`, which `corrections` (codes) bring, in passages (rows)."""
        codes = self._encode_names(np.array(names, object))
        keys, texts = self._keys_of_names.array[codes], np.full(len(codes), "", object)
        self.mentions.extend(
            {
                "passage": passages,
                "key_code": keys,
                "name_code": codes,
                "type_code": self.types.encode(texts),
                "entity": np.full(len(codes), -1, np.int32),
                "description": texts,
                "stated_by": np.full(len(codes), CORRECTION, object),
                "priority": np.zeros(len(codes), np.int8),
                "correction": corrections,
            }
        )

    def of_names(self, keys: Array) -> dict[str, NameEvidence | None]:
        """The evidence about each of `keys`; None for one that is mentioned nowhere."""
        chosen = mask_of(keys, len(self.keys))
        rows = np.flatnonzero(chosen[self.mentions["key_code"]] & (self.mentions["correction"] < 0))
        key = self.mentions["key_code"][rows]
        types = grouped(key, self.mentions["type_code"][rows])
        wordings = grouped(key, self.mentions["name_code"][rows])
        neighbours, aliases = self._neighbours(chosen)
        typed, worded = _strings(types, self.types.values), _strings(wordings, self.wordings)
        beside, aliased = _strings(neighbours, self.keys.values), _strings(aliases, self.keys.values)
        none: frozenset[str] = frozenset()
        return {
            text: NameEvidence(
                frozenset(type_.casefold() for type_ in typed[code] if type_),
                worded[code],
                beside.get(code, none),
                aliased.get(code, none),
            )
            if code in typed
            else None
            for code, text in zip(keys.tolist(), self.keys.values[keys], strict=True)
        }

    @property
    def is_relative(self) -> Array:
        """By code of a key: whether it is of something known by its relation to a speaker."""
        return mask_of(np.array(list(self._relative_keys), np.int32), len(self.keys))

    @property
    def _is_speaker(self) -> Array:
        """By code of a key: whether it is a speaker's."""
        return mask_of(np.array(list(self._users_of_keys), np.int32), len(self.keys))

    def _neighbours(self, chosen: Array) -> tuple[dict[int, Array], dict[int, Array]]:
        """By key of the `chosen`: the keys that share a claim with it, and those that a claim calls aliases of it."""
        is_speaker = self._is_speaker
        found: tuple[list[Array], ...] = ([], [], [], [])
        for table in (self.claims, self.excluded):
            for one, other in (("subject", "object"), ("object", "subject")):
                rows = np.flatnonzero(chosen[table[one]])
                keys, others = table[one][rows], table[other][rows]
                differ = keys != others
                found[0].append(keys[differ])
                found[1].append(others[differ])
                if one == "subject":
                    alias = self._is_alias.array[table["relation"][rows]] & differ
                    # What a speaker is called is told from namesakes' names by another rule.
                    alias &= ~(is_speaker[keys] | is_speaker[others])
                    found[2].append(keys[alias])
                    found[3].append(others[alias])
        keys, others, aliased, aliases = map(np.concatenate, found)
        return grouped(keys, others), grouped(aliased, aliases)

    def _encode_claims(self, claims: Columns, passages: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        """The names in `claims` (with passage and speaker), and the distinct claims as rows of `self.claims`."""
        names = self._encode_names(np.concatenate([claims["subject"], claims["object"]]))
        speakers = self._stated_by.encode(claims["stated_by"])
        passage = passages[claims["passage"]]
        claimed_names = {"passage": np.tile(passage, 2), "name": names, "speaker": np.tile(speakers, 2)}
        keys = self._keys_of_names.array[names]
        statement = claims["statement"]
        coded = {
            "passage": passage,
            "subject": keys[: len(passage)],
            "object": keys[len(passage) :],
            "relation": self.encode_relations(claims["relation"]),
            "valid": self.times.encode(claims["valid_at"]),
            "speaker": speakers,
            "hash": claims["hash"],
        }
        first = ~pd.DataFrame(coded).duplicated().to_numpy()
        coded = {name: column[first] for name, column in coded.items()}
        coded["statement"] = statement[first]
        coded["stated_by"], coded["priority"] = self._source_columns(coded.pop("speaker"))
        coded["fact"] = coded["correction"] = np.full(len(coded["passage"]), -1, np.int32)
        coded["replaced"] = np.zeros(len(coded["passage"]), bool)
        return claimed_names, coded

    def _add_mentions(self, mentions: Columns, claimed_names: Mapping[str, Array], passages: Array) -> Array:
        """Add `mentions` and the names in claims, each once; returns the keys that they mention."""
        descriptions = np.concatenate([mentions["description"], np.full(len(claimed_names["name"]), "", object)])
        columns = {
            "passage": np.concatenate([passages[mentions["passage"]], claimed_names["passage"]]),
            "name": np.concatenate([self._encode_names(mentions["name"]), claimed_names["name"]]),
            "type": self.types.encode(
                np.concatenate([mentions["type"], np.full(len(claimed_names["name"]), "", object)])
            ),
            "description": pd.factorize(descriptions)[0],
            "speaker": np.concatenate([self._stated_by.encode(mentions["stated_by"]), claimed_names["speaker"]]),
        }
        keys = self._keys_of_names.array[columns["name"]]
        typed = columns["type"] != self.types.encode([""])[0]
        # A name that is mentioned with a type in a passage is not counted there without one as well.
        places = columns["passage"].astype(np.int64) << 32 | keys
        covered = ~typed & np.isin(places, places[typed])
        kept = ~covered & ~pd.DataFrame(columns).duplicated().to_numpy()
        chosen = {name: column[kept] for name, column in columns.items()}
        stated_by, priority = self._source_columns(chosen["speaker"])
        self.mentions.extend(
            {
                "passage": chosen["passage"],
                "key_code": keys[kept],
                "name_code": chosen["name"],
                "type_code": chosen["type"],
                "entity": np.full(len(keys[kept]), -1, np.int32),
                "description": descriptions[kept],
                "stated_by": stated_by,
                "priority": priority,
                "correction": np.full(len(stated_by), -1, np.int32),
            }
        )
        return sorted_unique(keys)

    def _encode_names(self, names: Array) -> Array:
        """The codes of `names`; `_keys_of_names` has those of their keys."""
        before = len(self.names)
        codes = self.names.encode(names)
        new = self.names.values[before:]
        self._keys_of_names.extend(self.keys.encode([key_of_wording(name) for name in new]))
        self.wordings.extend([self._speakers.label(name) for name in new])
        for code, name in enumerate(new, start=before):
            if (user_id := user_of_name(name)) is not None:
                self._names_of_users.setdefault(user_id, []).append(code)
                key = int(self._keys_of_names.array[code])
                if is_speaker_key(self.keys.values[key]):
                    self._users_of_keys[key] = user_id
                else:
                    self._relative_keys.add(key)
        return codes

    def encode_relations(self, relations: Array) -> Array:
        """The codes of the normal forms of `relations`."""
        before, known = len(self._raw_relations), len(self.relations)
        codes = self._raw_relations.encode(relations)
        new = [" ".join(relation.casefold().split()) for relation in self._raw_relations.values[before:]]
        self._normal_relations.extend(self.relations.encode(new))
        added = self.relations.values[known:]
        self._is_alias.extend([is_alias_relation(relation) for relation in added])
        self._is_naming.extend([is_alias_relation(it) or is_naming_relation(it) for it in added])
        return self._normal_relations.array[codes]

    def _source_columns(self, speakers: Array) -> tuple[Array, Array]:
        """The columns `stated_by` and `priority`, from the codes of speakers."""
        # A person's correction, which is in no window, has that of what people say.
        known = [SOURCE_PRIORITY.get(speaker, 0) for speaker in self._stated_by.values[:]]
        priorities = np.array(known, np.int8)
        return self._stated_by.decode(speakers), priorities[speakers]

    def mentions_frame(self) -> pd.DataFrame:
        """The mentions as a snapshot shows them."""
        view = self.mentions.view
        named = {
            "key": CodedTexts(self.keys.values.view(), view("key_code"), self.keys.get),
            "name": CodedTexts(self.wordings.view(), view("name_code")),
            "type": CodedTexts(self.types.values.view(), view("type_code"), self.types.get),
        }
        columns = {name: named[name] if name in named else view(name) for name in MENTION_COLUMNS}
        return frame_of(columns, len(self.mentions))

    def save(self, to: ArrayWriter, name: str) -> None:
        super().save(to, name)
        users = [[key, user_id] for key, user_id in self._users_of_keys.items()]
        to.value(name, [users, sorted(self._relative_keys), self._names_of_users])

    def load(self, saved: SavedArrays, name: str) -> None:
        super().load(saved, name)
        users, relative_keys, self._names_of_users = saved.value(name)
        self._users_of_keys, self._relative_keys = {key: user_id for key, user_id in users}, set(relative_keys)

    def _parts(self) -> Iterator[tuple[Any, str]]:
        for name in _PARTS:
            yield getattr(self, name), name


def _with_own_names(evidence: Columns, users: Array, *columns: str) -> Columns:
    """`evidence` with the id of the user in the names that mean a speaker or what is theirs."""
    speaking, by_user = users[evidence["passage"]], evidence["stated_by"] == "user"
    return evidence | {name: own_names(evidence[name], speaking, by_user) for name in columns}


def grouped(keys: Array, values: Array) -> dict[int, Array]:
    """The distinct `values` (not negative) of each of `keys`, by key."""
    pairs = sorted_unique(keys.astype(np.int64) << 32 | values)
    distinct, starts = np.unique(pairs >> 32, return_index=True)
    parts = np.split(pairs & 0xFFFFFFFF, starts[1:]) if len(distinct) else []
    return dict(zip(distinct.tolist(), parts, strict=True))


def _strings(groups: Mapping[int, Array], texts: GrowingTexts) -> dict[int, frozenset[str]]:
    """The `texts` of each group of codes."""
    codes = sorted_unique(np.concatenate([*groups.values(), np.zeros(0, np.int64)]))
    read = texts[codes]
    return {key: frozenset(read[np.searchsorted(codes, group)].tolist()) for key, group in groups.items()}
