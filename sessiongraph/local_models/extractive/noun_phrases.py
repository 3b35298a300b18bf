"""The noun phrases of a parse: which token heads a name, a noun worth naming, or a pronoun.

What does not belong here: verbs, and what is said of anything.
"""

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.dependencies import is_anaphoric
from sessiongraph.local_models.extractive.name_spans import (
    MAX_NAME,
    MAX_WORDS,
    NAME,
    SUBJECTS,
    Names,
    NameSpan,
    type_of,
)
from sessiongraph.local_models.extractive.name_types import gender_of
from sessiongraph.local_models.extractive.noun_types import type_of_noun
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, PronounKind, Slot, Template, rendered

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_PRONOUNS: dict[str, PronounKind] = {
    **dict.fromkeys(["i", "me", "my", "mine", "we", "us", "our", "ours"], "i"),
    **dict.fromkeys(["you", "your", "yours"], "you"),
    **dict.fromkeys(["she", "her", "hers"], "she"),
    **dict.fromkeys(["he", "him", "his"], "he"),
    **dict.fromkeys(["it", "its"], "it"),
    **dict.fromkeys(["they", "them", "their", "theirs"], "they"),
}
_POSSESSIVES = frozenset(["my", "mine", "our", "ours", "your", "yours", "her", "hers", "his", "its", "their", "theirs"])
# The end of a sentence that the tokenizer takes for an initial's: "USB-C."
_AFTER_LETTER = re.compile(r"-\w\.\Z")
# Whose subject is a thing rather than an organization or a place.
_MEASURED = frozenset(("cost", "weigh"))
# "The café in the Museum of Modern Art": so long a name is no part of another.
_MOST_OF_PLACE = 2
# Of which half is an amount.
_HALVED = frozenset(("hour", "day", "year", "week", "month", "dozen", "price", "litre", "cup"))
_AFTER_NUMBERED = re.compile(r" [A-Z]\.\Z")
_MODIFIERS = frozenset(("compound", "amod", "nmod", "poss", "punct", "case"))


