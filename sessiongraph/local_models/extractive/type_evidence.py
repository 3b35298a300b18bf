"""What a sentence does with a name, as evidence of its type: "Bea booked", "born in Lodz", "the Skadi hat".

What does not belong here: the preposition before it (`preposition_evidence`), the words of the name itself, and how
evidence is weighed (`name_types`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon, type_words, wordnet
from sessiongraph.local_models.extractive.clauses import SUBJECTS
from sessiongraph.local_models.extractive.dependencies import is_instruction
from sessiongraph.local_models.extractive.noun_types import (
    is_occupation,
    is_one_of,
    lemma_of,
    type_of_kind,
    type_of_noun,
)
from sessiongraph.local_models.extractive.preposition_evidence import (
    AGENT,
    PLACED,
    evidence_of_preposition,
    is_function,
)

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

# Who does what organizations do rather than persons: "offers a better price".
MAKER = "Maker"
# What a thing is called by, its own name or that of its maker: "the Skadi hat".
MODIFIER = "Modifier"
_PERSONAL_PRONOUNS = frozenset(("i", "we", "he", "she"))
_NAMING = frozenset(("call", "name"))
# What is done towards somebody or something, and in no place: "looked at Lodz".
_AIMED = frozenset(("look", "stare", "glance", "gaze", "laugh", "smile", "wave", "point", "shout", "yell", "aim"))
# What begins a clause as well as a phrase: "before Bolt signs".
_BEFORE_CLAUSES = frozenset(("before", "after", "until", "since", "because", "while", "when", "if"))
# After these stands no person.
_OF_LOCATION = frozenset(("at", "in", "near"))
# How often a type counts that a noun beside the name says outright.
_SAID = 3


def evidence_around(span: "Span") -> "list[str]":
    """The types that the words around the name `span` speak for, one as often as it is spoken for."""
    root = span.root
    found = [*_as_modifier(root, span), *_beside(span), *_as_named(root)]
    role = _first_of(root)
    found += [*_as_subject(role), *_as_speaker(role), *_as_object(role)]
    if _is_beside_person(span) or _is_followed_by_who(root):
        found.append("Person")
    if (root.dep_ == "appos" and root.head.pos_ == "NOUN") or any(child.dep_ == "appos" for child in root.rights):
        found += _by_apposition(root)
    return found


def _is_beside_person(span: "Span") -> bool:
    """Whether "and" joins a name to a pronoun: "Bea and I", which the parse may take for two clauses."""
    root, after = span.root, span.doc[span.end : span.sent.end]
    joined = [root.head] if root.dep_ == "conj" else [child for child in root.rights if child.dep_ == "conj"]
    if len(after) > 1 and after[0].lower_ == "and" and root.dep_ == "ROOT":
        joined.append(after[1])
    return any(it.lower_ in _PERSONAL_PRONOUNS for it in joined)


def _is_followed_by_who(root: "Token") -> bool:
    clauses = (child for child in root.rights if child.dep_ == "relcl")
    return any(it.lower_ in ("who", "whose") for clause in clauses for it in clause.subtree)


def usual_type(root: "Token") -> str | None:
    """What a name mostly is that stands where `root` does, of which nothing else is said."""
    if root.dep_ == "nsubj" and root.head.tag_ == "VBD":
        return "Person"
    if root.dep_ != "pobj" or any(child.dep_ in ("det", "poss") for child in root.lefts):
        return None
    preposition, above = root.head.lower_, root.head.head
    if preposition == "at" and lemma_of(above) in _AIMED:
        return None
    if preposition in ("at", "from") or (preposition == "with" and above.pos_ == "NOUN" and not is_instruction(root)):
        return "Organization"
    if preposition == "to" and above.pos_ == "NOUN":
        return AGENT if lemma_of(above) in type_words.LETTERS else "Place"
    return None


def conjoined(root: "Token") -> "Iterator[Token]":
    """The proper nouns that "and" joins to `root`, itself among them."""
    token: Token | None = _first_of(root)
    while token is not None:
        yield token
        token = next((child for child in token.rights if child.dep_ == "conj" and child.pos_ == "PROPN"), None)


def _first_of(root: "Token") -> "Token":
    """The first of the proper nouns that "and" joins, which says what they do in their sentence."""
    while root.dep_ == "conj" and root.head.pos_ == "PROPN":
        root = root.head
    return root


def is_guess_trusted(span: "Span", guess: str, is_given_name: bool) -> bool:
    """Whether a guess at `span` says anything where it stands; `is_given_name` is whether it begins with one."""
    root, several = span.root, len(span) > 1
    preposition = root.head.lower_ if root.dep_ == "pobj" else ""
    if preposition == "at" and lemma_of(root.head.head) in _AIMED:
        return guess != "Organization"
    if guess == "Person":
        if is_determined(span) or (root.dep_ == "compound" and not several) or preposition in _OF_LOCATION:
            return False
        if root.tag_ == "NN" and not is_given_name:
            return False  # "Kick-off"
        if several or is_given_name or root.dep_ in ("poss", "appos"):
            return True
        is_met = lemma_of(root.head) in (type_words.WITH_PERSONS | type_words.WITH_SOMEBODY) - type_words.DEALING
        return root.dep_ == "dobj" and is_met and not is_instruction(root)
    if guess == "Place":
        if preposition and is_instruction(root) and lemma_of(root.head.head) not in type_words.MOVING | PLACED:
            return False
        if root.dep_ in ("conj", "appos") or (several and root.dep_ != "poss" and preposition not in ("by", "with")):
            return True
        if root.ent_type_ in ("LOC", "FAC"):
            return root.dep_ == "pobj" and not _is_plural_of(span)
        return preposition in type_words.PLACE_PREPOSITIONS
    if is_instruction(root) and root.dep_ in ("dobj", "pobj"):
        return False
    return several or root.dep_ in ("poss", "conj", "appos") or preposition in ("at", "for", "by", "of", "with", "from")


def is_determined(span: "Span") -> bool:
    """Whether an article or "our" stands right before a name, which persons and most places do without."""
    before = span.doc[span.start - 1] if span.start > span.sent.start else None
    return before is not None and (before.tag_ == "PRP$" or before.lower_ in ("the", "a", "an", "this", "every"))


def _is_plural_of(span: "Span") -> bool:
    """Whether a name is that of a family: "the Grahams"."""
    return span.root.tag_ == "NNPS" and is_determined(span)


def _as_modifier(root: "Token", span: "Span") -> "list[str]":
    """Of a name before a noun: "Agathe's father" is of a person, "the Skadi hat" a thing, "the Brno office" nowhere."""
    head, after = root.head, span.doc[span.end] if span.end < root.sent.end else None
    if root.dep_ == "poss":
        is_of_person = lexicon.is_kin(head) or head.lower_ in type_words.OF_PERSONS
        return ["Person"] if is_of_person else []
    if after is None or after.pos_ != "NOUN" or after.text[0].isupper():
        return []
    if after.lower_ == "family":
        return ["Person", "Person"]
    is_before = root.dep_ in ("compound", "nmod") and head.i > root.i and head.pos_ == "NOUN"
    # "The Loomis keyboard", whichever of the two the parse takes for the head.
    is_before = is_before or after.dep_ in (*SUBJECTS, "dobj", "pobj", "attr", "conj")
    if not is_before or after.lower_ in lexicon.TITLES or is_occupation(after):
        return []
    if lemma_of(after) in type_words.BY_NAME_OF_COMPANY:
        return ["Organization"]
    if _is_of_persons(lemma_of(after)) and _may_be_verb(after, span):
        return ["Person"]  # "Bea sings"
    if lemma_of(after) in type_words.ACTIONS | wordnet.OF_SOMEBODY and _may_be_verb(after, span):
        return [MAKER if lemma_of(after) in type_words.OF_MAKERS else AGENT]
    is_of_place = head.lower_ in type_words.OFFICES or type_of_kind(lemma_of(head)) == "Place"
    return ["Place"] if is_of_place and root.dep_ != "amod" else [MODIFIER, MODIFIER]


def _may_be_verb(after: "Token", span: "Span") -> bool:
    """Whether what follows a name was taken for a noun and is what it does: "Bolt ships the parcels"."""
    before = span.doc[span.start - 1].lower_ if span.start > span.sent.start else ""
    begins = before in ("do", "does", "did") or before in _BEFORE_CLAUSES
    return not is_determined(span) and (begins or after.dep_ not in (*SUBJECTS, "dobj", "pobj"))


def _beside(span: "Span") -> "list[str]":
    """By the noun before a name: "the supplier Kordax", "keeper Eamon"; by an article, that it is no person's."""
    doc = span.doc
    before = doc[span.start - 1] if span.start > span.sent.start else None
    if before is None:
        return []
    if before.lower_ == "law" and before.i > 0 and doc[before.i - 1].lower_ in ("in", "-"):
        return ["Person"] * _SAID  # "my sister in law Bea"
    if before.lower_ in type_words.STORMS:
        return ["Concept"] * 2 * _SAID
    if before.is_sent_start and before.lower_ in lexicon.ORDERS:
        if before.lower_ in type_words.WITH_PERSONS:
            return ["Person"]
        return [AGENT] if before.lower_ in type_words.WITH_SOMEBODY else ["Concept", "Concept"]
    if before.pos_ in ("NOUN", "PROPN") and before.dep_ in ("compound", "nmod", "amod", "appos", *SUBJECTS, "dobj"):
        kind = type_of_noun(before) if span.root.head.dep_ != "relcl" else None  # "the dress Mia wore"
        is_said = before.text.islower() or before.is_sent_start or kind == "Person"  # "said Mayor Gunnar Dahl"
        return [kind] * _SAID if kind is not None and is_said else []
    after = doc[span.end] if span.end < span.sent.end else None
    is_before_noun = after is not None and after.pos_ == "NOUN"
    root = span.root
    if root.dep_ == "dobj" and lemma_of(root.head) in type_words.WITH_SOMEBODY:
        return []  # "told the Lodz Courier"
    is_no_place = root.dep_ != "pobj" or root.ent_type_ not in ("LOC", "FAC")  # "from the Val Lavina"
    if is_determined(span) and not is_before_noun and is_no_place and span.root.tag_ != "NNPS":
        return [] if span.root.dep_ == "poss" or span.root.head.lower_ == "at" else ["Concept", "Concept"]
    return []


