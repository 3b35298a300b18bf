"""The noun phrases of a parse: which token heads a name, a noun worth naming, or a pronoun.

What does not belong here: verbs, and what is said of anything.
"""

import re
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from resources.local_models.extractive import dates, lexicon
from resources.local_models.extractive.structure import Mention, Pronoun, PronounKind, Slot, Template

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_PRONOUNS: dict[str, PronounKind] = {
    **dict.fromkeys(["i", "me", "my", "mine", "we", "us", "our", "ours"], "i"),  # type: ignore[list-item]
    **dict.fromkeys(["you", "your", "yours"], "you"),
    **dict.fromkeys(["she", "her", "hers"], "she"),
    **dict.fromkeys(["he", "him", "his"], "he"),
    **dict.fromkeys(["it", "its"], "it"),
    **dict.fromkeys(["they", "them", "their", "theirs"], "they"),
}
_POSSESSIVES = frozenset(["my", "mine", "our", "ours", "your", "yours", "her", "hers", "his", "its", "their", "theirs"])
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_MODIFIERS = frozenset(("compound", "amod", "nmod", "poss", "punct", "case"))
_NAME = re.compile(r"(?!\d+(?:st|nd|rd|th)\Z)[^\W_](?:[\w&'.,/+#:! -]*[\w.!+#])?\Z")
_MAX_NAME = 60
_MAX_WORDS = 6
_MAX_TITLE_WORDS = 10


