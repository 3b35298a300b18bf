"""Entity resolution: names that are one entity, why, and names that must never become one."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessiongraph.entity_resolution import name_context, typos
from sessiongraph.entity_resolution.entity_resolver import (
    Decision,
    EntityResolver,
    NameEvidence,
    is_alias_relation,
    name_key,
    pair,
)

World = dict[str, NameEvidence]


def world(
    names: Mapping[str, str], claims: list[tuple[str, str]] | None = None, aliases: dict[str, str] | None = None
) -> World:
    """Names with their types, which of them stand in a claim together, and which are said to be another name."""
    beside: dict[str, set[str]] = {name_key(name): set() for name in names}
    for one, other in claims or []:
        beside[name_key(one)].add(name_key(other))
        beside[name_key(other)].add(name_key(one))
    made: World = {}
    for name, kind in names.items():
        key = name_key(name)
        known = made.get(key, NameEvidence())
        called = {name_key(alias) for whose, alias in (aliases or {}).items() if name_key(whose) == key}
        made[key] = NameEvidence(
            known.types | ({kind.casefold()} - {""}), known.wordings | {name}, frozenset(beside[key]), frozenset(called)
        )
    return made


def resolver(made: World) -> EntityResolver:
    found = EntityResolver()
    found.update(made)
    return found


def merged(made: World) -> dict[str, str]:
    """What was merged, by rule."""
    return {merge.key: merge.rule for merge in resolver(made).merges}


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("Alice Smith", "ALICE  smith"),
        ("Alice Smith", "Alice Smith's"),
        ("Alice Smith", "Alice Smith’s"),
        ("James", "James'"),
        ("Alice Smith", "Dr. Alice Smith"),
        ("Alice Smith", "Prof. Dr. Alice Smith"),
        ("Beatles", "The Beatles"),
        ("Alice-Marie", "Alice Marie"),
        ("Ｓｍｉｔｈ", "Smith"),
        ("U.S.A.", "U S A"),
        ("Mr. Smith", "mr smith"),
        ("U.S.A.", "USA"),
        ("J. K. Rowling", "J.K. Rowling"),
    ],
)
def test_variants_of_a_name_have_one_key(name: str, variant: str) -> None:
    assert name_key(name) == name_key(variant)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"), ("C", "C#"), ("AT&T", "AT T"), ("Ann", "Anna"), ("O'Brien", "Brien"), ("The", "A"), ("!", "?"),
        ("Mr Smith", "Mrs Smith"), ("Mr Smith", "Smith"), ("Lord of the Rings", "Rings"), ("Lady Gaga", "Gaga"),
    ],
)  # fmt: skip
def test_different_names_keep_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["The", "Dr.", "Dr", "the a an", "'s", "!", "’"])
def test_a_name_of_nothing_but_titles_or_signs_still_has_a_key(name: str) -> None:
    assert name_key(name)


P, F, L, C = "Person", "Organization", "Place", "Concept"


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ({"Alice Smith": P, "Alice": P}, "lone name"),
        ({"Alice Smith": P, "Alice": ""}, "lone name"),
        ({"Alice Smith": P, "Smith": P}, "lone name"),
        ({"Pavel Petrov": P, "Mr Petrov": P}, "title"),
        ({"Katya Orlova": P, "K. Orlova": P}, "initial"),
        ({"Emil Brandt": P, "Emil K. Brandt": P}, "middle name"),
        ({"International Business Machines": F, "IBM": F}, "acronym"),
        ({"Institute of Coastal Erosion Ltd": F, "I.C.E.": F}, "acronym"),
        ({"Acme": F, "Acme Inc.": F}, "legal form"),
        ({"Acme Limited": F, "Acme Ltd": F}, "spelling"),
        ({"Café Lumière": L, "Cafe Lumiere": L}, "spelling"),
        ({"Barrow & Finch": F, "Barrow and Finch": F}, "spelling"),
        ({"e-mail": C, "email": C}, "spacing"),
        ({"pottery class": C, "pottery classes": C}, "plural"),
        ({"British Broadcasting Corporation": F, "BBC": F}, "acronym"),
        ({"ООО Ромашка": F, "Ромашка": F}, "legal form"),
        ({"株式会社青葉": F, "青葉": F}, "legal form"),
        ({"شركة النور": F, "النور": F}, "legal form"),
        ({"Pieter van Houten": P, "van Houten": P}, "lone name"),
    ],
)
def test_other_forms_of_a_name_are_its_entity(names: dict[str, str], rule: str) -> None:
    assert list(merged(world(names)).values()) == [rule]


@pytest.mark.parametrize(
    "names",
    [
        {"Alex": P, "Alex Chen": P, "Alex Moreau": P},
        {"Smith": P, "Ann Smith": P, "Bob Smith": P},
        {"Ortega": P, "Luis Ortega": P, "Gabriel Ortega Ruiz": P},
        {"Ortega": P, "Gabriel Ortega Ruiz": P},
        {"von Reuth": P, "Anna von Reuth": P, "Karl von Reuth": P},
        {"Jordan": P, "Jordan Lee": P, "Milos Jordan": P},
        {"Florence": L, "Florence Adler": P},
        {"Alice": P, "Alice Springs": L},
        {"London": "", "Jack London": P},
        {"Mr Smith": P, "Mrs Smith": P},
        {"Mr Smith": P, "Mrs Smith": P, "Robin Smith": P},
        {"K. Orlova": P, "Katya Orlova": P, "Kira Orlova": P},
        {"Nils Berg": P, "Nils A. Berg": P, "Nils O. Berg": P},
        {"Walter Quist": P, "Walter Quist Jr.": P},
        {"CRB": F, "Central Rail Board": F, "Coastal Research Bureau": F},
        {"QUB": L, "Quarry Union Bank": F},
        {"art": C, "Alpine Runners Team": F},
        {"Atlas": F, "Atlas GmbH": F, "Atlas Inc": F},
        {"Iris": P, "Iris Ltd": F},
        {"Robin Peter": P, "Robin Peters": P},
        {"1980": "Date", "1980s": "Date"},
    ],
)
def test_what_may_be_two_stays_apart(names: dict[str, str]) -> None:
    assert merged(world(names)) == {}


def test_a_title_tells_mr_weber_from_mrs_weber() -> None:
    found = resolver(world({"Mr Jonas Weber": P, "Mr Weber": P, "Mrs Carla Weber": P, "Mrs Weber": P}))
    assert found.entity_of("mr weber") == "jonas weber" and found.entity_of("mrs weber") == "carla weber"


def test_who_stands_beside_a_name_in_a_claim_is_somebody_else() -> None:
    names = {"Sam": P, "Sam Carver": P}
    assert merged(world(names)) == {"sam": "lone name"}
    assert merged(world(names, [("Sam", "Sam Carver")])) == {}


@pytest.mark.parametrize(
    ("short", "other", "third", "kind"),
    [
        ("Brewster", "Tom Brewster", "Ann Brewster", P),
        ("Sofia", "Sofia Marchetti", "Sofia Lind", P),
        ("C. Janda", "Cleo Janda", "Carl Janda", P),
        ("Mr Okafor", "Ben Okafor", "Sam Okafor", P),
        ("Pikko", "Pikko Oy", "Pikko AB", F),
    ],
)
def test_that_a_name_is_not_one_of_two_does_not_say_that_it_is_the_other(
    short: str, other: str, third: str, kind: str
) -> None:
    assert len(merged(world({short: kind, third: kind}))) == 1
    assert merged(world({short: kind, other: kind, third: kind}, [(short, other)])) == {}


def test_what_a_lone_name_stands_beside_and_is_no_person_leaves_it_a_person_s() -> None:
    names = {"Anna": P, "Anna Berg": P, "Annabel Corp": F}
    assert merged(world(names, [("Anna", "Annabel Corp")])) == {"anna": "lone name"}


FIRMS = {"Northwind Appliances": F, "Northwind": F, "Riga": L, "Oslo": L}
IN_RIGA = [("Northwind Appliances", "Riga"), ("Northwind", "Riga")]


def test_an_organization_goes_by_a_short_name_where_type_and_context_agree() -> None:
    (merge,) = resolver(world(FIRMS, IN_RIGA)).merges
    assert (merge.key, merge.into, merge.rule) == ("northwind", "northwind appliances", "short name")
    assert merge.because == (
        "“Northwind” can only be “Northwind Appliances”, which stands beside “riga”, too: no other organization's name "
        "begins or ends so"
    )
    assert merged(world({**FIRMS, "Northwind": "Company"}, IN_RIGA)) == {"northwind": "short name"}
    assert merged(world(FIRMS, [IN_RIGA[0], ("Northwind", "Oslo")])) == {}
    assert merged(world(FIRMS)) == {}
    assert merged(world({**FIRMS, "Northwind": ""}, IN_RIGA)) == {}
    assert merged(world({**FIRMS, "Northwind": L}, IN_RIGA)) == {}
    assert merged(world({**FIRMS, "Northwind Appliances": ""}, IN_RIGA)) == {}
    assert merged(world(FIRMS, [*IN_RIGA, ("Northwind", "Northwind Appliances")])) == {}


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("Silver Birch Publishing House", "Silver Birch"),
        ("Tessel Optics GmbH", "Tessel"),
        ("Banco Meridiano", "Meridiano"),
        ("Северный Ветер Логистика", "Северный Ветер"),
        ("한빛 전자", "한빛"),
    ],
)
def test_a_short_name_is_what_the_long_one_begins_or_ends_with(long: str, short: str) -> None:
    firms = {long: F, short: F, "Riga": L}
    assert merged(world(firms, [(long, "Riga"), (short, "Riga")])) == {name_key(short): "short name"}


@pytest.mark.parametrize(
    ("long", "kind", "short", "short_kind"),
    [
        ("Velder Museum", F, "Velder", F),
        ("Stiftung Velder", F, "Velder", F),
        ("Bank of Velmark", F, "Velmark", F),
        ("Bank of Velmark", F, "Bank", F),
        ("Barrow & Finch", F, "Barrow", F),
        ("LL B from Ashdown Law", F, "Ashdown Law", F),
        ("Ashdown Medical Centre", "Company", "Ashdown", "University"),
        ("7 Seas", F, "7", F),
    ],
)
def test_who_bears_the_name_of_another_is_not_it(long: str, kind: str, short: str, short_kind: str) -> None:
    assert merged(world({long: kind, short: short_kind, "Riga": L}, [(long, "Riga"), (short, "Riga")])) == {}


def test_a_short_name_of_two_organizations_is_neither_whatever_it_stands_beside() -> None:
    firms = {**FIRMS, "Northwind Shipping": F}
    assert merged(world(firms, IN_RIGA)) == {}
    found = resolver(world(firms, IN_RIGA))
    found.update({"northwind shipping": None})
    assert found.entity_of("northwind") == "northwind appliances"


def test_a_founder_of_the_same_name_is_no_context() -> None:
    names = {"Brantley": F, "Brantley Mills": F, "Lena Brantley": P}
    assert merged(world(names, [("Lena Brantley", "Brantley"), ("Lena Brantley", "Brantley Mills")])) == {}


def test_a_place_that_becomes_everybody_s_is_context_no_more() -> None:
    """The firms are not told of anew: what changes is what they stand beside."""
    crowd = {f"Guest {number}": P for number in range(30)}
    few, many = world(FIRMS, IN_RIGA), world({**FIRMS, **crowd}, [*IN_RIGA, *((guest, "Riga") for guest in crowd)])
    guests = {name_key(guest) for guest in crowd}
    found = resolver(few)
    assert "northwind" in found.update({key: many[key] for key in guests | {"riga"}})
    assert found.entity_of("northwind") == "northwind" and found.merges == []
    assert "northwind" in found.update({**dict.fromkeys(guests), "riga": few["riga"]})
    assert found.merges == resolver(few).merges != []


def test_the_reason_of_a_short_name_lists_what_is_context_now() -> None:
    crowd = {f"Guest {number}": P for number in range(30)}
    told = [*IN_RIGA, ("Northwind Appliances", "Oslo"), ("Northwind", "Oslo")]
    found = resolver(world(FIRMS, told))
    assert "“oslo”, “riga”" in found.merges[0].because
    many = world({**FIRMS, **crowd}, [*told, *((guest, "Oslo") for guest in crowd)])
    found.update({key: many[key] for key in [*map(name_key, crowd), "oslo"]})
    assert found.merges == resolver(many).merges and "oslo" not in found.merges[0].because


def test_capitals_of_unknown_type_are_initials_where_the_context_agrees() -> None:
    names = {"Western Rail Company": F, "WRC": "", "Hedda Lund": P}
    told = [("Hedda Lund", "Western Rail Company"), ("Hedda Lund", "WRC")]
    assert merged(world(names, told)) == {"wrc": "acronym"}
    assert merged(world(names, told[:1])) == {}


def test_two_names_of_one_person_leave_the_first_name_theirs() -> None:
    names = {"Emil Brandt": P, "Emil K. Brandt": P, "Emil": P}
    found = resolver(world(names))
    assert len({found.entity_of(name_key(name)) for name in names}) == 1


def test_aliases_count_where_they_are_names_and_one_bearer_s() -> None:
    names = {"Robert Stone": P, "Bobby Flint": P, "Elena Xu": P, "teacher": C, "WHB": F, "Western Harbour Board": F}
    aliases = {"Robert Stone": "Bobby Flint", "Elena Xu": "teacher", "WHB": "Western Harbour Board"}
    found = resolver(world(names, aliases=aliases))
    assert [(merge.key, merge.into) for merge in found.merges] == [
        ("bobby flint", "robert stone"),
        ("whb", "western harbour board"),
    ]
    cities = {"Velho": L, "Marlstone": L, "Queen of the River": ""}
    queens = {"Velho": "Queen of the River", "Marlstone": "Queen of the River"}
    assert merged(world(cities, aliases=queens)) == {}


@pytest.mark.parametrize("relation", ["also known as", "is known as", "stands for", "was renamed to", "nickname"])
def test_relations_that_name_an_alias(relation: str) -> None:
    assert is_alias_relation(relation)


@pytest.mark.parametrize("relation", ["is known for", "named after", "named", "has daughter named", "is", "calls"])
def test_relations_that_name_no_alias(relation: str) -> None:
    assert not is_alias_relation(relation)


SLIPS = {"Marta Kowalski": P, "Marta Kowalsky": P, "Tundra Partners": F, "Riga": L}


def test_a_slip_is_one_entity_only_where_type_and_context_agree() -> None:
    shared = [("Marta Kowalski", "Tundra Partners"), ("Marta Kowalsky", "Tundra Partners")]
    assert list(merged(world(SLIPS, shared)).values()) == ["slip"]
    assert merged(world(SLIPS, [shared[0], ("Marta Kowalsky", "Riga")])) == {}
    assert merged(world({**SLIPS, "Marta Kowalsky": L}, shared)) == {}
    assert merged(world(SLIPS, [*shared, ("Marta Kowalski", "Marta Kowalsky")])) == {}


def test_a_neighbour_of_everybody_is_no_context() -> None:
    crowd = {f"Guest {number}": P for number in range(30)}
    shared = [("Marta Kowalski", "Riga"), ("Marta Kowalsky", "Riga")]
    assert merged(world({**SLIPS, **crowd}, [*shared, *((guest, "Riga") for guest in crowd)])) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Daniel Rossi", "Daniela Rossi"), ("Marta Yilmaz", "Maria Yilmaz"), ("Anna", "Hanna"), ("Karin", "Karen"),
        ("Model 2041", "Model 2042"), ("Highway 61", "Highway 67"), ("North Ember", "South Ember"),
    ],
)  # fmt: skip
def test_names_that_differ_as_names_do_are_no_slips(one: str, other: str) -> None:
    assert merged(world({one: P, other: P, "Home": L}, [(one, "Home"), (other, "Home")])) == {}


def test_a_decision_beats_every_rule_and_another_reverses_it() -> None:
    found = resolver(world({"Alex Chen": P, "Alex": P, "Bobby": P, "Robert Stone": P}))
    assert found.entity_of("alex") == "alex chen"
    apart, same = pair("alex", "alex chen"), pair("robert stone", "bobby")
    assert found.update({}, {apart: Decision(False, "user"), same: Decision(True, "user", "met him")}) == {
        "alex",
        "bobby",
    }
    assert found.entity_of("alex") == "alex"
    assert [(m.key, m.into, m.rule, m.because) for m in found.merges] == [
        ("bobby", "robert stone", "decision", "the user said so: met him")
    ]
    found.update({}, {apart: Decision(True, "user"), same: None})
    assert found.entity_of("alex") == "alex chen" and found.entity_of("bobby") == "bobby"


def test_two_that_are_kept_apart_are_not_joined_by_a_third_name() -> None:
    names = {"Emil Brandt": P, "Emil K. Brandt": P, "Emil": P}
    found = resolver(world(names, aliases={"Emil": "Emil Brandt"}))
    assert found.entity_of("emil brandt") == found.entity_of("emil k brandt")
    found.update({}, {pair("emil brandt", "emil k brandt"): Decision(False, "user")})
    assert found.entity_of("emil brandt") != found.entity_of("emil k brandt")


def test_a_decision_waits_for_names_that_are_not_there_yet() -> None:
    found = EntityResolver()
    found.update({}, {pair("bobby", "robert stone"): Decision(True, "user")})
    assert found.merges == []
    found.update(world({"Bobby": P, "Robert Stone": P}))
    assert found.entity_of("bobby") == "robert stone"
    found.update({"robert stone": None})
    assert found.entity_of("bobby") == "bobby"


def test_every_merge_is_explained_in_words() -> None:
    found = resolver(world({"Alice Smith": P, "Alice": P}))
    (merge,) = found.merges
    assert merge.because == "“Alice” can only be “Alice Smith”: nobody else bears that name"
    found.update({"alice jones": NameEvidence(frozenset(["person"]), frozenset(["Alice Jones"]))})
    assert found.merges == []


WORDS = ["alex", "chen", "moreau", "mr", "mrs", "smith", "acme", "inc", "ibm", "international", "business", "machines"]
WORDS += ["café", "cafe", "dessert", "desserts", "j", "melanie", "caroline", "carolyne"]
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join).map(name_key)
TYPES = st.frozensets(st.sampled_from(["person", "organization", "place", "concept"]), max_size=2)


@st.composite
def states(draw: st.DrawFn, keys: list[str]) -> World:
    """A dataset's names at one moment, neighbours of each other."""
    present = draw(st.lists(st.sampled_from(keys), unique=True))
    edges = draw(st.lists(st.tuples(st.sampled_from(keys), st.sampled_from(keys)), max_size=10))
    beside = {key: {b if a == key else a for a, b in edges if key in (a, b)} & set(present) - {key} for key in present}
    wording = st.sampled_from([str.title, str.upper, str, "Mr. {}".format])
    return {
        key: NameEvidence(
            draw(TYPES),
            frozenset([draw(wording)(key)]),
            frozenset(beside[key]),
            draw(st.frozensets(st.sampled_from(keys), max_size=1)) - {key},
        )
        for key in present
    }


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_came_in_between_the_names_that_are_there_decide(data: st.DataObject) -> None:
    """Any history of names and decisions gives what one update with the last state gives; and each update says exactly
    whose entity is another."""
    tell_a_history(data, data.draw(st.lists(NAMES, min_size=2, max_size=12, unique=True)))