def _as_named(root: "Token") -> "list[str]":
    """ "A dog called Rusk", "my therapist is called Wendeline": what is called so is of a kind."""
    verb = root.head
    is_name = root.dep_ in ("oprd", "dobj", "attr", "npadvmod", "ccomp") and root.i > verb.i
    if lemma_of(verb) not in _NAMING or not is_name:
        return []
    whom = verb.head if verb.dep_ == "acl" else None
    if whom is None:
        named = ("nsubjpass",) if any(child.dep_ == "auxpass" for child in verb.lefts) else ("dobj", "nsubj")
        whom = next((child for child in verb.children if child.dep_ in named and child.i != root.i), None)
    kind = type_of_noun(whom) if whom is not None and whom.pos_ == "NOUN" else None
    kind = "Concept" if whom is not None and whom.lower_ == "it" else kind
    # To call something so is to say what it is: whatever it does, it is that.
    return [kind] * 2 * _SAID if kind is not None else []


def _as_subject(root: "Token") -> "list[str]":
    is_before_verb = root.dep_ == "compound" and root.head.pos_ == "VERB"  # "our partner Bolt ships the parcels"
    if root.dep_ not in SUBJECTS and not is_before_verb:
        return []
    verb = root.head
    if root.dep_ == "nsubjpass":
        if lemma_of(verb) in type_words.WITH_COMPANIES | type_words.OWNING:
            return ["Organization"]
        return ["Concept"] if lemma_of(verb) in type_words.DONE_TO_THINGS else []
    verbs = [verb, *(child for child in verb.rights if child.dep_ in ("conj", "xcomp"))]
    lemmas = {lemma_of(it) for it in verbs if not is_function(it)}
    owners = {token.lower_ for it in verbs for token in it.subtree if token.dep_ == "poss"}
    if not lemmas.isdisjoint(type_words.OF_WATERS):
        return ["Place", "Place", "Place"]
    if any(_is_of_persons(lemma) for lemma in lemmas) or _is_of_job(verb):
        return ["Person", "Person"]
    if lemma_of(verb) in ("be", "become", "remain"):
        return _by_attribute(verb)
    if not lemmas.isdisjoint(type_words.OF_COMPANIES):
        return ["Organization"]
    if counted := _counted_by(verb):
        is_thing = type_of_noun(counted) in (None, "Concept") and lemma_of(counted) not in type_words.CAPACITIES
        return ["Concept" if is_thing else "Organization"]  # "has 40 members"
    if not lemmas.isdisjoint(type_words.VERBS_OF_THINGS):
        return ["Concept"]
    if not owners.isdisjoint(("his", "her")):
        return ["Person"]
    is_doing = lemma_of(verb) in ("do", "begin") and any(child.dep_ == "dobj" for child in verb.rights)
    if lemmas.isdisjoint(type_words.ACTIONS | wordnet.OF_SOMEBODY) and not is_doing:
        return ["Concept"] if not lemmas.isdisjoint(wordnet.OF_THINGS) else []
    if "its" in owners:
        return ["Organization", "Organization"]
    return [AGENT] if lemmas.isdisjoint(type_words.OF_MAKERS) else [MAKER]


