"""Detection of mentions of entities in a text, with what a pronoun must agree with: kind and, of a person, gender.

Names are those of the graph, in any case, and capitalised words that it does not know. Pure; no parse, no model.
Gender is that of a common first name, else what the graph's own passages say ("she" where nobody else is named).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import regex

from sessiongraph import english
from sessiongraph.entity_resolution.name_normalization import MAX_NAME_WORDS, name_key
from sessiongraph.local_models.extractive import lexicon
from sessiongraph.retrieval.scope import Scope
from sessiongraph.writing_systems import LETTER_MARK, has_caseless_letter

EntityKind = Literal["person", "place", "organization", "thing", ""]
Gender = Literal["f", "m", ""]

WORD = regex.compile(rf"[\p{{L}}\p{{N}}](?:[\p{{L}}\p{{N}}_&+#]|{LETTER_MARK}|['’-](?=[\p{{L}}\p{{N}}_]))*")

_KIND_OF_TYPE: dict[str, EntityKind] = {
    "person": "person",
    **dict.fromkeys(("place", "location", "city", "country", "gpe", "region"), "place"),
    **dict.fromkeys(("organization", "organisation", "company", "institution", "team"), "organization"),
    **dict.fromkeys(("work", "product", "event", "book", "film", "technology", "vehicle", "project"), "thing"),
}
# A capitalised word of these is no name.
_NEVER_NAMES = english.NEVER_NAMES | lexicon.INTERJECTIONS | lexicon.CALENDAR


@dataclass(frozen=True)
class Mention:
    """The name of an entity in a text, from character `start` to `stop`; `kind` and `gender` are "" if unknown."""

    text: str
    start: int
    stop: int
    kind: EntityKind
    gender: Gender = ""


class MentionDetector:
    """Detects mentions in the texts of one question, and remembers the keys of their words."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._scopes = scopes
        self._key_of_word: dict[str, str] = {}

    def mentions(self, text: str) -> list[Mention]:
        """The mentions in `text`, in order and without overlap, the longest where several names would fit."""
        words = list(WORD.finditer(text))
        found: list[Mention] = []
        at = 0
        while at < len(words):
            known = self._known_name(words[at : at + MAX_NAME_WORDS])
            length, mention = known or _capitalised_name(text, words[at:]) or (1, None)
            if mention is not None:
                found.append(mention)
            at += length
        return found

    def _known_name(self, words: list[regex.Match[str]]) -> tuple[int, Mention] | None:
        """The longest name of the graph that `words` begin with, and how many of them it takes."""
        keys = [self._key(word[0]) for word in words]
        if keys[0] in english.ARTICLES:
            return None
        for length in range(len(words), 0, -1):
            start, stop = words[0].start(), words[length - 1].end()
            key = " ".join(keys[:length])
            if length == 1 and key in _NEVER_NAMES:
                continue
            for scope in self._scopes:
                row = scope.snapshot.entity_keys.get(key)
                if row is None or not _is_allowed(scope, row):
                    continue
                entity = scope.snapshot.entities.iloc[row]
                if not any(map(str.isupper, entity["name"])) and not has_caseless_letter(entity["name"]):
                    continue
                kind = _KIND_OF_TYPE.get(str(entity["type"]).casefold(), "")
                gender = _gender(str(entity["name"]), row, scope) if kind in ("person", "") else ""
                return length, Mention(str(entity["name"]), start, stop, kind, gender)
        return None

    def _key(self, word: str) -> str:
        if word not in self._key_of_word:
            self._key_of_word[word] = name_key(word)
        return self._key_of_word[word]


def kind_of_noun(noun: str) -> EntityKind:
    """The kind of entity that a common noun stands for: "company" for an organization, "novel" for a thing."""
    return _KIND_OF_TYPE.get(lexicon.TYPE_OF_HEAD.get(noun.casefold(), "").casefold(), "")


def gender_of_pronouns(text: str) -> Gender:
    """The gender of the pronouns in `text`; "" where there are none or both."""
    words = {match[0].casefold() for match in WORD.finditer(text)}
    female, male = bool(words & english.SHE), bool(words & english.HE)
    if female == male:
        return ""
    return "f" if female else "m"


def _capitalised_name(text: str, words: list[regex.Match[str]]) -> tuple[int, Mention] | None:
    """The run of capitalised words that `words` begin with, unless it is one word at a sentence's start."""
    run: list[regex.Match[str]] = []
    for word in words:
        gap = text[run[-1].end() : word.start()] if run else " "
        if not word[0][0].isupper() or word[0].casefold() in _NEVER_NAMES or gap.strip():
            break
        run.append(word)
    starts_sentence = bool(run) and text[: run[0].start()].rstrip(" \n\"'(*")[-1:] in ("", ".", "!", "?", ":")
    if not run or (len(run) == 1 and starts_sentence):
        return None
    name = re.sub(r"['’]s\Z", "", text[run[0].start() : run[-1].end()])
    return len(run), Mention(name, run[0].start(), run[0].start() + len(name), "", _gender_of_first_name(name))


def _is_allowed(scope: Scope, row: int) -> bool:
    """Whether an allowed passage mentions the entity."""
    mentions = scope.snapshot.mentions
    return scope.mask is None or bool(scope.allowed[mentions["passage"][mentions["entity"] == row]].any())


def _gender_of_first_name(name: str) -> Gender:
    first = name_key(name).partition(" ")[0]
    if first in english.FEMALE_NAMES:
        return "f"
    return "m" if first in english.MALE_NAMES else ""


def _gender(name: str, row: int, scope: Scope) -> Gender:
    """The gender of the first name or, if that is no common one, of the pronouns in passages that name nobody else."""
    if gender := _gender_of_first_name(name):
        return gender
    mentions, types = scope.snapshot.mentions, scope.snapshot.entities["type"].array
    passages = mentions["passage"][mentions["entity"] == row].unique()
    beside = mentions[mentions["passage"].isin(passages)]
    is_person = np.array([kind.casefold() == "person" for kind in types[beside["entity"].to_numpy()]], bool)
    others = beside["passage"][(beside["entity"] != row) & is_person]
    alone = [passage for passage in passages if passage not in set(others) and scope.allowed[passage]]
    pronouns = Counter(gender_of_pronouns(text) for text in scope.snapshot.passages["text"].iloc[alone])
    if pronouns["f"] == pronouns["m"]:
        return ""
    return "f" if pronouns["f"] > pronouns["m"] else "m"
