"""What a question asks for: whom it is about, the words that an answer shares with it, and what kind of thing."""

import re

from sessiongraph.local_models.extractive import dates, lexicon
from sessiongraph.local_models.extractive.about_self import AboutSelf
from sessiongraph.local_models.extractive.candidate_sentences import WORD, Candidate
from sessiongraph.local_models.extractive.coreference import Coreference
from sessiongraph.local_models.extractive.parse_types import Reading, Referents, Sentence, rendered
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.prompts.question_prompt import Source

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
    r"\b(?:according to|say|said|saying|tell|told|mention(?:ed)?|write|wrote|answer(?:ed)?|repl(?:y|ied)|ask(?:ed)?)\b"
)
# "Which books has …": a plural before the verb.
_SEVERAL = re.compile(
    r"\bhow many\b|\b(?:what|which)(?: [\w-]+){0,3}? [\w-]+[^s\W]s"
    r" (?:do|does|did|has|have|had|are|were|is|was|will|would|can|could|should|might)\b"
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_WORK = re.compile(
    r"\bdo(?:es|ing)?\b.*\b(?:for (?:work|a living|a job)|professionally)\b|\b(?:job|profession|occupation)\b"
)


class AskedFor:
    """Names, the other words, and the kinds of thing that would answer."""

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
        # Whom it asks about: "Eva", or "Eva and Tom".
        self.topics = self._topics(text)
        self.asks_several = bool(_SEVERAL.search(lowered)) or len(self.topics) > 1
        self.asks_who = bool(re.search(r"\bwho(?:m|se)?\b", lowered))
        # Who is asked for their words: what they say is then of whatever else is named.
        self.sayer = self.topics[0][0] if self.topics and _SAID.search(lowered) else None
        if self.sayer in speakers:
            self.names.remove(self.topics[0])
            self.topics = self._topics(text)
            self.words = {word: None for word in self.words if not _SAID.fullmatch(word)}
        else:
            self.sayer = None
        if _WORK.search(lowered):
            self.words["job"] = None

    def _topics(self, text: str) -> list[tuple[str, bool]]:
        """Which of the names are asked about: the first that is a speaker's, or the first, and who is joined to it."""
        first = next((name for name, _ in self.names if name in self.speakers), self.names[0][0] if self.names else "")

        def is_joined(name: str) -> bool:
            one, other = re.escape(first), re.escape(name)
            return name in self.speakers and bool(re.search(rf"\b(?:{one} and {other}|{other} and {one})\b", text))

        return [(name, is_person) for name, is_person in self.names if name == first or is_joined(name)]

    def _take(self, sentence: Sentence, known: Referents, coreference: Coreference) -> None:
        named: set[str] = set()
        dated = {word for date in dates.find(sentence.text) for word in WORD.findall(date.text.lower())}
        for mention in sentence.mentions:
            name = coreference.name(mention, known)
            if mention.proper and any(letter.isupper() for letter in name):
                self.names.append((name, mention.type == "Person" or name in self.speakers))
                named |= {word.lower() for word in WORD.findall(rendered(mention.name, known))}
        for names in known.values():
            self.names += [(name, True) for name in names]
        for lemma in sentence.lemmas:
            if lemma not in named and lemma not in lexicon.ASKING and (self.about_self or lemma not in dated):
                self.words[lemma] = None
        self.names = list(dict.fromkeys(self.names))

    def is_named_in(self, candidates: list[Candidate], sources: tuple[Source, ...]) -> bool:
        """Whether the sources name every name that is asked about, or have it for a speaker's."""
        said = {word for candidate in candidates for word in candidate.words}
        said |= {word.lower() for source in sources for word in WORD.findall(source.label)}
        said |= {word.lower() for speaker in self.speakers for word in WORD.findall(speaker)}
        return all(is_said(name, is_person, said) for name, is_person in self.names)


def is_said(name: str, is_person: bool, said: set[str] | frozenset[str]) -> bool:
    parts = [word.lower().removesuffix("'s") for word in WORD.findall(name) if word.lower() not in ("the", "of", "and")]
    if not parts:
        return True
    return any(part in said for part in parts) if is_person else all(part in said for part in parts)
