"""A question answered by quoting: the one or two sentences of its sources that say most about it.

Invariant: what is quoted stands in a source, and where nothing fits the answer is NO_ANSWER. A sentence fits by what
it shares with the question (rare words and names weigh most), by being about who was asked about, and by holding
the kind of thing that was asked for.
"""

import re
from collections import Counter
from dataclasses import dataclass
from math import log

from resources.llm.notation import Part
from resources.llm.questions import NO_ANSWER, Question, Source
from resources.local_models.extractive import dates, lexicon
from resources.local_models.extractive.coreference import Coreference
from resources.local_models.extractive.reading import readings
from resources.local_models.extractive.structure import Mention, Reading, Referents, Sentence, rendered

# How much of the question a sentence must share, by weight, and how close to the best the second one must come.
_ENOUGH = 0.4
_SECOND = 0.85
_NAME_WEIGHT = 2.0
_KIND_WEIGHT = 0.6
_SYNONYM = 0.7
_SAME_STEM = 0.7
_STEM = 5
_NEARBY = 0.35
_UNSAID = 0.35
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
_WORK = re.compile(
    r"\bdo(?:es|ing)?\b.*\b(?:for (?:work|a living|a job)|professionally)\b|\b(?:job|profession|occupation)\b"
)
_WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True)
class _Candidate:
    """A sentence of source `number` (from 1): its words with pronouns resolved, and whom it carries on about."""

    number: int
    order: int
    quote: str
    sentence: Sentence
    words: frozenset[str]
    names: frozenset[str]
    carried: frozenset[str]
    before: str
    nearby: frozenset[str]


def answer(question: Question) -> str:
    """The answer to `question`: sentences of its sources, each followed by " [n]", or NO_ANSWER."""
    asked = Part("user", question.text)
    sources = [_as_part(source) for source in question.sources]
    history = list(question.history)
    read = readings([*history, asked, *sources])
    past, about, texts = read[: len(history)], read[len(history)], read[len(history) + 1 :]
    speakers = frozenset(reading.speaker for reading in texts if reading.speaker)
    query = _Query(question.text, about, past, history, speakers)
    candidates = [
        candidate
        for number, (source, reading) in enumerate(zip(question.sources, texts, strict=True), start=1)
        for candidate in _candidates(number, source, reading, speakers)
    ]
    if not candidates or not query.is_named_in(candidates, question.sources):
        return NO_ANSWER
    return _quoted(query, _ranked(query, candidates))


class _Query:
    """What is asked for: names, other words with their weight, and the kinds of thing that would answer."""

    def __init__(
        self, text: str, reading: Reading, past: list[Reading], history: list[Part], speakers: frozenset[str]
    ) -> None:
        coreference = Coreference(speakers)
        for earlier in past:
            coreference.read(earlier, None, None)
        referents = coreference.read(reading, None, None)
        self.names: list[tuple[str, bool]] = []
        self.words: dict[str, None] = {}
        for sentence, known in zip(reading.sentences, referents, strict=True):
            self._take(sentence, known, coreference)
        if not self.words and past:
            # "And Bob?" asks again what was asked before.
            asked = [r for r, part in zip(past, history, strict=True) if part.role == "user"][-1:]
            for sentence in (s for r in asked for s in r.sentences):
                named = {word.lower() for m in sentence.mentions for word in _WORD.findall(rendered(m.name, {}))}
                self.words |= dict.fromkeys(w for w in sentence.lemmas if w not in named | lexicon.ASKING)
        lowered = text.lower()
        self.kinds = next((kinds for pattern, kinds in _KINDS if pattern.search(lowered)), frozenset())
        self.is_open = bool(re.search(r"\b(?:who|whom|whose|what|which|where|when|why|how)\b", lowered))
        self.asks_who = bool(re.search(r"\bwho(?:m|se)?\b", lowered))
        if _WORK.search(lowered):
            self.words["job"] = None

    def _take(self, sentence: Sentence, known: Referents, coreference: Coreference) -> None:
        named: set[str] = set()
        dated = {word for date in dates.find(sentence.text) for word in _WORD.findall(date.text.lower())}
        for mention in sentence.mentions:
            name = coreference.name(mention, known)
            if mention.proper and any(letter.isupper() for letter in name):
                self.names.append((name, mention.type == "Person"))
                named |= {word.lower() for word in _WORD.findall(rendered(mention.name, known))}
        for names in known.values():
            self.names += [(name, True) for name in names]
        for lemma in sentence.lemmas:
            if lemma not in named and lemma not in lexicon.ASKING and lemma not in dated:
                self.words[lemma] = None
        self.names = list(dict.fromkeys(self.names))

    def is_named_in(self, candidates: list[_Candidate], sources: tuple[Source, ...]) -> bool:
        """Whether the sources name every name that is asked about."""
        said = {word for candidate in candidates for word in candidate.words}
        said |= {word.lower() for source in sources for word in _WORD.findall(source.label)}
        return all(_is_said(name, is_person, said) for name, is_person in self.names)


def _as_part(source: Source) -> Part:
    return Part("user" if source.label.startswith("conversation") else "document", source.text)


