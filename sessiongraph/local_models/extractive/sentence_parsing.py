"""Sentences of one text, read once: with their mentions, pronouns and facts, whose pronouns are not yet resolved."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cachetools import LRUCache

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.clauses import SUBJECTS, is_elided, subject_of, third_person
from sessiongraph.local_models.extractive.fact_rules import Facts, elided
from sessiongraph.local_models.extractive.line_sentences import line_sentence
from sessiongraph.local_models.extractive.name_types import LIKELY, known_type, listed_type, type_of_words
from sessiongraph.local_models.extractive.naming import of_speaker
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.parse_types import (
    Agree,
    Counted,
    Mention,
    Pronoun,
    Reading,
    Sentence,
    Template,
)
from sessiongraph.local_models.extractive.spacy_pipeline import SpacyPipeline
from sessiongraph.local_models.extractive.structured_lines import Block
from sessiongraph.local_models.extractive.text_blocks import said
from sessiongraph.local_models.language import EnglishDetector
from sessiongraph.prompts.prompt_format import Part

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_CACHED_BLOCKS = 4096

# Words that every sentence has; what is left carries what it says.
_CONTENT = frozenset(("NOUN", "PROPN", "VERB", "ADJ", "NUM", "ADV"))
_MINE = frozenset(("my", "our"))
_SELVES = frozenset(("myself", "yourself", "ourselves"))
_LIGHT = frozenset(
    [
        "be",
        "do",
        "have",
        "will",
        "would",
        "can",
        "could",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "get",
        "go",
        "let",
        "just",
        "so",
        "very",
        "really",
        "too",
        "also",
        "then",
        "there",
        "here",
        "now",
        "not",
        "never",
        "n't",
        "more",
        "most",
        "much",
        "many",
        "well",
        "even",
        "still",
        "ever",
        "as",
        "when",
        "where",
        "why",
        "how",
        "who",
        "what",
        "which",
        "one",
    ]
)


class SentenceParser:
    """What texts say. Thread-safe; loads the pipeline when it is first used.

    What was read is remembered for as long as it is likely to be asked for again: a turn is a passage once, and context
    for the windows after it.
    """

    def __init__(self) -> None:
        self._pipeline, self._language = SpacyPipeline(), EnglishDetector()
        self._blocks: LRUCache[str, tuple[Sentence, ...]] = LRUCache(_CACHED_BLOCKS)
        self._lock = threading.Lock()

    def read(self, parts: Sequence[Part]) -> list[Reading]:
        """The reading of each of `parts`, in order. All that was not read of late is parsed in one batch.

        Raises SessionGraphError where the pipeline cannot be loaded.
        """
        texts = [said(part) for part in parts]
        blocks = sorted({block for text in texts for block in text.blocks if isinstance(block, str)})
        with self._lock:
            known = {block: self._blocks[block] for block in blocks if block in self._blocks}
        new = [block for block in blocks if block not in known]
        parsed = dict(zip(new, self._pipeline.map(_sentences, new), strict=True)) if new else {}
        parsed |= {block: _without_facts(parsed[block]) for block in new if not self.is_english(block)}
        with self._lock:
            self._blocks.update(parsed)
        known |= parsed
        return [Reading(text.speaker, tuple(self._sentences(text.blocks, known))) for text in texts]

    def _sentences(self, blocks: Sequence[Block], known: Mapping[str, tuple[Sentence, ...]]) -> Iterator[Sentence]:
        """The sentences of `blocks`, of which those of prose are `known`."""
        told = [sentence for block in blocks if isinstance(block, str) for sentence in known[block]]
        owner = next((slot for it in told for slot in it.subjects), None)
        for block in blocks:
            if isinstance(block, str):
                owner = next((slot for it in known[block] for slot in it.subjects), owner)
                yield from known[block]
            else:
                yield line_sentence(block, owner)

    def is_english(self, text: str) -> bool:
        """Whether `text` is in the language that the pipeline knows."""
        return self._language.is_english(text)

    def forget_texts(self) -> None:
        """Drop what is remembered."""
        with self._lock:
            self._blocks.clear()


def _sentences(doc: "Doc") -> tuple[Sentence, ...]:
    phrases = Phrases(doc)
    facts = Facts(phrases)
    return tuple(_sentence(list(span), phrases, facts) for span in doc.sents if span.text.strip())


def _without_facts(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Sentences of another language, of which a parse of English knows the names at the most, and not their types."""
    return tuple(
        replace(
            it,
            facts=(),
            pronouns=(),
            owned=frozenset(),
            words=(it.text,),
            mentions=tuple(map(_listed, it.mentions)),
        )
        for it in sentences
    )


def _listed(mention: Mention) -> Mention:
    """`mention` with a type by lists alone: "Den Ofen" is no den, and only who has a given name is a person."""
    name = mention.name[0] if isinstance(mention.name[0], str) else ""
    is_known = known_type(name) is not None or type_of_words(name) == "Person"  # "Herr Albers"
    is_person = mention.type == "Person" and all(word[:1].isupper() for word in name.split()) and is_known
    type_ = "Organization" if type_of_words(name) == "Organization" else "Person" if is_person else listed_type(name)
    return replace(mention, type=type_ or "Concept", weight=LIKELY if type_ else 0)


