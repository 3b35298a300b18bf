"""What a sentence does with a name, as evidence of its type: "Bea booked", "born in Lodz", "the Skadi hat".

What does not belong here: the words of the name itself, and how evidence is weighed (`name_types`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon, type_words

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

# Who does what persons and organizations do alike: "signed the contract".
AGENT = "Agent"
# Who does what organizations do rather than persons: "offers a better price".
MAKER = "Maker"
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_PERSONAL_PRONOUNS = frozenset(("i", "we", "he", "she"))
_NAMING = frozenset(("call", "name"))
# What an instruction tells to do in a place: "change in Lodz".
_PLACED = frozenset(("meet", "stay", "wait", "live", "get", "change", "stop", "park", "arrive"))
_TYPED = ("Person", "Organization", "Place")


def evidence_around(span: "Span") -> "list[str]":
    """The types that the words around the name `span` speak for, one as often as it is spoken for."""
    root = span.root
    found = [*_as_modifier(root, span), *_beside(span), *_as_named(root)]
    role = _first_of(root)
    found += [*_as_subject(role), *_as_speaker(role), *_as_object(role)]
    if any(
        child.dep_ == "relcl" and any(it.lower_ in ("who", "whose") for it in child.subtree) for child in root.rights
    ):
        found.append("Person")
    if (root.dep_ == "appos" and root.head.pos_ == "NOUN") or any(child.dep_ == "appos" for child in root.rights):
        found += _by_apposition(root)
    return found


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
    if guess == "Person":
        if is_determined(span) or (root.dep_ == "compound" and not several):
            return False
        if several or is_given_name or root.dep_ in ("nsubj", "poss", "appos"):
            return True
        return root.dep_ == "dobj" and root.head.lemma_ in type_words.WITH_PERSONS and not is_instruction(root)
    if guess == "Place":
        if preposition and is_instruction(root) and root.head.head.lemma_ not in type_words.MOVING | _PLACED:
            return False
        if root.dep_ in ("conj", "appos") or (several and root.dep_ != "poss" and preposition not in ("by", "with")):
            return True
        if span.label_ in ("LOC", "FAC"):
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


def is_instruction(token: "Token") -> bool:
    """Whether the sentence of `token` tells to do something: "Mix it with Tamari"."""
    root = token.sent.root
    return root.tag_ == "VB" and not any(child.dep_ in (*_SUBJECTS, "aux") for child in root.lefts)


def type_of_noun(noun: "Token") -> str | None:
    """The type of whom or what `noun` stands for: a "keeper" is a person, a "brewery" an organization."""
    lemma = noun.lemma_.lower()
    if lemma in lexicon.ANIMALS:
        return "Concept"
    if lemma in type_words.BUSINESSES and (lexicon.is_kin(noun) or lemma in lexicon.OCCUPATIONS):
        return None  # a "partner" is either
    if lexicon.is_kin(noun) or noun.lower_ in lexicon.OCCUPATIONS or lemma in lexicon.OCCUPATIONS:
        return "Person"
    if lemma in type_words.BUSINESSES:
        return "Organization"
    if kind := lexicon.TYPE_OF_HEAD.get(lemma):
        return kind if kind in _TYPED else "Concept"
    return "Person" if lemma.endswith(type_words.PERSON_ENDINGS) else None


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
    is_before = is_before or after.dep_ in (*_SUBJECTS, "dobj", "pobj", "attr", "conj")
    if not is_before or after.lower_ in lexicon.TITLES | lexicon.OCCUPATIONS:
        return []
    return ["Place"] if head.lower_ in type_words.OFFICES else ["Concept", "Concept"]


def _beside(span: "Span") -> "list[str]":
    """By the noun before a name: "the supplier Kordax", "keeper Eamon"; by an article, that it is no person's."""
    doc = span.doc
    before = doc[span.start - 1] if span.start > span.sent.start else None
    if before is None:
        return []
    if before.is_sent_start and before.lower_ in lexicon.ORDERS:
        return ["Person"] if before.lower_ in type_words.WITH_PERSONS else ["Concept", "Concept"]
    if before.pos_ in ("NOUN", "PROPN") and before.dep_ in ("compound", "nmod", "amod", "appos", *_SUBJECTS, "dobj"):
        kind = type_of_noun(before)
        return [kind, kind] if kind is not None and (before.text.islower() or before.is_sent_start) else []
    after = doc[span.end] if span.end < span.sent.end else None
    is_before_noun = after is not None and after.pos_ == "NOUN"
    if is_determined(span) and not is_before_noun and span.label_ in ("PERSON", "") and span.root.tag_ != "NNPS":
        return [] if span.root.dep_ == "poss" or span.root.head.lower_ == "at" else ["Concept", "Concept"]
    return []


