"""What is due: a difference between what should stand in the ledger and what does."""

from dataclasses import replace

import pytest

from sessiongraph.extraction.ledger import LedgerRow, Passage, is_settled, window_id
from sessiongraph.prompts.prompt_format import Part, Window

WINDOW = Window("conversation, 2024-05-08", (Part("user", "before"),), (Part("user", "q"), Part("assistant", "a")))
PASSAGE = Passage("p", "d", WINDOW)
SKIPPED = Passage("p", "d", WINDOW, skip="rated 1 of 5")


def row(
    disposition: str = "persisted", reason: str | None = None, window: Window = WINDOW, version: str = "v"
) -> LedgerRow:
    return LedgerRow(window_id(window, version), disposition, reason, "run")


CHANGES = {
    "its words": replace(WINDOW, parts=(Part("user", "q"), Part("assistant", "b"))),
    "who says it": replace(WINDOW, parts=(Part("assistant", "q"), Part("assistant", "a"))),
    "what was said before": replace(WINDOW, context=(Part("user", "earlier"),)),
    "nothing said before": replace(WINDOW, context=()),
    "where context ends": replace(WINDOW, context=(*WINDOW.context, WINDOW.parts[0]), parts=WINDOW.parts[1:]),
    "its source": replace(WINDOW, source="conversation, 2024-05-09"),
    "where words are cut": replace(WINDOW, parts=(Part("user", "qa"), Part("assistant", ""))),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_window_is_another_when_anything_that_decides_its_yield_is(changed: str) -> None:
    assert window_id(CHANGES[changed], "v") != window_id(WINDOW, "v")
    assert not is_settled(PASSAGE, row(window=CHANGES[changed]), "v", retry_failed=False)


def test_another_extractor_makes_it_due() -> None:
    assert not is_settled(PASSAGE, row(version="v0"), "v", retry_failed=False)


def test_what_stands_as_it_should_is_settled() -> None:
    assert is_settled(PASSAGE, row(), "v", retry_failed=False)
    assert is_settled(SKIPPED, row("skipped", "rated 1 of 5"), "v", retry_failed=False)


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        (PASSAGE, None),
        (PASSAGE, row("failed", "HTTP 500")),
        (PASSAGE, row("skipped", "rated 1 of 5")),
        (SKIPPED, row()),
        (SKIPPED, row("skipped", "empty")),
        (SKIPPED, row("failed", "HTTP 500")),
    ],
)
def test_what_stands_otherwise_is_due(passage: Passage, found: LedgerRow | None) -> None:
    assert not is_settled(passage, found, "v", retry_failed=False)
