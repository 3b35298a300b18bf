"""What follows from corrections: which claims say something else or nothing, and which names that brings.

Invariants:
- It is a function of the newest words and of the live evidence alone, so that a refreshed snapshot shows what one read
  from the beginning shows.
- A word applies to every claim about its entities with its relation, however they are named there; the newest counts.
- It applies as long as the evidence itself names both its subject and its object. That rests on no name that a
  correction brings and on no merge: or a correction could take away what it rests on.
- A name that a correction brings is mentioned in the passages of the claims that it corrects, and resolved like any.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import TypeAdapter

from sessiongraph.columnar.growing_arrays import GrowingTable, mask_of, sorted_unique
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.columnar.texts import StringCodes
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import Decision, NameEvidence, name_key, pair
from sessiongraph.ids import content_id
from sessiongraph.snapshots.corrections import EntityWord, FactKey, FactWord, Words
from sessiongraph.snapshots.evidence import EvidenceTables
from sessiongraph.snapshots.partial_dates import is_before, parse_partial_date

_RIGHT_NAME = Decision(True, "user", "its right name")


@dataclass
class _OfFact:
    """A word on a fact, by codes; -1 for any `valid`. `named` is the key of the object that it brings, -1 for none."""

    key: FactKey
    subject: int
    relation: int
    object: int
    valid: int
    word: FactWord | None = None
    named: int = -1
    is_live: bool = False


@dataclass
class _OfEntity:
    """A word on the entity of a name key, and the key of the name that it brings, -1 for none."""

    key: int
    word: EntityWord | None = None
    named: int = -1
    is_live: bool = False


@dataclass(frozen=True)
class RetractedClaim:
    """A claim that a person says is wrong: `id` is that of the fact that it would state, between entities (rows).

    `claim` is what it says in the words of its passage (a row); `word` what was said, of `about`.
    """

    id: str
    subject: int
    relation: str
    object: int
    valid_at: str | None
    statement: str
    stated_by: str
    passage: int
    claim: FactKey
    about: FactKey
    word: FactWord


@dataclass(frozen=True)
class ClaimKeys:
    """What claims say in the words of their passages: the codes of subject, relation, object and date, and the strings
    that they stand for. `corrections` has the code of the word that applies to each, of `words` (-1 for none), and
    `entities` the entity of each name key."""

    columns: tuple[Array, ...]
    strings: tuple[StringCodes, ...]
    corrections: Array
    words: Sequence[tuple[FactKey, FactWord | None]]
    entities: Array

    def of(self, claim: int) -> FactKey:
        columns = zip(self.strings, self.columns, strict=True)
        return FactKey(*(str(codes.values[column[claim]]) for codes, column in columns))

    def saying(self, said: FactKey) -> Array:
        """The claims that say `said`, of any date where that has none."""
        found = np.ones(len(self.corrections), bool)
        for column, codes, text in zip(self.columns, self.strings, said, strict=True):
            if text is not None:
                found &= column == (-1 if (code := codes.get(text)) is None else code)
        return np.flatnonzero(found)

    def correction_of(self, claim: int) -> tuple[FactKey, FactWord | None] | None:
        """The word that applies to a claim, and what it is about."""
        code = int(self.corrections[claim])
        return self.words[code] if code >= 0 else None

    def alike(self, claim: int) -> Array:
        """The claims that say the same of the same entities, of whatever date."""
        subject, relation, object_, _ = self.columns
        same = self.entities[subject] == self.entities[subject[claim]]
        same &= self.entities[object_] == self.entities[object_[claim]]
        return np.flatnonzero(same & (relation == relation[claim]))


class CorrectedClaims:
    """The words on facts and entities, and how they apply now. A word on a fact has a code for good."""

    def __init__(self, evidence: EvidenceTables) -> None:
        self._evidence = evidence
        self._facts: list[_OfFact] = []
        self._codes: dict[FactKey, int] = {}
        self._entities: dict[str, _OfEntity] = {}
        self._decided: dict[tuple[str, str], Decision] = {}
        self._names: dict[int, frozenset[str]] = {}  # by key: the wordings that corrections bring
        self._links: set[tuple[str, str]] = set()  # names that are one because one of them is the right one
        self._changed: set[int] = set()  # codes of words that are new, or may apply to other claims now
        self._keys = np.zeros(0, np.int32)  # by key: the key of its entity
        self._applying: dict[tuple[int, int, int], list[int]] = {}  # by entities and relation: codes, the newest first
        self._shown: dict[int, tuple[str | None, str | None]] = {}  # by entity: its right type and name

    # Names.

    def update(
        self, words: Words, decisions: Mapping[tuple[str, str], Decision]
    ) -> tuple[Array, dict[tuple[str, str], Decision | None]]:
        """Take in what is new, after the evidence was.

        Returns the keys of names that corrections bring now, or bring no more; and `decisions`, with those that follow
        from the right names of entities: what a person decided about two names stands above these.
        """
        self._decided |= decisions
        self._changed = {self._put_fact(key, word) for key, word in words.facts.items()}
        for key, entity_word in words.entities.items():
            self._put_entity(key, entity_word)
        if not (self._facts or self._entities):
            return np.zeros(0, np.int32), dict(decisions)
        mentioned = self._evidence.mentioned_keys()
        for code, fact in enumerate(self._facts):
            is_live = fact.word is not None and bool(mentioned[fact.subject] and mentioned[fact.object])
            if is_live != fact.is_live:
                self._changed.add(code)
            fact.is_live = is_live
        brought = {fact.named for fact in self._facts if fact.is_live}
        for entity in self._entities.values():
            entity.is_live = entity.word is not None and bool(mentioned[entity.key] or entity.key in brought)
        names, links = self._brought_names(), set(self._right_names())
        touched = [key for key in names.keys() | self._names if names.get(key) != self._names.get(key)]
        pairs = sorted((links ^ self._links) | set(decisions))
        self._names, self._links = names, links
        linked = {names_: self._decided.get(names_, _RIGHT_NAME if names_ in links else None) for names_ in pairs}
        return np.array(sorted(touched), np.int32), linked

    def with_names(self, found: dict[str, NameEvidence | None]) -> dict[str, NameEvidence | None]:
        """The evidence about names, with the wordings that corrections bring."""
        for code in self._names.keys() & set(self._evidence.keys.encode(list(found)).tolist()):
            key = self._evidence.keys.values[code]
            evidence = found[key] or NameEvidence()
            found[key] = replace(evidence, wordings=evidence.wordings | self._names[code])
        return found

    @property
    def named_keys(self) -> Array:
        """The keys of the names that corrections bring."""
        return np.array(list(self._names), np.int32)

    def _put_fact(self, key: FactKey, word: FactWord | None) -> int:
        evidence = self._evidence
        if (code := self._codes.get(key)) is None:
            subject, object_ = evidence.keys.encode([key.subject, key.object]).tolist()
            relation = int(evidence.encode_relations(np.array([key.relation], object))[0])
            valid = -1 if key.valid_at is None else int(evidence.times.encode([key.valid_at])[0])
            code = self._codes[key] = len(self._facts)
            self._facts.append(_OfFact(key, subject, relation, object_, valid))
        fact = self._facts[code]
        fact.word, fact.named = word, self._key_of_name(word.object if word is not None else None)
        return code

    def _put_entity(self, key: str, word: EntityWord | None) -> None:
        entity = self._entities.setdefault(key, _OfEntity(int(self._evidence.keys.encode([key])[0])))
        entity.word, entity.named = word, self._key_of_name(word.name if word is not None else None)

    def _key_of_name(self, name: str | None) -> int:
        return -1 if name is None else int(self._evidence.keys.encode([name_key(name)])[0])

    def _brought_names(self) -> dict[int, frozenset[str]]:
        found: defaultdict[int, set[str]] = defaultdict(set)
        for fact in self._facts:
            if fact.is_live and fact.word is not None and fact.word.object is not None:
                found[fact.named].add(fact.word.object)
        for entity in self._entities.values():
            if entity.is_live and entity.word is not None and entity.word.name is not None:
                found[entity.named].add(entity.word.name)
        return {key: frozenset(wordings) for key, wordings in found.items()}

    def _right_names(self) -> Iterator[tuple[str, str]]:
        keys = self._evidence.keys.values
        for entity in self._entities.values():
            if entity.is_live and entity.named >= 0 and entity.named != entity.key:
                yield pair(keys[entity.key], keys[entity.named])

    # Entities and claims, once names are resolved.

    def resolve(self, reresolved: Array, keys: Array) -> Array:
        """Find anew what words apply to. `reresolved` are name keys that mean another entity now, `keys` has those of
        entities by name key. Returns the entities that are shown otherwise."""
        self._keys = keys
        moved = set(reresolved.tolist())
        if moved:
            self._changed |= {
                code
                for code, fact in enumerate(self._facts)
                if fact.is_live and not moved.isdisjoint((fact.subject, fact.object, fact.named))
            }
        if self._changed:
            self._applying = self._found_applying()
        shown: dict[int, tuple[str | None, str | None]] = {}
        live = [(entity.word, entity) for entity in self._entities.values() if entity.is_live and entity.word]
        for word, entity in sorted(live, key=lambda one: one[0].seq):
            code = int(keys[entity.key])
            # Not where a person decided that the two names are two.
            right_name = word.name if code == keys[entity.named] else None
            type_, name = shown.get(code, (None, None))
            shown[code] = (word.type or type_, right_name or name)
        affected = [code for code in shown.keys() | self._shown if shown.get(code) != self._shown.get(code)]
        self._shown = shown
        return np.array(sorted(affected), np.int32)

    def _found_applying(self) -> dict[tuple[int, int, int], list[int]]:
        """The words that stand, by what they are about, the newest first."""
        found: dict[tuple[int, int, int], list[int]] = {}
        for code in sorted(range(len(self._facts)), key=lambda code: self._newest_first(code)):
            if self._facts[code].is_live:
                found.setdefault(self._triple(code), []).append(code)
        return found

    def shown_as(self, entity: int) -> tuple[str | None, str | None]:
        """The right type and name of an entity (by code), where a person said them."""
        return self._shown.get(entity, (None, None))

    def claims_to_reassign(self) -> Array | None:
        """The rows of claims to which other words may apply now; None where no word has changed."""
        if not self._changed:
            return None
        claims, keys = self._evidence.claims, self._keys
        had = mask_of(np.array(sorted(self._changed), np.int32), len(self._facts) + 1)[claims["correction"]]
        triples = [self._triple(code) for code in self._changed if self._facts[code].is_live]
        return np.flatnonzero(had | np.isin(_pairs(keys[claims["subject"]], keys[claims["object"]]), _packed(triples)))

    def applied(self, subject: Array, relation: Array, object_: Array, valid: Array) -> Array:
        """The code of the word that applies to each claim (its entities, by code, and what it says of them), or -1."""
        found = np.full(len(subject), -1, np.int32)
        if self._applying:
            for row in np.flatnonzero(np.isin(_pairs(subject, object_), _packed(list(self._applying)))).tolist():
                codes = self._applying.get((int(subject[row]), int(relation[row]), int(object_[row])), ())
                found[row] = next((code for code in codes if self._fits(code, int(valid[row]))), -1)
        return found

    def corrected(
        self, codes: Array, relation: Array, object_: Array, valid: Array
    ) -> tuple[Array, Array, Array, Array, Array]:
        """What claims with the words `codes` (-1 for none) say: relation, object and date; and of each whether its
        sentence states something wrong, and whether nothing is left of it."""
        relation, object_, valid = relation.copy(), object_.copy(), valid.copy()
        replaced, gone = np.zeros(len(codes), bool), np.zeros(len(codes), bool)
        for row in np.flatnonzero(codes >= 0).tolist():
            fact = self._facts[codes[row]]
            word = self.word(int(codes[row]))
            replaced[row], gone[row] = word.retracted or word.rewords, word.retracted
            if word.relation is not None:
                relation[row] = self._evidence.encode_relations(np.array([word.relation], object))[0]
            if word.object is not None:
                object_[row] = self._keys[fact.named]
            if word.valid_at is not None:
                valid[row] = self._evidence.times.encode([word.valid_at])[0]
        return relation, object_, valid, replaced, gone

    def word(self, code: int) -> FactWord:
        word = self._facts[code].word
        assert word is not None, "only words that stand apply"
        return word

    def newest(self, codes: Array) -> FactWord:
        return self.word(min(codes.tolist(), key=self._newest_first))

    def update_mentions(self, before: Array) -> Array:
        """Mention the names that corrections bring in the passages of the claims that they correct.

        `before` has codes of words that applied to claims before; with those that have changed, they are looked at
        anew. Returns the keys of the names.
        """
        evidence, mentions = self._evidence, self._evidence.mentions
        changed = {*self._changed, *before.tolist()} - {-1}
        if not changed:
            return np.zeros(0, np.int32)
        is_changed = mask_of(np.array(sorted(changed), np.int32), len(self._facts) + 1)
        old = np.flatnonzero(is_changed[mentions["correction"]])
        keys = mentions["key_code"][old]
        mentions.remove(old)
        places = sorted(
            {
                place
                for claims in (evidence.claims, evidence.excluded)
                for place in _places(claims, np.flatnonzero(is_changed[claims["correction"]] & (claims["fact"] >= 0)))
                if self._facts[place[0]].named >= 0
            }
        )
        codes = np.array([code for code, _ in places], np.int32)
        evidence.mention([str(self.word(code).object) for code, _ in places], [row for _, row in places], codes)
        return np.concatenate([keys, np.array([self._facts[code].named for code, _ in places], np.int32)])

    def _triple(self, code: int) -> tuple[int, int, int]:
        fact = self._facts[code]
        return int(self._keys[fact.subject]), fact.relation, int(self._keys[fact.object])

    def _newest_first(self, code: int) -> tuple[int, str]:
        fact = self._facts[code]
        return -(fact.word.seq if fact.word is not None else 0), repr(fact.key)

    def _fits(self, code: int, valid: int) -> bool:
        """Whether a word applies to a claim of that date: to none that begins after what the word says is over."""
        fact, word = self._facts[code], self.word(code)
        if fact.valid not in (-1, valid):
            return False
        begun = parse_partial_date(self._evidence.times.values[valid])
        ended = parse_partial_date(word.valid_until)
        return word.rewords or not (begun and ended and is_before(ended, begun))

    # What a snapshot shows of it.

    def claim_keys(self) -> ClaimKeys:
        evidence = self._evidence
        return ClaimKeys(
            tuple(evidence.claims.view(name) for name in ("subject", "relation", "object", "valid")),
            (evidence.keys, evidence.relations, evidence.keys, evidence.times),
            evidence.claims.view("correction"),
            tuple((fact.key, fact.word) for fact in self._facts),
            self._keys,
        )

    def entity_words(self) -> dict[str, EntityWord]:
        """The words on entities that apply, by name key."""
        return {key: entity.word for key, entity in self._entities.items() if entity.is_live and entity.word}

    def retracted(self, rows_of_entities: Array) -> list[RetractedClaim]:
        """The claims that a person says are wrong; `rows_of_entities` has the rows by name key."""
        excluded, strings = self._evidence.excluded, (self._evidence.relations, self._evidence.times)
        keys = self._evidence.keys.values
        found = []
        for row in np.flatnonzero(excluded["correction"] >= 0).tolist():
            fact = self._facts[excluded["correction"][row]]
            if fact.word is None or not fact.word.retracted:
                continue
            named = [int(excluded[side][row]) for side in ("subject", "object")]
            one, other = (int(self._keys[key]) for key in named)
            relation, valid = (
                str(codes.values[excluded[name][row]])
                for codes, name in zip(strings, ("relation", "valid"), strict=True)
            )
            ids = (content_id("entity", keys[entity]) for entity in (one, other))
            id_ = content_id("fact", next(ids), relation, next(ids), valid)
            shown = (int(rows_of_entities[one]), relation, int(rows_of_entities[other]), valid or None)
            said = (excluded["statement"][row], excluded["stated_by"][row], int(excluded["passage"][row]))
            claim = FactKey(keys[named[0]], relation, keys[named[1]], valid)
            found.append(RetractedClaim(id_, *shown, *said, claim, fact.key, fact.word))
        return found

    def save(self, to: ArrayWriter, name: str) -> None:
        decided = [(*names, decision) for names, decision in self._decided.items()]
        state = _State(self._facts, self._entities, decided, self._names, sorted(self._links), self._shown)
        to.value(name, _state_adapter().dump_python(state, mode="json"))

    def load(self, saved: SavedArrays, name: str, keys: Array) -> None:
        """Load what was saved, where `keys` has the keys of entities by name key."""
        state = _state_adapter().validate_python(saved.value(name))
        self._facts, self._entities = state.facts, state.entities
        self._codes = {fact.key: code for code, fact in enumerate(self._facts)}
        self._decided = {(one, other): decision for one, other, decision in state.decided}
        self._names, self._links, self._shown = state.names, set(state.links), state.shown
        self._keys, self._changed = keys, set()
        self._applying = self._found_applying()


@dataclass
class _State:
    """What is saved of words; the rest follows from it."""

    facts: list[_OfFact]
    entities: dict[str, _OfEntity]
    decided: list[tuple[str, str, Decision]]
    names: dict[int, frozenset[str]]
    links: list[tuple[str, str]]
    shown: dict[int, tuple[str | None, str | None]]


def _state_adapter() -> TypeAdapter[_State]:
    return TypeAdapter(_State)


def _places(claims: GrowingTable, rows: Array) -> set[tuple[int, int]]:
    """The words that apply to claims, each with the passage."""
    return set(zip(claims["correction"][rows].tolist(), claims["passage"][rows].tolist(), strict=True))


def _pairs(subjects: Array, objects: Array) -> Array:
    return subjects.astype(np.int64) << 32 | objects


def _packed(triples: Sequence[tuple[int, int, int]]) -> Array:
    """The pairs of subjects and objects in `triples`."""
    return sorted_unique(np.array([subject << 32 | object_ for subject, _, object_ in triples], np.int64))
