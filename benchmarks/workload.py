"""The work that costs are measured on: documents of 200 words, and sessions of questions and answers. Generated.

Names are shared between documents, sessions and questions, the common ones often (Zipf), so that graphs overlap as they
do in life. The same seed gives the same texts on any Python; nothing here is anybody's data.
"""

import random
import re
from collections.abc import Sequence
from itertools import product


def _named(text: str) -> list[str]:
    return re.findall(r"\w[\w ]*", text)


_FIRST = _named("""Ada, Bruno, Celia, Dario, Edda, Fabio, Gesine, Harun, Ilse, Jarek, Karin, Luca, Mirela, Nadia, Oskar,
Petra, Quirin, Renata, Silvio, Tamar, Ulla, Viktor, Wanda, Xaver, Yara, Zeno, Agnes, Bela, Corin, Delia, Egon, Frida""")
_LAST = _named("""Abend, Barros, Cermak, Dietz, Ebner, Falk, Gruber, Hosek, Imhof, Jelinek, Kranz, Maurer, Nemeth,
Orban, Pichler, Quade, Riedl, Sauer, Toth, Urban, Vogel, Winkler, Zeman""")
_CITIES = _named("""Graz, Bilbao, Lucca, Bergen, Tampere, Galway, Leuven, Ghent, Lugano, Basel, Trento, Brno, Gdansk,
Varna, Split, Mostar, Aarhus, Malmo, Tartu, Kaunas, Ostrava, Szeged, Cluj, Patras, Bari, Cadiz, Braga, Nantes""")
_HOUSES = _named("""Alder, Basalt, Citrine, Dune, Estuary, Fjord, Garnet, Heron, Isthmus, Jasper, Kestrel, Lagoon""")
_KINDS = _named("Works, Institute, Partners, Laboratory, Museum, Press, Foundation, Bank")
_JOBS = _named("teacher, chemist, surveyor, nurse, editor, baker, pilot, curator, welder, translator, botanist, clerk")
_TOPICS = _named("""tidal power, bread wheat, old maps, bridge repair, bird migration, glass making, night trains,
river fishing, school meals, wool dyeing, bell casting, ice cores""")
_VERBS = _named("led, joined, started, funded, reviewed, finished, presented, cancelled")
_NOUNS = _named("study, survey, contract, workshop, exhibition, trial, report, merger")
_REMARKS = (
    "The others heard of it only a week later.",
    "Nobody had thought that it would take so long.",
    "A short account of it was printed and widely read.",
    "There were objections, and most of them were settled soon.",
)
_PEOPLE = [f"{first} {last}" for first, last in product(_FIRST, _LAST)]
_ORGANISATIONS = [f"{house} {kind}" for house, kind in product(_HOUSES, _KINDS)]
random.Random(7).shuffle(_PEOPLE)
random.Random(8).shuffle(_ORGANISATIONS)

WORDS = 200
Said = tuple[str, str]


def documents(count: int, seed: int = 1) -> list[str]:
    """Reports of some WORDS words each."""
    return [_document(number, random.Random(seed * 1_000_003 + number)) for number in range(count)]


def session(number: int, turns: int = 10, seed: int = 2) -> list[Said]:
    """Questions and answers, the answers of three sentences."""
    chance = random.Random(seed * 1_000_003 + number)
    return [_turn(chance) for _ in range(turns)]


def later_turn(number: int, seed: int = 3) -> Said:
    """One more turn of a session."""
    return _turn(random.Random(seed * 1_000_003 + number))


def questions(count: int, seed: int = 4) -> list[str]:
    chance = random.Random(seed)
    return [_turn(chance)[0] for _ in range(count)]


def _document(number: int, chance: random.Random) -> str:
    person = _common(chance, _PEOPLE)
    sentences = [f"Report {number + 1} is about {person} and the {_common(chance, _TOPICS)} programme."]
    length = len(sentences[0].split())
    while length < WORDS:
        if chance.random() < 0.15:
            person = _common(chance, _PEOPLE)
        sentences.append(_sentence(chance, person))
        length += len(sentences[-1].split())
    return " ".join(sentences)


def _turn(chance: random.Random) -> Said:
    person, organisation = _common(chance, _PEOPLE), _common(chance, _ORGANISATIONS)
    question = chance.choice(
        [
            f"Where does {person} live and work now?",
            f"What did {person} do at {organisation}?",
            f"How do {person} and {organisation} belong together?",
        ]
    )
    return question, " ".join(_sentence(chance, person) for _ in range(3))


def _sentence(chance: random.Random, person: str) -> str:
    organisation, other = _common(chance, _ORGANISATIONS), _common(chance, _PEOPLE)
    city, topic, year = _common(chance, _CITIES), _common(chance, _TOPICS), 1990 + int(35 * chance.random())
    verb, noun = chance.choice(_VERBS), chance.choice(_NOUNS)
    return chance.choice(
        [
            f"{person} moved to {city} in {year} and works as a {_common(chance, _JOBS)} at {organisation}.",
            f"In {year} {person} {verb} a {noun} on {topic} together with {other}.",
            f"{organisation} opened an office in {city} and hired {person} to lead its work on {topic}.",
            f"{other} {verb} the {noun} that {person} had begun at {organisation} in {year}.",
            f"{person} spoke about {topic} in {city}, and {other} answered most of the questions.",
            f"After leaving {organisation}, {person} {verb} a {noun} with {other}.",
            _REMARKS[int(len(_REMARKS) * chance.random())],
        ]
    )


def _common(chance: random.Random, names: Sequence[str]) -> str:
    """One of `names`, the first of them most often."""
    return names[int(len(names) * chance.random() ** 2)]
