"""How well a sentence answers a question.

It fits by what it shares with the question (rare words and names weigh most), by being about who was asked about, by
holding the kind of thing that was asked for, and by how early its source stands. What was said of somebody else alone
is no answer.

The weights were chosen on three conversations of LoCoMo, and tried on two others (docs/benchmarks.md).
"""

import re
from collections import Counter
from math import log
from typing import NamedTuple

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.about_self import newest_first
from sessiongraph.local_models.extractive.asked_for import AskedFor, is_said
from sessiongraph.local_models.extractive.candidate_sentences import WORD, Candidate
from sessiongraph.prompts.question_prompt import Validity

# How much of the question a sentence must share, by weight, a second one too, and how close that must come to the best;
# and the score that each must have.
_ENOUGH = 0.45
_ENOUGH_BESIDE = 0.15
_SECOND = 0.65
_LEAST = 1.3
# How much more of the question may be said of others than of whom it asks about.
_OF_OTHERS = 0.15
# Sources come best first: the score is divided by this power of the number of its source.
_RANK_WEIGHT = 0.1
# A sentence of so many words says much; a fact that holds says less than its passage.
_MANY_WORDS = 20
_LENGTH_WEIGHT = 0.4
_SAYS_LESS = 0.25
_KIND_WEIGHT = 0.8
_LESS_OF_A_KIND = 0.7
_SYNONYM = 0.7
_SAME_STEM = 0.7
_STEM = 5
_NEARBY = 0.35
_UNSAID = 0.35
_OWN = 0.6
# What is left of a sentence's score where it was true at another time than is asked for.
_UNTIMELY = 0.5
# The score of a sentence that tells of its speaker what they ask, in whichever words.
_TOLD = 2.0


class Ranked(NamedTuple):
    """Sentences, best first: those that `answer`, and those that may be quoted `beside` one of them, these included."""

    answers: list[Candidate]
    beside: list[Candidate]


def ranked(asked: AskedFor, candidates: list[Candidate]) -> Ranked:
    """Those of `candidates` that say something of what is asked for; none where that was said of others."""
    if asked.about_self is None:
        return _ranked(asked, candidates, strictly=True)
    telling = [[it for it in candidates if asked.about_self.fits(it, strictly)] for strictly in (True, False)]
    found = _ranked(asked, telling[0], strictly=True)
    return found if found.answers else _ranked(asked, telling[1], strictly=False)


def _ranked(asked: AskedFor, candidates: list[Candidate], strictly: bool) -> Ranked:
    frequency = Counter(word for candidate in candidates for word in candidate.words | candidate.carried)
    weights = {word: _weight(_said_by(word, frequency), len(candidates)) for word in asked.words}
    if _is_of_others(asked, weights, candidates):
        return Ranked([], [])
    fits = [(_fit(asked, weights, candidate, strictly), candidate) for candidate in candidates]
    asker = None if asked.is_past else asked.asker
    answers = newest_first([(fit.score, it) for fit, it in fits if fit.score > 0 and fit.share >= _ENOUGH], asker)
    beside = newest_first([(fit.score, it) for fit, it in fits if fit.score > 0 and fit.share >= _ENOUGH_BESIDE], asker)
    least = _SECOND * answers[0][0] if answers else 0
    return Ranked([it for _, it in answers], [it for score, it in beside if score >= least])


def _is_of_others(asked: AskedFor, weights: dict[str, float], candidates: list[Candidate]) -> bool:
    """Whether what is asked of one was said of another: "What did Eva paint?" where Tom paints, and Eva does not."""
    if not asked.names or not weights:
        return False
    shares = {True: 0.0, False: 0.0}
    for candidate in candidates:
        is_about = _about(*asked.names[asked.topic], asked, candidate) > 0
        said = sum(weight for word, weight in weights.items() if _share(word, candidate.words, frozenset()))
        shares[is_about] = max(shares[is_about], said / sum(weights.values()))
    return shares[False] - shares[True] > _OF_OTHERS


def _covered(weights: dict[str, float], candidate: Candidate) -> float:
    """The share of what is asked, by weight, that `candidate` has."""
    shared = sum(weight * _share(word, candidate.words, candidate.nearby) for word, weight in weights.items())
    return shared / sum(weights.values())


def _weight(said: int, sentences: int) -> float:
    """The rarer the heavier; but a word that no source says may just be said otherwise there."""
    return (log(1 + sentences / said) if said else _UNSAID * log(1 + sentences)) + 0.2


