"""Values that are read off one text: sentences, their mentions and pronouns, and facts with unresolved pronouns.

They hold no parse. Words that depend on whom a pronoun stands for are kept as templates, so
that one reading serves every conversation that the text turns up in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

PronounKind = Literal["i", "you", "she", "he", "it", "they"]


@dataclass(frozen=True)
class Pronoun:
    """A personal or possessive pronoun. `at` is its place in the text, `not_at` that of its clause's subject, which
    it cannot stand for (-1: none). One that is not said ("Went to Paris.") has an empty `text`. `is_thing` is whether
    its verb says that it stands for a thing ("it weighs")."""

    at: int
    kind: PronounKind
    text: str
    possessive: bool = False
    subject: bool = False
    not_at: int = -1
    is_thing: bool = False


@dataclass(frozen=True)
class Agree:
    """A verb that agrees with the pronoun at `of`: `plain` as said, `third` once a name stands there."""

    of: int
    plain: str
    third: str


Template = tuple[str | Pronoun | Agree, ...]


@dataclass(frozen=True)
class Mention:
    """A noun phrase that names something: `proper` where it is a name, else a noun that a fact is about.

    `weight` is how much speaks for its type: 0 for nothing. `kin` is whether it is known by whose it is alone,
    `definite` the noun by which alone it names what was named before ("the airline").
    """

    at: int
    name: Template
    type: str
    proper: bool
    subject: bool = False
    plural: bool = False
    gender: Literal["f", "m", ""] = ""
    weight: int = 0
    kin: bool = False
    definite: str = ""


@dataclass(frozen=True)
class Counted:
    """Things with their number ("two daughters"), or an amount in words ("half a day").

    In talk few things are told apart by their number, and amounts in words are vague: there it is the `things`.
    """

    value: str
    things: Mention | None


Slot = Mention | Pronoun | Counted | str


@dataclass(frozen=True)
class RawFact:
    """Every subject stands in `relation` to every object. `when` is a date as said, `past` its tense.

    What is said of a thing that is named by its kind alone ("the battery") tells something in a `document`, which has
    that thing as its subject; in talk nobody knows later which one it was.
    """

    subjects: tuple[Slot, ...]
    relation: Template
    objects: tuple[Slot, ...]
    when: str | None = None
    past: bool = True
    document: bool = False


@dataclass(frozen=True)
class Sentence:
    """`text` as it stands; `words` without leading interjections; `lemmas` of its content words; `labels` of what
    it holds: entity types of its names, Date, Number; `owned` the lemmas of what it calls "my" or "our"; `kinds` what
    it names by its kind alone; `introduced` the lemmas of what it tells of as "a" or "an"."""

    text: str
    words: Template
    question: bool
    mentions: tuple[Mention, ...]
    pronouns: tuple[Pronoun, ...]
    facts: tuple[RawFact, ...]
    lemmas: tuple[str, ...]
    labels: frozenset[str]
    owned: frozenset[str]
    kinds: tuple[Mention, ...] = ()
    introduced: frozenset[str] = frozenset()

    @property
    def subjects(self) -> Iterator[Mention]:
        """Whom or what its facts are about."""
        return (slot for fact in self.facts for slot in fact.subjects if isinstance(slot, Mention))

    @property
    def is_of_speaker(self) -> bool:
        """Whether an "I" or a "we" does something in it."""
        return any(pronoun.kind == "i" and not pronoun.possessive for pronoun in self.pronouns)


@dataclass(frozen=True)
class Reading:
    """What one text says, and who says it where it starts with a name."""

    speaker: str | None
    sentences: tuple[Sentence, ...]


Referents = Mapping[int, tuple[str, ...]]


def rendered(template: Template, referents: Referents) -> str:
    """`template` with the names that its pronouns stand for. Where one is unknown the text stays as said."""
    words: list[str] = []
    for piece in template:
        if isinstance(piece, str):
            words.append(piece)
        elif isinstance(piece, Agree):
            words.append(piece.third if len(referents.get(piece.of, ())) == 1 else piece.plain)
        elif names := referents.get(piece.at):
            words.append(" and ".join(names) + ("'s" if piece.possessive else ""))
        else:
            words.append(piece.text)
    return " ".join("".join(words).split())