def _is_of_job(verb: "Token") -> bool:
    """Whether somebody is said to have or to get work: "found a job"."""
    is_own = lemma_of(verb) in ("find", "get", "have", "lose", "quit", "start")
    return is_own and any(child.dep_ == "dobj" and child.lower_ in ("job", "work") for child in verb.rights)


def _is_of_persons(verb: str) -> bool:
    """Whether only persons do what `verb` says."""
    return verb in type_words.OF_PERSONS_ALONE or (verb in wordnet.OF_PERSONS and verb not in type_words.ACTIONS)


def _counted_by(verb: "Token") -> "Token | None":
    """What `verb` says of how much or how many of it something needs or has: "needs 4 GB"."""
    if lemma_of(verb) not in ("need", "have", "use"):
        return None
    objects = (child for child in verb.rights if child.dep_ == "dobj")
    return next((it for it in objects if any(inside.tag_ == "CD" for inside in it.subtree)), None)


def _by_attribute(verb: "Token") -> "list[str]":
    attribute = next((child for child in verb.rights if child.dep_ in ("attr", "acomp", "advmod")), None)
    if attribute is None:
        return []
    if attribute.pos_ in ("ADJ", "ADV"):
        return ["Person"] if attribute.lower_ in type_words.OF_SOMEBODY else []
    if kind := type_of_noun(attribute) if attribute.pos_ == "NOUN" else None:
        return [kind, kind]
    is_thing = attribute.pos_ == "NOUN" and lemma_of(attribute) not in lexicon.EMPTY_NOUNS
    return ["Concept", "Concept"] if is_thing else []


