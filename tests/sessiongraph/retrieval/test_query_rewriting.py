"""Follow-ups: what they leave unsaid is found by rule, what rules cannot tell is asked, and whole questions stand.

The dialogues are in dialogues.json. Those that are `held_out` were written before the first rule, and no rule was made
for them; shares are printed with `pytest -s`.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from sessiongraph.retrieval.query_rewriting import RewrittenQuery, rewrite_query
from sessiongraph.retrieval.scope import Scope
from sessiongraph.types import Turn
from tests.sessiongraph.retrieval.conftest import DIALOGUES

ALL = DIALOGUES["dialogues"]


def turns_of(dialogue: dict[str, Any]) -> list[Turn]:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    return [Turn(str(n), "u", "s", *said, created_at=moment) for n, said in enumerate(dialogue["history"])]


def is_right(dialogue: dict[str, Any], query: str) -> bool:
    if dialogue["self_contained"]:
        return query == dialogue["question"]
    said = query.casefold()
    return all(term.casefold() in said for term in dialogue["expect"]) and not any(
        term.casefold() in said for term in dialogue["avoid"]
    )


def resolved(dialogue: dict[str, Any], world: list[Scope]) -> RewrittenQuery:
    return rewrite_query(dialogue["question"], turns_of(dialogue), world)


def test_there_are_enough_dialogues_of_enough_kinds():
    assert len(ALL) >= 40 and sum(dialogue["held_out"] for dialogue in ALL) >= 20
    assert {1 <= len(dialogue["history"]) <= 3 for dialogue in ALL} == {True}
    assert len({dialogue["id"] for dialogue in ALL}) == len(ALL)


@pytest.mark.parametrize("dialogue", [d for d in ALL if d["by"] == "rule"], ids=lambda d: d["id"])
def test_rules_resolve_it_and_know_that_they_do(world: list[Scope], dialogue: dict[str, Any]):
    if dialogue.get("known_miss"):
        pytest.xfail(dialogue["known_miss"])
    found = resolved(dialogue, world)
    assert is_right(dialogue, found.text) and found.is_certain, found


@pytest.mark.parametrize("dialogue", [d for d in ALL if d["by"] == "model"], ids=lambda d: d["id"])
def test_what_several_could_be_is_left_to_a_model_with_all_of_them(world: list[Scope], dialogue: dict[str, Any]):
    found = resolved(dialogue, world)
    assert not found.is_certain
    assert all(term.casefold() in found.text.casefold() for term in dialogue["expect"]), found


def test_shares(world: list[Scope]):
    """The shares that the documentation states; a rule that trades one dialogue for another is seen here."""
    for held_out in (False, True):
        chosen = [dialogue for dialogue in ALL if dialogue["held_out"] == held_out]
        pointing = [dialogue for dialogue in chosen if not dialogue["self_contained"]]
        outcomes = Counter(
            "asked" if not found.is_certain else "right" if is_right(dialogue, found.text) else "wrong"
            for dialogue in pointing
            if (found := resolved(dialogue, world))
        )
        whole = [dialogue for dialogue in chosen if dialogue["self_contained"]]
        changed = sum(not is_right(dialogue, resolved(dialogue, world).text) for dialogue in whole)
        print(
            f"held out: {held_out}; follow-ups {dict(outcomes)} of {len(pointing)}, changed {changed} of {len(whole)}"
        )
        assert outcomes["right"] >= 0.75 * len(pointing) and changed <= 0.1 * len(whole)


def test_without_history_nothing_is_changed(world: list[Scope]):
    for question in ("What does she eat?", "And there?", "Why?", ""):
        assert rewrite_query(question, [], world) == RewrittenQuery(question)


def test_hostile_history_costs_no_answer(world: list[Scope]):
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    for text in ("", "\x01" * 500, "A" * 20_000, "and " * 3000, "( [ { \\ *", "\u202eShe", "She she SHE her " * 500):
        turn = Turn("t", "u", "s", text, text, created_at=moment)
        for question in ("What does she eat?", text or "?", "And the other one?"):
            assert isinstance(rewrite_query(question, [turn] * 10, world).text, str)
