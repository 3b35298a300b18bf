"""A schema of one's own for a dataset: types of entities, relations, individuals that are known by name, instructions.

It reaches the prompt (`prompts/schema_prompt.py`), what is made of an answer (`extraction/schema_fit.py`) and so the
graph. Invariant: two schemas that say the same are one text (`GraphSchema.to_text`), in whatever order they say it; by
that text a store keeps it, and a window knows what it was extracted with.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from sessiongraph.errors import InvalidInputError

# Each call lists all types and relations; of the individuals, those that its text names.
_MOST_TYPES, _MOST_INDIVIDUALS, _MOST_NAMES = 300, 10_000, 30
# What an entity is that has none of the types.
OTHER = "other"
_GAPS = re.compile(r"[\s_-]+")
_NOT_SEEN = ("Cc", "Cs", "Cn")


def forms(name: str) -> Iterator[str]:
    """What a type or a relation is compared by, the exact form first: without case and gaps ("HAS_CHILD" is "has
    child"), and as the singular of a plural ("drugs"), or a verb as "take" of "takes"."""
    form = _GAPS.sub("", unicodedata.normalize("NFKC", name).casefold())
    yield form
    if form.endswith("s") and len(form) > 3:
        yield from (form[:-1], *([form[:-2]] if form.endswith("es") else []))
        yield from [form[:-3] + "y"] if form.endswith("ies") else []


def _on_one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else "" if value is None else value


def _visible(text: str) -> str:
    if any(unicodedata.category(letter) in _NOT_SEEN for letter in "".join(text.split())):
        raise ValueError(f"{text!a:.60} has characters in it that cannot be seen")
    return text


def _telling(name: str) -> str:
    if not any(map(str.isalnum, name)):
        raise ValueError(f"{name!r:.60} is no name: it needs a letter or a digit")
    return name


def _listed(given: Any) -> Any:
    """A list of names as names of which nothing more is said."""
    if isinstance(given, list | tuple) and all(isinstance(name, str) for name in given):
        return dict.fromkeys(given)
    return {} if given is None else given


def _one_or_more(given: Any) -> Any:
    return () if given is None else (given,) if isinstance(given, str) else given


def _fields(shorthand: str) -> BeforeValidator:
    """What is given as a string alone is the field `shorthand`."""
    return BeforeValidator(lambda given: {shorthand: given or ""} if isinstance(given, str | None) else given)


_Line = Annotated[str, BeforeValidator(_on_one_line), StringConstraints(max_length=500), AfterValidator(_visible)]
_Named = (BeforeValidator(_on_one_line), AfterValidator(_visible), AfterValidator(_telling))
_Type = Annotated[str, StringConstraints(max_length=60), *_Named]
_RelationName = Annotated[str, StringConstraints(max_length=100), *_Named]
_Name = Annotated[str, StringConstraints(max_length=200), *_Named]
_Instructions = Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True), AfterValidator(_visible)]
_Types = Annotated[tuple[_Type, ...], BeforeValidator(_one_or_more), Field(max_length=_MOST_TYPES)]


class Relation(BaseModel):
    """What a relation says, and the types that its subject and its object may have; none given: any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: _Line = ""
    subject: _Types = ()
    object: _Types = ()


class Individual(BaseModel):
    """The type of an entity that is known by name ("": as it is read), and its other names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Annotated[str, BeforeValidator(_on_one_line), StringConstraints(max_length=60), AfterValidator(_visible)] = ""
    names: Annotated[tuple[_Name, ...], BeforeValidator(_one_or_more), Field(max_length=_MOST_NAMES)] = ()


class GraphSchema(BaseModel):
    """What a dataset's graph is made of: `entity_types`, `relations` and `individuals`, each by name, and what its
    owner adds as `instructions`. Without types, or without relations, any are taken.

    `others` says what becomes of the rest: "keep" has entities of other types as "other" and facts of other relations
    in their own words, "drop" has neither.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity_types: Annotated[dict[_Type, _Line], BeforeValidator(_listed), Field(max_length=_MOST_TYPES)] = {}
    relations: Annotated[
        dict[_RelationName, Annotated[Relation, _fields("description")]],
        BeforeValidator(_listed),
        Field(max_length=_MOST_TYPES),
    ] = {}
    individuals: Annotated[
        dict[_Name, Annotated[Individual, _fields("type")]],
        BeforeValidator(_listed),
        Field(max_length=_MOST_INDIVIDUALS),
    ] = {}
    instructions: _Instructions = ""
    others: Literal["keep", "drop"] = "keep"

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not (self.entity_types or self.relations or self.individuals or self.instructions):
            raise ValueError("it says nothing: give entity_types, relations, individuals or instructions")
        _check_distinct("entity_types", self.entity_types)
        _check_distinct("relations", self.relations)
        for name, relation in self.relations.items():
            self._check_types(f"relations.{name}", (*relation.subject, *relation.object))
        for name, individual in self.individuals.items():
            if individual.type and self.entity_types:
                self._check_types(f"individuals.{name}", [individual.type])
        return self

    def _check_types(self, where: str, types: Iterable[str]) -> None:
        for type_ in types:
            if type_ not in self.entity_types:
                raise ValueError(f"{where}: {type_!r:.60} is not among entity_types")

    @classmethod
    def from_file(cls, path: str | Path) -> "GraphSchema":
        """The schema in a file: YAML, or RDF and OWL as .ttl, .owl, .rdf, .xml, .nt or .jsonld. Blocks.

        Raises InvalidInputError, which names the line or the key at fault. Nothing is fetched.
        """
        from sessiongraph.schema_files import read_schema_file

        return cls.checked(read_schema_file(Path(path)), Path(path).name)

    @classmethod
    def checked(cls, fields: Any, where: str) -> "GraphSchema":
        """The schema of `fields`, as YAML gives them. Raises InvalidInputError, which names the key at fault."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
            key = ".".join(map(str, fault["loc"]))
            raise InvalidInputError(
                f"{where} is no schema of a graph: {f'{key:.120}: ' if key else ''}"
                f"{fault['msg'].removeprefix('Value error, '):.200}. Nothing was changed."
            ) from None

    def to_text(self) -> str:
        """The schema as JSON, the same for what is the same; `checked` reads it."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)


def dropped_by_schema(dropped: Counter[str]) -> str:
    """How many "entities" and "facts" were `dropped`, in a sentence."""
    return f"The dataset's schema has no place for {dropped['entities']} entities and {dropped['facts']} facts."


def _check_distinct(where: str, names: Iterable[str]) -> None:
    """Refuse two names that an answer could not tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(next(forms(name)), name)) != name:
            raise ValueError(f"{where}: {other!r:.60} and {name!r:.60} are read as one name")