def _as_named(root: "Token") -> "list[str]":
    """ "A dog called Rusk", "my therapist is called Wendeline": what is called so is of a kind."""
    verb = root.head
    if verb.lemma_ not in _NAMING or root.dep_ not in ("oprd", "dobj", "attr", "npadvmod", "ccomp") or root.i < verb.i:
        return []
    whom = verb.head if verb.dep_ == "acl" else None
    if whom is None:
        named = ("nsubjpass",) if any(child.dep_ == "auxpass" for child in verb.lefts) else ("dobj", "nsubj")
        whom = next((child for child in verb.children if child.dep_ in named and child.i != root.i), None)
    kind = type_of_noun(whom) if whom is not None and whom.pos_ == "NOUN" else None
    # To call something so is to say what it is: whatever it does, it is that.
    return [kind] * 6 if kind is not None else []


def _as_subject(root: "Token") -> "list[str]":
    if root.dep_ not in _SUBJECTS:
        return []
    verb = root.head
    if root.dep_ == "nsubjpass":
        if verb.lemma_ in type_words.WITH_COMPANIES:
            return ["Organization"]
        return ["Concept"] if verb.lemma_ in type_words.DONE_TO_THINGS else []
    verbs = [verb, *(child for child in verb.rights if child.dep_ in ("conj", "xcomp"))]
    lemmas = {it.lemma_ for it in verbs if not _is_function(it)}
    owners = {token.lower_ for it in verbs for token in it.subtree if token.dep_ == "poss"}
    if not lemmas.isdisjoint(lexicon.PERSONAL_VERBS | type_words.OF_PERSONS_ALONE):
        return ["Person", "Person"]
    if verb.lemma_ in ("be", "become", "remain"):
        return _by_attribute(verb)
    if not lemmas.isdisjoint(type_words.OF_COMPANIES):
        return ["Organization"]
    if not lemmas.isdisjoint(type_words.VERBS_OF_THINGS) or _has_amount(verb):
        return ["Concept"]
    if not owners.isdisjoint(("his", "her")):
        return ["Person"]
    if lemmas.isdisjoint(type_words.ACTIONS):
        return []
    if "its" in owners:
        return ["Organization", "Organization"]
    return [AGENT] if lemmas.isdisjoint(type_words.OF_MAKERS) else [MAKER]


def _is_function(verb: "Token") -> bool:
    """Whether what "works" is a thing: "works with Alexa", "runs on Linux"."""
    if any(child.dep_ in _SUBJECTS and child.lower_ in _PERSONAL_PRONOUNS for child in verb.lefts):
        return False
    return verb.lemma_ in ("work", "run", "sync", "integrate", "compatible") and any(
        child.dep_ == "prep" and child.lower_ in ("with", "on", "without", "under") for child in verb.rights
    )


def _has_amount(verb: "Token") -> bool:
    """Whether `verb` says how much something needs or has: "needs 4 GB"."""
    return verb.lemma_ in ("need", "have", "offer", "use") and any(
        child.dep_ == "dobj" and any(it.tag_ == "CD" for it in child.subtree) for child in verb.rights
    )


def _by_attribute(verb: "Token") -> "list[str]":
    attribute = next((child for child in verb.rights if child.dep_ in ("attr", "acomp", "advmod")), None)
    if attribute is None:
        return []
    if attribute.pos_ in ("ADJ", "ADV"):
        return ["Person"] if attribute.lower_ in type_words.OF_SOMEBODY else []
    if kind := type_of_noun(attribute) if attribute.pos_ == "NOUN" else None:
        return [kind, kind]
    return ["Concept", "Concept"] if attribute.pos_ == "NOUN" and attribute.lemma_ not in lexicon.EMPTY_NOUNS else []


def _as_speaker(root: "Token") -> "list[str]":
    """ "… ," whispered Selma."""
    is_said = root.head.lemma_ in type_words.SPEECH and root.i > root.head.i and root.dep_ in ("nsubj", "dobj")
    return ["Person"] if is_said else []


