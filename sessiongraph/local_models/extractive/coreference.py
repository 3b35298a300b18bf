"""Whom a pronoun or "the airline" stands for, by rule: the speaker, the one spoken to, or who was named before.

State runs over the texts of one window in order, its context first. What does not belong here: the parse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from sessiongraph.local_models.extractive import lexicon, type_words
from sessiongraph.local_models.extractive.parse_types import (
    Mention,
    Pronoun,
    Reading,
    Referents,
    Sentence,
    rendered,
)

# How many sentences back a pronoun reaches. A person stays present longer than a thing.
_REACH = {"she": 40, "he": 40, "they": 3, "it": 2}
_THINGS = frozenset(("Organization", "Product", "Work", "Event"))
# How many sentences back a definite noun reaches for a name of its type ("the airline").
_REACH_OF_NOUNS = 2
# Of what types the nouns in a name are: a museum has a building, and people.
_KINDS = {
    "Organization": frozenset(("Organization", "Place")),
    "Place": frozenset(("Organization", "Place")),
    "Event": frozenset(("Event",)),
}


@dataclass(frozen=True)
class _Said:
    """Somebody or something named: in which sentence, where, and what fits it."""

    sentence: int
    at: int
    names: tuple[str, ...]
    type: str
    subject: bool
    plural: bool
    proper: bool


@dataclass
class Coreference:
    """The names said so far, and the genders that are known of them. `speakers` are known to be persons.

    In `documents`, "it" may also be what a sentence was about that it named by its kind alone ("the vaccine").
    """

    speakers: frozenset[str] = frozenset()
    documents: bool = False
    _said: list[_Said] = field(default_factory=list)
    _genders: dict[str, str] = field(default_factory=dict)
    _sentence: int = 0
    # The nouns that were said of each name of this text: "airline" of Caspian Air.
    _nouns: dict[str, set[str]] = field(default_factory=dict)
    _lemmas: list[tuple[str, ...]] = field(default_factory=list)

    def read(self, reading: Reading, me: str | None, you: str | None) -> list[Referents]:
        """Whom the pronouns and definite nouns of each sentence of `reading` stand for, where `me` says it to `you`."""
        self._nouns, self._lemmas = {}, []
        return [self._read(sentence, me, you) for sentence in reading.sentences]

    def name(self, mention: Mention, referents: Referents) -> str:
        """The name of `mention`; a short form of one speaker's name is that speaker ("Mel" of Melanie)."""
        name = rendered(mention.name, referents)
        if mention.proper and len(name) >= 3 and " " not in name:
            full = [speaker for speaker in self.speakers if speaker.startswith(name)]
            if len(full) == 1:
                return full[0]
        return name

    def _read(self, sentence: Sentence, me: str | None, you: str | None) -> Referents:
        self._sentence += 1
        referents: dict[int, tuple[str, ...]] = {}
        events: list[Mention | Pronoun] = [*sentence.mentions, *sentence.pronouns, *_unsaid(sentence)]
        events += sentence.kinds if self.documents else ()
        said = {event.at for event in events}
        events += (mention for mention in sentence.again if mention.at not in said)
        for event in sorted(events, key=lambda event: event.at):
            if event.at in referents:
                continue
            if isinstance(event, Mention) and event.again and (of := self._antecedent(event)) is not None:
                referents[event.at] = of.names
                self._said.append(replace(of, sentence=self._sentence, at=event.at, subject=event.subject))
            elif isinstance(event, Pronoun):
                names = self._referent(event, me, you)
                if names:
                    referents[event.at] = names
                    if event.kind in ("she", "he"):
                        self._genders.setdefault(names[0], "f" if event.kind == "she" else "m")
                        self._said.append(_Said(self._sentence, event.at, names, "Person", event.subject, False, True))
            elif event.at not in said or event.again in lexicon.EMPTY_NOUNS:
                continue  # nothing stands for that later
            elif all(not isinstance(piece, Pronoun) or piece.at in referents for piece in event.name):
                self._say(event, referents)
        self._pair()
        self._notice(sentence, referents)
        return referents

    def _notice(self, sentence: Sentence, referents: Referents) -> None:
        """Keeps which nouns `sentence` says of what has a name: "Caspian Air is an airline"."""
        self._lemmas.append(sentence.lemmas)
        for fact in sentence.facts:
            if rendered(fact.relation, referents) not in ("is", "was"):
                continue
            for named in fact.subjects:
                if isinstance(named, Mention) and named.proper:
                    nouns = (rendered(it.name, referents) for it in fact.objects if isinstance(it, Mention))
                    self._nouns.setdefault(self.name(named, referents), set()).update(_head(noun) for noun in nouns)

    def _antecedent(self, mention: Mention) -> _Said | None:
        """Who or what was named before in this text that a definite noun stands for: of whom it was said, or in whose
        name it is ("the Marlowe Bridge … the bridge"); else the one name of its type close by, unless something else
        may be meant. Where several fit it is not sure which one is, so it is none."""
        noun = mention.again
        first = self._sentence - len(self._lemmas)
        here = [it for it in self._said if it.sentence >= first and it.proper and not it.plural and len(it.names) == 1]
        if told := [said for said in here if noun in self._nouns_of(said)]:
            return _only(told)
        said_before = {lemma for lemmas in self._lemmas[-_REACH_OF_NOUNS:] for lemma in lemmas}
        if noun not in type_words.SAID_OF_NAMES or noun in said_before:
            return None
        near = (it for it in here if it.sentence >= self._sentence - _REACH_OF_NOUNS)
        fitting = _only([said for said in near if said.type == mention.type])
        if fitting is None or (self._nouns_of(fitting) and noun not in type_words.OF_EVERY_KIND):
            return None
        self._nouns.setdefault(fitting.names[0], set()).add(noun)
        return fitting

    def _nouns_of(self, said: _Said) -> set[str]:
        """The nouns that tell of what kind the one named is: those said of it, and those in its name."""
        words = {word.rstrip(".") for word in said.names[0].lower().split()}
        kinds = _KINDS.get(said.type, frozenset())
        in_name = {word for word in words if lexicon.TYPE_OF_HEAD.get(word) in kinds}
        if said.type == "Person":
            in_name = words & lexicon.OCCUPATIONS
        return self._nouns.get(said.names[0], set()) | in_name

    def _say(self, mention: Mention, referents: Referents) -> None:
        name = self.name(mention, referents)
        if mention.gender:
            self._genders[name] = mention.gender
        type_ = "Person" if name in self.speakers else mention.type
        self._said.append(
            _Said(self._sentence, mention.at, (name,), type_, mention.subject, mention.plural, mention.proper)
        )

    def _pair(self) -> None:
        """Two persons who are subjects of one sentence can be "they" afterwards."""
        here = [s for s in self._said if s.sentence == self._sentence and s.type == "Person" and not s.plural]
        names = tuple(dict.fromkeys(name for said in here for name in said.names))
        if len(names) == 2 and here[0].subject:
            self._said.append(_Said(self._sentence, here[-1].at, names, "Person", True, True, True))

    def _referent(self, pronoun: Pronoun, me: str | None, you: str | None) -> tuple[str, ...]:
        if pronoun.kind == "i":
            return (me,) if me else ()
        if pronoun.kind == "you":
            return (you,) if you else ()
        recent = list(self._recent(pronoun))
        fitting = [said for said in recent if self._fits(pronoun, said, me, you)]
        if not fitting and pronoun.kind in ("she", "he"):
            # The recogniser may have taken a person for something else; who is "she" is one.
            nearby = [said for said in recent if said.sentence >= self._sentence - 2 and said.proper]
            fitting = [
                person
                for said in nearby
                if said.subject
                and said.type in ("Organization", "Concept")
                and self._fits(pronoun, person := replace(said, type="Person"), me, you)
            ]
        if not fitting and pronoun.kind == "it" and self.documents:
            # "Vera prepares a workshop. It lasts half a day.": what the sentence before did something to, if one thing.
            before = [said for said in recent if said.sentence == self._sentence - 1]
            things = [said for said in before if _is_thing(said)]
            is_of_person = all(said.type == "Person" for said in before if said.subject)
            fitting = things if is_of_person and len({said.names for said in things}) == 1 else []
        # The last sentence that names one decides; in it the subject comes first, then what was said last.
        for _, group in groupby(reversed(fitting), key=lambda said: said.sentence):
            latest = list(group)
            subject = next((said for said in latest if said.subject), None)
            if pronoun.kind == "it" and subject is None and len({said.names for said in latest}) > 1:
                return ()
            return (subject or latest[0]).names
        return ()

    def _recent(self, pronoun: Pronoun) -> Iterator[_Said]:
        first = self._sentence - _REACH[pronoun.kind]
        return (said for said in self._said[-200:] if said.sentence >= first)

    def _fits(self, pronoun: Pronoun, said: _Said, me: str | None, you: str | None) -> bool:
        if said.sentence == self._sentence and said.at == pronoun.not_at:
            return False
        if pronoun.kind in ("she", "he"):
            wanted = "f" if pronoun.kind == "she" else "m"
            gender = self._genders.get(said.names[0], wanted)
            return (
                said.type == "Person"
                and len(said.names) == 1
                and not said.plural
                and gender == wanted
                and (said.names[0] not in (me, you))
            )
        if pronoun.kind == "they":
            return (said.plural and said.type in ("Person", "Organization")) or (
                said.type == "Organization" and said.proper
            )
        if self.documents and said.subject and said.type in ("Concept", *_THINGS):
            return not said.plural and said.sentence < self._sentence
        return said.type in _THINGS and not said.plural and said.proper


def _only(found: list[_Said]) -> _Said | None:
    """The one of which all of `found` are, by its full name, the last time that it was told of; None where they are
    several."""
    full = max(found, key=lambda said: len(said.names[0]), default=None)
    if full is None or any(not set(said.names[0].split()) <= set(full.names[0].split()) for said in found):
        return None
    return full


def _head(noun: str) -> str:
    """The last word of what `noun` is, before what it is of."""
    return noun.lower().split(" of ")[0].split()[-1]


def _is_thing(said: _Said) -> bool:
    return said.type in ("Concept", *_THINGS) and not said.plural


def _unsaid(sentence: Sentence) -> list[Pronoun]:
    """The subjects that `sentence` leaves out."""
    return [piece for piece in sentence.words if isinstance(piece, Pronoun) and not piece.text]
