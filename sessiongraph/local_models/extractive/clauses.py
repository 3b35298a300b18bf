"""The clauses of a parse: who does what, in which words, and whether it is claimed at all.

What does not belong here: `noun_phrases`, and the facts of a clause (`fact_rules`).
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.parse_types import Agree, Pronoun, Template

if TYPE_CHECKING:
    from spacy.tokens import Token

SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_HEADS = frozenset(("ROOT", "conj", "relcl", "ccomp", "advcl", "parataxis", "acl"))
_CHAIN = 3
_FINITE = frozenset(("MD", "VBD", "VBP", "VBZ"))

# "ca" + "n't": how the tokenizer leaves contractions, and the word each stands for.
_WORDS = {
    "n't": "not", "'m": "am", "'ve": "have", "'ll": "will", "'d": "would", "ca": "can", "wo": "will", "'re": "are",
    "na": "to", "gon": "going", "wan": "want", "'s": "is", "im": "am",
}  # fmt: skip
_THIRD = {"am": "is", "are": "is", "'m": "is", "'re": "is", "have": "has", "'ve": "has", "do": "does", "were": "was"}


@dataclass(frozen=True)
class Clause:
    """A finite verb, the tokens that make its verb phrase, and the verb that the objects hang on."""

    verb: "Token"
    phrase: tuple["Token", ...]
    final: "Token"


def clauses(sentence: "list[Token]", named: Container[int]) -> Iterator[Clause]:
    """The clauses that `sentence` claims to be so. Tokens in `named` are part of a name, no verbs."""
    for token in sentence:
        if token.i not in named and token.pos_ in ("VERB", "AUX") and token.dep_ in _HEADS and is_claimed(token):
            phrase, final = _chain(token, named)
            if token.tag_ in ("VB", "VBG") and all(part.tag_ not in _FINITE for part in phrase):
                is_present = token.tag_ == "VB" and token.dep_ == "ROOT" and subject_of(token) is not None
                if not is_present or len(phrase) > 1:
                    continue  # "shops that break the law pay a fine" is present, whatever the tagger says
            yield Clause(token, tuple(sorted(phrase, key=lambda part: part.i)), final)


def is_claimed(verb: "Token") -> bool:
    """False for conditions, wishes, and what someone denies ("I don't think she lives there")."""
    token = verb
    while True:
        if any(child.lower_ in lexicon.CONDITIONS and child.dep_ == "mark" for child in token.lefts):
            return False
        head = token.head
        if head.i == token.i:
            return True
        if token.dep_ in ("ccomp", "xcomp", "advcl") and head.pos_ in ("VERB", "AUX"):
            asked = any(child.tag_ in ("WP", "WRB", "WDT") for child in token.lefts) and token.dep_ == "ccomp"
            # What stands before is told by itself: "I am a teacher, I don't smoke".
            is_after = token.dep_ != "advcl" and token.i > head.i
            denied = is_after and any(child.dep_ == "neg" for child in head.lefts)
            if asked or denied or (token.dep_ == "ccomp" and head.lemma_ in lexicon.UNCLAIMED):
                return False
        token = head


def subject_of(verb: "Token") -> "Token | None":
    """The token that heads the subject of `verb`, its own or the one that it shares."""
    for child in reversed(list(verb.lefts)):
        if child.dep_ in SUBJECTS:
            if verb.dep_ == "relcl" and child.tag_ in ("WP", "WDT"):
                return _said_to_be(_agreeing_head(verb))
            return child
    if verb.dep_ in ("conj", "xcomp") and verb.head.pos_ in ("VERB", "AUX"):
        return subject_of(verb.head)
    if _is_free_participle(verb):
        return subject_of(verb.head)
    return _said_to_be(verb.head) if verb.dep_ == "acl" and verb.tag_ in ("VBN", "VBG") else None


def _said_to_be(noun: "Token") -> "Token":
    """Who or what is said to be the `noun` that a clause hangs on: "Vireo, a firm based in Tampere"."""
    is_one = any(child.lower_ in ("a", "an") for child in noun.lefts)
    if is_one and noun.dep_ == "appos" and noun.head.pos_ == "PROPN":
        return noun.head
    if (
        is_one
        and noun.dep_ == "attr"
        and noun.head.lemma_ == "be"
        and not any(it.dep_ == "neg" for it in noun.head.children)
    ):
        return subject_of(noun.head) or noun
    return noun


def _agreeing_head(verb: "Token") -> "Token":
    """The noun that a relative clause is about; "sluices at Veermond, which were completed" tells of the sluices."""
    noun, finite = verb.head, next((it for it in verb.lefts if it.dep_ in ("aux", "auxpass")), verb)
    is_of_one = noun.tag_ in ("NN", "NNP") and not any(child.dep_ == "conj" for child in noun.rights)
    if noun.dep_ != "pobj" or not is_of_one or finite.lower_ not in ("were", "are", "have"):
        return noun
    above = noun.head.head
    return next((it for it in (above, *above.rights) if it.tag_ == "NNS" and it.i < noun.i), noun)


def _is_free_participle(verb: "Token") -> bool:
    """Whether `verb` is told beforehand of another verb's subject: "Designed in Aarhus, the lamp …"."""
    is_first = verb.tag_ == "VBN" and verb.dep_ == "advcl" and verb.i < verb.head.i
    return is_first and not any(child.dep_ in ("mark", "advmod", "aux", "auxpass") for child in verb.lefts)


