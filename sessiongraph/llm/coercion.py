"""Coercion of a model's object to the schema that was asked for: what can be meant is taken, what cannot is left out.

A schema's fields may be texts, whole numbers, and lists of numbers or of further objects.

Invariants: what fits is never changed; an item that cannot be used costs itself, and no other item of its list.
"""

import math
import re
import types
from collections.abc import Iterable
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from sessiongraph.storable_text import storable

T = TypeVar("T", bound=BaseModel)

# Under which an object that stands for a text keeps it.
_TEXT_KEYS = ("name", "text", "value")
# What models call a field by when they do not heed the schema, in the words of other graphs.
_OTHER_NAMES = {
    "subject": ("source", "head", "from"),
    "relation": ("predicate", "relationship", "relation_type", "verb"),
    "object": ("target", "tail", "to"),
    "name": ("entity", "entity_name"),
    "type": ("entity_type", "category", "label"),
    "passage": ("passages", "passage_number"),
    "passages": ("passage", "passage_numbers"),
    "entities": ("nodes",),
    "facts": ("relationships", "relations", "triples", "triplets", "edges"),
}
_MOST_FAULTS = 5


class Unusable(ValueError):
    """A value cannot be meant as what it should be; says why."""


def coerced(schema: type[T], given: dict[str, Any]) -> T:
    """`given` as a `schema`. Raises ValueError where nothing of what it gives can be used."""
    faults: list[str] = []
    value = schema.model_validate(_object(schema, given, "", faults))
    if faults and not any(getattr(value, name) for name in schema.model_fields):
        raise ValueError("; ".join(faults[:_MOST_FAULTS]))
    return value


def _object(schema: type[BaseModel], given: dict[str, Any], where: str, faults: list[str]) -> dict[str, Any]:
    """The fields of `given`. Raises Unusable where one that cannot be left out cannot be used."""
    by_name = {str(name).strip().casefold(): value for name, value in given.items()}
    fields: dict[str, Any] = {}
    for name, field in schema.model_fields.items():
        place = f"{where}.{name}".lstrip(".")
        try:
            fields[name] = _value(field.annotation, _named(name, by_name), place, faults)
        except Unusable as fault:
            if get_origin(field.annotation) is not list and field.is_required():
                raise
            faults.append(str(fault))
            fields[name] = [] if field.is_required() else field.default
    return fields


def _named(name: str, by_name: dict[str, Any]) -> Any:
    """What was given as the field `name`, under that name or another."""
    return next((by_name[each] for each in (name, *_OTHER_NAMES.get(name, ())) if each in by_name), None)


def _value(wanted: Any, given: Any, where: str, faults: list[str]) -> Any:
    if get_origin(wanted) in (Union, types.UnionType):
        (inner,) = (one for one in get_args(wanted) if one is not type(None))
        return None if given is None else _value(inner, given, where, faults)
    if get_origin(wanted) is list:
        (inner,) = get_args(wanted)
        return _numbers(given, where) if inner is int else _objects(inner, given, where, faults)
    return _number(given, where) if wanted is int else _text(given, where)


def _objects(schema: type[BaseModel], given: Any, where: str, faults: list[str]) -> list[dict[str, Any]]:
    if given is None:
        return []
    items = [given] if isinstance(given, dict) else given
    if not isinstance(items, list):
        raise Unusable(f"{where}: Input should be a valid list")
    kept = []
    for place, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise Unusable(f"{where}.{place}: Input should be a valid dictionary")
            kept.append(_object(schema, item, f"{where}.{place}", faults))
        except Unusable as fault:
            faults.append(str(fault))
    return kept


def _text(given: Any, where: str) -> str:
    if isinstance(given, str):
        return storable(given)
    if given is None:
        return ""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, int) or (isinstance(given, float) and math.isfinite(given)):
        return str(given) if isinstance(given, int) else f"{given:.15g}"
    if isinstance(given, list):
        return ", ".join(_text(one, where) for one in given if not isinstance(one, list))
    if isinstance(given, dict) and (named := [given[key] for key in _TEXT_KEYS if isinstance(given.get(key), str)]):
        return storable(named[0])
    raise Unusable(f"{where}: Input should be a valid string")


def _number(given: Any, where: str) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, list) and len(given) == 1:
        return _number(given[0], where)
    if isinstance(given, str) and len(found := re.findall(r"\d{1,9}", given)) == 1:
        return int(found[0])
    raise Unusable(f"{where}: Input should be a valid integer")


def _numbers(given: Any, where: str) -> list[int]:
    """Those numbers of a list that are some. Raises Unusable where none is, and none need be."""
    if isinstance(given, str):
        return [int(number) for number in re.findall(r"\d{1,9}", given)]
    items: Iterable[Any] = given if isinstance(given, list) else () if given is None else (given,)
    numbers = []
    for item in items:
        try:
            numbers.append(_number(item, where))
        except Unusable:
            continue
    return numbers