def _sentence(tokens: "list[Token]", phrases: Phrases, facts: Facts) -> Sentence:
    facts.agree(tokens)
    question = _is_question(tokens)
    stated = () if question else tuple(facts.of(tokens))
    first, last = tokens[0].i, tokens[-1].i
    names = [name for name in phrases.names if first <= name.at <= last]
    slots = [slot for fact in stated if not fact.document for slot in (*fact.subjects, *fact.objects)]
    nouns = [slot for slot in slots if isinstance(slot, Mention)]
    nouns += [slot.things for slot in slots if isinstance(slot, Counted) and slot.things is not None]
    mentions = {mention.at: mention for mention in (*_kin(tokens, phrases), *names, *nouns)}
    pronouns = [slot for token in tokens if isinstance(slot := phrases.slot(token), Pronoun)]
    labels = {mention.type for mention in mentions.values()}
    if any(first <= token.i <= last for token in tokens if phrases.found.date_at(token)):
        labels.add("Date")
    if any(token.pos_ == "NUM" for token in tokens):
        labels.add("Number")
    return Sentence(
        text=phrases.doc[first : last + 1].text.strip(),
        words=_words(tokens, phrases, facts),
        question=question,
        mentions=tuple(mention for _, mention in sorted(mentions.items())),
        pronouns=tuple(pronouns),
        facts=stated,
        lemmas=tuple(dict.fromkeys(_lemma(token) for token in tokens if _is_content(token))),
        labels=frozenset(labels),
        owned=frozenset(_lemma(token.head) for token in tokens if token.dep_ == "poss" and token.lower_ in _MINE),
        kinds=_kinds(tokens, phrases),
        introduced=frozenset(_lemma(it.head) for it in tokens if it.dep_ == "det" and it.lower_ in ("a", "an")),
    )


def _kin(tokens: "list[Token]", phrases: Phrases) -> list[Mention]:
    """Those of whom a sentence tells as "my sister", without a name beside: "she" may be them afterwards."""
    unnamed = (
        token for token in tokens if lexicon.is_kin(token) and not any(child.dep_ == "appos" for child in token.rights)
    )
    return [known for token in unnamed if (known := of_speaker(token, phrases)) is not None]


def _is_told_by(subject: "Token") -> bool:
    """Whether a sentence only names `subject` as who says so: "…, the ministry announced"."""
    return any(child.dep_ == "ccomp" for child in subject.head.children)


def _kinds(tokens: "list[Token]", phrases: Phrases) -> tuple[Mention, ...]:
    """What a sentence is about that it names by its kind alone."""
    subjects = [it for it in tokens if it.dep_ in SUBJECTS and it.pos_ == "NOUN" and not _is_told_by(it)]
    unnamed = (token for token in subjects if not any(child.dep_ == "appos" for child in token.rights))
    return tuple(kind for token in unnamed if (kind := phrases.definite_kind(token)) is not None)


def _is_question(tokens: "list[Token]") -> bool:
    said = [token for token in tokens if token.pos_ not in ("SPACE", "PUNCT")]
    if any(token.text.startswith("?") for token in tokens[-3:]):
        return True
    return len(said) > 1 and said[0].tag_ in ("WP", "WRB", "WDT") and said[1].dep_ in ("aux", "auxpass", "ROOT")


def _is_content(token: "Token") -> bool:
    return token.pos_ in _CONTENT and token.dep_ not in ("aux", "auxpass") and _lemma(token) not in _LIGHT


def _lemma(token: "Token") -> str:
    return token.lemma_.lower() if token.pos_ != "PROPN" else token.lower_


def _words(tokens: "list[Token]", phrases: Phrases, facts: Facts) -> Template:
    """The sentence as a template, from where it stops greeting and starts saying."""
    pieces: list[str | Pronoun | Agree] = []
    said = tokens[_start(tokens, phrases.found.vocatives) :]
    unsaid = next((elided(token) for token in said if is_elided(token)), None)
    if unsaid:
        pieces += [unsaid, Agree(unsaid.at, "", " ")]
    for token in said:
        slot = phrases.slot(token)
        if isinstance(slot, Pronoun):
            pieces.append(slot)
        elif known := facts.agreements.get(token.i):
            before = " " if token.text.startswith("'") else ""
            pieces.append(Agree(known.at, token.text, before + third_person(token)))
        elif unsaid and token.i == said[0].i:
            pieces.append(Agree(unsaid.at, token.text, token.lower_))
        elif token.lower_ in _SELVES and (known := _subject(token, phrases)):
            pieces.append(Agree(known.at, token.text, "themselves"))
        else:
            pieces.append(token.text)
        pieces.append(token.whitespace_)
    return tuple(pieces)


def _subject(token: "Token", phrases: Phrases) -> Pronoun | None:
    """The "I" or "you" whose verb `token` hangs on."""
    verb = next((head for head in token.ancestors if head.pos_ in ("VERB", "AUX")), None)
    subject = subject_of(verb) if verb is not None else None
    slot = phrases.slot(subject) if subject is not None else None
    return slot if isinstance(slot, Pronoun) and slot.kind in ("i", "you") else None


def _start(tokens: "list[Token]", vocatives: frozenset[int]) -> int:
    for number, token in enumerate(tokens):
        opener = token.pos_ in ("INTJ", "PUNCT", "SPACE") and token.text not in ('"', "(", "'")
        opener = opener or token.i in vocatives
        following = tokens[number + 1] if number + 1 < len(tokens) else token
        if not opener and not (token.lower_ in lexicon.INTERJECTIONS and following.pos_ == "PUNCT"):
            return number if len(tokens) - number > 1 else 0
    return 0
