"""A question answered by quoting: the one or two sentences of its sources that say most about it.

Invariant: what is quoted stands in a source, and where nothing fits the answer is NO_ANSWER. A sentence fits by what
it shares with the question (rare words and names weigh most), by being about who was asked about, by holding the kind
of thing that was asked for, and by how early its source stands. What was said of somebody else alone is no answer.

The weights were chosen on three conversations of LoCoMo, and tried on two others (docs/benchmarks.md).
"""

import re
from collections import Counter
from math import log

from sessiongraph.local_models.extractive import dates, lexicon, unparsed_answer
from sessiongraph.local_models.extractive.about_self import AboutSelf, newest_first
from sessiongraph.local_models.extractive.acknowledge import acknowledge
from sessiongraph.local_models.extractive.candidate_sentences import (
    REPLACED,
    WORD,
    Candidate,
    candidates,
    utterances,
)
from sessiongraph.local_models.extractive.coreference import Coreference
from sessiongraph.local_models.extractive.frames import frame_of
from sessiongraph.local_models.extractive.parse_types import Reading, Referents, Sentence, rendered
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.acknowledgement import pleasantry
from sessiongraph.prompts.first_person import asks_about_self
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.prompts.question_prompt import NO_ANSWER, Question, Source, Validity
from sessiongraph.speech_acts import speech_act

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
_QUOTE_CHARS = 400

