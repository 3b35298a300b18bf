"""What is due: a difference between what should stand in the ledger and what does."""

from dataclasses import replace

import pytest

from sessiongraph.extraction.ledger import LedgerRow, Passage, passage_status, window_id
from sessiongraph.prompts.prompt_format import Part, Window

WINDOW = Window("conversation, 2024-05-08", (Part("user", "before"),), (Part("user", "q"), Part("assistant", "a")))
PASSAGE = Passage("p", "d", WINDOW)
SKIPPED = Passage("p", "d", WINDOW, skip="rated 1 of 5")


def row(
    disposition: str = "persisted",
    reason: str | None = None,
    window: Window = WINDOW,
    version: str = "v",
    failures: int = 0,
) -> LedgerRow:
    return LedgerRow(window_id(window, version), version, disposition, reason, "run", failures)


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
    assert passage_status(PASSAGE, row(window=CHANGES[changed]), "v") == "due"
    assert passage_status(PASSAGE, row(window=CHANGES[changed], version="v0"), "v") == "due"


def test_another_extractor_makes_it_stale_and_not_due() -> None:
    assert passage_status(PASSAGE, row(version="v0"), "v") == "stale"
    assert passage_status(SKIPPED, row("skipped", "rated 1 of 5", version="v0"), "v") == "settled"


OLD = replace(WINDOW, source="a conversation on 8 May")


@pytest.mark.parametrize("version", ["v", "v0"])
def test_a_window_made_otherwise_of_the_same_content_makes_it_stale_and_not_due(version: str) -> None:
    passage = replace(PASSAGE, former_windows=(OLD,))
    assert passage_status(passage, row(window=OLD, version=version), "v") == "stale"
    assert passage_status(PASSAGE, row(window=OLD, version=version), "v") == "due"
    assert passage_status(passage, row(window=CHANGES["its words"], version=version), "v") == "due"


def test_what_an_earlier_version_kept_out_is_stale_and_a_better_rating_makes_it_due() -> None:
    passage = replace(PASSAGE, former_skips=("no answer was given",))
    assert passage_status(passage, row("skipped", "no answer was given"), "v") == "stale"
    assert passage_status(passage, row("skipped", "rated 1 of 5"), "v") == "due"


def test_what_had_failed_is_due_whichever_version_it_failed_in() -> None:
    assert passage_status(PASSAGE, row("failed", "HTTP 500", version="v0", failures=9), "v") == "due"
    assert passage_status(PASSAGE, row("failed", "cut off", failures=2), "v") == "due"
    assert passage_status(PASSAGE, row("failed", "cut off", failures=3), "v") == "quarantined"
    assert passage_status(SKIPPED, row("failed", "cut off", failures=3), "v") == "due"


def test_what_stands_as_it_should_is_settled() -> None:
    assert passage_status(PASSAGE, row(), "v") == "settled"
    assert passage_status(SKIPPED, row("skipped", "rated 1 of 5"), "v") == "settled"


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
    assert passage_status(passage, found, "v") == "due"
