"""Who and what a text names, where, and what a pronoun must agree with: the kind of thing and, for a person, gender.

Names are those of the graph, in any case, and capitalised words that it does not know. Pure; no parse, no model.
Gender is what the graph's own passages say ("she" where nobody else is named), else that of a common first name.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sessiongraph.entity_resolution.entity_resolver import name_key
from sessiongraph.local_models.extractive import lexicon
from sessiongraph.retrieval.scope import Scope

Kind = Literal["person", "place", "organization", "thing", ""]
Gender = Literal["f", "m", ""]

WORD = re.compile(r"[^\W_](?:[\w&+#]|['’-](?=\w))*")


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHE, HE = word_set("she her hers herself"), word_set("he him his himself")

_KINDS: dict[str, Kind] = {
    "person": "person",
    **dict.fromkeys(("place", "location", "city", "country", "gpe", "region"), "place"),
    **dict.fromkeys(("organization", "organisation", "company", "institution", "team"), "organization"),
    **dict.fromkeys(("work", "product", "event", "book", "film", "technology", "vehicle", "project"), "thing"),
}
_LONGEST_NAME = 6
# A name's key has no article.
_ARTICLES = frozenset(("the", "a", "an"))
# Capitalised at the start of a sentence or for respect, and no name.
_NO_NAMES = (
    word_set(
        """i i'm i'd i've i'll a an the this that these those it its he she they we you his her their our your my who
    whom whose what which where when why how is are was were am be been do does did has have had can could will would
    shall should may might must not and but or if in on at by for from with about to of as since during tell give list
    show find name describe explain there then here mr mrs ms dr"""
    )
    | lexicon.INTERJECTIONS
    | lexicon.CALENDAR
)
# What the census of several countries knows almost only of one gender. Others are read off the graph, or left open.
_FEMALE = word_set(
    """ada alice amanda amelia amina amy ana angela anita anna anne audrey barbara beatrice bella brenda camila carla
    carmen carol caroline catherine charlotte chiara chloe christina claire clara claudia cynthia deborah diana donna
    dora dorothy eleanor elena elisabeth elizabeth ella emily emma erica esther eva evelyn fatima fiona florence
    frances gabriela giulia gloria grace greta hannah heather helen helena ida ines ingrid irene isabel isabella jane
    janet jennifer jessica joan joanna josephine joyce judith julia julie karen kate katherine katie laura leila lena
    linda lisa louise lucia lucy lydia maria marie marta martha mary maya megan melanie melissa mia michelle monica
    nadia nancy natalia natalie nicole nina nora olga olivia pamela patricia paula penelope petra priya rachel rebecca
    rita rosa rose ruth sandra sara sarah sharon silvia sofia sonia sophia sophie stella stephanie susan svetlana teresa
    theresa tina ursula valentina vanessa vera victoria virginia wendy yasmin zoe"""
)
_MALE = word_set(
    """aaron adam ahmed alan albert alberto alexander ali anders andrew anthony antonio arthur benjamin bernard bob
    boris brandon brian bruce carl carlos charles christian christopher daniel dave david dennis diego dmitri donald
    douglas edgar edward edwin emil enrique eric erik ernest ethan felix fernando francisco frank fred frederick gabriel
    gary george gerald giovanni gregory gustav hans harold harry hassan henry howard hugo ibrahim igor ivan jack jacob
    jake james jason javier jeff jeffrey jeremy jim joe joel johan john johnny jonathan jorge jose joseph joshua juan
    justin karl keith kenneth kevin klaus larry lars lawrence leo leonard leonardo louis luca lucas luis luke marco
    marcus mario mark martin matt matthew max michael miguel mike mohammed nathan nathaniel nicholas noah oliver oscar
    otto patrick paul pedro peter philip pierre rafael ralph raymond richard robert roger ronald roy russell ryan samuel
    scott sean sergei simon stefan stephen steve steven theodore thomas tim timothy tom tomas tony victor viktor vincent
    vladimir walter wayne werner william wolfgang"""
)


@dataclass(frozen=True)
class Name:
    """A name in a text, from character `start` to `stop`; `kind` and `gender` are "" where they are not known."""

    text: str
    start: int
    stop: int
    kind: Kind
    gender: Gender = ""


def names_in(text: str, scopes: Sequence[Scope]) -> list[Name]:
    """The names in `text`, in order and without overlap, the longest where several could stand."""
    words = list(WORD.finditer(text))
    found: list[Name] = []
    at = 0
    while at < len(words):
        length, name = _known(text, words[at : at + _LONGEST_NAME], scopes) or _unknown(text, words[at:]) or (1, None)
        if name is not None:
            found.append(name)
        at += length
    return found


def kind_of_noun(noun: str) -> Kind:
    """What a common noun's bearer is: "company" an organization, "novel" a thing."""
    return _KINDS.get(lexicon.TYPE_OF_HEAD.get(noun.casefold(), "").casefold(), "")