class Phrases:
    """The noun phrases of `doc`. A place in it (`at`) is the number of a token."""

    def __init__(self, doc: "Doc") -> None:
        self.doc = doc
        self.found = Names(doc)
        self._slots: dict[int, Slot | None] = {}

    def slot(self, token: "Token") -> Slot | None:
        """What `token` heads, or None where that names nothing: an empty noun, a date, a word in lower case…"""
        if token.i not in self._slots:
            self._slots[token.i] = self._read(token)
        return self._slots[token.i]

    @cached_property
    def names(self) -> list[Mention]:
        """The proper names, in order."""
        found: list[Mention] = []
        for name in self.found.spans:
            root = self.doc[name.start : name.end].root
            is_of_thing = name.start > 0 and self.doc[name.start - 1].lower_ == "the"  # "the Nansen satellite"
            head = self._named_noun(root) if is_of_thing or not self.doc[name.start].ent_type_ else None
            slot = self.slot(head if head is not None else root)
            is_fragment = root.dep_ == "amod" and root.ent_type_ == "NORP"  # "the Estonian government"
            if isinstance(slot, Mention) and slot.proper and slot not in found and not is_fragment:
                found.append(slot)
        return found

    def _named_noun(self, root: "Token") -> "Token | None":
        """The noun that a name qualifies ("LGBTQ support group")."""
        head = root
        while head.dep_ in ("compound", "nmod") and head.head.i > head.i:
            head = head.head
        return head if head is not root and head.pos_ == "NOUN" else None

    def _read(self, token: "Token") -> Slot | None:
        kind = _PRONOUNS.get(token.lower_)
        if kind and (token.pos_ == "PRON" or token.lower_ in _POSSESSIVES):
            return None if _is_expletive(token) or self._is_nobodys(token) else self._pronoun(token, kind)
        if self.found.date_at(token) or token.i in self.found.vocatives:
            return None
        if name := self.found.span_of.get(token.i):
            return self._role(token) or self._name(name)
        if token.pos_ in ("NOUN", "PROPN"):
            return self._noun(token)
        return None

    def _is_nobodys(self, pronoun: "Token") -> bool:
        """Whether a "he" or "she" is somebody without a name: "an officer who finds that his brother smuggles"."""
        if _PRONOUNS.get(pronoun.lower_) not in ("he", "she"):
            return False
        for verb in pronoun.ancestors:
            if verb.dep_ == "relcl" and any(child.tag_ == "WP" and child.dep_ in SUBJECTS for child in verb.lefts):
                return verb.head.i not in self.found.named and verb.head.pos_ == "NOUN"
        return False

    def _pronoun(self, token: "Token", kind: PronounKind) -> Pronoun | None:
        # "We both" are more than the speaker.
        if token.lower_ in ("we", "us") and any(
            word.lower_ in ("both", "all", "two", "each") for word in self.doc[token.i + 1 : token.i + 4]
        ):
            return None
        possessive = token.dep_ == "poss" or (token.lower_ in _POSSESSIVES and token.tag_ == "PRP$")
        subject = token.dep_ in SUBJECTS
        not_at = -1
        if not subject and not possessive:
            verb = next((head for head in token.ancestors if head.pos_ in ("VERB", "AUX")), None)
            own = [child for child in verb.lefts if child.dep_ in SUBJECTS] if verb is not None else []
            not_at = own[0].i if own else -1
        is_thing = kind == "it" and subject and token.head.lemma_ in _MEASURED
        return Pronoun(token.i, kind, token.text, possessive, subject, not_at, is_thing)

    def _role(self, token: "Token") -> Mention | None:
        """ "Our CFO": somebody's role, written as a name is."""
        if token.lower_ not in lexicon.ROLES or (name := self._owned(token, token.text)) is None:
            return None
        return Mention(token.i, name, "Person", False, token.dep_ in SUBJECTS, kin=True)

    def _name(self, name: NameSpan) -> Mention:
        span, type_ = self.doc[name.start : name.end], name.type
        root = span.root
        text = span.text[:-1] if _AFTER_LETTER.search(span.text) else span.text
        title = text.split()[0].rstrip(".").lower()
        gender = "f" if title in lexicon.FEMALE else "m" if title in lexicon.MALE else ""
        gender = gender or (gender_of(text) if type_ == "Person" else "")
        return Mention(
            root.i,
            (text,),
            type_,
            True,
            root.dep_ in SUBJECTS,
            root.tag_ == "NNPS",
            gender,  # type: ignore[arg-type]
            name.weight,
        )

    def _noun(self, token: "Token") -> Mention | None:
        lemma = token.lemma_.lower()
        if token.ent_type_ in lexicon.AMOUNTS:
            return None
        if lemma in lexicon.EMPTY_NOUNS or token.lower_ in lexicon.EMPTY_NOUNS or len(lemma) < 3:
            return None
        if lemma in lexicon.INTERJECTIONS or (token.lower_.endswith("ness") and token.lower_ not in lexicon.NESSES):
            return None
        first = self._first(token)
        last = self._last(token)
        if first == last and (lemma in lexicon.GENERIC or token.lower_ in lexicon.GENERIC):
            return None
        name = self.doc[first : last + 1].text
        if self.doc[first].is_sent_start and self.doc[first].pos_ != "PROPN":
            name = name[0].lower() + name[1:]
        name = name[:-1] if _AFTER_NUMBERED.search(name) else name
        if not NAME.match(name) or len(name) > MAX_NAME or last - first >= MAX_WORDS:
            return None
        proper = any(number in self.found.span_of for number in range(first, last + 1)) or (
            last > token.i and self.doc[last].pos_ == "PROPN"
        )
        # "My band has a gig" is about that band; what is done to something of one's own is told of its owner.
        kin = lexicon.is_kin(token)
        owned = self._owned(token, name) if kin or (token.dep_ in SUBJECTS and not proper) else None
        if kin and owned is None and not self._is_had(token):
            return None
        gender = "f" if lemma in lexicon.FEMALE else "m" if lemma in lexicon.MALE else ""
        return Mention(
            token.i,
            owned or (name,),
            type_of(token),
            proper,
            token.dep_ in SUBJECTS,
            token.tag_ in ("NNS", "NNPS"),
            gender,  # type: ignore[arg-type]
            kin=kin,
        )

    def kind(self, token: "Token") -> Mention | None:
        """What `token` names by its kind alone: "the battery", "parking". None for what names nothing, as "the line"
        does, and "tram line" does not."""
        is_doing = token.tag_ == "VBG" and token.dep_ in SUBJECTS and not any(it.dep_ == "aux" for it in token.lefts)
        if token.pos_ != "NOUN" and not is_doing:
            return None
        first, last = self._first(token), self._last(token)
        is_empty = token.lemma_.lower() in lexicon.EMPTY_NOUNS or token.lower_ in lexicon.EMPTY_NOUNS
        is_said_again = token.dep_ in SUBJECTS and token.lemma_.lower() in lexicon.NAMED_BEFORE and is_anaphoric(token)
        if any(it.dep_ == "poss" and self._is_nobodys(it) for it in token.lefts):
            return None
        if is_empty and last == token.i and not (is_said_again or self._is_told_apart(token, first)):
            return None
        name = self.doc[first : last + 1].text
        if self.doc[first].is_sent_start:
            name = name[0].lower() + name[1:]
        name = name[:-1] if _AFTER_NUMBERED.search(name) else name
        if not NAME.match(name) or len(name) > MAX_NAME or last - first >= MAX_WORDS:
            return None
        is_plural = token.tag_ in ("NNS", "NNPS")
        return Mention(token.i, (name,), type_of(token), False, token.dep_ in SUBJECTS, is_plural)

    def definite_kind(self, token: "Token") -> Mention | None:
        """Its kind, and whether it is one that was named before; who is somebody is a person."""
        if (kind := self.kind(token)) is None:
            return None
        type_ = kind.type if kind.type != "Concept" else type_of_noun(token) or kind.type
        return replace(kind, type=type_, definite=token.lemma_.lower() if is_anaphoric(token) else "")

    def owned_kind(self, token: "Token") -> Mention | None:
        """Its kind, and whose it is: "their battery"."""
        kind = self.definite_kind(token)
        return self.with_owner(kind) if kind is not None else None

    def with_owner(self, kind: Mention) -> Mention:
        """`kind` with whose it is, where that is said."""
        return replace(kind, name=self._owned(self.doc[kind.at], rendered(kind.name, {})) or kind.name)

    def with_place(self, kind: Mention) -> Mention:
        """`kind` with the name that tells which one it is: "the half marathon in Graz"."""
        token = self.doc[kind.at]
        behind = self.doc[token.i + 1] if token.i + 1 < token.sent.end else None
        if behind is None or behind.head.i != token.i or behind.lower_ not in ("in", "of", "at"):
            return kind
        place = next((self.found.span_of.get(it.i) for it in behind.rights if it.dep_ == "pobj"), None)
        if place is None or place.end - place.start > _MOST_OF_PLACE:
            return kind
        return replace(kind, name=(*kind.name, f" {behind.lower_} {self.doc[place.start : place.end].text}"))

    def _is_told_apart(self, token: "Token", first: int) -> bool:
        """Whether something says which one `token` is, in its phrase from `first` on or by a name behind it: "tram
        line", "the court in Lenz"."""
        is_modified = any(it.dep_ in ("compound", "amod") and it.i >= first for it in token.lefts)
        governed = (inner for it in token.rights if it.dep_ == "prep" for inner in it.rights)
        return is_modified or any(inner.i in self.found.named for inner in governed)

    def _owned(self, token: "Token", name: str) -> Template | None:
        """The `name` of `token` with whose it is, None where it is nobody's."""
        owner = next((child for child in token.lefts if child.dep_ == "poss" and not _is_classifier(child)), None)
        whose = self.slot(owner) if owner is not None else None
        if isinstance(whose, Pronoun):
            return (whose, " " + name)
        return (*whose.name, "'s " + name) if isinstance(whose, Mention) else None

    def _is_had(self, token: "Token") -> bool:
        """Whether someone is said to have, to be or to get what `token` names: a kin without an owner is nobody."""
        return token.dep_ in ("dobj", "attr", "pobj", "appos", "conj") and (
            token.dep_ in ("attr", "appos") or token.head.lemma_ in ("have", "adopt", "get", "own", "as")
        )

    def _first(self, token: "Token") -> int:
        """Where the phrase begins, without determiners, numbers, owners and what the speaker thinks of it."""
        first = token.i
        for number in range(token.i - 1, token.left_edge.i - 1, -1):
            word = self.doc[number]
            if word.pos_ == "NUM" and number in self.found.span_of:
                first = number  # "the Pico 2 camera"
                continue
            if word.ent_type_ == "MONEY":
                break  # "950 euros rent"
            if not word.whitespace_ and (word.text == "-" or word.pos_ in ("NUM", "ADV")):
                first = number if word.text != "-" else first  # "5K", "family-friendly"
                continue
            if word.tag_ == "POS" and _is_classifier(word.head):
                continue
            if _is_classifier(word):
                first = number  # "girls' school"
                continue
            if word.pos_ in ("DET", "NUM", "PRON", "ADV", "PART", "CCONJ", "ADP", "INTJ", "SPACE"):
                break
            if word.pos_ == "VERB" and word.dep_ not in ("amod", "compound"):
                break
            if word.lower_ == "half" and number == token.i - 1 and token.lemma_ not in _HALVED:
                first = number  # "the half marathon"
                continue
            if word.dep_ == "poss" or word.lemma_.lower() in lexicon.EVALUATIVE or word.text in (",", '"', "(", "'"):
                break
            if not (
                word.dep_ in _MODIFIERS
                or word.pos_ in ("NOUN", "PROPN", "ADJ")
                or (word.text == "-" and not word.whitespace_)
            ):
                break
            if word.text != "-":
                first = number
        return first

    def _last(self, token: "Token") -> int:
        """Where it ends: with the noun, or with what it is of ("president of France")."""
        for child in token.rights:
            if child.lower_ != "of" or child.dep_ != "prep" or child.i != token.i + 1:
                continue
            for inner in child.children:
                if inner.dep_ != "pobj" or inner.pos_ not in ("NOUN", "PROPN"):
                    continue
                span = self.found.span_of.get(inner.i)
                if span:
                    is_quoted = any(it.text == '"' for it in self.doc[child.i : span.end])
                    return token.i if is_quoted else span.end - 1
                if inner.i == child.i + 1 and inner.lemma_ not in lexicon.EMPTY_NOUNS:
                    return inner.i
        after = self.doc[token.i + 1] if token.i + 1 < len(self.doc) else None
        return token.i + 1 if after is not None and _is_number_of(after, token) else token.i


