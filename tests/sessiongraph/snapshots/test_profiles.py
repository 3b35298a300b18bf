"""Profiles: what stands about who speaks in sessions, by what it is about; and of nobody else."""

from datetime import datetime, timedelta

import pytest

from sessiongraph.snapshots.profiles import aspect_of, find_profiles
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.support.evidence import Evidence, put
from tests.support.snapshots import load_snapshot

NOON = datetime(2024, 5, 8, 12)


def told(number: int, relation: str, object_: str, by: str = "user") -> Evidence:
    claim = ("the user", relation, object_, f"The user {relation} {object_}.", None, by)
    return Evidence(f"turn-{number}", claims=[claim], said_at=NOON + timedelta(minutes=number))


def test_a_speakers_facts_stand_by_aspect_and_go_when_they_are_over(store: DuckDBStore) -> None:
    of_others = Evidence("doc", claims=[("Bob", "likes", "tea", "Bob likes tea.", None, "document")])
    turns = [("lives in", "Bergen"), ("prefers", "tea"), ("likes", "hiking"), ("moved to", "Oslo")]
    put(
        store, of_others, *(told(number, *it) for number, it in enumerate(turns)), told(9, "hates", "rain", "assistant")
    )
    found = store.read(lambda con: load_snapshot(con, ""))
    [profile] = find_profiles(found)
    names = found.entities["name"][found.facts["object"]].tolist()
    assert profile.user_id == "u"
    assert {aspect: [names[row] for row in rows] for aspect, rows in profile.aspects.items()} == {
        "lives": ["Oslo"],
        "prefers": ["hiking", "tea"],
    }


@pytest.mark.parametrize(
    ("relation", "aspect"),
    [
        ("works at", "works"),
        ("is married to", "knows"),
        ("has sister", "knows"),
        ("is allergic to", "prefers"),
        ("has favourite colour", "prefers"),
        ("wants to learn", "plans"),
        ("was born in", "is"),
        ("grew up in", "lives"),
        ("plays", "does"),
    ],
)
def test_what_a_fact_is_about_is_told_by_its_relation(relation: str, aspect: str) -> None:
    assert aspect_of(relation) == aspect
