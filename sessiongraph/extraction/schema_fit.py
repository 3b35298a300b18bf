"""Holding what was extracted to a dataset's schema: types, relations and names as it has them, and the rest kept or
dropped, as it says. Pure; whichever model extracted it.

- A type or a relation is the schema's in any case, with "_" for a space, in the plural, "take" for "takes".
- An entity that bears a name of an individual is that individual, in facts too. A name that two have means neither.
- A fact fits by its relation, and where the types at its ends are known, by those. What is denied or over ("no longer
  takes") fits as what it denies, in its own words. What somebody is called always fits: speakers are known by it.
- What does not fit is dropped; or kept, entities as "other" and facts in their own words. With an entity that is
  dropped go the facts about it, but for those of who speaks.
- A window is held to the schema by itself: nothing depends on what it shared a call with.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sessiongraph.entity_resolution.name_normalization import name_key
from sessiongraph.entity_resolution.speaker_names import keys_of_name
from sessiongraph.graph_schema import OTHER, GraphSchema, forms
from sessiongraph.snapshots.speakers import is_naming_relation
from sessiongraph.writing_systems import has_caseless_letter

Rows = list[dict[str, Any]]

# So many individuals are listed in a call.
_MOST_LISTED = 50
_DENIED = re.compile(
    r"((?:do|does|did|is|are|was|were|has|have|had|will) )?(?:no longer|not|never) (.+)", re.IGNORECASE
)


class SchemaFit:
    """What fits a schema."""

    def __init__(self, schema: GraphSchema) -> None:
        self.schema = schema
        self._types, self._relations = _by_form(schema.entity_types), _by_form(schema.relations)
        self._individuals = _by_name(schema)
        # By its first word; those of scripts that may have no spaces between words are looked for everywhere.
        self._by_first_word: dict[str, list[str]] = {}
        for key in self._individuals:
            self._by_first_word.setdefault("" if has_caseless_letter(key) else key.split(" ")[0], []).append(key)

    def named_in(self, text: str) -> list[str]:
        """The individuals of which a name stands in `text`, up to 50, in the order of their names."""
        if not self._individuals:
            return []
        words = f" {name_key(text)} "
        keys = [key for key in self._by_first_word.get("", ()) if key in words]
        for first in dict.fromkeys(words.split()):
            keys += [key for key in self._by_first_word.get(first, ()) if f" {key} " in words]
        return sorted({self._individuals[key] for key in keys})[:_MOST_LISTED]

    def fit(self, mentions: Rows, claims: Rows) -> tuple[Rows, Rows, Counter[str]]:
        """The rows of a window's `mentions` and `claims` as the schema has them, and how many "entities" and "facts"
        were dropped."""
        kept, types, dropped = [], dict[str, str](), set[str]()
        for row in mentions:
            name, type_ = self._entity(row["name"], row["type"])
            if type_ is None and self.schema.others == "drop":
                dropped.add(name_key(row["name"]))
                continue
            kept.append({**row, "name": name, "type": OTHER if type_ is None else type_})
            if type_ is not None:
                types[name_key(name)] = type_
        dropped -= types.keys()
        facts = [fact for row in claims if (fact := self._fact(row, types, dropped)) is not None]
        return kept, facts, +Counter(entities=len(dropped), facts=len(claims) - len(facts))

    def _entity(self, name: str, type_: str) -> tuple[str, str | None]:
        """The name and the type of an entity; None where its type is none of the schema's."""
        fitting = _first(self._types, type_) if self._types else type_
        if (individual := self._individuals.get(name_key(name))) is None:
            return name, fitting
        return individual, self.schema.individuals[individual].type or fitting or OTHER

    def _fact(self, row: Mapping[str, Any], types: Mapping[str, str], dropped: set[str]) -> dict[str, Any] | None:
        ends = [self._individuals.get(name_key(row[end]), row[end]) for end in ("subject", "object")]
        fact = {**row, "subject": ends[0], "object": ends[1]}
        if any(name_key(name) in dropped and not _is_of_speaker(name) for name in ends):
            return None
        relation = self._relation(row["relation"], [self._type_of(name, types) for name in ends])
        if relation is None:
            return None if self.schema.others == "drop" else fact
        return {**fact, "relation": relation}

    def _type_of(self, name: str, types: Mapping[str, str]) -> str | None:
        """What is known of the type of what a fact names: nothing, where that is a value."""
        if name in self.schema.individuals and self.schema.individuals[name].type:
            return self.schema.individuals[name].type
        return types.get(name_key(name))

    def _relation(self, relation: str, types: Sequence[str | None]) -> str | None:
        """The relation in the schema's words; None where it, or one of the `types` at its ends, does not fit."""
        if not self._relations or is_naming_relation(" ".join(relation.casefold().split())):
            return relation
        denied = _DENIED.fullmatch(relation)
        worded = (denied[2], (denied[1] or "") + denied[2]) if denied else (relation,)
        name = next((found for words in worded if (found := _first(self._relations, words))), None)
        if name is None:
            return None
        allowed = (self.schema.relations[name].subject, self.schema.relations[name].object)
        if any(of_end and type_ and type_ not in of_end for of_end, type_ in zip(allowed, types, strict=True)):
            return None
        return relation if denied else name


def _by_form(names: Iterable[str]) -> dict[str, str]:
    """Each name by its forms; by its exact form before all."""
    exact = {next(forms(name)): name for name in names}
    return {form: name for name in exact.values() for form in forms(name)} | exact


def _first(by_form: Mapping[str, str], name: str) -> str | None:
    return next((by_form[form] for form in forms(name) if form in by_form), None)


def _by_name(schema: GraphSchema) -> dict[str, str]:
    """The individuals by name key: by their own names before other ones, and by none that means two."""
    found: dict[str, str] = {}
    for names in ([(name, name) for name in schema.individuals], _other_names(schema)):
        keys: dict[str, set[str]] = {}
        for other, name in names:
            keys.setdefault(name_key(other), set()).add(name)
        found = {key: next(iter(meant)) for key, meant in keys.items() if len(meant) == 1} | found
    return found


def _other_names(schema: GraphSchema) -> list[tuple[str, str]]:
    return [(other, name) for name, it in schema.individuals.items() for other in it.names]


def _is_of_speaker(name: str) -> bool:
    return len(keys_of_name(name, ("",))) > 1
