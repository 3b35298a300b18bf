"""Questions of people about themselves: which sentences are about who asks, and which tell what is asked for.

Invariant: what somebody else says of themselves answers nothing about who asks, nor does what is told of another's
sister, or of the asker's ex, answer a question about one's own.
"""

import re

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.candidate_sentences import REPLACED, Candidate, words_of
from sessiongraph.local_models.extractive.frames import frame_of
from sessiongraph.local_models.extractive.parse_types import Reading

# What of "my …" is told in other words than its own: a frame or the kind of answer finds it.
_UNSAID_POSSESSIONS = lexicon.words(
    """name job profession occupation role work trade employer workplace age address hometown home diet plan hobby
    birthday birthdate favourite favorite title line place destination number way phone mail email"""
)
_ASKS_NAME = re.compile(r"\b(?:called|names?|named)\b|\Awho\b|\bwho(?:'s| is| are)\b", re.IGNORECASE)
_NAMES = re.compile(r"\b(?:called|named|name(?:'s| is)|names are|calls? (?:him|her|it|them|me))\s+\S+", re.IGNORECASE)
_CAPITALISED = re.compile(r"(?<=[\w,;:)] )(?!I\b)[A-Z]\w+")
_MONTHS_TOO = frozenset(("march", "april", "may", "june", "august"))
_ASKS_WHEN = re.compile(
    r"\b(?:when|how long|(?:what|which) (?:year|date|day|days|month|time|weekday))\b", re.IGNORECASE
)
_WHICH = re.compile(
    r"\b(?:which|what) (?:\w+ )??(\w{3,}) (?:do|did|am|are|is|was|were|have|can|will|should|must)\b", re.I
)
_NEGATED = re.compile(r"\b(?:never|not|cannot|no)\b|n['’]t\b", re.IGNORECASE)
# How close to the best a newer sentence must come to be taken for what holds now.
_AS_GOOD = 0.85
_CORRECTS = re.compile(
    r"\b(?:actually|correction|no wait|wait|sorry|i meant|i was wrong|scratch that|instead|no longer|not anymore|"
    r"any more|from now on)\b",
    re.IGNORECASE,
)