def _as_speaker(root: "Token") -> "list[str]":
    """ "… ," whispered Selma."""
    is_after = root.i > root.head.i and root.dep_ in ("nsubj", "dobj")
    return ["Person"] if is_after and lemma_of(root.head) in type_words.SPEECH - type_words.WITH_SOMEBODY else []


def _by_apposition(root: "Token") -> "list[str]":
    beside = [root.head] if root.dep_ == "appos" else [child for child in root.rights if child.dep_ == "appos"]
    kinds = [kind for noun in beside if noun.pos_ == "NOUN" and (kind := type_of_noun(noun)) is not None]
    return [kind for kind in kinds for _ in range(_SAID)]


def _as_object(root: "Token") -> "list[str]":
    head = root.head
    if root.dep_ == "dobj":
        if lemma_of(head) == "visit" or (lemma_of(head) == "leave" and _is_departure(head)):
            return ["Place"]
        if lemma_of(head) in type_words.OWNING and any(child.lower_ == "who" for child in head.lefts):
            return ["Organization"]  # "Who owns Bolt?"
        if lemma_of(head) in type_words.WITH_PERSONS:
            return ["Person"]
        if lemma_of(head) in type_words.WITH_SOMEBODY - type_words.SAYING:
            return [AGENT]
        if lemma_of(head) in type_words.WITH_COMPANIES | type_words.JOINING:
            return ["Organization"]
        return ["Concept", "Concept"] if lemma_of(head) in type_words.WITH_THINGS else []
    if root.dep_ in ("attr", "oprd") and lemma_of(head) == "be":
        subject = next((child for child in head.lefts if child.dep_ in SUBJECTS and child.pos_ == "NOUN"), None)
        kind = type_of_noun(subject) if subject is not None else None
        return [kind, kind] if kind is not None else []
    if root.dep_ == "dative":
        return [AGENT]
    return evidence_of_preposition(root) if root.dep_ == "pobj" else []


def _is_departure(leave: "Token") -> bool:
    """Whether it is a place that is left: "the ship leaves Lodz", "left Lodz for Graz"."""
    subjects = (child for child in leave.lefts if child.dep_ == "nsubj")
    is_ride = any(is_one_of(subject, type_words.VEHICLES) or subject.lower_ == "it" for subject in subjects)
    return is_ride or any(child.lower_ == "for" for child in leave.rights)
