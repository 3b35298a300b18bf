"""The words of fields, columns and headings (`structured_lines`, `list_headings`), in lower case."""

from sessiongraph.local_models.extractive.lexicon import words

# Fields of a record that say something of it without naming it.
MEASURES = words(
    """price cost costs weight length width height depth size sizes colour color material wood capacity volume power
    range speed pages year date phone mobile telephone mail email e-mail address website fax duration temperature
    quantity fee deadline language currency population"""
)
# What kind of thing the field of a record names.
TYPE_OF_FIELD = {
    **dict.fromkeys(
        words(
            """name employee person teacher guest author speaker contact owner patient customer coach guide director
            artist musician manager trainer doctor instructor player winner chair secretary"""
        ),
        "Person",
    ),
    **dict.fromkeys(
        words(
            """team company client school university club employer supplier vendor publisher manufacturer hospital bank
            maker producer brand sponsor partner retailer"""
        ),
        "Organization",
    ),
    **dict.fromkeys(
        words("city country capital town office from to region location village mountain lake river hometown island")
        | {"home town", "origin"},
        "Place",
    ),
}
FIELD_PREPOSITIONS = words("from to in at by via with")
# What a list names places as, and what each person in a list has one of.
STOPS = words("stop station destination location venue branch office")
OF_PATIENTS = words("allergy birthday diet age") | {"favourite colour", "favorite color", "date of birth"}
# Who was at a meeting, as minutes head them.
ATTENDANCE = words("attendees participants present attending absent apologies")
# Whose members are listed with what they do.
GROUPS = words("team board staff crew committee management people member contact")