def _by_apposition(root: "Token") -> "list[str]":
    beside = [root.head] if root.dep_ == "appos" else [child for child in root.rights if child.dep_ == "appos"]
    kinds = [kind for noun in beside if noun.pos_ == "NOUN" and (kind := type_of_noun(noun)) is not None]
    return [kind for kind in kinds for _ in range(2)]


def _as_object(root: "Token") -> "list[str]":
    head = root.head
    if root.dep_ == "dobj":
        is_left_for = head.lemma_ == "leave" and any(child.lower_ == "for" for child in head.rights)
        if is_left_for or head.lemma_ == "visit":
            return ["Place"]
        if head.lemma_ in type_words.WITH_PERSONS:
            return ["Person"]
        if head.lemma_ in type_words.WITH_COMPANIES | type_words.JOINING:
            return ["Organization"]
        return ["Concept", "Concept"] if head.lemma_ in type_words.WITH_THINGS else []
    if root.dep_ in ("attr", "oprd") and head.lemma_ == "be":
        subject = next((child for child in head.lefts if child.dep_ in _SUBJECTS and child.pos_ == "NOUN"), None)
        kind = type_of_noun(subject) if subject is not None else None
        return [kind, kind] if kind is not None else []
    if root.dep_ == "dative":
        return ["Person"]
    return _as_governed(root) if root.dep_ == "pobj" else []


def _as_governed(root: "Token") -> "list[str]":
    """By the preposition before a name, and what that hangs on: "in Lodz", "a contract with Bolt"."""
    head = root.head
    above, word = head.head, head.lower_
    if any(child.dep_ in ("det", "poss") for child in root.lefts):
        return ["Organization"] if word == "at" and any(child.lower_ == "the" for child in root.lefts) else []
    if word in ("with", "on", "in", "under") and _is_function(above):
        return ["Concept", "Concept"]
    if word in ("in", "near") and is_instruction(root) and above.pos_ == "VERB" and above.lemma_ not in _PLACED:
        return []
    if word in ("in", "near") and above.lemma_ not in lexicon.IN_NO_PLACE:
        return ["Place", "Place"]
    if word in ("through", "across", "off", "around", "via", "towards"):
        return ["Place"]
    if word in ("to", "from", "for", "at") and above.lemma_ in type_words.MOVING:
        return ["Place"]
    if (word in ("from", "to") and _is_of_way(head)) or (word == "from" and above.lemma_ == "send"):
        return ["Place"]
    if word == "from" and (above.lemma_ == "people" or (above.pos_ == "NOUN" and type_of_noun(above) == "Person")):
        return ["Place"]
    if word == "of":
        if above.lower_ in type_words.OF_PLACES:
            return ["Place"]
        return ["Organization"] if above.lemma_ in type_words.OF_BUSINESSES or above.text == "%" else []
    if word == "by" and head.dep_ in ("agent", "prep"):
        if above.lemma_ in type_words.BY_COMPANIES:
            return ["Organization"]
        return ["Person"] if above.lemma_ in type_words.BY_PERSONS else []
    if word in ("at", "for", "with") and above.lemma_ in type_words.AT_COMPANIES:
        return ["Organization"]
    if word in ("at", "for") and above.lemma_ in lexicon.OCCUPATIONS:
        return ["Organization"]
    if word == "at" and above.lemma_ in type_words.LEARNING:
        return ["Organization"]
    if word == "from" and above.lemma_ in type_words.FROM_COMPANIES:
        return ["Organization"]
    if word in ("with", "by") and above.lemma_ in type_words.SENDING:
        return ["Organization"]
    if word == "with" and above.lemma_ in type_words.PAYING:
        return ["Concept"]
    if word in ("with", "to", "about") and above.lemma_ in type_words.WITH_PERSONS:
        return ["Person"]
    return []


def _is_of_way(preposition: "Token") -> bool:
    """Whether "from" and "to" say together where something goes: "the route from Harwich to Esbjerg"."""
    doc, sentence = preposition.doc, preposition.sent
    if preposition.lower_ == "to":
        before = doc[max(sentence.start, preposition.i - 4) : preposition.i]
        return len(before) > 1 and before[-1].pos_ == "PROPN" and any(it.lower_ == "from" for it in before)
    after = doc[preposition.i + 1 : min(sentence.end, preposition.i + 5)]
    return any(it.lower_ == "to" and it.nbor().pos_ == "PROPN" for it in after if it.i + 1 < sentence.end)