FIRM_KEYS = [
    "northwind",
    "northwind appliances",
    "northwind shipping ltd",
    "wrc",
    "western rail company",
    "riga",
    "ann",
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_came_in_between_the_context_that_is_there_decides(data: st.DataObject) -> None:
    """The same where names turn on what they stand beside, and three names make a crowd."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name_context, "CONTEXT_NAMES", 2)
        patch.setattr(typos, "CONTEXT_NAMES", 2)
        tell_a_history(data, FIRM_KEYS)


def tell_a_history(data: st.DataObject, keys: list[str]) -> None:
    pairs = st.tuples(st.sampled_from(keys), st.sampled_from(keys)).filter(lambda two: two[0] != two[1])
    choices = st.sampled_from([None, Decision(True, "user"), Decision(False, "user")])
    found, now, decided = EntityResolver(), World(), {}
    for _ in range(data.draw(st.integers(1, 5))):
        then = data.draw(states(keys))
        before = {key: found.entity_of(key) for key in now}
        decisions = {pair(*two): data.draw(choices) for two in data.draw(st.lists(pairs, max_size=2))}
        changes = {key: then.get(key) for key in now.keys() | then.keys() if now.get(key) != then.get(key)}
        changed = found.update(changes, decisions)
        now, decided = then, {**decided, **decisions}
        after = {key: found.entity_of(key) for key in now}
        assert all(found.entity_of(merge.key) == found.entity_of(merge.into) for merge in found.merges)
        assert changed == {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    fresh = EntityResolver()
    shuffled = list(now.items())
    random.Random(0).shuffle(shuffled)
    fresh.update(dict(shuffled), {two: decision for two, decision in decided.items() if decision is not None})
    assert {key: fresh.entity_of(key) for key in now} == {key: found.entity_of(key) for key in now}
    assert fresh.merges == found.merges


@pytest.mark.parametrize(
    ("short", "bearer", "other", "kind"),
    [
        ("Anna", "Anna Berg", "Anna Karenina", "Work"),
        ("Anna", "Anna Berg", "Annabel Corp", "Organization"),
        ("Anna", "Anna Berg", "Annabel Corp", ""),
        ("Atlas", "Atlas Reed", "Atlas Mountains", "Place"),
        ("Jo", "Jo Lindqvist", "Jo Malone London", "Organization"),
        ("Berg", "Anna Berg", "Berg Brewery", "Organization"),
        ("Mercedes", "Mercedes Ruiz", "Mercedes Benz Arena", "Place"),
    ],
)
def test_a_lone_name_that_another_entity_begins_with_is_neither(short: str, bearer: str, other: str, kind: str) -> None:
    both = {short: "Person", bearer: "Person"}
    assert merged(world(both)) == {name_key(short): "lone name"}
    assert merged(world({**both, other: kind})) == {}
    found = resolver(world({**both, other: kind}))
    found.update({name_key(other): None})
    assert found.entity_of(name_key(short)) == name_key(bearer)


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ("Anna's dog", "Animal"),
        ("Anna’s Birthday", "Event"),
        ("Anna and Tom", "Organization"),
        ("Anna Berg Prize", "Event"),
        ("anna strategy", "Concept"),
        ("Hannah Corp", "Organization"),
        ("Annual", "Event"),
    ],
)
def test_what_a_lone_name_owns_or_stands_beside_makes_it_not_ambiguous(other: str, kind: str) -> None:
    assert merged(world({"Anna": "Person", "Anna Berg": "Person", other: kind})) == {"anna": "lone name"}
