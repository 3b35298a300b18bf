"""Sentences of a question's sources that may be quoted: who says each, of whom, and when it was true.

What a sentence is worth to a question belongs to `answer`. A turn's utterances each have their own speaker, where they
start with one; "I" and "you" stand for those two.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sessiongraph.local_models.extractive import dates
from sessiongraph.local_models.extractive.coreference import Coreference
from sessiongraph.local_models.extractive.parse_types import Reading, Referents, Sentence, rendered
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.extractive.text_blocks import said, utterances_of
from sessiongraph.prompts.acknowledgement import is_acknowledgement
from sessiongraph.prompts.prompt_format import Part, Role
from sessiongraph.prompts.question_prompt import NO_ANSWER, Source, Validity

# When a statement ended that a newer one replaced, where that is all that is known.
REPLACED = "9999"
WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True)
class Candidate:
    """A sentence of source `number` (from 1) as it is quoted; its words with pronouns resolved.

    `names` are the words of all it names, `topics` of its subjects and owners, `carried` of whom the sentences before
    it were about. `before` is the quote before it, `nearby` the lemmas of its utterance, `asked` those of the questions
    of another to which it replies, `valid` when it was true, `said_on` the day on which it was said. `role` is whose
    words they are in a conversation with `user`. `is_fact` is whether its source is a known fact.
    """

    number: int
    order: int
    quote: str
    sentence: Sentence
    speaker: str | None
    words: frozenset[str]
    names: frozenset[str]
    topics: frozenset[str]
    carried: frozenset[str]
    before: str
    nearby: frozenset[str]
    asked: frozenset[str]
    valid: Validity
    said_on: str
    role: Role
    user: str | None
    is_fact: bool


@dataclass(frozen=True)
class Utterance:
    """A stretch of source `number` that one person says, read; `role` is who that is of a conversation."""

    number: int
    source: Source
    role: Role
    reading: Reading

    @property
    def speaker(self) -> str | None:
        """Who says it, where that is a person with a name or the user of the session."""
        return self.reading.speaker or (self.source.speaker if self.role == "user" else None)


def utterances(
    parser: SentenceParser, sources: tuple[Source, ...], *before: Part
) -> tuple[list[Reading], list[Utterance]]:
    """The readings of the parts `before`, and the sources' utterances; all of them are parsed in one batch."""
    parts = [(number, source, part) for number, source in enumerate(sources, start=1) for part in _parts(source)]
    read = parser.read([*before, *(part for _, _, part in parts)])
    found = [
        Utterance(number, source, part.role, reading)
        for (number, source, part), reading in zip(parts, read[len(before) :], strict=True)
    ]
    return read[: len(before)], found


def candidates(said_by: list[Utterance], speakers: frozenset[str]) -> list[Candidate]:
    """The sentences that can be quoted: no questions, nothing that only says that nobody knows or that is wrong."""
    replaced = {words_of(text) for utterance in said_by for text in utterance.source.replaced}
    wrong = {_plain(text) for utterance in said_by for text in utterance.source.wrong}
    found: list[Candidate] = []
    asked: Candidate | None = None
    for before, utterance, after in zip([None, *said_by], said_by, [*said_by[1:], None], strict=False):
        question = before if before is not None and _are_one_turn(before, utterance) else None
        answer = after if after is not None and _are_one_turn(utterance, after) else None
        beside = tuple(it.reading for it in (question, answer) if it is not None)
        put = _questions(before) if before is not None and _replies(utterance, before) else frozenset()
        read = list(_sentences(utterance, question, beside, put, speakers, replaced, wrong))
        if asked and read and asked.number == utterance.number and _is_reply(asked, read):
            reply = read[0]
            # "Yes" answers whatever was asked: it is quoted with that, and is about it.
            quote = f"{asked.quote} {reply.quote}"
            names = asked.names | reply.names | words_of(reply.speaker or "")
            found.append(replace(asked, quote=quote, speaker=reply.speaker, names=names, topics=asked.topics | names))
        if utterance.source.text.strip() != NO_ANSWER:
            found += [candidate for candidate in read if not candidate.sentence.question]
        asked = read[-1] if read and read[-1].sentence.question else None
    return found


def _are_one_turn(question: Utterance, answer: Utterance) -> bool:
    """Whether they are what a user says and what that is answered, neither of which tells by itself who says it."""
    is_turn = question.number == answer.number and (question.role, answer.role) == ("user", "assistant")
    return is_turn and question.reading.speaker is None and answer.reading.speaker is None


def _replies(utterance: Utterance, before: Utterance) -> bool:
    """Whether they are of one source, and of two people with names."""
    said, replied = before.reading.speaker, utterance.reading.speaker
    return before.number == utterance.number and None is not said != replied is not None