def _said_by(word: str, frequency: Counter[str]) -> int:
    return max(frequency[each] for each in lexicon.alike(word))


class _Fit(NamedTuple):
    """How well a sentence answers, 0 where it does not, and the share of the question that it has."""

    score: float
    share: float


_NONE = _Fit(0.0, 0.0)


def _fit(asked: AskedFor, weights: dict[str, float], candidate: Candidate, strictly: bool) -> _Fit:
    if asked.sayer and candidate.speaker != asked.sayer:
        return _NONE
    timely = 1 if _is_timely(asked, candidate.valid) else _UNTIMELY
    if asked.about_self is not None and asked.about_self.tells(candidate):
        return _Fit(_TOLD * timely, 1.0)
    about = [_about(name, person, asked, candidate) for name, person in asked.names]
    if asked.names and (not any(about) or not about[asked.topic]):
        return _NONE
    labels = candidate.sentence.labels | ({"Person"} if candidate.names else set())
    fits_kind = bool(asked.kinds & labels)
    if not weights and (
        (asked.about_self is not None and strictly) or not (fits_kind or (asked.names and not asked.kinds))
    ):
        return _NONE
    if asked.is_open and not _tells_more(asked, candidate):
        return _NONE
    covered = _covered(weights, candidate) if weights else 0.5
    # Where it holds the kind of thing that is asked for, less of the words is enough.
    share = (covered / _LESS_OF_A_KIND if fits_kind else covered) if weights else 1.0
    score = covered * (1 + _KIND_WEIGHT * fits_kind) + (sum(about) / len(about) if about else 1.0)
    if asked.about_self is not None:
        return _Fit(score * timely, share)
    score += _LENGTH_WEIGHT * min(len(candidate.sentence.lemmas) / _MANY_WORDS, 1)
    if score < _LEAST:
        return _NONE
    score -= _SAYS_LESS * (candidate.is_fact and candidate.valid.end is None)
    return _Fit(score * timely / candidate.number**_RANK_WEIGHT, share)


def _is_timely(asked: AskedFor, valid: Validity) -> bool:
    """Whether what was true in `valid` was so when is asked about: in a year, some time, or now."""
    if asked.year:
        return (not valid.start or valid.start[:4] <= asked.year) and (not valid.end or asked.year <= valid.end[:4])
    return asked.is_past or not valid.end


def _about(name: str, is_person: bool, asked: AskedFor, candidate: Candidate) -> float:
    """How much a sentence is about somebody: wholly where it speaks of them, less where it carries on.

    What one speaker says is about the other only where its subject is, or what it names is theirs.
    """
    if is_person and candidate.speaker and name in asked.speakers and not asked.asks_who:
        if is_said(name, True, candidate.topics):
            return 1.0
        others = asked.speakers - {name}
        # "Can't wait to see your project" is about whom it is said to.
        speaks_of_other = any(is_said(other, True, candidate.topics) for other in others)
        return _OWN if name == candidate.speaker and not speaks_of_other else 0.0
    direct = is_said(name, is_person, candidate.words)
    return 1.0 if direct else 0.8 if is_said(name, is_person, candidate.carried) else 0.0


def _share(word: str, words: frozenset[str], nearby: frozenset[str]) -> float:
    """How much of `word` is in `words`, or in the `nearby` ones of the same source."""
    if word in words:
        return 1.0
    if any(other in words for other in lexicon.alike(word)):
        return _SYNONYM
    if len(word) > _STEM and any(other[:_STEM] == word[:_STEM] for other in words if len(other) > _STEM):
        return _SAME_STEM
    return _NEARBY if word in nearby else 0.0


def _tells_more(asked: AskedFor, candidate: Candidate) -> bool:
    """False for a sentence that only says the question again, or says that someone does not know."""
    lemmas = set(candidate.sentence.lemmas)
    if lemmas & lexicon.IGNORANCE and re.search(r"\b(?:who|what|which|where|when|why|how)\b", candidate.quote.lower()):
        return False
    known = {word for name, _ in asked.names for word in WORD.findall(name.lower())}
    said = lemmas | candidate.names if asked.asks_who else lemmas
    return bool(said - set(asked.words) - known - lexicon.ASKING)


def shares_a_word(asked: AskedFor, candidate: Candidate) -> bool:
    """Whether `candidate` itself has a word of the question, or one that means the same; true of a question of none."""
    return not asked.words or any(_share(word, candidate.words, frozenset()) for word in asked.words)
