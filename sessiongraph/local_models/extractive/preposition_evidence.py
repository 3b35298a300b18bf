"""What the preposition before a name tells of its type: "in Lodz", "a contract with Bolt", "the bus to Graz"."""

from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon, type_words
from sessiongraph.local_models.extractive.clauses import SUBJECTS
from sessiongraph.local_models.extractive.dependencies import is_instruction
from sessiongraph.local_models.extractive.noun_types import is_occupation, is_one_of, lemma_of, type_of_noun

if TYPE_CHECKING:
    from spacy.tokens import Token

# Who does what persons and organizations do alike: "signed the contract".
AGENT = "Agent"
# What an instruction tells to do in a place: "change in Lodz".
PLACED = frozenset(("meet", "stay", "wait", "live", "get", "change", "stop", "park", "arrive"))
_PERSONAL_PRONOUNS = frozenset(("i", "we", "he", "she"))
_PERSONS_MOVED = frozenset(("me", "us", "him", "her", "them", "you"))


def evidence_of_preposition(root: "Token") -> "list[str]":
    """By the preposition before a name, and what that hangs on: "in Lodz", "a contract with Bolt"."""
    preposition = root.head
    above, word, lemma = preposition.head, preposition.lower_, lemma_of(preposition.head)
    if any(child.dep_ in ("det", "poss") for child in root.lefts):
        return ["Organization"] if word == "at" and any(child.lower_ == "the" for child in root.lefts) else []
    if word in ("with", "on", "in", "under") and is_function(above):
        return ["Concept", "Concept"]
    if word == "in" and _is_behind(preposition, type_words.HOLDINGS):
        return ["Organization"]
    if lemma == "lie" or (word == "of" and above.lower_ == "out"):
        return ["Place"]
    if word == "to" and above.lower_ == "according":
        return [AGENT]
    if word in ("in", "near"):
        is_done = is_instruction(root) and above.pos_ == "VERB" and lemma not in PLACED
        return [] if is_done or lemma in lexicon.IN_NO_PLACE else ["Place", "Place"]
    if word in ("to", "for", "from", "between") and _is_of_ride(preposition):
        return ["Place"]
    if lemma in type_words.OF_DATA or lemma_of(above.head) in type_words.OF_DATA:
        return ["Concept", "Concept"]
    if word in ("through", "across", "off", "around", "via", "towards"):
        return ["Place"]
    if word == "of":
        return _of(above)
    if word == "by":
        return _by(preposition, above)
    if word == "from":
        return _from(root, above)
    if word in ("to", "for", "at") and lemma in type_words.MOVING:
        return ["Place"]
    if word in ("at", "on") and (_is_kind(above, "Place") or (word == "at" and lemma in PLACED)):
        return ["Place"]
    if word in ("at", "for", "with") and lemma in type_words.AT_COMPANIES:
        return ["Organization"]
    if word == "for" and lemma in type_words.LETTERS | type_words.FROM_COMPANIES:
        return [AGENT]
    if word == "with" and is_occupation(above):
        return ["Organization", "Organization"]  # "an apprentice with Bolt"
    if (word in ("at", "for") and is_occupation(above)) or (word == "at" and lemma in type_words.LEARNING):
        return ["Organization"]
    if word == "with" and lemma in type_words.SENDING | type_words.PAYING:
        return ["Organization" if lemma in type_words.SENDING else "Concept"]
    if word in ("to", "with") and lemma in type_words.CONVERSING:
        return ["Person"]
    found = _to(preposition, above) if word == "to" else []
    if not found and word in ("with", "to", "about"):
        found = ["Person"] if lemma in type_words.WITH_PERSONS else [AGENT] if lemma in type_words.WITH_SOMEBODY else []
    return found


def _is_kind(noun: "Token", *types: str) -> bool:
    return noun.pos_ == "NOUN" and type_of_noun(noun) in types


def _is_of_ride(preposition: "Token") -> bool:
    """Whether what stands right before it takes one somewhere, whatever the parse has it hang on: "the bus to Lodz"."""
    return _is_behind(preposition, type_words.RIDES)


def _is_behind(preposition: "Token", nouns: frozenset[str]) -> bool:
    """Whether one of `nouns` stands right before `preposition`."""
    before = preposition.nbor(-1) if preposition.i > preposition.sent.start else None
    return before is not None and before.pos_ == "NOUN" and is_one_of(before, nouns)


