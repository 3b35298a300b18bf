"""A question answered by quoting: the one or two sentences of its sources that say most about it.

Invariant: what is quoted stands in a source, and where nothing fits the answer is NO_ANSWER. What is asked for is said
in `asked_for`, and what fits it in `sentence_scoring`.
"""

from sessiongraph.local_models.extractive import unparsed_answer
from sessiongraph.local_models.extractive.acknowledge import acknowledge
from sessiongraph.local_models.extractive.asked_for import AskedFor
from sessiongraph.local_models.extractive.candidate_sentences import REPLACED, Candidate, candidates, utterances
from sessiongraph.local_models.extractive.frames import frame_of
from sessiongraph.local_models.extractive.likeness import Likeness, WordVectors
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.extractive.sentence_scoring import Ranked, ranked, shares_a_word
from sessiongraph.prompts.acknowledgement import pleasantry
from sessiongraph.prompts.first_person import asks_about_self
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.prompts.question_prompt import NO_ANSWER, Question
from sessiongraph.speech_acts import speech_act

_QUOTE_CHARS = 400
# How many sentences are quoted where several things are asked for.
_MOST = 3


def answer(question: Question, parser: SentenceParser, vectors: WordVectors) -> str:
    """The answer to `question`: sentences of its sources, each followed by " [n]", or NO_ANSWER.

    What asks nothing is acknowledged, or gets a greeting back.
    """
    act = speech_act(question.text)
    if act in ("tells", "greets"):
        return acknowledge(question.text, parser) if act == "tells" else pleasantry(question.text)
    history = list(question.history)
    read, said_by = utterances(parser, question.sources, *history, Part("user", question.text))
    past, about = read[:-1], read[-1]
    speakers = frozenset(filter(None, (each.speaker for each in said_by)))
    # "I love hiking. Where does Eva live?" asks about Eva.
    asking = " ".join(sentence.text for sentence in about.sentences if sentence.question) or question.text
    is_about_self = asks_about_self(asking) or frame_of(asking) is not None
    found = candidates(said_by, speakers)
    if not parser.is_english(question.text):
        return unparsed_answer.answer(question.text, found, question.asker if is_about_self else None)
    asked = AskedFor(question.text, about, past, history, speakers, question.asker, is_about_self)
    if not found or not asked.is_named_in(found, question.sources):
        return NO_ANSWER
    vocabulary = frozenset[str]().union(*(it.words | it.asked | it.nearby for it in found))
    # What people ask about themselves is told in known ways; words that are nearly alike would mislead there.
    likeness = Likeness(asked.words, vocabulary, vectors if asked.about_self is None else None)
    best = ranked(asked, found, likeness)
    return _quoted(asked, best, likeness) if best.answers else NO_ANSWER


def _with_its_end(first: Candidate, ranked: list[Candidate]) -> Candidate:
    """Of a passage that is true no more, the fact that says the same and since when; else `first` itself."""
    if first.valid.end != REPLACED:
        return first
    return next((it for it in ranked if it.quote == first.quote and it.valid.end not in (None, REPLACED)), first)


def _quoted(asked: AskedFor, found: Ranked, likeness: Likeness) -> str:
    chosen = [_with_its_end(found.answers[0], found.beside)]
    most = _MOST if asked.asks_several else 2
    for it in found.beside if asked.about_self is None else ():
        if len(chosen) < most and _adds(it, chosen) and shares_a_word(asked, it, likeness):
            chosen.append(it)
    return " ".join(f"{_cut(_quote(asked, candidate))}{_until(candidate)} [{candidate.number}]" for candidate in chosen)


def _adds(candidate: Candidate, chosen: list[Candidate]) -> bool:
    """Whether another source says what those `chosen` do not."""
    return all(
        candidate.number != it.number and bool(set(candidate.sentence.lemmas) - it.words - it.carried) for it in chosen
    )


def _until(candidate: Candidate) -> str:
    """That what is quoted is true no more, and since when."""
    end = candidate.valid.end
    return "" if end is None else " (no longer true)" if end == REPLACED else f" (until {end})"


def _quote(asked: AskedFor, candidate: Candidate) -> str:
    """The sentence; asked for who it is about, the one before it goes along where it says just "she"."""
    unnamed = asked.asks_who and not candidate.sentence.labels & {"Person"}
    return f"{candidate.before} {candidate.quote}" if unnamed and candidate.before else candidate.quote


def _cut(quote: str) -> str:
    return quote if len(quote) <= _QUOTE_CHARS else quote[: _QUOTE_CHARS - 1].rsplit(" ", 1)[0] + "…"
