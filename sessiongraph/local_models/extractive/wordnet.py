"""What English words stand for: persons, organizations, places or things; and who does what a verb says.

Sets of lower-case lemmas, and names of places. Where they come from stands in `wordnet.txt`.
"""

from itertools import groupby
from pathlib import Path


def _read() -> dict[str, frozenset[str]]:
    lines = Path(__file__).with_name("wordnet.txt").read_text(encoding="utf-8").splitlines()
    sections: dict[str, frozenset[str]] = {}
    head = ""
    for is_head, found in groupby((line for line in lines if not line.startswith("#")), lambda it: it[0] == "["):
        text = " ".join(found)
        if is_head:
            head = text.strip("[]")
        else:
            sections[head] = frozenset(text.split())
    return sections


_WORDS = _read()
TYPE_OF_NOUN = {
    noun: type_
    for kind, type_ in (
        ("person", "Person"),
        ("organization", "Organization"),
        ("place", "Place"),
        ("thing", "Concept"),
    )
    for noun in sorted(_WORDS[f"nouns: {kind}"])
}
# Verbs whose subject is a person; a person or an organization; a thing.
OF_PERSONS, OF_SOMEBODY, OF_THINGS = (_WORDS[f"verbs: {whose}"] for whose in ("person", "somebody", "something"))
PLACES = frozenset(name.replace("_", " ") for name in _WORDS["places"])
# Languages, and what is of a people or a place: "Welsh", "Parisian".
PEOPLES = _WORDS["peoples"]