def _of(above: "Token") -> "list[str]":
    if lemma_of(above) in type_words.OF_SOFTWARE:
        return ["Concept"]
    if above.lower_ in type_words.OF_PLACES or _is_kind(above, "Place"):
        return ["Place"]
    if is_one_of(above, type_words.OF_BUSINESSES) or above.text == "%":
        return ["Organization"]
    return ["Place"] if _is_kind(above, "Organization") else []  # "the bank of Selby"


def _by(preposition: "Token", above: "Token") -> "list[str]":
    is_known = above.tag_ == "NN" or any(child.dep_ == "det" for child in above.lefts)
    if is_known and type_of_noun(above) == "Concept":
        return [AGENT]  # "a charger by Bolt"
    if preposition.dep_ in ("agent", "prep") and lemma_of(above) in type_words.BY_COMPANIES | type_words.BY_PERSONS:
        return ["Organization" if lemma_of(above) in type_words.BY_COMPANIES else "Person"]
    return [AGENT] if preposition.dep_ == "agent" else []


def _from(root: "Token", above: "Token") -> "list[str]":
    is_of_people = lemma_of(above) == "people" or _is_kind(above, "Person", "Organization")
    is_of_way, lemma = _is_of_way(root.head), lemma_of(above)
    if lemma == "be":
        return ["Place"]
    if _is_changed(above) or _is_sent_by(root, above) or _is_obtained(above):
        return ["Organization"]
    if root.ent_type_ == "ORG" and not (is_of_people or is_of_way):
        return ["Organization"]
    if is_of_people or is_of_way or lemma in type_words.MOVING or lemma == "send":
        return ["Place"]
    return ["Organization"] if lemma in type_words.OBTAINING | type_words.FROM_COMPANIES else []


def _is_changed(above: "Token") -> bool:
    """Whether one supplier is left for another: "changed our bank from Bolt to Kordo"."""
    verb = above if above.pos_ == "VERB" else above.head
    return lemma_of(verb) == "switch" or (
        lemma_of(verb) == "change" and any(type_of_noun(it) == "Organization" for it in verb.rights)
    )


def _is_sent_by(root: "Token", above: "Token") -> bool:
    """Whether "from" says for whom somebody works: "Bea from Bolt"; "the plumber from Bolt", who came for them."""
    is_the_one = above.tag_ == "NN" and any(child.lower_ == "the" for child in above.lefts)
    return above.pos_ == "PROPN" or (is_the_one and is_occupation(above) and root.ent_type_ == "ORG")


def _is_obtained(above: "Token") -> bool:
    """Whether `above` is what somebody gets: "ordered the chairs from Bolt"."""
    return above.dep_ == "dobj" and lemma_of(above.head) in type_words.OBTAINING - {"hire"}


def _to(preposition: "Token", above: "Token") -> "list[str]":
    """ "From Lodz to Graz", "my boss sent me to Graz", "send it to Bolt", "switched to Bolt"."""
    if _is_changed(above):
        return ["Organization"]
    if _is_of_way(preposition):
        return ["Place"]
    if lemma_of(above) not in type_words.GIVING:
        return []
    is_moved = any(child.dep_ == "dobj" and child.lower_ in _PERSONS_MOVED for child in above.rights)
    return ["Place" if is_moved else AGENT]


def _is_of_way(preposition: "Token") -> bool:
    """Whether "from" and "to" say together where something goes: "the route from Harwich to Esbjerg"."""
    doc, sentence = preposition.doc, preposition.sent
    if preposition.lower_ == "to":
        before = doc[max(sentence.start, preposition.i - 4) : preposition.i]
        return len(before) > 1 and before[-1].pos_ == "PROPN" and any(it.lower_ == "from" for it in before)
    after = doc[preposition.i + 1 : min(sentence.end, preposition.i + 5)]
    return any(it.lower_ == "to" and it.nbor().pos_ == "PROPN" for it in after if it.i + 1 < sentence.end)


def is_function(verb: "Token") -> bool:
    """Whether what "works" is a thing: "works with Alexa", "runs on Linux"."""
    if any(child.dep_ in SUBJECTS and child.lower_ in _PERSONAL_PRONOUNS for child in verb.lefts):
        return False
    prepositions = {child.lower_ for child in verb.rights if child.dep_ == "prep"}
    if lemma_of(verb) == "run" and "in" in prepositions:
        return True  # "runs in Firefox"
    is_of_thing = lemma_of(verb) in ("work", "run", "sync", "integrate", "compatible")
    return is_of_thing and not prepositions.isdisjoint(("with", "on", "without", "under"))
