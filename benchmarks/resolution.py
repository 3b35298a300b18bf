"""Precision and recall of merges of names, by the rules of today and by those of the first version.

    python benchmarks/resolution.py [--musique DATA.json] [--locomo DATA.json] [--show] [--out FIGURES.json]

Labels come from two sides. `resolution_labels.json` holds invented names in small worlds, each for a rule or a trap:
    entities    each with its type and its names; `untyped` are names of it that were given no type
    claims      (subject, relation, object): which names stand together
    held_out    of a world that no rule was made or changed for: it was written before the rules that it tests, and its
                figures are looked at when they are done. A world that somebody has fitted a rule to loses the mark
What two names are is what a reader would say who has nothing but the names, types and claims of their world. Where
such a reader could not tell which of two entities a short name means, it is an entity of its own.

From MuSiQue's triples and LoCoMo's speakers, labels are made at run time: names are taken as they are, and some of
them said in another way too (a slip, initials, a first name, a surname with a title, a legal form), with one of their
claims; others get a near namesake who is somebody else. Whether two names as they are mean one entity is not known:
merges among them are counted apart, and listed with --show, to be judged by reading.

A pair of names counts once: precision is the share of merged pairs that are one entity, recall the share of pairs of
one entity that were merged.
"""

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.measure import write_figures
from sessiongraph.entity_resolution.entity_resolver import (
    EntityResolver,
    Merge,
    NameEvidence,
    is_alias_relation,
    name_key,
)
from sessiongraph.entity_resolution.name_normalization import given_and_surname
from sessiongraph.entity_resolution.organization_names import acronyms, without_legal_form

LABELS = Path(__file__).with_name("resolution_labels.json")
SEED = 7
# One name in so many is said in another way, or gets a namesake.
_EVERY = 4

Claim = tuple[str, str, str]


@dataclass
class World:
    """Names with their type and, where it is known, the entity that each means; and what is claimed of them."""

    entity_of: dict[str, str | None] = field(default_factory=dict)
    type_of: dict[str, str] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)

    def named(self) -> dict[str, NameEvidence]:
        """What a snapshot would hand to the resolver."""
        wordings, types = defaultdict(set), defaultdict(set)
        neighbours, aliases = defaultdict(set), defaultdict(set)
        for name, kind in self.type_of.items():
            wordings[name_key(name)].add(name)
            types[name_key(name)].update({kind.casefold()} - {""})
        for subject, relation, object_ in self.claims:
            one, other = name_key(subject), name_key(object_)
            if one == other:
                continue
            if is_alias_relation(" ".join(relation.casefold().split())):
                aliases[one].add(other)
            else:
                neighbours[one].add(other)
                neighbours[other].add(one)
        return {
            key: NameEvidence(*(frozenset(of[key]) for of in (types, wordings, neighbours, aliases)))
            for key in wordings
        }


@dataclass
class Score:
    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, other: "Score") -> None:
        self.right, self.wrong, self.missed = (
            self.right + other.right,
            self.wrong + other.wrong,
            self.missed + other.missed,
        )

    @property
    def figures(self) -> dict[str, float]:
        merged, same = self.right + self.wrong, self.right + self.missed
        return {
            "precision": round(100 * self.right / merged, 1) if merged else 100.0,
            "recall": round(100 * self.right / same, 1) if same else 100.0,
            "pairs": same,
            "wrong": self.wrong,
        }


# What each name means, and the merges, in a world.
Rules = Callable[["World"], tuple[dict[str, str], Sequence[Merge]]]


def today(world: World) -> tuple[dict[str, str], Sequence[Merge]]:
    """What each name means, and the merges."""
    resolver = EntityResolver()
    resolver.update(world.named())
    return {name: resolver.entity_of(name_key(name)) for name in world.type_of}, resolver.merges


def at_first(world: World) -> tuple[dict[str, str], Sequence[Merge]]:
    """The first version: titles never count, and a first name is the only person's whose full name it begins."""
    titles = {"mr", "mrs", "ms", "miss", "dr", "prof", "professor", "doctor"}

    def key_of(name: str) -> str:
        words = name_key(name).split()
        return " ".join(words[1:] if len(words) > 1 and words[0] in titles else words)

    kinds: dict[str, set[str]] = defaultdict(set)
    for name, kind in world.type_of.items():
        kinds[key_of(name)].add(kind)
    full: dict[str, list[str]] = defaultdict(list)
    for key, stated in kinds.items():
        if " " in key and "Person" in stated:
            full[key.split()[0]].append(key)
    taken = {key: full[key][0] for key in kinds if len(full[key]) == 1 and kinds[key] <= {"Person", "Concept", ""}}
    return {name: taken.get(key_of(name), key_of(name)) for name in world.type_of}, []