class Phrases:
    """The noun phrases of `doc`. A place in it (`at`) is the number of a token."""

    def __init__(self, doc: "Doc") -> None:
        self.doc = doc
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
        for start, end, _ in self._spans:
            root = self.doc[start:end].root
            head = self._named_noun(root) if not self.doc[start].ent_type_ else None
            slot = self.slot(head if head is not None else root)
            if isinstance(slot, Mention) and slot.proper and slot not in found:
                found.append(slot)
        return found

    @cached_property
    def said_dates(self) -> list[dates.Expression]:
        return dates.find(self.doc.text)

    def date_at(self, token: "Token") -> dates.Expression | None:
        """The date that `token` is part of."""
        return next((date for date in self.said_dates if date.start <= token.idx < date.end), None)

    @cached_property
    def vocatives(self) -> frozenset[int]:
        """The tokens of names that are only called out ("Thanks, Melanie!")."""
        return frozenset(n for start, end, _ in self._found for n in range(start, end) if self._is_called(start, end))

    @cached_property
    def named(self) -> frozenset[int]:
        """The tokens that are part of a name."""
        return frozenset(self._span_of)

    @cached_property
    def _spans(self) -> list[tuple[int, int, str]]:
        """Names as (first token, end, type)."""
        return [span for span in self._found if span[0] not in self.vocatives]

    @cached_property
    def _found(self) -> list[tuple[int, int, str]]:
        """Titles in quotes, what the recogniser found, and other runs of proper nouns; "Lord of the Rings" is one."""
        spans: dict[int, tuple[int, int, str]] = {}
        for found in (self._titles(), self._recognised(), self._runs()):
            taken = {number for start, end, _ in spans.values() for number in range(start, end)}
            spans.update({span[0]: span for span in found if taken.isdisjoint(range(span[0], span[1]))})
        joined: list[tuple[int, int, str]] = []
        for start, end, kind in sorted(spans.values()):
            before = joined[-1] if joined else (0, 0, "")
            between = [token.lower_ for token in self.doc[before[1] : start]]
            if before[2] and between in (["of"], ["of", "the"]):
                joined[-1] = (before[0], end, before[2])
            else:
                joined.append((start, end, kind))
        return joined

    def _titles(self) -> list[tuple[int, int, str]]:
        quotes = [token.i for token in self.doc if token.text == '"']
        spans = []
        for opening, closing in zip(quotes[::2], quotes[1::2], strict=False):
            words = self.doc[opening + 1 : closing]
            text = words.text.rstrip(".,!")
            end = closing - 1 if words and words[-1].pos_ == "PUNCT" else closing
            capital = [word.text[0].isupper() or word.is_digit for word in words if len(word) > 3]
            if 0 < len(words) <= _MAX_TITLE_WORDS and capital and all(capital) and words[0].text[0].isupper():
                if _NAME.match(text) and not words[-1].text.startswith("?"):
                    spans.append((opening + 1, end, "Work"))
        return spans

    def _recognised(self) -> list[tuple[int, int, str]]:
        spans = []
        for entity in self.doc.ents:
            kind = lexicon.TYPE_OF_LABEL.get(entity.label_)
            if kind and (trimmed := self._trimmed(entity.start, entity.end)):
                spans.append((*trimmed, kind))
        return spans

    def _runs(self) -> list[tuple[int, int, str]]:
        spans = []
        for proper, group in groupby(self.doc, key=lambda token: token.pos_ == "PROPN" and not token.ent_type_):
            tokens = list(group)
            trimmed = self._trimmed(tokens[0].i, tokens[-1].i + 1) if proper else None
            if trimmed and self._is_name(*trimmed):
                spans.append((*trimmed, self._type(self.doc[trimmed[1] - 1], "Concept")))
        return spans

    def _is_called(self, start: int, end: int) -> bool:
        root = self.doc[start:end].root
        sentence = root.sent
        before = self.doc[start - 1] if start > sentence.start else None
        after = self.doc[end] if end < sentence.end else None
        if root.dep_ in ("conj", "pobj", "attr") or (root.dep_ == "dobj" and before is not None):
            return False
        if root.dep_ == "appos" and (root.head.pos_ == "PROPN" or root.head.lemma_ in lexicon.KIN):
            return False
        called = before is None or before.pos_ in ("PUNCT", "INTJ") or before.lower_ in lexicon.INTERJECTIONS
        cut_off = after is None or after.text in (",", "!", ".", "?", "-", ":", ";", "...", "–", "—")
        if not called or not cut_off:
            return False
        # "John, you did it": the verb has a subject of its own.
        return root.dep_ not in _SUBJECTS or any(
            child.dep_ in _SUBJECTS and child.i > root.i for child in root.head.lefts
        )

    @cached_property
    def _span_of(self) -> dict[int, tuple[int, int, str]]:
        return {number: span for span in self._spans for number in range(span[0], span[1])}

    def _trimmed(self, start: int, end: int) -> tuple[int, int] | None:
        doc = self.doc
        while start < end and (
            doc[start].pos_ in ("DET", "PUNCT", "INTJ", "SPACE", "ADP", "PRON", "NUM", "CCONJ")
            or doc[start].lower_ in lexicon.INTERJECTIONS
            or not doc[start].text[0].isalnum()
        ):
            start += 1
        while start < end and (
            doc[end - 1].pos_ in ("PUNCT", "PART", "SPACE", "ADP", "CCONJ", "DET") or (not doc[end - 1].text[-1].isalnum()
            and doc[end - 1].text[-1] != ".")
        ):
            end -= 1
        text = doc[start:end].text if start < end else ""
        words = end - start
        if not _NAME.match(text) or words > _MAX_WORDS or len(text) < 2 or len(text) > _MAX_NAME:
            return None
        if not any(letter.isupper() for letter in text) or text.lower() in lexicon.EMPTY_NOUNS:
            return None
        if any(token.pos_ in ("VERB", "AUX") and token.text.islower() for token in doc[start:end]):
            return None
        if words == 1 and (doc[start].lemma_.lower() in lexicon.EVALUATIVE | lexicon.EMPTY_NOUNS):
            return None
        if any(date.start < doc[end - 1].idx + 1 and doc[start].idx < date.end for date in self.said_dates):
            return None
        if doc[start:end].root.pos_ in ("VERB", "AUX", "ADV", "INTJ", "ADP", "SCONJ") and words == 1:
            return None
        return start, end

    def _is_name(self, start: int, end: int) -> bool:
        """Whether a run of proper nouns that the recogniser passed over is a name at all."""
        first, root = self.doc[start], self.doc[start:end].root
        if first.lemma_.lower() in lexicon.ROLES and end - start == 1:
            return False
        if not all(token.text[0].isupper() or token.text in ("&", "-") for token in self.doc[start:end]):
            return False
        if first.is_sent_start and end - start == 1 and root.dep_ not in ("nsubj", "nsubjpass", "compound", "poss"):
            return False
        return root.dep_ not in ("intj", "advmod", "dep", "aux", "mark", "prt") and root.lower_ not in _PRONOUNS

    def _named_noun(self, root: "Token") -> "Token | None":
        """The noun that a name qualifies ("LGBTQ support group")."""
        head = root
        while head.dep_ in ("compound", "nmod") and head.head.i > head.i:
            head = head.head
        return head if head is not root and head.pos_ == "NOUN" else None

    def _read(self, token: "Token") -> Slot | None:
        kind = _PRONOUNS.get(token.lower_)
        if kind and (token.pos_ == "PRON" or token.lower_ in _POSSESSIVES):
            return self._pronoun(token, kind)
        if self.date_at(token) or token.i in self.vocatives:
            return None
        if span := self._span_of.get(token.i):
            start, end, type_ = span
            if self.doc[start:end].root.i == token.i or start <= token.i < end:
                return self._name(start, end, type_)
        if token.pos_ in ("NOUN", "PROPN"):
            return self._noun(token)
        return None

    def _pronoun(self, token: "Token", kind: PronounKind) -> Pronoun | None:
        # "We both" are more than the speaker.
        if token.lower_ in ("we", "us") and any(
            word.lower_ in ("both", "all", "two", "each") for word in self.doc[token.i + 1 : token.i + 4]
        ):
            return None
        possessive = token.dep_ == "poss" or (token.lower_ in _POSSESSIVES and token.tag_ == "PRP$")
        subject = token.dep_ in _SUBJECTS
        not_at = -1
        if not subject and not possessive:
            verb = next((head for head in token.ancestors if head.pos_ in ("VERB", "AUX")), None)
            own = [child for child in verb.lefts if child.dep_ in _SUBJECTS] if verb is not None else []
            not_at = own[0].i if own else -1
        return Pronoun(token.i, kind, token.text, possessive, subject, not_at)

    def _name(self, start: int, end: int, type_: str) -> Mention:
        span = self.doc[start:end]
        root = span.root
        text = span.text
        if root.dep_ in _SUBJECTS and end - start <= 2 and root.head.lemma_ in lexicon.PERSONAL_VERBS:
            type_ = "Person"
        title = text.split()[0].rstrip(".").lower()
        gender = "f" if title in lexicon.FEMALE else "m" if title in lexicon.MALE else ""
        return Mention(
            root.i, (text,), type_, True, root.dep_ in _SUBJECTS, root.tag_ == "NNPS", gender  # type: ignore[arg-type]
        )

    def _noun(self, token: "Token") -> Mention | None:
        lemma = token.lemma_.lower()
        if lemma in lexicon.EMPTY_NOUNS or token.lower_ in lexicon.EMPTY_NOUNS or len(lemma) < 3:
            return None
        if lemma in lexicon.INTERJECTIONS or (lemma.endswith("ness") and lemma not in lexicon.NESSES):
            return None
        first = self._first(token)
        last = self._last(token)
        if first == last and (lemma in lexicon.GENERIC or token.lower_ in lexicon.GENERIC):
            return None
        name = self.doc[first : last + 1].text
        if self.doc[first].is_sent_start and self.doc[first].pos_ != "PROPN":
            name = name[0].lower() + name[1:]
        if not _NAME.match(name) or len(name) > _MAX_NAME or last - first >= _MAX_WORDS:
            return None
        owner = next((child for child in token.lefts if child.dep_ == "poss"), None)
        template: Template = (name,)
        if lemma in lexicon.KIN:
            owned = self._owned(owner, name)
            if owned is None and not self._is_had(token):
                return None
            template = owned or template
        proper = any(number in self._span_of for number in range(first, last + 1)) or (
            last > token.i and self.doc[last].pos_ == "PROPN"
        )
        gender = "f" if lemma in lexicon.FEMALE else "m" if lemma in lexicon.MALE else ""
        return Mention(
            token.i,
            template,
            self._type(token, "Concept"),
            proper,
            token.dep_ in _SUBJECTS,
            token.tag_ in ("NNS", "NNPS"),
            gender,  # type: ignore[arg-type]
        )

    def _owned(self, owner: "Token | None", name: str) -> Template | None:
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
            if word.pos_ in ("DET", "NUM", "PRON", "ADV", "PART", "VERB", "CCONJ", "ADP", "INTJ", "SPACE"):
                if not (word.pos_ == "VERB" and word.dep_ in ("amod", "compound")):
                    break
            if word.dep_ == "poss" or word.lemma_.lower() in lexicon.EVALUATIVE or word.text in (",", '"', "(", "'"):
                break
            if not (word.dep_ in _MODIFIERS or word.pos_ in ("NOUN", "PROPN", "ADJ") or word.text == "-"):
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
                span = self._span_of.get(inner.i)
                if span:
                    return span[1] - 1
                if inner.i == child.i + 1 and inner.lemma_ not in lexicon.EMPTY_NOUNS:
                    return inner.i
        return token.i

    def _type(self, head: "Token", otherwise: str) -> str:
        return lexicon.TYPE_OF_HEAD.get(head.lemma_.lower(), otherwise)
