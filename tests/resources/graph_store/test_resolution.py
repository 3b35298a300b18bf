"""Which names are one entity, and which must never become one."""

import random

import pytest

from resources.graph_store.resolution import name_key, resolve


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
    ],
)
def test_variants_of_a_name_have_one_key(name: str, variant: str) -> None:
    assert name_key(name) == name_key(variant)


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C", "C#"), ("AT&T", "AT T"), ("Ann", "Anna"), ("O'Brien", "Brien"), ("The", "A"), ("!", "?")],
)
def test_different_names_keep_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["The", "Dr.", "Dr", "the a an", "'s", "!", "’"])
def test_a_name_of_nothing_but_titles_or_signs_still_has_a_key(name: str) -> None:
    assert name_key(name)


def test_a_first_name_that_one_full_name_continues_is_that_person() -> None:
    assert resolve({"alice": {"Person"}, "alice smith": {"person"}, "bob": set()}) == {
        "alice": "alice smith",
        "alice smith": "alice smith",
        "bob": "bob",
    }


def test_two_people_who_share_a_first_name_stay_two_and_the_bare_name_is_neither() -> None:
    types = {"alice": {"Person"}, "alice smith": {"Person"}, "alice jones": {"Person"}}
    assert resolve(types) == {key: key for key in types}


@pytest.mark.parametrize("kind", ["Place", "City", "GPE", "Organization", "Date"])
def test_a_place_named_like_a_first_name_stays_a_place(kind: str) -> None:
    types = {"paris": {kind}, "paris hilton": {"Person"}}
    assert resolve(types) == {key: key for key in types}


def test_what_a_first_name_begins_that_is_no_person_takes_nobody_in() -> None:
    types = {"alice": {"Person"}, "alice springs": {"Place"}}
    assert resolve(types) == {key: key for key in types}


def test_resolution_does_not_depend_on_the_order_of_the_names() -> None:
    types = {"a": set(), "a b": {"Person"}, "c": {"Person"}, "c d": {"Person"}, "c e": {"Person"}, "a b c": {"Work"}}
    expected = resolve(types)
    shuffled = list(types.items())
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)
        assert resolve(dict(shuffled)) == expected
