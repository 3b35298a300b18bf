"""Who a pronoun stands for, by rule: the speaker, the one spoken to, or the last fitting name said before.

State runs over the texts of one window in order, its context first. What does not belong here: the parse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.kinds_of_names import KindsOfNames
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

    In `documents`, "it" may also be what a sentence was about that it named by its kind alone ("the vaccine"). Where a
    text `is_written`, and not said, "the airline" is the one airline that it has named.
    """

    speakers: frozenset[str] = frozenset()
    documents: bool = False
    is_written: bool = False
    _said: list[_Said] = field(default_factory=list)
    _genders: dict[str, str] = field(default_factory=dict)
    _sentence: int = 0
    _kinds: KindsOfNames = field(default_factory=KindsOfNames)

    @property
    def _is_of_one(self) -> bool:
        """Whether one person says it all, and looks back at it: a document or a mail."""
        return self.documents and len(self.speakers) < 2

    def read(self, reading: Reading, me: str | None, you: str | None) -> list[Referents]:
        """Who the pronouns of each sentence of `reading` stand for, where `me` says it to `you`."""
        return [self._read(sentence, me, you) for sentence in reading.sentences]

    def name(self, mention: Mention, referents: Referents) -> str:
        """The name of `mention`; a short form of one speaker's name is that speaker ("Mel" of Melanie)."""
        name = rendered(mention.name, referents)
        if mention.proper and len(name) >= 3 and " " not in name:
            full = [speaker for speaker in self.speakers if speaker.startswith(name)]
            if len(full) == 1:
                return full[0]
        return name

    def known_name(self, mention: Mention, referents: Referents) -> str | None:
        """The name of `mention`, None where it is of somebody who is not known; what is "yours" in a document or a mail
        is a thing by itself."""
        if mention.definite and (stands_for := referents.get(mention.at)):
            return stands_for[0]
        if mention.definite in lexicon.SAID_AGAIN:
            return None  # nobody knows which one "the company" is
        unknown = [piece for piece in mention.name if isinstance(piece, Pronoun) and piece.at not in referents]
        if not unknown:
            return self.name(mention, referents)
        is_of_reader = all(piece.kind in ("i", "you") for piece in unknown) and not mention.kin
        if not (is_of_reader and self._is_of_one):
            return None
        return rendered(tuple(piece for piece in mention.name if piece not in unknown), referents)

    def _read(self, sentence: Sentence, me: str | None, you: str | None) -> Referents:
        self._sentence += 1
        referents: dict[int, tuple[str, ...]] = {}
        events: list[Mention | Pronoun] = [*sentence.mentions, *sentence.pronouns, *_unsaid(sentence)]
        events += sentence.kinds if self.documents else ()
        for event in sorted(events, key=lambda event: event.at):
            if isinstance(event, Pronoun):
                names = self._referent(event, me, you)
                if names:
                    referents[event.at] = names
                    if event.kind in ("she", "he"):
                        self._genders.setdefault(names[0], "f" if event.kind == "she" else "m")
                        self._said.append(_Said(self._sentence, event.at, names, "Person", event.subject, False, True))
            elif event in sentence.kinds and event not in sentence.mentions:
                self._read_kind(event, referents)
            elif (name := self.known_name(event, referents)) is not None:
                self._say(event, name)
                self._kinds.hear_name(event, name)
        self._pair()
        self._kinds.hear(sentence)
        return referents

    def _read_kind(self, kind: Mention, referents: dict[int, tuple[str, ...]]) -> None:
        """Takes what a sentence is about that it names by its kind alone, by its name where that is clear."""
        name = self._kinds.named_by(kind) if self.is_written and kind.definite else None
        if name is not None:
            referents[kind.at] = (name,)
            self._say(replace(kind, proper=True), name)
        elif kind.type != "Person":
            self._say(kind, self.name(kind, referents))

    def _say(self, mention: Mention, name: str) -> None:
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
        if pronoun.kind == "they" and self._is_of_one:
            self._pair()  # "He married Rosalie, and together they raised five children"
        recent = list(self._recent(pronoun))
        fitting = [said for said in recent if self._fits(pronoun, said, me, you)]
        if not fitting and pronoun.kind in ("she", "he"):
            # The recogniser may have taken a person for something else; who is "she" is one, or an animal.
            nearby = [said for said in recent if said.sentence >= self._sentence - 2 and said.proper]
            is_alone = len({said.names for said in nearby}) == 1  # "We bought a mare called Vela. She won."
            fitting = [
                person
                for said in nearby
                if (said.subject or is_alone)
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
        if pronoun.is_thing and said.type == "Organization":
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
        if pronoun.kind == "they" and self._is_of_one and said.subject and said.sentence == self._sentence - 1:
            # "Bookings can be changed. They …", "the caterer has called. They …"
            is_group = said.plural or said.type == "Organization"
            return is_group or (said.proper and said.type == "Person" and len(said.names) > 1)
        if pronoun.kind == "they":
            return (said.plural and said.type in ("Person", "Organization")) or (
                said.type == "Organization" and said.proper
            )
        if self.documents and said.subject and said.type in ("Concept", *_THINGS):
            is_before = said.sentence < self._sentence or (self._is_of_one and (said.proper or not pronoun.subject))
            return not said.plural and is_before
        return said.type in _THINGS and not said.plural and said.proper


def _is_thing(said: _Said) -> bool:
    return said.type in ("Concept", *_THINGS) and not said.plural


def _unsaid(sentence: Sentence) -> list[Pronoun]:
    """The subjects that `sentence` leaves out."""
    return [piece for piece in sentence.words if isinstance(piece, Pronoun) and not piece.text]
