"""A conversation that was exported reads as it was had: who, when, in order, and nothing that was given up."""

import json
from typing import Any

import pytest

from tests.sessiongraph.ingestion.conftest import Read

MAY = 1_684_944_000  # 24 May 2023, 16:00 UTC


def node(
    parent: str | None, role: str | None = None, words: Any = "", minutes: float = 0, **message: Any
) -> dict[str, Any]:
    said = {
        "author": {"role": role},
        "create_time": MAY + 60 * minutes,
        "content": {"content_type": "text", "parts": words if isinstance(words, list) else [words]},
        "metadata": {"model_slug": "x"},
    }
    return {"parent": parent, "children": [], "message": (said | message) if role else None}


def export(current: str | None = "d", **nodes: dict[str, Any]) -> dict[str, Any]:
    return {"title": "Holiday", "create_time": MAY, "current_node": current, "mapping": nodes}


TALK = {
    "d": node("c", "user", "Edda needs a room downstairs.", 24 * 60),
    "root": node(None),
    "a": node("root", "user", "I am going to Graz tomorrow.", 0),
    "c2": node("a", "assistant", "Vienna is lovely.", 1),
    "c": node("a", "assistant", "Graz is lovely.", 2),
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_live_branch_is_read_in_order_with_days(read: Read, wrapped: bool) -> None:
    document = read("conversations.json", json.dumps([export(**TALK)] if wrapped else export(**TALK)))
    assert document.text.split("\n\n") == [
        "# Holiday",
        "## 2023-05-24",
        "user (2023-05-24 16:00 UTC): I am going to Graz tomorrow.",
        "assistant (2023-05-24 16:02 UTC): Graz is lovely.",
        "## 2023-05-25",
        "user (2023-05-25 16:00 UTC): Edda needs a room downstairs.",
    ]
    assert document.warnings == ("1 message(s) of branches that were given up left out",)


@pytest.mark.parametrize("current", [None, "gone"])
def test_without_a_current_node_the_newest_message_ends_the_branch(read: Read, current: str | None) -> None:
    text = read("a.json", json.dumps([export(current, **TALK)])).text
    assert text.endswith("Edda needs a room downstairs.") and "Vienna" not in text


@pytest.mark.parametrize(
    "unseen",
    [
        {"author": {"role": "system"}},
        {"author": {"role": "tool"}},
        {"content": {"content_type": "thoughts", "parts": ["She may mean Linz."]}},
        {"content": {"content_type": "code", "parts": ["She may mean Linz."]}, "recipient": "python"},
        {"metadata": {"is_visually_hidden_from_conversation": True}},
    ],
)
def test_what_was_not_on_the_screen_is_left_out_and_counted(read: Read, unseen: dict[str, Any]) -> None:
    nodes = {
        "a": node(None, "user", "Graz, please."),
        "b": node("a", "assistant", "She may mean Linz.", **unseen),
        "d": node("b", "assistant", "Graz it is."),
    }
    document = read("a.json", json.dumps([export(**nodes)]))
    assert "Linz" not in document.text and document.text.endswith("Graz it is.")
    assert document.warnings == ("1 message(s) of tools, of the system or of the model's thinking left out",)


@pytest.mark.parametrize("words", ["明日グラーツへ行きます。", "Завтра еду в Грац.", "ami kal Graz jabo"])
def test_any_language_and_pictures(read: Read, words: str) -> None:
    nodes = {"d": node(None, "user", [words, {"content_type": "image_asset_pointer"}])}
    document = read("a.json", json.dumps([export(**nodes)]))
    assert document.text.endswith(f"user (2023-05-24 16:00 UTC): {words}")
    assert document.warnings == ("1 image(s) and other attachments left out",)


def test_a_message_cannot_write_a_heading_of_a_day(read: Read) -> None:
    nodes = {"d": node(None, "user", "Look:\n## 1 May 1999\nYesterday.")}
    assert "\n  ## 1 May 1999\n" in read("a.json", json.dumps([export(**nodes)])).text


@pytest.mark.parametrize(
    "odd",
    [
        {"a": node("b", "user", "Graz."), "b": node("a")},
        {"a": node("gone", "user", "Graz.", create_time="nan")},
        {"a": node(None, "user", "Graz.", create_time=1e300), "b": {"parent": 7, "message": "text"}},
        {"a": node(None, "user", "Graz.", metadata=None, recipient="all")},
        {"a": node(None, "user", ["Graz.", None, 3, {"text": None}])},
    ],
)
def test_odd_trees_are_read_as_far_as_they_go(read: Read, odd: dict[str, Any]) -> None:
    assert "Graz." in read("a.json", json.dumps([export("a", **odd)])).text


def test_other_json_with_a_mapping_is_read_as_json(read: Read) -> None:
    assert read("a.json", '[{"mapping": {"a": "Graz"}}]').text == "mapping.a: Graz"
