"""The words of fields, columns and headings (`structured_lines`, `list_headings`), in lower case."""

from collections.abc import Sequence

from sessiongraph.local_models.extractive import type_words
from sessiongraph.local_models.extractive.lexicon import words
from sessiongraph.local_models.extractive.noun_types import type_of_kind

# Fields of a record that say something of it without naming it.
MEASURES = words(
    """price cost costs weight length width height depth size sizes colour color material wood capacity volume power
    range speed pages year date phone mobile telephone mail email e-mail address website fax duration temperature
    quantity fee deadline language currency population"""
)
# Of these, and others, what no person has.
_OF_THINGS = words(
    "price cost costs weight length width depth material wood capacity volume power range speed breed species"
)
# What kind of thing the field of a record names, where its word alone does not tell (`type_of_kind`), or not that.
_TYPE_OF_FIELD = {
    "name": "Person",
    **dict.fromkeys(words("hub from to hometown origin office location"), "Place"),
    **dict.fromkeys(
        words("employee contact owner patient customer chair speaker player reader organizer organiser planner"),
        "Person",
    ),
    **dict.fromkeys(words("maker vendor developer client partner museum gallery"), "Organization"),
    # Where in a house or a firm something is.
    **dict.fromkeys(words("room hall department section floor shelf position street"), None),
}
# Who writes a mail and to whom, in its head.
_OF_MAILS = words("from to cc")
FIELD_PREPOSITIONS = words("from to in at by via with")
# What a list names places as, and what each person in a list has one of.
STOPS = words("stop station destination location venue branch office")
OF_PATIENTS = words("allergy birthday diet age") | {"favourite colour", "favorite color", "date of birth"}
# Who was at a meeting, as minutes head them.
ATTENDANCE = words("attendees participants present attending absent apologies")
# Whose members are listed with what they do.
GROUPS = words("team board staff crew committee management people member contact")


def type_of(field: str) -> str | None:
    """The type of what the field or the column `field` names: a "Home port" a place."""
    noun = field.lower().split()[-1] if field else ""
    kind = _TYPE_OF_FIELD[noun] if noun in _TYPE_OF_FIELD else type_of_kind(noun)
    return kind if kind != "Concept" else None


def types_of(fields: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The types of what the fields of one record name. What has a breed or a price is no person by its name."""
    is_thing = any(key.lower() in _OF_THINGS for key, _ in fields)
    if _is_mail(fields):
        return {value: "Person" for key, value in fields if key.lower() in _OF_MAILS and _is_full_name(value)}
    told = ((key, value, type_of(key)) for key, value in fields)
    return {value: type_ for key, value, type_ in told if type_ and not (is_thing and key.lower() == "name")}


def _is_mail(fields: Sequence[tuple[str, str]]) -> bool:
    """Whether fields are the head of a mail, and tell of no way: it has a subject, or goes to a department."""
    keys = {key.lower() for key, _ in fields}
    to_department = any(key.lower() in _OF_MAILS and value.lower() in type_words.DEPARTMENTS for key, value in fields)
    return "from" in keys and ("subject" in keys or to_department)


def _is_full_name(value: str) -> bool:
    """Whether `value` looks like a first and a last name."""
    names = value.split()
    return (
        len(names) in (2, 3)
        and all(name[:1].isupper() for name in names)
        and names[-1].lower() not in type_words.DEPARTMENTS
    )
