"""What kind of thing each name of a document stands for, so that "the airline" may be known by its name.

A definite noun refers to what was named before where that is the one thing of its kind (Vieira and Poesio 2000, "An
empirically based system for processing definite descriptions"). Where two might be meant, or the noun is introduced by
itself ("an airline"), it stands for none.
"""

from dataclasses import dataclass, field

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.parse_types import Mention, RawFact, Sentence, rendered

_MAY_BE_ORGANIZATIONS = frozenset(("Organization", "Concept"))


@dataclass
class KindsOfNames:
    """The names that were said, what was said to be of which kind, and the kinds of which something has no name."""

    _organizations: list[str] = field(default_factory=list)
    _named: dict[str, list[str]] = field(default_factory=dict)
    _introduced: set[str] = field(default_factory=set)

    def hear_name(self, mention: Mention, name: str) -> None:
        """Takes a name: "Marrow Museum" is a museum, and whatever may be an organization may be "the company"."""
        if not mention.proper:
            return
        if " " in name:
            self._add(name.split()[-1].lower(), name)
        if mention.type == "Organization" or (mention.type == "Concept" and mention.subject):
            _add_to(self._organizations, name)

    def hear(self, sentence: Sentence) -> None:
        """Takes what `sentence` says that names are ("Trellis is an app"), and what it introduces without a name."""
        told = [noun for fact in sentence.facts for noun in self._told(fact)]
        self._introduced |= sentence.introduced - set(told)

    def named_by(self, mention: Mention) -> str | None:
        """The name of the one thing that `mention` may stand for."""
        named = self._named.get(mention.definite, [])
        may_be_any = mention.definite in lexicon.NAMED_BEFORE and mention.definite not in self._introduced
        fitting = named or (self._organizations if may_be_any else [])
        if len(fitting) == 1:
            return fitting[0]
        self._introduced.add(mention.definite)
        return None

    def _told(self, fact: RawFact) -> list[str]:
        """The nouns that `fact` says that a name is."""
        names = [rendered(it.name, {}) for it in fact.subjects if isinstance(it, Mention) and it.proper]
        kinds = [it for it in fact.objects if isinstance(it, Mention) and not it.proper]
        if fact.relation != ("is",) or len(names) != 1:
            return []
        nouns = [rendered(it.name, {}).split()[-1].lower() for it in kinds]
        for noun in nouns:
            self._add(noun, names[0])
        return nouns

    def _add(self, noun: str, name: str) -> None:
        _add_to(self._named.setdefault(noun, []), name)


def _add_to(names: list[str], name: str) -> None:
    """Adds `name`, which may be a longer or a shorter form of one that is known."""
    for at, known in enumerate(names):
        if known.startswith(name) or name.startswith(known):
            names[at] = max(known, name, key=len)
            return
    names.append(name)