def _questions(utterance: Utterance) -> frozenset[str]:
    """The lemmas of what is asked in `utterance`."""
    return frozenset(
        lemma for sentence in utterance.reading.sentences if sentence.question for lemma in sentence.lemmas
    )


def _is_reply(asked: Candidate, read: list[Candidate]) -> bool:
    """Whether another person than who `asked` says only yes or no."""
    plain = WORD.findall(read[0].sentence.text.lower())
    return len(read) == 1 and plain in (["yes"], ["no"]) and None is not read[0].speaker != asked.speaker


def words_of(name: str) -> frozenset[str]:
    return frozenset(word.lower().removesuffix("'s") for word in WORD.findall(name))


def _parts(source: Source) -> Iterator[Part]:
    """`source` as one part or, of what was said, as one for each line that starts with a speaker and what follows.

    An acknowledgement only says again what stands before it.
    """
    for part in source.spoken:
        if part.role == "transcript":
            yield from utterances_of(part)
        elif part.role == "document":
            yield part
        elif part.role == "user" or not is_acknowledgement(part.text):
            lines: list[str] = []
            for line in part.text.split("\n"):
                if lines and said(Part(part.role, line)).speaker:
                    yield Part(part.role, "\n".join(lines))
                    lines = []
                lines.append(line)
            yield Part(part.role, "\n".join(lines))


def _sentences(
    utterance: Utterance,
    question: Utterance | None,
    beside: tuple[Reading, ...],
    put: frozenset[str],
    speakers: frozenset[str],
    replaced: set[frozenset[str]],
    wrong: set[str],
) -> Iterator[Candidate]:
    """The sentences of `utterance`, which answers `question`; `beside` are the other readings of its turn, `put` the
    lemmas of what another asked before it."""
    reading, speaker, coreference = utterance.reading, utterance.speaker, Coreference(speakers)
    others = sorted(speakers - {reading.speaker}) if reading.speaker else []
    you = others[0] if len(others) == 1 else utterance.source.speaker if utterance.role == "assistant" else None
    nearby = frozenset(lemma for it in (reading, *beside) for sentence in it.sentences for lemma in sentence.lemmas)
    carried: frozenset[str] = frozenset()
    before = ""
    if question is not None:
        asked = coreference.read(question.reading, question.speaker, None)
        for sentence, known in zip(question.reading.sentences, asked, strict=True):
            before, carried = sentence.text, _names(sentence, known) or carried
    resolved = coreference.read(reading, speaker, you)
    for order, (sentence, known) in enumerate(zip(reading.sentences, resolved, strict=True)):
        quote = f"{reading.speaker}: {sentence.text}" if reading.speaker else sentence.text
        proper = [rendered(mention.name, known) for mention in sentence.mentions if mention.proper]
        meant = [name for names in known.values() for name in names]
        told = rendered(sentence.words, known)
        words = frozenset((*sentence.lemmas, *words_of(told), *words_of(told.replace("-", " "))))
        valid = utterance.source.valid
        wordings = {_plain(sentence.text), _plain(rendered(sentence.words, known))}
        if not wordings.isdisjoint(wrong):
            continue
        yield Candidate(
            utterance.number,
            order,
            quote,
            sentence,
            speaker,
            words,
            frozenset(word for name in (*proper, *meant) for word in words_of(name)),
            _topics(sentence, known),
            carried,
            before,
            nearby,
            put,
            Validity(valid.start, valid.end or REPLACED) if any(map(words.issuperset, replaced)) else valid,
            str(dates.said_on(utterance.source.label) or ""),
            utterance.role,
            utterance.source.speaker,
            utterance.source.is_fact,
        )
        before, carried = quote, _names(sentence, known) or carried


def _topics(sentence: Sentence, known: Referents) -> frozenset[str]:
    """Whom a sentence is about: its subjects, who owns what it names, and whom its "I", "you" and "she" stand for."""
    text = rendered(sentence.words, known)
    owners = re.findall(r"([\w'-]+)['’]s\b", text)
    subjects = [rendered(mention.name, known) for mention in sentence.mentions if mention.subject]
    meant = [
        name for pronoun in sentence.pronouns if pronoun.subject or pronoun.possessive
        for name in known.get(pronoun.at, ())
    ]  # fmt: skip
    return frozenset(word for name in (*subjects, *meant, *owners) for word in words_of(name))


def _names(sentence: Sentence, known: Referents) -> frozenset[str]:
    """The words of the names that a sentence is about, or of the first that it has."""
    proper = [mention for mention in sentence.mentions if mention.proper]
    chosen = [mention for mention in proper if mention.subject] or proper[:1]
    return frozenset(word for mention in chosen for word in words_of(rendered(mention.name, known)))


def _plain(text: str) -> str:
    """`text` as two wordings of one statement are compared."""
    return " ".join(text.lower().split()).rstrip(".!")
