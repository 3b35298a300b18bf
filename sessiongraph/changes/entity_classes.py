"""The classes of entities, by which they are coloured wherever they are shown."""

# The types that have a colour of their own, by the words that models and parsers use for them.
_CLASS_OF_TYPE = {
    "person": "person",
    "organization": "organization",
    "organisation": "organization",
    "company": "organization",
    "place": "place",
    "location": "place",
    "city": "place",
    "country": "place",
    "date": "date",
    "event": "event",
    "work": "thing",
    "product": "thing",
}
ENTITY_CLASSES = ("person", "organization", "place", "event", "date", "thing", "other")


def entity_class(type_: str) -> str:
    """The CSS class that entities of that type are shown in."""
    return _CLASS_OF_TYPE.get(type_.casefold(), "other")