def is_elided(verb: "Token") -> bool:
    """Whether `verb` is said of oneself without an "I" ("Went to Paris!")."""
    return (
        verb.dep_ == "ROOT"
        and verb.tag_ == "VBD"
        and not any(child.dep_ in (*SUBJECTS, "expl", "csubj", "aux") for child in verb.lefts)
        and all(child.pos_ in ("ADV", "INTJ", "PUNCT", "CCONJ") for child in verb.lefts)
    )


def is_past(phrase: "tuple[Token, ...]") -> bool:
    """Whether a verb phrase tells of what was ("met", "has been open"), not of what is yet to be ("is planned")."""
    tags = {token.tag_ for token in phrase}
    planned = any(token.lemma_ == "be" and token.tag_ in ("VBP", "VBZ") for token in phrase)
    return "VBD" in tags or ("VBN" in tags and "MD" not in tags and not planned)


def _chain(verb: "Token", named: Container[int]) -> tuple[list["Token"], "Token"]:
    """The verb phrase that `verb` begins, through "plans to move" and "thinking about adopting"."""
    phrase, final = _with_helpers(verb), verb
    for _ in range(_CHAIN):
        following = _following(final)
        if following is None or following[1].i in named:
            break
        between, final = following
        phrase += between + _with_helpers(final)
    return phrase, final


def _following(verb: "Token") -> tuple[list["Token"], "Token"] | None:
    if verb.lemma_ == "be":
        return _disposed(verb)
    if any(child.dep_ in ("dobj", "attr", "ccomp") for child in verb.rights):
        return None
    for child in verb.rights:
        if child.dep_ == "xcomp" and child.pos_ in ("VERB", "AUX") and child.tag_ in ("VB", "VBG"):
            return ([], child) if not any(own.dep_ in SUBJECTS for own in child.lefts) else None
        if child.dep_ == "prep":
            for inner in child.rights:
                if inner.dep_ == "pcomp" and inner.tag_ == "VBG":
                    return [child], inner
    return None


def _disposed(verb: "Token") -> tuple[list["Token"], "Token"] | None:
    """ "Is due to open", "is able to swim"."""
    for adjective in verb.rights:
        if adjective.dep_ == "acomp" and adjective.lower_ in lexicon.DISPOSED:
            for child in adjective.rights:
                if child.dep_ == "xcomp" and child.tag_ == "VB" and not any(it.dep_ in SUBJECTS for it in child.lefts):
                    return [adjective], child
    return None


def _with_helpers(verb: "Token") -> list["Token"]:
    helpers = [child for child in verb.children if child.dep_ in ("aux", "auxpass", "neg", "prt") or is_hardly(child)]
    helpers += [child for child in verb.rights if (verb.lemma_, child.lower_) in lexicon.SUPPORTED]
    if (
        verb.dep_ == "conj"
        and verb.tag_ == verb.head.tag_ in ("VB", "VBG", "VBN")
        and not any(c.dep_ in ("aux", "auxpass") for c in helpers)
    ):
        # "is expanding and offering", "will not sing or dance": the second verb shares the first one's helpers.
        helpers += [child for child in verb.head.lefts if child.dep_ in ("aux", "auxpass", "neg")]
    denied = any(child.dep_ == "neg" for child in helpers)
    # "I do like it" says no more than "I like it".
    return [verb, *(child for child in helpers if denied or not (child.dep_ == "aux" and child.lemma_ == "do"))]