def _is_expletive(token: "Token") -> bool:
    """Whether an "it" stands for the clause that follows: "it was agreed to apply", "it takes two hours to charge"."""
    verb = token.head
    is_of_clause = token.dep_ == "nsubjpass" or verb.lemma_ == "take"
    is_subject = token.lower_ == "it" and token.dep_ in SUBJECTS
    return is_subject and is_of_clause and any(child.dep_ in ("xcomp", "ccomp") for child in verb.rights)


def _is_number_of(after: "Token", noun: "Token") -> bool:
    """Whether `after` tells `noun` apart from others of its kind: "hall 3", "option B"."""
    is_beside = after.dep_ in ("nummod", "npadvmod", "appos") and after.head in (noun, noun.head)
    return is_beside and (after.is_digit or (len(after.text.rstrip(".")) == 1 and after.text.isupper()))


def _is_classifier(owner: "Token") -> bool:
    """Whether `owner` says what kind of thing it is rather than whose: "the girls' school", "a doctor's note"."""
    articles = ("a", "an", "the") if owner.tag_ == "NNS" else ("a", "an")
    determined = (child for child in owner.children if child.dep_ not in ("case", "compound"))
    is_noun = owner.dep_ == "poss" and owner.pos_ == "NOUN" and not lexicon.is_kin(owner.head)
    return is_noun and all(it.lower_ in articles for it in determined)