def score(world: World, means: dict[str, str]) -> tuple[Score, list[tuple[str, str]]]:
    """Of the pairs of which it is known; and the pairs that were merged though nothing is known of them."""
    found, unknown = Score(), []
    clusters = defaultdict(list)
    for name, entity in means.items():
        clusters[entity].append(name)
    for cluster in clusters.values():
        for one, other in combinations(sorted(cluster), 2):
            known, other_known = world.entity_of[one], world.entity_of[other]
            if known is None and other_known is None:
                if name_key(one) != name_key(other):
                    unknown.append((one, other))
            elif (known or name_key(one)) == (other_known or name_key(other)):
                found.right += 1
            else:
                found.wrong += 1
    same = defaultdict(list)
    for name, known in world.entity_of.items():
        same[known or name_key(name)].append(name)
    pairs = [pair for names in same.values() for pair in combinations(names, 2) if any(map(world.entity_of.get, pair))]
    found.missed = sum(means[one] != means[other] for one, other in pairs)
    return found, unknown


def invented(held_out: bool) -> list[World]:
    """The worlds of the labelled set: those held out, or the others."""
    worlds = []
    for number, told in enumerate(json.loads(LABELS.read_text(encoding="utf-8"))):
        if told.get("held_out", False) != held_out:
            continue
        world = World(claims=[(s, r, o) for s, r, o in told.get("claims", [])])
        for place, entity in enumerate(told["entities"]):
            for name in (*entity["names"], *entity.get("untyped", ())):
                world.entity_of[name] = f"{number}.{place}"
                world.type_of[name] = entity["type"] if name in entity["names"] else ""
        worlds.append(world)
    return worlds


_PERSONAL = {"born on", "born in", "was born on", "was born in", "died on", "died in", "son of", "daughter of",
             "married", "is married to", "wrote", "author of", "acted in", "played for", "portrays"}  # fmt: skip
_FIRMS = {"university", "company", "institute", "association", "corporation", "records", "college", "party", "airlines"}


def from_musique(path: Path) -> World:
    """The names of MuSiQue's triples; a type where the relations or the words of a name tell it."""
    world = World()
    for passage in json.loads(path.read_text(encoding="utf-8"))["passages"]:
        for triple in passage["triples"]:
            if len(triple) == 3 and all(isinstance(part, str) and name_key(part) for part in triple):
                subject, relation, object_ = triple
                world.claims.append((subject, relation, object_))
                for name in (subject, object_):
                    world.entity_of[name] = None
                    world.type_of.setdefault(name, "")
                if relation.casefold() in _PERSONAL and given_and_surname(name_key(subject)) and subject.istitle():
                    world.type_of[subject] = "Person"
    for name in world.type_of:
        if not _FIRMS.isdisjoint(name.casefold().split()) and name[:1].isupper() and len(name.split()) < 7:
            world.type_of[name] = "Organization"
    return said_otherwise(world)


def from_locomo(path: Path) -> World:
    """The speakers of LoCoMo's conversations, each with a surname of ours, among the names that nobody shares."""
    world = World()
    surnames = ("Quillfeather", "Marrowby", "Tessendine", "Ardwyn", "Pellinore", "Vantreese", "Holbrecht", "Sundquist")
    speakers = [
        told["conversation"][f"speaker_{letter}"]
        for told in json.loads(path.read_text(encoding="utf-8"))
        for letter in "ab"
    ]
    for number, speaker in enumerate(dict.fromkeys(speakers)):
        full = f"{speaker} {surnames[number % len(surnames)]}"
        world.claims.append((full, "talked about", f"Topic of {full}"))
        for name, kind in ((full, "Person"), (f"Topic of {full}", "")):
            world.entity_of[name], world.type_of[name] = None, kind
    return said_otherwise(world, every=1)