def agreeing(verb: "Token", subject: "Token | None", at: Pronoun | None) -> "Token | None":
    """The token of the verb phrase that agrees with its subject `at`, where naming the speaker changes it."""
    if at is None or subject is None:
        return None
    finite = [child for child in verb.lefts if child.dep_ in ("aux", "auxpass")] or [verb]
    first = min(finite, key=lambda token: token.i)
    changes = at.kind in ("i", "you") and (first.lower_ in _THIRD or first.tag_ == "VBP")
    return first if changes or first.text.startswith("'") else None


def third_person(token: "Token") -> str:
    """`token`, a verb in the plain present, as it follows a name."""
    word = token.lower_
    if word in ("'s", "'d") and _is_perfect(token):
        return "has" if word == "'s" else "had"
    word = _WORDS.get(word, word) if word.startswith("'") else word
    if word in _THIRD:
        return _THIRD[word]
    if token.tag_ not in ("VBP", "VB"):
        return word
    if word.endswith(("s", "sh", "ch", "x", "z", "o")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in tuple("aeiou") else word + "s"


def spelled(tokens: "tuple[Token, ...]", agrees: "dict[int, Pronoun]", singular: bool = False) -> Template:
    """The words of a verb phrase, contractions written out, with verbs that agree once a name is known.

    `singular` puts a plural verb in the singular."""
    pieces: list[str | Pronoun | Agree] = []
    for token in tokens:
        word = _WORDS.get(token.lower_, token.lower_) if token.pos_ != "PROPN" else token.text
        if (token.lower_ in ("'s", "'d") and _is_perfect(token)) or (singular and token.tag_ == "VBP"):
            word = third_person(token)
        if pieces:
            pieces.append(" ")
        known = agrees.get(token.i)
        pieces.append(Agree(known.at, word, third_person(token)) if known else word)
    return tuple(pieces)


def is_hardly(token: "Token") -> bool:
    """Whether `token` is as good as a denial."""
    return token.dep_ == "advmod" and token.lower_ in lexicon.HARDLY


def is_over(verb: "Token") -> bool:
    """Whether what `verb` says is so no more: "no longer works", "does not work there any more"."""
    for child in verb.children:
        words = " ".join(token.lower_ for token in child.subtree)
        if child.dep_ == "advmod" and words in ("no longer", "anymore", "any more", "any longer"):
            return words == "no longer" or any(own.dep_ == "neg" for own in verb.children)
    return False


def is_excluded(token: "Token") -> bool:
    """Whether `token` says what is not meant: "in Stavanger, not in Bergen"."""
    return any(child.dep_ == "neg" and child.i < token.i for child in token.children)


def ended(tokens: "tuple[Token, ...]", agrees: "dict[int, Pronoun]", subject: "Token | None") -> Template:
    """The words of a verb phrase that is over: "no longer works at", "is no longer"."""
    kept = [token for token in tokens if token.dep_ != "neg" and not (token.dep_ == "aux" and token.lemma_ == "do")]
    known = next((agrees[token.i] for token in tokens if token.i in agrees), None)
    pieces = spelled(tuple(kept), agrees)
    if kept and kept[0].tag_ in ("VB", "VBP") and kept[0].i not in agrees and kept[0].lemma_ != "be":
        third = third_person(kept[0])
        plural = subject is not None and subject.tag_ in ("NNS", "NNPS", "PRP")
        first = Agree(known.at, kept[0].lower_, third) if known else kept[0].lower_ if plural else third
        pieces = (first, *pieces[1:])
    is_copula = bool(kept) and kept[0].lemma_ == "be"
    return (pieces[0], " no longer", *pieces[1:]) if is_copula else ("no longer ", *pieces)


def _is_perfect(token: "Token") -> bool:
    has_object = any(child.dep_ == "dobj" for child in token.head.rights)
    return (token.dep_ == "aux" or has_object) and token.head.tag_ in ("VBN", "VBD")
