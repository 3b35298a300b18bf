"""How well a sentence answers a question.

It fits by what it shares with the question (rare words and names weigh most), by being about who was asked about, by
holding the kind of thing that was asked for, and by how early its source stands. What was said of somebody else alone
is no answer.

The weights were chosen on three conversations of LoCoMo, and tried on two others (docs/benchmarks.md).
"""

import re
from collections import Counter
from collections.abc import Iterable
from math import log
from typing import NamedTuple

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.about_self import newest_first
from sessiongraph.local_models.extractive.asked_for import AskedFor, is_said
from sessiongraph.local_models.extractive.candidate_sentences import WORD, Candidate
from sessiongraph.local_models.extractive.likeness import Likeness
from sessiongraph.prompts.question_prompt import Validity

# How much of the question a sentence must share, by weight (the more where nobody is named whom it must be about), a
# second one too, and how close that must come to the best; and the score that the best must have.
_ENOUGH = 0.3
_ENOUGH_OF_NOBODY = 0.45
_ENOUGH_BESIDE = 0.15
_SECOND = 0.55
_LEAST = 1.24
# What of the question was said of others counts against an answer, and for it how much of the word that was least said
# of whom it asks about.
_OTHERS_WEIGHT = 0.7
_LEAST_SAID_WEIGHT = 0.2
# How much more of a question about oneself may be said of others.
_OF_OTHERS = 0.15
# Sources come best first: the score is divided by this power of the number of its source.
_RANK_WEIGHT = 0.13
# A sentence of so many words says much; a fact that holds says less than its passage.
_MANY_WORDS = 20
_LENGTH_WEIGHT = 0.4
_SAYS_LESS = 0.25
_KIND_WEIGHT = 0.8
_LESS_OF_A_KIND = 0.7
_NEARBY = 0.35
_UNSAID = 0.35
# How much of a speaker is what they say without an "I", and what another says of them.
_OWN = 0.8
_BY_ANOTHER = 0.7
# What is said of somebody's sister says little of themselves.
_OF_KIN = 0.7
# What is left of a sentence's score where it was true at another time than is asked for.
_UNTIMELY = 0.5
# The score of a sentence that tells of its speaker what they ask, in whichever words.
_TOLD = 2.0


class Ranked(NamedTuple):
    """Sentences, best first: those that `answer`, and those that may be quoted `beside` one of them, these included."""

    answers: list[Candidate]
    beside: list[Candidate]


def ranked(asked: AskedFor, candidates: list[Candidate], likeness: Likeness) -> Ranked:
    """Those of `candidates` that say something of what is asked for; none where that was said of others."""
    if asked.about_self is None:
        return _ranked(asked, candidates, likeness, strictly=True)
    telling = [[it for it in candidates if asked.about_self.fits(it, strictly)] for strictly in (True, False)]
    found = _ranked(asked, telling[0], likeness, strictly=True)
    return found if found.answers else _ranked(asked, telling[1], likeness, strictly=False)


class _Weighed(NamedTuple):
    """A candidate, how much it has of each word that is asked and of all by weight, and whether it is of whom is asked
    about. `covered` is None of a question of no words."""

    candidate: Candidate
    shares: dict[str, float]
    covered: float | None
    is_about: bool


def _ranked(asked: AskedFor, candidates: list[Candidate], likeness: Likeness, strictly: bool) -> Ranked:
    weighed = _weighed(asked, candidates, likeness)
    fits = [(_fit(asked, each.candidate, each.covered, strictly), each.candidate) for each in weighed]
    fits = [(fit, it) for fit, it in fits if fit.score > 0]
    asker = None if asked.is_past else asked.asker
    is_of_another = asked.about_self is None and bool(asked.names or asked.sayer)
    enough = _ENOUGH if is_of_another else _ENOUGH_OF_NOBODY
    good = [(fit.score, it) for fit, it in fits if fit.share >= enough]
    if asked.about_self is None:
        good = [(score, it) for score, it in good if shares_a_word(asked, it, likeness)]
    answers = newest_first(good, asker)
    if not answers or not _is_enough(answers[0][0], asked, weighed):
        return Ranked([], [])
    beside = newest_first([(fit.score, it) for fit, it in fits if fit.share >= _ENOUGH_BESIDE], asker)
    least = _SECOND * answers[0][0]
    return Ranked([it for _, it in answers], [it for score, it in beside if score >= least])


def _weighed(asked: AskedFor, candidates: list[Candidate], likeness: Likeness) -> list[_Weighed]:
    frequency = Counter(word for candidate in candidates for word in candidate.words | candidate.carried)
    weights = {word: _weight(_said_by(word, frequency), len(candidates)) for word in asked.words}
    total = sum(weights.values())
    found = []
    for candidate in candidates:
        shares = {word: _share(word, candidate, likeness) for word in weights}
        covered = sum(weight * shares[word] for word, weight in weights.items()) / total if weights else None
        is_of_topic = not asked.topics or any(_about(*name, asked, candidate) > 0 for name in asked.topics)
        is_about = is_of_topic and asked.sayer in (None, candidate.speaker)
        found.append(_Weighed(candidate, shares, covered, is_about))
    return found


