"""What is added to the instructions of an extraction where the dataset has a schema of its own."""

from collections.abc import Iterable

from sessiongraph.graph_schema import OTHER, GraphSchema, Individual, Relation

# Of the types that may stand at an end of a relation, so many are listed.
_ENDS = 8
_BEGIN = "\nThis dataset has a schema of its own. It goes before what is said above of types and relations.\n"
_TYPES = "Types: an entity's type is one of these, by its very name. "
_OTHER_TYPES = {
    "keep": f'An entity that is none of them has the type "{OTHER}".',
    "drop": "Leave out entities that are none of them, and what is said of those alone.",
}
_RELATIONS = (
    'Relations: a fact\'s relation is one of these, by its very name, with "no longer" or "not" before it where that '
    'is said. Beside them there is "is called". '
)
_OTHER_RELATIONS = {"keep": "What none of them says has a relation of its own.", "drop": "State nothing else."}
_INDIVIDUALS = "Known by name: write each by the first of its names, whichever of them a passage uses."
_INSTRUCTIONS = "The owner of the dataset adds, of what is extracted:"


def schema_prompt(schema: GraphSchema, named: Iterable[str]) -> str:
    """What goes behind the instructions, for a call in which the individuals `named` occur."""
    lines = []
    if schema.entity_types:
        lines += [_TYPES + _OTHER_TYPES[schema.others], *map(_described, schema.entity_types.items())]
    if schema.relations:
        lines += [_RELATIONS + _OTHER_RELATIONS[schema.others], *map(_relation, schema.relations.items())]
    if individuals := [_individual(name, schema.individuals[name]) for name in named]:
        lines += [_INDIVIDUALS, *individuals]
    if schema.instructions:
        lines += [_INSTRUCTIONS, *(f"> {line}" for line in schema.instructions.splitlines())]
    return _BEGIN + "\n".join(lines) + "\n"


def _described(item: tuple[str, str]) -> str:
    name, description = item
    return f"- {name}: {description}" if description else f"- {name}"


def _relation(item: tuple[str, Relation]) -> str:
    name, it = item
    ends = f" ({_ends(it.subject)} → {_ends(it.object)})" if it.subject or it.object else ""
    return _described((name + ends, it.description))


def _ends(types: tuple[str, ...]) -> str:
    return " or ".join(types[:_ENDS]) + (" …" if len(types) > _ENDS else "") if types else "anything"


def _individual(name: str, it: Individual) -> str:
    others = "; ".join(it.names)
    return f"- {name}" + (f" ({it.type})" if it.type else "") + (f", also: {others}" if others else "")
