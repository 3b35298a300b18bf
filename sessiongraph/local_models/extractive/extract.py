"""Windows made into an Extraction: what their texts say, with names for pronouns and dates for "yesterday".

Invariant: what a window yields depends on its source, context and parts alone.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sessiongraph.local_models.extractive import dates
from sessiongraph.local_models.extractive.coreference import Coreference
from sessiongraph.local_models.extractive.corrections import Stated, correction, over
from sessiongraph.local_models.extractive.name_types import LIKELY, is_of_person
from sessiongraph.local_models.extractive.naming import IS_CALLED, name_of_self
from sessiongraph.local_models.extractive.parse_types import (
    Counted,
    Mention,
    Pronoun,
    RawFact,
    Reading,
    Referents,
    Sentence,
    Slot,
    rendered,
)
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.extractive.text_blocks import said, utterances_of
from sessiongraph.prompts.extraction_schema import ExtractedEntity, ExtractedFact, Extraction, Summary
from sessiongraph.prompts.prompt_format import SPEAKER, ParsedWindow, Part

_STATEMENT_CHARS = 200
_DESCRIPTION_CHARS = 160
_SUGGESTING = frozenset(("should", "could", "might", "may", "would"))
_CONVERSATION, _DOCUMENT = "conversation", "document"
_SPEAKERS = re.compile(r"transcript: .*, speakers? (.+?)(?:, \d{4}-\d\d-\d\d)?\Z")


def extract(windows: Sequence[ParsedWindow], parser: SentenceParser) -> Extraction:
    """The summaries, entities and facts of `windows`, in their order. Thread-safe and deterministic."""
    told = [list(_utterances(window)) for window in windows]
    read = iter(parser.read([part for of_window in told for _, part in of_window]))
    found = Extraction(summaries=[], entities=[], facts=[])
    for window, of_window in zip(windows, told, strict=True):
        extraction = _Window(window, [(number, part, next(read)) for number, part in of_window]).extract()
        found.summaries += extraction.summaries
        found.entities += extraction.entities
        found.facts += extraction.facts
    return found


def _utterances(window: ParsedWindow) -> Iterator[tuple[int | None, Part]]:
    """What is said in `window`, each with the number of its passage, None in the context."""
    speaker = None
    numbered = [*((None, part) for part in window.context), *window.parts.items()]
    for number, part in numbered:
        for utterance in utterances_of(part, speaker):
            speaker = said(utterance).speaker if part.role == "transcript" else None
            yield number, utterance


@dataclass
class _Entity:
    """An entity as it grows: how much speaks for each type, its passages, and what is said of it, best first.

    A thing without a name of which nothing is told is none: "albums" is what the label has released.
    """

    name: str
    types: Counter[str] = field(default_factory=Counter)
    passages: set[int] = field(default_factory=set)
    said: list[tuple[int, str]] = field(default_factory=list)
    is_told_of: bool = False

    @property
    def type(self) -> str:
        """For which the most speaks."""
        return max(self.types, key=lambda each: (self.types[each], each != "Concept"))

    @property
    def weight(self) -> int:
        """How much speaks for it."""
        return self.types[self.type]


class _Window:
    def __init__(self, window: ParsedWindow, told: list[tuple[int | None, Part, Reading]]) -> None:
        self.window = window
        self.texts = [(part, reading) for number, part, reading in told if number is None]
        self.passages = [((number, part), reading) for number, part, reading in told if number is not None]
        self.today = dates.said_on(window.source)
        in_all = _SPEAKERS.match(window.source)
        self.speakers = re.split(", | and ", in_all[1]) if in_all else []
        self.speakers += [reading.speaker for _, _, reading in told if reading.speaker is not None]
        self.user = SPEAKER if window.source.startswith(_CONVERSATION) else None
        self.is_document = not window.source.startswith(_CONVERSATION)
        known = frozenset(self.speakers) | ({self.user} if self.user else set())
        self.coreference = Coreference(known, self.is_document, window.source.startswith(_DOCUMENT))
        self.told: list[Stated] = []
        self.was_asked = False
        self.entities: dict[str, _Entity] = {}
        self.facts: dict[tuple[str, str, str, int], ExtractedFact] = {}

    def extract(self) -> Extraction:
        for part, reading in self.texts:
            referents = self.coreference.read(reading, *self._persons(part, reading))
            for sentence, known in zip(reading.sentences, referents, strict=True):
                self._correct(part, sentence, known)
                self._remember(part, sentence, known)
        best: tuple[float, str] | None = None
        for (number, part), reading in self.passages:
            referents = self.coreference.read(reading, *self._persons(part, reading))
            for sentence, known in zip(reading.sentences, referents, strict=True):
                statement = clipped(capitalised(rendered(sentence.words, known)), _STATEMENT_CHARS)
                facts = self._correct(part, sentence, known, number) or self._state(
                    part, sentence, known, statement, number
                )
                facts += self._name_self(sentence, part, reading, statement, number)
                self._remember(part, sentence, known)
                self._mention(sentence, known, statement, number)
                candidate = (_worth(sentence, facts), statement)
                best = candidate if best is None or candidate[0] > best[0] else best
        summaries = [Summary(passage=min(self.window.parts), text=best[1])] if best else []
        return Extraction(
            summaries=summaries,
            entities=[self._entity(e) for e in self.entities.values() if e.is_told_of],
            facts=[*self.facts.values()],
        )

    def _persons(self, part: Part, reading: Reading) -> tuple[str | None, str | None]:
        """Who says `part`, and to whom; None where that has no name."""
        if reading.speaker is not None:
            others = list(dict.fromkeys(name for name in self.speakers if name != reading.speaker))
            return reading.speaker, others[-1] if len(others) == 1 else None
        return (self.user, None) if part.role == "user" else (None, self.user if part.role == "assistant" else None)

    def _state(self, part: Part, sentence: Sentence, known: Referents, statement: str, number: int) -> int:
        """Takes the facts of `sentence`; returns how many."""
        count = 0
        for fact in sentence.facts:
            if fact.document and not self.is_document:
                continue
            if part.role == "assistant" and fact.relation[0] in _SUGGESTING:
                continue  # "a lawyer should look at it" is advice
            if fact.relation == (IS_CALLED,) and self._is_of_another(fact, known):
                continue  # "Anna's sister" of a transcript is known by her name alone
            valid_at = dates.resolve(fact.when, self.today, fact.past) if fact.when else None
            relation = rendered(fact.relation, known)
            if relation == "is" and self._names_self(fact, known):
                relation = IS_CALLED
            for subject in self._names(fact.subjects, known):
                for target in self._names(fact.objects, known):
                    if subject.casefold() == target.casefold():
                        continue
                    key = (subject.casefold(), relation, target.casefold(), number)
                    self.facts.setdefault(
                        key,
                        ExtractedFact(
                            subject=subject,
                            relation=relation,
                            object=target,
                            statement=statement,
                            passage=number,
                            valid_at=valid_at,
                        ),
                    )
                    count += 1
                    self._take(fact, known, statement, number)
            for slot in (*fact.subjects, *fact.objects):
                self._relate(slot, known, statement, number)
        if sentence.question:  # "What may I give my dad?"
            for mention in sentence.mentions:
                self._relate(mention, known, statement, number)
        return count

    def _is_of_another(self, fact: RawFact, known: Referents) -> bool:
        """Whether `fact` is about whom another speaker than the user tells of by a relation."""
        owners = (slot.name[0] for slot in fact.subjects if isinstance(slot, Mention))
        return any(isinstance(it, Pronoun) and known.get(it.at) != (self.user,) for it in owners)

    def _relate(self, slot: Slot, known: Referents, statement: str, number: int) -> None:
        """Takes that the user has whom they tell of by that alone: "my sister" tells that they have one."""
        if self.user is None or not isinstance(slot, Mention) or slot.proper or not slot.kin or len(slot.name) != 2:
            return
        owner, theirs = slot.name
        if not isinstance(owner, Pronoun) or not isinstance(theirs, str) or known.get(owner.at) != (self.user,):
            return
        relation, whose = f"has {theirs.strip()}", self.coreference.name(slot, known)
        if any((one, said, at) == (self.user, relation, number) for one, said, _, at in self.facts):
            return  # by name, even
        key = (self.user, relation, whose.casefold(), number)
        fact = ExtractedFact(
            subject=self.user, relation=relation, object=whose, statement=statement, passage=number, valid_at=None
        )
        self.facts.setdefault(key, fact)
        self._note(self.user, "Person", number, statement, 2)

    def _name_self(self, sentence: Sentence, part: Part, reading: Reading, statement: str, number: int) -> int:
        """Takes the name that the user gives themselves in `sentence`; returns how many."""
        name = name_of_self(sentence.text) if part.role == "user" and not reading.speaker else None
        if name is None or self.user is None:
            return 0
        fact = ExtractedFact(
            subject=self.user, relation=IS_CALLED, object=name, statement=statement, passage=number, valid_at=None
        )
        self.facts.setdefault((self.user, IS_CALLED, name.casefold(), number), fact)
        self._note(self.user, "Person", number, statement, 2)
        return 1

    def _names_self(self, fact: RawFact, known: Referents) -> bool:
        """Whether `fact` is that the user is somebody of a name: "I'm Ragna Solberg"."""
        is_person = all(isinstance(it, Mention) and it.proper and it.type == "Person" for it in fact.objects)
        return is_person and self._names(fact.subjects, known) == [SPEAKER]

    def _correct(self, part: Part, sentence: Sentence, known: Referents, number: int | None = None) -> int:
        """Takes what `sentence` corrects of what was told before; returns how many facts that makes."""
        # "No, Anna." after a question answers it.
        may_correct = part.role == "user" and not (sentence.question or self.was_asked or _says_whole(sentence))
        found = correction(sentence.text, self.told) if may_correct else None
        if found is None:
            return 0
        made = [over(found.wrong), *([found.instead] if found.instead else [])]
        if number is not None:
            # What is taken back in one breath was never told.
            said_here = (found.wrong.subject.casefold(), found.wrong.relation, found.wrong.object.casefold(), number)
            if self.facts.pop(said_here, None) is not None:
                made = made[1:]
            for fact in made:
                key = (fact.subject.casefold(), fact.relation, fact.object.casefold(), number)
                self.facts[key] = ExtractedFact(
                    subject=fact.subject,
                    relation=fact.relation,
                    object=fact.object,
                    statement=clipped(capitalised(fact.statement), _STATEMENT_CHARS),
                    passage=number,
                    valid_at=None,
                )
        self.told = [fact for fact in self.told if fact != found.wrong]
        self.told += [found.instead] if found.instead else []
        return len(made)

    def _remember(self, part: Part, sentence: Sentence, known: Referents) -> None:
        """Keeps what a user told, for what may be said of it next."""
        self.was_asked = part.role == "assistant" and sentence.question
        if part.role != "user":
            return
        statement = rendered(sentence.words, known)
        self.told += [
            Stated(subject, rendered(fact.relation, known), target, statement)
            for fact in sentence.facts
            for subject in self._names(fact.subjects, known)
            for target in self._names(fact.objects, known)
        ]

    def _names(self, slots: tuple[Slot, ...], known: Referents) -> list[str]:
        names: list[str] = []
        for slot in slots:
            if isinstance(slot, str):
                names.append(slot)
            elif isinstance(slot, Counted):
                is_told = self.is_document or slot.things is not None
                names += [slot.value] if is_told else []
            elif isinstance(slot, Pronoun):
                names += known.get(slot.at, ()) if not slot.possessive else ()
            elif (name := self.coreference.known_name(slot, known)) is not None:
                names.append(name)
        return [name for name in names if name.lower() not in ("user", "assistant")]

    def _take(self, fact: RawFact, known: Referents, statement: str, number: int) -> None:
        """Makes entities of what `fact` is about."""
        for slot in (*fact.subjects, *fact.objects):
            if isinstance(slot, Pronoun):
                for name in known.get(slot.at, ()):
                    is_person = slot.kind in ("i", "you", "she", "he") and is_of_person(name)
                    type_ = "Person" if is_person else ""
                    # "It" and "they" stand for organizations as well as for things.
                    self._note(name, type_, number, statement, 2, LIKELY if is_person else 0)
            elif isinstance(slot, Mention) and (called := self.coreference.known_name(slot, known)) is not None:
                is_value = slot in fact.objects and not slot.proper and len(slot.name) == 1
                self._note(called, slot.type, number, statement, 2, slot.weight, is_value)

    def _mention(self, sentence: Sentence, known: Referents, statement: str, number: int) -> None:
        for mention in sentence.mentions:
            if mention.proper and (name := self.coreference.known_name(mention, known)) is not None:
                weight = 0 if sentence.question else 1
                self._note(name, mention.type, number, statement, weight, mention.weight)

    def _note(
        self, name: str, type_: str, number: int, statement: str, worth: int, sure: int = 0, is_value: bool = False
    ) -> None:
        """Takes that `name` is told of in `statement`, which is `worth` so much to describe it, as a `type_` for which
        `sure` speaks; or, as a value, that it is only what is told of something else."""
        if name.lower() in ("user", "assistant", "question", "session id"):
            return
        entity = self.entities.setdefault(name.casefold(), _Entity(name))
        # That something is a concept is said of all for which nothing speaks.
        entity.types[type_ or "Concept"] += sure if type_ in ("", "Concept") else max(sure, 1)
        entity.is_told_of |= not is_value
        entity.passages.add(number)
        entity.said.append((worth, statement))

    def _is_first_name(self, entity: _Entity) -> bool:
        """Whether a person has a name that begins with that of `entity`, for whose own type no more speaks."""
        return any(
            it.name.startswith(f"{entity.name} ") and it.type == "Person" and it.weight >= entity.weight
            for it in self.entities.values()
        )

    def _entity(self, entity: _Entity) -> ExtractedEntity:
        is_speaker = entity.name in self.coreference.speakers and is_of_person(entity.name)
        type_ = "Person" if is_speaker or self._is_first_name(entity) else entity.type
        description = max(entity.said, key=lambda said: (said[0], min(len(said[1]), _DESCRIPTION_CHARS)))[1]
        return ExtractedEntity(
            name=entity.name,
            type=type_,
            description=clipped(description, _DESCRIPTION_CHARS),
            passages=sorted(entity.passages),
        )


def _says_whole(sentence: Sentence) -> bool:
    """Whether `sentence` states something of somebody or something that it names."""
    subjects = [slot for fact in sentence.facts for slot in fact.subjects]
    return not all(isinstance(slot, Pronoun) and slot.kind == "it" for slot in subjects)


def _worth(sentence: Sentence, facts: int) -> float:
    """How much `sentence` says: facts, names, then length. A question only where there is nothing else."""
    return 2 * facts + len(sentence.mentions) + min(len(sentence.lemmas), 12) / 4 - (100 if sentence.question else 0)


def clipped(text: str, length: int) -> str:
    """`text` cut at a word so that it is at most `length` characters."""
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0].rstrip(",;:- ") + "…"


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