def _candidates(number: int, source: Source, reading: Reading, speakers: frozenset[str]) -> list[_Candidate]:
    coreference = Coreference(speakers)
    others = sorted(speakers - {reading.speaker}) if reading.speaker else []
    you = others[0] if len(others) == 1 else None
    found: list[_Candidate] = []
    carried: frozenset[str] = frozenset()
    nearby = frozenset(lemma for sentence in reading.sentences for lemma in sentence.lemmas)
    before = ""
    for order, (sentence, known) in enumerate(
        zip(reading.sentences, coreference.read(reading, reading.speaker, you), strict=True)
    ):
        text = rendered(sentence.words, known)
        words = frozenset((*sentence.lemmas, *(word.lower().removesuffix("'s") for word in _WORD.findall(text))))
        quote = f"{reading.speaker}: {sentence.text}" if reading.speaker else sentence.text
        named = frozenset(
            word.lower()
            for name in (*(rendered(m.name, known) for m in sentence.mentions if m.proper), *sum(known.values(), ()))
            for word in _WORD.findall(name)
        )
        if not sentence.question and source.text.strip() != NO_ANSWER:
            found.append(_Candidate(number, order, quote, sentence, words, named, carried, before, nearby))
        before = quote
        subjects = [m for m in sentence.mentions if m.subject and m.proper] or [
            m for m in sentence.mentions if m.proper
        ][:1]
        if subjects:
            carried = frozenset(word.lower() for m in subjects for word in _WORD.findall(_name(m, known)))
    return found


def _name(mention: Mention, known: Referents) -> str:
    return rendered(mention.name, known)


def _is_said(name: str, is_person: bool, said: set[str] | frozenset[str]) -> bool:
    parts = [
        word.lower().removesuffix("'s") for word in _WORD.findall(name) if word.lower() not in ("the", "of", "and")
    ]
    if not parts:
        return True
    return any(part in said for part in parts) if is_person else all(part in said for part in parts)


def _ranked(query: _Query, candidates: list[_Candidate]) -> list[tuple[float, _Candidate]]:
    frequency = Counter(word for candidate in candidates for word in candidate.words | candidate.carried)
    weights = {word: _weight(_said_by(word, frequency), len(candidates)) for word in query.words}
    scored = [(score, c) for c in candidates if (score := _score(query, weights, c)) > 0]
    return sorted(scored, key=lambda each: (-each[0], each[1].number, each[1].order))


def _weight(said: int, sentences: int) -> float:
    """The rarer the heavier; but a word that no source says may just be said otherwise there."""
    return (log(1 + sentences / said) if said else _UNSAID * log(1 + sentences)) + 0.2


def _said_by(word: str, frequency: Counter[str]) -> int:
    return max(frequency[each] for each in _alike(word))


def _alike(word: str) -> frozenset[str]:
    return frozenset((word,)).union(*(group for group in lexicon.SYNONYMS if word in group))


def _score(query: _Query, weights: dict[str, float], candidate: _Candidate) -> float:
    """How well `candidate` answers; 0 where it does not."""
    words = candidate.words
    named = [_is_said(name, person, words) for name, person in query.names]
    carried = [_is_said(name, person, candidate.carried) for name, person in query.names]
    about = [max(1.0 * direct, 0.8 * indirect) for direct, indirect in zip(named, carried, strict=True)]
    if query.names and not any(about):
        return 0
    shared = {word: _share(word, words, candidate.nearby) for word in weights}
    total = sum(weights.values())
    covered = sum(weight * shared[word] for word, weight in weights.items())
    labels = candidate.sentence.labels | ({"Person"} if candidate.names else set())
    fits_kind = bool(query.kinds & labels)
    if weights and covered < _ENOUGH * total * (0.7 if fits_kind else 1.0):
        return 0
    if not weights and not (fits_kind or (query.names and not query.kinds)):
        return 0
    if query.is_open and not _tells_more(query, candidate):
        return 0
    kind = _KIND_WEIGHT * (fits_kind if query.kinds else 0)
    share_of_names = sum(about) / len(about) if about else 0
    return (covered / total if total else 0.5) * (1 + kind) + _NAME_WEIGHT * share_of_names * 0.5


def _share(word: str, words: frozenset[str], nearby: frozenset[str]) -> float:
    """How much of `word` is in `words`, or in the `nearby` ones of the same source."""
    if word in words:
        return 1.0
    if any(other in words for other in _alike(word)):
        return _SYNONYM
    if len(word) > _STEM and any(other[:_STEM] == word[:_STEM] for other in words if len(other) > _STEM):
        return _SAME_STEM
    return _NEARBY if word in nearby else 0.0


def _tells_more(query: _Query, candidate: _Candidate) -> bool:
    """False for a sentence that only says the question again, or says that someone does not know."""
    lemmas = set(candidate.sentence.lemmas)
    if lemmas & lexicon.IGNORANCE and re.search(r"\b(?:who|what|which|where|when|why|how)\b", candidate.quote.lower()):
        return False
    known = {word for name, _ in query.names for word in _WORD.findall(name.lower())}
    said = lemmas | candidate.names if query.asks_who else lemmas
    return bool(said - set(query.words) - known - lexicon.ASKING)


def _quoted(query: _Query, ranked: list[tuple[float, _Candidate]]) -> str:
    if not ranked:
        return NO_ANSWER
    best, first = ranked[0]
    chosen = [first]
    for score, candidate in ranked[1:]:
        if score >= _SECOND * best and set(candidate.sentence.lemmas) - first.words - first.carried:
            chosen.append(candidate)
            break
    return " ".join(f"{_cut(_quote(query, candidate))} [{candidate.number}]" for candidate in chosen)


def _quote(query: _Query, candidate: _Candidate) -> str:
    """The sentence; asked for who it is about, the one before it goes along where it says just "she"."""
    unnamed = query.asks_who and not candidate.sentence.labels & {"Person"}
    return f"{candidate.before} {candidate.quote}" if unnamed and candidate.before else candidate.quote


def _cut(quote: str) -> str:
    return quote if len(quote) <= _QUOTE_CHARS else quote[: _QUOTE_CHARS - 1].rsplit(" ", 1)[0] + "…"