def said_otherwise(world: World, every: int = _EVERY) -> World:
    """`world` with other ways to say some of its names, and with namesakes for others."""
    chance = random.Random(SEED)
    told = defaultdict(list)
    for claim in world.claims:
        told[claim[0]].append(claim)
    keys = {name_key(name) for name in world.type_of}
    # What has two names already has no one entity to be labelled with.
    named_twice = {name for s, relation, o in world.claims if is_alias_relation(relation.casefold()) for name in (s, o)}
    bearers = Counter(
        word for key in {name_key(name) for name in world.type_of if _may_be_person(name)} for word in set(key.split())
    )
    for name in sorted(world.type_of):
        ways = _ways(name, world.type_of[name], bearers, chance)
        if not ways or name not in told or name in named_twice or chance.randrange(every):
            continue
        said, kind, same = chance.choice(ways)
        if name_key(said) in keys:
            continue
        keys.add(name_key(said))
        world.entity_of[said] = name_key(name) if same else name_key(said)
        world.type_of[said] = kind
        _, relation, object_ = chance.choice(told[name])
        world.claims.append((said, relation, object_))
    return world


def _may_be_person(name: str) -> bool:
    return name.istitle() and given_and_surname(name_key(name)) is not None and len(name.split()) < 4


Way = tuple[str, str, bool]


def _ways(name: str, kind: str, bearers: Counter[str], chance: random.Random) -> list[Way]:
    """Other ways to say `name`, and namesakes: with their type, and whether they are it."""
    words = name.split()
    ways: list[Way] = []
    parts = given_and_surname(name_key(name)) if kind == "Person" else None
    if parts:
        given, surname = parts
        ways.append((words[0], "Person", bearers[given] == 1))
        ways.append((f"Dr. {words[-1]}", "Person", bearers[surname] == 1))
        ways.append((f"{words[0]} Ashgrove", "Person", False))
        ways.append((f"{words[0]}{'o' if given[-1] in 'aeiou' else 'a'} {words[-1]}", "Person", False))
    if kind == "Organization" and without_legal_form(name_key(name)) is None:
        ways.append((f"{name} Inc.", kind, True))
    if kind and (initials := acronyms(name_key(name))) and kind != "Person":
        ways.append((initials[0].upper(), kind, True))
    if kind and (slip := _slip(words, chance)):
        ways.append((slip, kind, True))
    return ways


def _slip(words: Sequence[str], chance: random.Random) -> str | None:
    """A letter of the longest word left out, doubled or swapped, not at either end."""
    place = max(range(len(words)), key=lambda n: len(words[n]))
    word = words[place]
    if len(word) < 7 or not word.isalpha() or len(words) < 2:
        return None
    at = chance.randrange(2, len(word) - 2)
    slips = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    return " ".join([*words[:place], chance.choice(slips), *words[place + 1 :]])


def measured(
    worlds: Iterable[World], rules: Callable[[World], tuple[dict[str, str], Sequence[Merge]]]
) -> dict[str, Any]:
    """The figures over `worlds`, and the merges that nothing is known of."""
    total, unknown, by_rule = Score(), [], Counter[str]()
    for world in worlds:
        means, merges = rules(world)
        found, more = score(world, means)
        total.add(found)
        unknown += more
        by_rule.update(merge.rule for merge in merges)
    return {**total.figures, "unlabelled": len(unknown), "rules": dict(by_rule), "merged": unknown}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--musique", type=Path)
    parser.add_argument("--locomo", type=Path)
    parser.add_argument("--show", action="store_true", help="list what was merged among the names as they are")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    chosen = parser.parse_args()
    sets = {"invented names": invented(held_out=False), "held-out invented names": invented(held_out=True)}
    if chosen.musique:
        sets["MuSiQue, said otherwise"] = [from_musique(chosen.musique)]
    if chosen.locomo:
        sets["LoCoMo, said otherwise"] = [from_locomo(chosen.locomo)]
    console, figures = Console(), {}
    table = Table("labels", "rules", "precision", "recall", "pairs", "wrong", "unlabelled merges")
    for title, worlds in sets.items():
        for name, rules in (("first version", at_first), ("today", today)):
            row = measured(worlds, rules)
            merged, by_rule = row.pop("merged"), row.pop("rules")
            figures[f"{title}, {name}"] = {**row, "rules": by_rule}
            table.add_row(title, name, *map(str, row.values()))
            if chosen.show and name == "today":
                for one, other in merged:
                    console.print(f"  {one}  =  {other}", markup=False, highlight=False)
    console.print(table)
    for title, row in figures.items():
        console.print(title, row["rules"], style="dim")
    write_figures(chosen.out, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