class AboutSelf:
    """What `asker` asks about themselves in `text`, read as `reading`."""

    def __init__(self, text: str, asker: str, reading: Reading) -> None:
        self._asker = asker
        self._names_asker = re.compile(rf"(?<![\w.@-]){re.escape(asker)}(?![\w@-]|\.\w)", re.IGNORECASE)
        self._frame = frame_of(text)
        owned = frozenset().union(*(sentence.owned for sentence in reading.sentences))
        self._asks_owned, self._owned = bool(owned), owned - _UNSAID_POSSESSIONS
        self._asks_name, self._is_negated = bool(_ASKS_NAME.search(text)), bool(_NEGATED.search(text))
        self._asks_in_law = "-in-law" in text.lower()
        self._asks_when = bool(_ASKS_WHEN.search(text))
        which = _WHICH.search(text)
        self._which = which[1].lower() if which and which[1].lower() not in lexicon.ASKING else None

    def tells(self, candidate: Candidate) -> bool:
        """Whether a sentence tells what the question's frame asks for."""
        return (
            self._frame is not None
            and self._is_about_asker(candidate)
            and bool(self._frame.told.search(self._in_first_person(candidate)))
        )

    def fits(self, candidate: Candidate, strictly: bool) -> bool:
        """Whether a sentence may answer: it is about who asks, and about what of theirs is asked for.

        `strictly` what a frame knows must be told in its ways, and "which car" by a car or a name.
        """
        if not self._is_about_asker(candidate):
            return False
        if strictly and self._frame is not None and not self._owned:
            return self.tells(candidate)
        said = candidate.words | candidate.carried
        if not all(said & lexicon.told_as(noun) for noun in self._owned) or self._is_in_law(candidate.quote):
            return False
        named = candidate.names - words_of(self._asker) - lexicon.CALENDAR - _MONTHS_TOO
        if self._asks_name and self._owned and not (named or self._names_owned(candidate.quote)):
            return False
        sentence = candidate.sentence
        if candidate.speaker and not self._asks_owned and sentence.owned and not sentence.is_of_speaker:
            return False
        return not strictly or self._is_what_is_asked_for(candidate, said, bool(named))

    def _is_what_is_asked_for(self, candidate: Candidate, said: frozenset[str], is_named: bool) -> bool:
        """Whether a sentence holds a day where "when" was asked, and "which car" is told by a car or a name."""
        labels = candidate.sentence.labels
        if self._asks_when and not (labels & {"Date", "Number"} or said & (lexicon.CALENDAR | _MONTHS_TOO)):
            return False
        if self._which is None:
            return True
        is_such = said & lexicon.alike(self._which) or is_named or self._has_name(candidate.quote)
        if not (is_such or "Number" in labels):
            return False
        return self._is_negated or not _NEGATED.search(candidate.quote)

    def _is_about_asker(self, candidate: Candidate) -> bool:
        """Whether the asker says it, an assistant says it to them, or it names them. What is of nobody may be, too."""
        if candidate.user == self._asker:
            return candidate.role != "assistant" or any(it.kind == "you" for it in candidate.sentence.pronouns)
        if self._names_asker.search(candidate.sentence.text):
            return True
        return candidate.user is None and "Person" not in candidate.sentence.labels

    def _is_in_law(self, quote: str) -> bool:
        """Whether `quote` tells of a mother-in-law where the mother is asked for."""
        return not self._asks_in_law and any(f"{noun}-in-law" in quote.lower() for noun in self._owned)

    def _names_owned(self, quote: str) -> bool:
        """Whether `quote` gives a name, which in lower case stands right behind whose it is: "my husband dev"."""
        behind = (it[1] for noun in self._owned for it in re.finditer(rf"\b(?:my|our) {noun} (\w+)", quote.lower()))
        is_lower = quote == quote.lower() and any(word not in lexicon.NO_NAMES for word in behind)
        return is_lower or bool(_NAMES.search(quote)) or self._has_name(quote)

    def _has_name(self, quote: str) -> bool:
        """Whether a word in the midst of `quote` is written as a name is."""
        return bool({word.lower() for word in _CAPITALISED.findall(quote)} - lexicon.CALENDAR - _MONTHS_TOO)

    def _in_first_person(self, candidate: Candidate) -> str:
        """The sentence as the asker would say it: "Ragna lives in Bergen" as "I lives in Bergen"."""
        if candidate.speaker == self._asker:
            return candidate.sentence.text
        if candidate.role == "assistant":
            return re.sub(r"\byou\b", "I", re.sub(r"\byour\b", "my", candidate.sentence.text))
        return self._names_asker.sub("I", re.sub(rf"{re.escape(self._asker)}['’]s\b", "my", candidate.sentence.text))


def newest_first(scored: list[tuple[float, Candidate]], asker: str | None) -> list[tuple[float, Candidate]]:
    """`scored`, best first, but of what the asker says about as well as the best does, what was said last leads."""
    best = max((score for score, _ in scored), default=0.0)

    def key(each: tuple[float, Candidate]) -> tuple[bool, str, bool, float, bool, int, int]:
        score, candidate = each
        is_good = score >= _AS_GOOD * best and candidate.speaker is not None and candidate.speaker == asker
        day = candidate.said_on if is_good else ""
        corrects = is_good and bool(_CORRECTS.search(candidate.quote))
        # Of two that say the same, the one that knows when it ended tells more.
        is_kept = candidate.valid.end != REPLACED
        return score >= _AS_GOOD * best, day, corrects, score, is_kept, -candidate.number, -candidate.order

    return sorted(scored, key=key, reverse=True)
