"""The names in a parse: what the recogniser found, titles in quotes, other runs of proper nouns, and dates.

What does not belong here: nouns in lower case, and what is said of anyone.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from sessiongraph.local_models.extractive import dates, lexicon
from sessiongraph.local_models.extractive.clauses import SUBJECTS
from sessiongraph.local_models.extractive.given_names import GIVEN_NAMES
from sessiongraph.local_models.extractive.name_types import SURE, known_type, types_of_names
from sessiongraph.local_models.extractive.noun_types import type_of_kind, type_of_noun

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

NAME = re.compile(r"(?!\d+(?:st|nd|rd|th)\Z)[^\W_](?:[\w&'.,/+#:! -]*[\w.!+#])?\Z")
MAX_NAME = 60
MAX_WORDS = 6
_MAX_TITLE_WORDS = 10


# Lower-case words that are part of names; other prepositions stand between two.
_IN_NAMES = frozenset(("of", "de", "di", "da", "von", "van", "upon", "sur", "in", "on", "and"))
# Said of a person before the name, and no part of it where it begins a sentence: "Old Pieter".
_BEFORE_PERSONS = frozenset(("old", "young", "little", "poor"))


class NameSpan(NamedTuple):
    """A name from token `start` to before `end`, and how much speaks for its `type`."""

    start: int
    end: int
    type: str
    weight: int


class Names:
    """The names in `doc`, as spans of tokens with a type."""

    def __init__(self, doc: "Doc") -> None:
        self.doc = doc

    @cached_property
    def said_dates(self) -> list[dates.Expression]:
        return dates.find(self.doc.text)

    def date_at(self, token: "Token") -> dates.Expression | None:
        """The date that `token` is part of."""
        return next((date for date in self.said_dates if date.start <= token.idx < date.end), None)

    @cached_property
    def vocatives(self) -> frozenset[int]:
        """The tokens of names that are only called out ("Thanks, Melanie!")."""
        called = (name for name in self._found if self._is_called(name.start, name.end))
        return frozenset(number for name in called for number in range(name.start, name.end))

    @cached_property
    def named(self) -> frozenset[int]:
        """The tokens that are part of a name."""
        return frozenset(self.span_of)

    @cached_property
    def spans(self) -> list[NameSpan]:
        """The names of whom or what is spoken of."""
        return [name for name in self._found if name.start not in self.vocatives]

    @cached_property
    def _found(self) -> list[NameSpan]:
        """Titles in quotes, what the recogniser found, and other runs of proper nouns; "Lord of the Rings" is one."""
        spans: dict[int, tuple[int, int, str]] = {}
        for found in (self._titles(), self._recognised(), self._runs()):
            taken = {number for start, end, _ in spans.values() for number in range(start, end)}
            spans.update({span[0]: span for span in found if taken.isdisjoint(range(span[0], span[1]))})
        joined: list[tuple[int, int, str]] = []
        for start, end, kind in sorted(spans.values()):
            before = joined[-1] if joined else (0, 0, "")
            between = [token.lower_ for token in self.doc[before[1] : start]]
            if before[2] not in ("", "Person") and between in (["of"], ["of", "the"]):
                joined[-1] = (before[0], end, before[2])
            else:
                joined.append((start, end, kind))
        types = types_of_names([self.doc[start:end] for start, end, _ in joined], [kind for _, _, kind in joined])
        typed = (NameSpan(start, end, *of) for (start, end, _), of in zip(joined, types, strict=True))
        return [self._with_title(self._with_number(name)) for name in typed]

    def _with_number(self, name: NameSpan) -> NameSpan:
        """A name with the number behind it ("Kestrel 3"), which counts nothing that follows."""
        after = self.doc[name.end] if name.end < len(self.doc) else None
        if after is None or not (after.is_digit and len(after) <= 3 and after.sent == self.doc[name.start].sent):
            return name
        is_number = after.head.i > after.i and after.dep_ == "nummod" and after.head.pos_ == "NOUN"
        is_amount = name.end + 1 < len(self.doc) and self.doc[name.end + 1].like_num  # "2 million francs"
        counts = is_amount or (is_number and after.head.i != name.end + 1)
        return name if counts or self.date_at(after) else name._replace(end=name.end + 1)

    def _with_title(self, name: NameSpan) -> NameSpan:
        """A name with the title before it: who is called "Mr. Tanabe" is a person, and not every Tanabe."""
        if name.start > 0 and _is_title(self.doc[name.start - 1]) and name.end - name.start < MAX_WORDS:
            return NameSpan(name.start - 1, name.end, "Person", SURE)
        return name

    def _titles(self) -> list[tuple[int, int, str]]:
        quotes = [token.i for token in self.doc if token.text == '"']
        spans = []
        for opening, closing in zip(quotes[::2], quotes[1::2], strict=False):
            words = self.doc[opening + 1 : closing]
            text = words.text.rstrip(".,!")
            end = closing - 1 if words and words[-1].pos_ == "PUNCT" else closing
            capital = [word.text[0].isupper() or word.is_digit for word in words if len(word) > 3]
            if not 0 < len(words) <= _MAX_TITLE_WORDS or not capital or not words[0].text[0].isupper():
                continue
            if all(capital) and NAME.match(text) and not words[-1].text.startswith("?"):
                spans.append((opening + 1, end, "Work"))
        return spans

    def _recognised(self) -> list[tuple[int, int, str]]:
        spans = []
        for entity in self.doc.ents:
            kind = lexicon.TYPE_OF_LABEL.get(entity.label_)
            if kind is None:
                continue
            first = self._whole_from(entity.start, entity.end)
            for start, end in self._apart(first, entity.end):
                if trimmed := self._trimmed(start, end):
                    spans.append((*trimmed, kind if start == first else type_of(self.doc[trimmed[1] - 1])))
        return spans

    def _whole_from(self, start: int, end: int) -> int:
        """Where a name begins of which the recogniser found the end: "Gerber AG"."""
        while start > self.doc[start].sent.start:
            before = self.doc[start - 1]
            is_part = before.pos_ == "PROPN" and before.dep_ == "compound" and not before.ent_type_
            if not (is_part and before.text[0].isupper() and before.head.i in range(start, end)) or _is_title(before):
                break
            start -= 1
        return start

    def _apart(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """What the recogniser took for one name, parted where a preposition stands between: "the Argo to Naxos"."""
        # "Vik and Skogar", also behind a comma or "between"; "War and Peace" is one.
        is_pair = end - start == 3 and self.doc[start].ent_type_ != "WORK_OF_ART"
        is_pair |= start > 0 and self.doc[start - 1].lower_ in (",", "between")
        for number in range(start + 1, end - 1):
            token = self.doc[number]
            is_between = token.pos_ == "ADP" and token.text.islower() and token.lower_ not in _IN_NAMES
            is_between |= token.lower_ == "to"
            is_between |= token.like_num and self.doc[number + 1].text.islower()  # "fined Bolt 2 million francs"
            is_between |= token.lower_ == "and" and (is_pair or known_type(self.doc[start:number].text) is not None)
            if is_between or (token.text == "," and "&" not in self.doc[start:end].text):
                yield start, number
                start = number + 1
        yield start, end

    def _runs(self) -> list[tuple[int, int, str]]:
        spans = []
        for proper, group in groupby(self.doc, key=self._is_proper):
            tokens = list(group)
            trimmed = self._trimmed(tokens[0].i, tokens[-1].i + 1) if proper else None
            if trimmed and self._is_name(*trimmed):
                spans.append((*trimmed, type_of(self.doc[trimmed[1] - 1])))
        return spans

    def _is_proper(self, token: "Token") -> bool:
        """Whether `token` is of a name that the recogniser passed over, or the hyphen in one: "USB-C"."""
        if token.text == "-" and 0 < token.i < len(self.doc) - 1:
            before, after = self.doc[token.i - 1], self.doc[token.i + 1]
            is_inside = not before.whitespace_ and not token.whitespace_
            return is_inside and self._is_proper(before) and self._is_proper(after)
        return token.pos_ == "PROPN" and not token.ent_type_

    def _is_called(self, start: int, end: int) -> bool:
        root = self.doc[start:end].root
        sentence = root.sent
        before = self.doc[start - 1] if start > sentence.start else None
        after = self.doc[end] if end < sentence.end else None
        if start == sentence.start + 1 and after is not None and end == sentence.end - 1:
            return True  # "Go Jon!"
        if root.dep_ in ("conj", "pobj", "attr") or (root.dep_ == "dobj" and before is not None):
            return False
        if root.dep_ == "appos" and (root.head.pos_ == "PROPN" or type_of_noun(root.head) is not None):
            return False
        if before is not None and before.pos_ == "DET":
            return False
        called = before is None or before.pos_ in ("PUNCT", "INTJ") or before.lower_ in lexicon.INTERJECTIONS
        cut_off = after is None or after.text in (",", "!", ".", "?", "-", ":", ";", "...", "–", "—")
        if not called or not cut_off:
            return False
        # "John, you did it": the verb has a subject of its own.
        return root.dep_ not in SUBJECTS or any(
            child.dep_ in SUBJECTS and child.i > root.i for child in root.head.lefts
        )

    @cached_property
    def span_of(self) -> dict[int, NameSpan]:
        return {number: name for name in self.spans for number in range(name.start, name.end)}

    def _trimmed(self, start: int, end: int) -> tuple[int, int] | None:
        doc = self.doc
        while start < end and (
            doc[start].pos_ in ("DET", "PUNCT", "INTJ", "SPACE", "ADP", "PRON", "NUM", "CCONJ")
            or doc[start].lower_ in lexicon.INTERJECTIONS
            or doc[start].lower_.endswith("days")  # "On Saturdays Bolt is closed"
            or not doc[start].text[0].isalnum()
        ):
            start += 1
        start = self._after_opening(start, end)
        while start < end and (
            doc[end - 1].pos_ in ("PUNCT", "PART", "SPACE", "ADP", "CCONJ", "DET")
            or (not doc[end - 1].text[-1].isalnum() and doc[end - 1].text[-1] != ".")
        ):
            end -= 1
        text = doc[start:end].text if start < end else ""
        words = end - start
        if not NAME.match(text) or words > MAX_WORDS or len(text) < 2 or len(text) > MAX_NAME:
            return None
        if (
            not any(letter.isupper() for letter in text)
            or text.lower().rstrip(".") in lexicon.EMPTY_NOUNS | lexicon.CALENDAR
        ):
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

    def _after_opening(self, start: int, end: int) -> int:
        """Where a name begins behind what its bearer is, "Prime Minister Rui Lopes", or what is capitalised because a
        sentence begins with it: "Tell Luc"."""
        role = next((number for number in range(end - 3, start - 1, -1) if _is_role(self.doc[number])), None)
        if role is not None:
            return role + 1
        first = self.doc[start] if start + 1 < end else None
        if first is None or not first.is_sent_start or not first.text.istitle():
            return start
        rest = self.doc[start + 1]
        if not rest.text[0].isupper():
            return start
        is_told = first.sent.root.i in range(start, end) and first.lower_ in lexicon.ORDERS
        kind = type_of_noun(first)
        is_role = kind == "Organization"
        is_of_person = first.lower_ in _BEFORE_PERSONS and first.ent_type_ in ("PERSON", "")
        return start + 1 if is_told or is_role or is_of_person else start

    def _is_name(self, start: int, end: int) -> bool:
        """Whether a run of proper nouns that the recogniser passed over is a name at all."""
        first, root = self.doc[start], self.doc[start:end].root
        if end - start == 1 and (first.lemma_.lower() in lexicon.ROLES or _is_title(first)):
            return False
        if _is_role(self.doc[end - 1]) and end < len(self.doc) and self.doc[end].pos_ == "PROPN":
            return False  # "Prime Minister", where "Rui Lopes" follows
        is_common = _is_role(first) or first.lower_ in lexicon.ORDERS
        if end - start == 1 and first.is_sent_start and is_common:
            return False  # "Author Ida Holm": capitalised as the first word
        if not all(token.text[0].isupper() or token.text in ("&", "-") for token in self.doc[start:end]):
            return False
        if first.is_sent_start and end - start == 1 and root.dep_ not in ("nsubj", "nsubjpass", "compound", "poss"):
            return False
        return root.dep_ not in ("intj", "advmod", "dep", "aux", "mark", "prt")


def _is_title(token: "Token") -> bool:
    return token.lower_.rstrip(".") in lexicon.TITLES and token.text[0].isupper()


def _is_role(token: "Token") -> bool:
    """Whether `token` says what somebody is whose full name follows: "Mayor"; "Captain" is part of the name."""
    noun = token.lower_
    is_one = noun in lexicon.OCCUPATIONS or noun not in GIVEN_NAMES
    return is_one and type_of_kind(noun) == "Person" and noun not in lexicon.TITLES and token.text[0].isupper()


def type_of(head: "Token") -> str:
    """What the noun `head` says of the kind of thing it names."""
    return lexicon.TYPE_OF_HEAD.get(head.lemma_.lower(), "Concept")