def told_gender(text: str) -> Gender:
    """The gender that the pronouns of `text` tell, where they tell one."""
    words = {match[0].casefold() for match in WORD.finditer(text)}
    female, male = bool(words & SHE), bool(words & HE)
    return "" if female == male else "f" if female else "m"


def _known(text: str, words: list[re.Match[str]], scopes: Sequence[Scope]) -> tuple[int, Name] | None:
    """The longest name of the graph that `words` begin with, and how many of them it takes."""
    keys = [_key(word[0]) for word in words]
    if keys[0] in _ARTICLES:
        return None
    for length in range(len(words), 0, -1):
        start, stop = words[0].start(), words[length - 1].end()
        key = " ".join(keys[:length])
        if length == 1 and key in _NO_NAMES:
            continue
        for scope in scopes:
            row = scope.snapshot.entity_keys.get(key)
            if row is None or not _is_shown(scope, row):
                continue
            entity = scope.snapshot.entities.iloc[row]
            if not any(map(str.isupper, entity["name"])):
                continue
            kind = _KINDS.get(str(entity["type"]).casefold(), "")
            gender = _gender(str(entity["name"]), row, scope) if kind in ("person", "") else ""
            return length, Name(str(entity["name"]), start, stop, kind, gender)
    return None


@lru_cache(maxsize=4096)
def _key(word: str) -> str:
    return name_key(word)


def _unknown(text: str, words: list[re.Match[str]]) -> tuple[int, Name] | None:
    """The run of capitalised words that `words` begin with. One alone at a sentence's start is none."""
    run: list[re.Match[str]] = []
    for word in words:
        gap = text[run[-1].end() : word.start()] if run else " "
        if not word[0][0].isupper() or word[0].casefold() in _NO_NAMES or gap.strip():
            break
        run.append(word)
    starts_sentence = bool(run) and text[: run[0].start()].rstrip(" \n\"'(*")[-1:] in ("", ".", "!", "?", ":")
    if not run or (len(run) == 1 and starts_sentence):
        return None
    name = re.sub(r"['’]s\Z", "", text[run[0].start() : run[-1].end()])
    return len(run), Name(name, run[0].start(), run[0].start() + len(name), "", _by_first_name(name))


def _is_shown(scope: Scope, row: int) -> bool:
    """Whether a passage that may be used names it."""
    mentions = scope.snapshot.mentions
    return scope.mask is None or bool(scope.allowed[mentions["passage"][mentions["entity"] == row]].any())


def _by_first_name(name: str) -> Gender:
    first = name_key(name).partition(" ")[0]
    return "f" if first in _FEMALE else "m" if first in _MALE else ""


def _gender(name: str, row: int, scope: Scope) -> Gender:
    """By the first name or, where that is not a common one, by the passages that name no other person."""
    if known := _by_first_name(name):
        return known
    mentions, types = scope.snapshot.mentions, scope.snapshot.entities["type"].str.casefold()
    passages = mentions["passage"][mentions["entity"] == row].unique()
    near = mentions[mentions["passage"].isin(passages)]
    others = near["passage"][(near["entity"] != row) & (types.to_numpy()[near["entity"]] == "person")]
    alone = [passage for passage in passages if passage not in set(others) and scope.allowed[passage]]
    told = Counter(told_gender(text) for text in scope.snapshot.passages["text"].iloc[alone])
    return "f" if told["f"] > told["m"] else "m" if told["m"] > told["f"] else ""
