"""What a common noun stands for: a "keeper" is a person, a "brewery" an organization, a "giraffe" a thing.

WordNet tells it (`wordnet`); short lists tell what it lacks, has otherwise, or what its first senses are in talk.
"""

from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon, type_words, wordnet

if TYPE_CHECKING:
    from spacy.tokens import Token

_TYPED = ("Person", "Organization", "Place")


def lemma_of(token: "Token") -> str:
    """The lemma of `token`, in lower case also where a sentence begins with it ("Walk to the pier")."""
    return token.lemma_.lower()


def type_of_noun(noun: "Token") -> str | None:
    """The type of whom or what `noun` stands for: one of the three, or Concept; None where it may be several."""
    return type_of_kind(lemma_of(noun)) or type_of_kind(noun.lower_)


def type_of_kind(noun: str) -> str | None:
    """The type of what is called by the common noun `noun`, in the singular."""
    if noun in type_words.BUSINESSES:
        return None if noun in lexicon.KIN or noun in lexicon.OCCUPATIONS else "Organization"  # a "partner" is either
    if noun in type_words.UNCLEAR:
        return None
    if noun in lexicon.OCCUPATIONS:
        return "Person"
    if noun in type_words.THINGS:
        return "Concept"
    if kind := lexicon.TYPE_OF_HEAD.get(noun):
        return kind if kind in _TYPED else "Concept"
    if kind := wordnet.TYPE_OF_NOUN.get(noun):
        return kind
    # "Chipmaker", "lighthouse-keeper": what is put together is of the kind of its last part.
    return next((type_ for ending, type_ in type_words.TYPE_OF_ENDING if noun.endswith(ending)), None)


def is_occupation(noun: "Token") -> bool:
    """Whether `noun` says what somebody is by trade or office, and not only whose relative or friend."""
    if not lexicon.OCCUPATIONS.isdisjoint((lemma_of(noun), noun.lower_)):
        return True
    return not lexicon.is_kin(noun) and type_of_noun(noun) == "Person"


def is_one_of(token: "Token", lemmas: frozenset[str]) -> bool:
    """Whether `token` is one of `lemmas`, also where its lemma was not found: "bus"."""
    return not lemmas.isdisjoint((lemma_of(token), token.lower_))