_KINDS = (
    (re.compile(r"\bwho(?:m|se)?\b"), frozenset(("Person",))),
    (
        re.compile(r"\bwhere\b|\b(?:what|which) (?:city|country|town|place|state)\b"),
        frozenset(("Place", "Organization")),
    ),
    (
        re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time)\b|\bhow long\b"),
        frozenset(("Date", "Number")),
    ),
    (re.compile(r"\bhow (?:many|much|old|often)\b"), frozenset(("Number",))),
)
# A question of what was; "did" alone may ask for how things came to be as they are.
_PAST = re.compile(r"\b(?:used to|previous(?:ly)?|former(?:ly)?|before|originally|once|first|ever|was|were|had|did)\b")
_AGAIN = re.compile(r"(?:and|but|what about|how about)\b")
_SAID = re.compile(
    r"\b(?:say|said|saying|tell|told|mention(?:ed)?|write|wrote|answer(?:ed)?|repl(?:y|ied)|ask(?:ed)?)\b"
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_WORK = re.compile(
    r"\bdo(?:es|ing)?\b.*\b(?:for (?:work|a living|a job)|professionally)\b|\b(?:job|profession|occupation)\b"
)


def answer(question: Question, parser: SentenceParser) -> str:
    """The answer to `question`: sentences of its sources, each followed by " [n]", or NO_ANSWER.

    What asks nothing is acknowledged, or gets a greeting back.
    """
    act = speech_act(question.text)
    if act in ("tells", "greets"):
        return acknowledge(question.text, parser) if act == "tells" else pleasantry(question.text)
    asked, history = Part("user", question.text), list(question.history)
    read, said_by = utterances(parser, question.sources, *history, asked)
    past, about = read[:-1], read[-1]
    speakers = frozenset(filter(None, (each.speaker for each in said_by)))
    # "I love hiking. Where does Eva live?" asks about Eva.
    asking = " ".join(sentence.text for sentence in about.sentences if sentence.question) or question.text
    is_about_self = asks_about_self(asking) or frame_of(asking) is not None
    found = candidates(said_by, speakers)
    if not parser.is_english(question.text):
        return unparsed_answer.answer(question.text, found, question.asker if is_about_self else None)
    query = _Query(question.text, about, past, history, speakers, question.asker, is_about_self)
    if not found or not query.is_named_in(found, question.sources):
        return NO_ANSWER
    ranked = _ranked(query, found) or _ranked(query, found, strictly=False)
    if not ranked:
        return NO_ANSWER
    best, first = ranked[0]
    others = _ranked(query, found, enough=_ENOUGH_BESIDE)
    close = [it for score, it in others if score >= _SECOND * best]
    return _quoted(query, _with_its_end(first, [it for _, it in others]), close)


class _Query:
    """What is asked for: names, other words with their weight, and the kinds of thing that would answer."""

    def __init__(
        self,
        text: str,
        reading: Reading,
        past: list[Reading],
        history: list[Part],
        speakers: frozenset[str],
        asker: str | None,
        is_about_self: bool,
    ) -> None:
        coreference = Coreference(speakers)
        for earlier in past:
            coreference.read(earlier, None, None)
        referents = coreference.read(reading, None, None)
        self.speakers = speakers
        self.asker = asker
        self.about_self = AboutSelf(text, asker, reading) if asker and is_about_self else None
        self.names: list[tuple[str, bool]] = []
        self.words: dict[str, None] = {}
        asks = any(sentence.question for sentence in reading.sentences)
        for sentence, known in zip(reading.sentences, referents, strict=True):
            if sentence.question or not asks:  # "I love hiking. Where does Eva live?" is not about hiking
                self._take(sentence, known, coreference)
        lowered = text.lower()
        if past and (not self.words or (_AGAIN.match(lowered) and len(self.words) == 1)):
            # "And Bob?" asks again what was asked before, whether or not Bob is read as a name.
            asked = [r for r, part in zip(past, history, strict=True) if part.role == "user"][-1:]
            for sentence in (s for r in asked for s in r.sentences):
                named = {word.lower() for m in sentence.mentions for word in WORD.findall(rendered(m.name, {}))}
                self.words |= dict.fromkeys(w for w in sentence.lemmas if w not in named | lexicon.ASKING)
        self.year = next(iter(_YEAR.findall(text)), None)
        self.is_past = bool(_PAST.search(lowered))
        self.kinds = next((kinds for pattern, kinds in _KINDS if pattern.search(lowered)), frozenset())
        self.is_open = bool(re.search(r"\b(?:who|whom|whose|what|which|where|when|why|how)\b", lowered))
        self.asks_who = bool(re.search(r"\bwho(?:m|se)?\b", lowered))
        # Who is asked for their words: what they say is then of whatever else is named.
        self.sayer = self.names[self.topic][0] if self.names and _SAID.search(lowered) else None
        if self.sayer in speakers:
            self.names.pop(self.topic)
            self.words = {word: None for word in self.words if not _SAID.fullmatch(word)}
        else:
            self.sayer = None
        if _WORK.search(lowered):
            self.words["job"] = None

    @property
    def topic(self) -> int:
        """Which of the names is asked about: the first that is a speaker's, or the first."""
        return next((at for at, (name, _) in enumerate(self.names) if name in self.speakers), 0)

    def _take(self, sentence: Sentence, known: Referents, coreference: Coreference) -> None:
        named: set[str] = set()
        dated = {word for date in dates.find(sentence.text) for word in WORD.findall(date.text.lower())}
        for mention in sentence.mentions:
            name = coreference.name(mention, known)
            if mention.proper and any(letter.isupper() for letter in name):
                self.names.append((name, mention.type == "Person"))
                named |= {word.lower() for word in WORD.findall(rendered(mention.name, known))}
        for names in known.values():
            self.names += [(name, True) for name in names]
        for lemma in sentence.lemmas:
            if lemma not in named and lemma not in lexicon.ASKING and (self.about_self or lemma not in dated):
                self.words[lemma] = None
        self.names = list(dict.fromkeys(self.names))

    def is_named_in(self, candidates: list[Candidate], sources: tuple[Source, ...]) -> bool:
        """Whether the sources name every name that is asked about."""
        said = {word for candidate in candidates for word in candidate.words}
        said |= {word.lower() for source in sources for word in WORD.findall(source.label)}
        return all(_is_said(name, is_person, said) for name, is_person in self.names)


def _is_said(name: str, is_person: bool, said: set[str] | frozenset[str]) -> bool:
    parts = [word.lower().removesuffix("'s") for word in WORD.findall(name) if word.lower() not in ("the", "of", "and")]
    if not parts:
        return True
    return any(part in said for part in parts) if is_person else all(part in said for part in parts)


def _ranked(
    query: _Query, candidates: list[Candidate], strictly: bool = True, enough: float | None = None
) -> list[tuple[float, Candidate]]:
    enough = _ENOUGH if enough is None else enough
    if query.about_self is not None:
        candidates = [it for it in candidates if query.about_self.fits(it, strictly)]
    frequency = Counter(word for candidate in candidates for word in candidate.words | candidate.carried)
    weights = {word: _weight(_said_by(word, frequency), len(candidates)) for word in query.words}
    if _is_of_others(query, weights, candidates):
        return []
    scored = [(score, c) for c in candidates if (score := _score(query, weights, c, strictly, enough)) > 0]
    return newest_first(scored, None if query.is_past else query.asker)


def _is_of_others(query: _Query, weights: dict[str, float], candidates: list[Candidate]) -> bool:
    """Whether what is asked of one was said of another: "What did Eva paint?" where Tom paints, and Eva does not."""
    if not query.names or not weights:
        return False
    shares = {True: 0.0, False: 0.0}
    for candidate in candidates:
        is_about = _about(*query.names[query.topic], query, candidate) > 0
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


def _score(query: _Query, weights: dict[str, float], candidate: Candidate, strictly: bool, enough: float) -> float:
    """How well `candidate` answers; 0 where it does not."""
    if query.sayer and candidate.speaker != query.sayer:
        return 0
    if query.about_self is not None and query.about_self.tells(candidate):
        return _TOLD if _is_timely(query, candidate.valid) else _TOLD * _UNTIMELY
    about = [_about(name, person, query, candidate) for name, person in query.names]
    if query.names and (not any(about) or not about[query.topic]):
        return 0
    covered = _covered(weights, candidate) if weights else 0.5
    labels = candidate.sentence.labels | ({"Person"} if candidate.names else set())
    fits_kind = bool(query.kinds & labels)
    if weights and covered < enough * (0.7 if fits_kind else 1.0):
        return 0
    if not weights and (
        (query.about_self is not None and strictly) or not (fits_kind or (query.names and not query.kinds))
    ):
        return 0
    if query.is_open and not _tells_more(query, candidate):
        return 0
    kind = _KIND_WEIGHT * (fits_kind if query.kinds else 0)
    score = covered * (1 + kind) + (sum(about) / len(about) if about else 1.0)
    timely = 1 if _is_timely(query, candidate.valid) else _UNTIMELY
    if query.about_self is not None:
        return score * timely
    score += _LENGTH_WEIGHT * min(len(candidate.sentence.lemmas) / _MANY_WORDS, 1)
    if score < _LEAST:
        return 0
    score -= _SAYS_LESS * (candidate.is_fact and candidate.valid.end is None)
    return score * timely / candidate.number**_RANK_WEIGHT


def _is_timely(query: _Query, valid: Validity) -> bool:
    """Whether what was true in `valid` was so when is asked about: in a year, some time, or now."""
    if query.year:
        return (not valid.start or valid.start[:4] <= query.year) and (not valid.end or query.year <= valid.end[:4])
    return query.is_past or not valid.end


def _about(name: str, is_person: bool, query: _Query, candidate: Candidate) -> float:
    """How much a sentence is about somebody: wholly where it speaks of them, less where it carries on.

    What one speaker says is about the other only where its subject is, or what it names is theirs.
    """
    if is_person and candidate.speaker and name in query.speakers and not query.asks_who:
        if _is_said(name, True, candidate.topics):
            return 1.0
        others = query.speakers - {name}
        # "Can't wait to see your project" is about whom it is said to.
        speaks_of_other = any(_is_said(other, True, candidate.topics) for other in others)
        return _OWN if name == candidate.speaker and not speaks_of_other else 0.0
    direct = _is_said(name, is_person, candidate.words)
    return 1.0 if direct else 0.8 if _is_said(name, is_person, candidate.carried) else 0.0


def _share(word: str, words: frozenset[str], nearby: frozenset[str]) -> float:
    """How much of `word` is in `words`, or in the `nearby` ones of the same source."""
    if word in words:
        return 1.0
    if any(other in words for other in lexicon.alike(word)):
        return _SYNONYM
    if len(word) > _STEM and any(other[:_STEM] == word[:_STEM] for other in words if len(other) > _STEM):
        return _SAME_STEM
    return _NEARBY if word in nearby else 0.0


def _tells_more(query: _Query, candidate: Candidate) -> bool:
    """False for a sentence that only says the question again, or says that someone does not know."""
    lemmas = set(candidate.sentence.lemmas)
    if lemmas & lexicon.IGNORANCE and re.search(r"\b(?:who|what|which|where|when|why|how)\b", candidate.quote.lower()):
        return False
    known = {word for name, _ in query.names for word in WORD.findall(name.lower())}
    said = lemmas | candidate.names if query.asks_who else lemmas
    return bool(said - set(query.words) - known - lexicon.ASKING)


def _with_its_end(first: Candidate, ranked: list[Candidate]) -> Candidate:
    """Of a passage that is true no more, the fact that says the same and since when; else `first` itself."""
    if first.valid.end != REPLACED:
        return first
    return next((it for it in ranked if it.quote == first.quote and it.valid.end not in (None, REPLACED)), first)


def _quoted(query: _Query, first: Candidate, ranked: list[Candidate]) -> str:
    chosen = [first]
    for candidate in ranked if query.about_self is None else ():
        is_news = set(candidate.sentence.lemmas) - first.words - first.carried
        if candidate.number != first.number and is_news and _has_a_word_of(query, candidate):
            chosen.append(candidate)
            break
    return " ".join(f"{_cut(_quote(query, candidate))}{_until(candidate)} [{candidate.number}]" for candidate in chosen)


def _has_a_word_of(query: _Query, candidate: Candidate) -> bool:
    return not query.words or any(_share(word, candidate.words, frozenset()) for word in query.words)


def _until(candidate: Candidate) -> str:
    """That what is quoted is true no more, and since when."""
    end = candidate.valid.end
    return "" if end is None else " (no longer true)" if end == REPLACED else f" (until {end})"


def _quote(query: _Query, candidate: Candidate) -> str:
    """The sentence; asked for who it is about, the one before it goes along where it says just "she"."""
    unnamed = query.asks_who and not candidate.sentence.labels & {"Person"}
    return f"{candidate.before} {candidate.quote}" if unnamed and candidate.before else candidate.quote


def _cut(quote: str) -> str:
    return quote if len(quote) <= _QUOTE_CHARS else quote[: _QUOTE_CHARS - 1].rsplit(" ", 1)[0] + "…"