def _is_enough(score: float, asked: AskedFor, weighed: list[_Weighed]) -> bool:
    """Whether what scores best is an answer, as it may not be to "What did Eva paint?" where Tom paints.

    The more of what is asked was said of others, and the less one of its words of whom it asks about, the better it
    must be. What people say of themselves has scores of another kind, and must only not be said of others more.
    """
    # "He sells sensors" is of nobody in particular.
    others = [it for it in weighed if not it.is_about and (it.candidate.topics or it.candidate.speaker)]
    own = [each for each in weighed if each.is_about]
    if asked.about_self is not None:
        return _most(each.covered or 0.0 for each in others) - _most(each.covered or 0.0 for each in own) <= _OF_OTHERS
    of_others = _most(_covered_with_names(asked, each) for each in others)
    least_said = min((_most(each.shares[word] for each in own) for word in asked.words), default=1.0)
    return score - _OTHERS_WEIGHT * of_others + _LEAST_SAID_WEIGHT * least_said >= _LEAST


def _covered_with_names(asked: AskedFor, each: _Weighed) -> float:
    """The share of what is asked that was said, where each name but those of whom it asks about counts as a word."""
    names = [name for name in asked.names if name not in asked.topics]
    words = (each.covered or 0.0) * len(asked.words)
    said = sum(_about(*name, asked, each.candidate) > 0 for name in names)
    return (words + said) / max(len(asked.words) + len(names), 1)


def _most(shares: Iterable[float]) -> float:
    return max(shares, default=0.0)


def _share(word: str, candidate: Candidate, likeness: Likeness) -> float:
    """How much of `word` the sentence has, or the question that it replies to, or what stands beside it."""
    return max(
        likeness.share(word, candidate.words | candidate.asked), _NEARBY * likeness.share(word, candidate.nearby)
    )


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


def _fit(asked: AskedFor, candidate: Candidate, covered: float | None, strictly: bool) -> _Fit:
    if asked.sayer and candidate.speaker != asked.sayer:
        return _NONE
    timely = 1 if _is_timely(asked, candidate.valid) else _UNTIMELY
    if asked.about_self is not None and asked.about_self.tells(candidate):
        return _Fit(_TOLD * timely, 1.0)
    about: list[float] = []
    if asked.names:
        # Where Eva and Tom are asked about, what is of one of them is enough.
        of_topic = max(_about(*name, asked, candidate) for name in asked.topics)
        if not of_topic:
            return _NONE
        about = [of_topic, *(_about(*name, asked, candidate) for name in asked.names if name not in asked.topics)]
    labels = candidate.sentence.labels | ({"Person"} if candidate.names else set())
    fits_kind = bool(asked.kinds & labels)
    if covered is None and (
        (asked.about_self is not None and strictly) or not (fits_kind or (asked.names and not asked.kinds))
    ):
        return _NONE
    if asked.is_open and not _tells_more(asked, candidate):
        return _NONE
    # Where it holds the kind of thing that is asked for, less of the words is enough.
    share = 1.0 if covered is None else covered / _LESS_OF_A_KIND if fits_kind else covered
    said = 0.5 if covered is None else covered
    score = said * (1 + _KIND_WEIGHT * fits_kind) + (sum(about) / len(about) if about else 1.0)
    if asked.about_self is not None:
        return _Fit(score * timely, share)
    score += _LENGTH_WEIGHT * min(len(candidate.sentence.lemmas) / _MANY_WORDS, 1)
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
            is_of_kin = bool(candidate.topics & lexicon.RELATIVES - asked.words.keys())
            return _OF_KIN if is_of_kin else 1.0 if name == candidate.speaker else _BY_ANOTHER
        others = asked.speakers - {name}
        # "Can't wait to see your project" is about whom it is said to.
        speaks_of_other = any(is_said(other, True, candidate.topics) for other in others)
        return _OWN if name == candidate.speaker and not speaks_of_other else 0.0
    direct = is_said(name, is_person, candidate.words)
    return 1.0 if direct else 0.8 if is_said(name, is_person, candidate.carried) else 0.0


def _tells_more(asked: AskedFor, candidate: Candidate) -> bool:
    """False for a sentence that only says the question again, or says that someone does not know."""
    lemmas = set(candidate.sentence.lemmas)
    if lemmas & lexicon.IGNORANCE and re.search(r"\b(?:who|what|which|where|when|why|how)\b", candidate.quote.lower()):
        return False
    known = {word for name, _ in asked.names for word in WORD.findall(name.lower())}
    said = lemmas | candidate.names if asked.asks_who else lemmas
    return bool(said - set(asked.words) - known - lexicon.ASKING)


def shares_a_word(asked: AskedFor, candidate: Candidate, likeness: Likeness) -> bool:
    """Whether `candidate` itself has a word of the question, or one that means the same; true of a question of none."""
    said = candidate.words | candidate.asked
    return not asked.words or any(likeness.share(word, said) for word in asked.words)
