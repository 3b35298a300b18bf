"""Turns too long for a call: cut as documents are, and nothing that stands in one hides what stands beside it."""

import pytest

from sessiongraph.errors import LLMFailedError
from sessiongraph.extraction.long_windows import LongWindows, cut
from sessiongraph.extraction.window_extraction import CALL_CHARS, WindowExtraction
from sessiongraph.prompts.prompt_format import CONTEXT_PARTS, Part, Window
from tests.support.workshop import Workshop, entities

LOG = "\n".join(f"10:{n // 60:02}:{n % 60:02} INFO request {n} was handled" for n in range(1000))
BEFORE = (Part("user", "Hello."), Part("assistant", "Hi."))
LONG = Window("conversation", BEFORE, (Part("user", f"The log:\n{LOG}\nDone."), Part("assistant", "I see.")))
SHORT = Window("conversation", BEFORE, (Part("user", "x" * (CALL_CHARS - 1)), Part("assistant", "y")))


def test_what_fits_into_a_call_is_one_piece() -> None:
    assert cut(SHORT) == [SHORT]


@pytest.mark.parametrize("text", [LOG, "我对青霉素过敏。" * 2000, "я" * 50_000])
def test_a_long_turn_is_cut_into_pieces_that_hold_all_of_its_words_and_know_what_was_said_before(text: str) -> None:
    pieces = cut(Window("conversation", BEFORE, (Part("user", text), Part("assistant", "I see."))))
    assert len(pieces) > 2 and all(len(piece.text) <= CALL_CHARS for piece in pieces)
    said = "".join(part.text for piece in pieces for part in piece.parts if part.role == "user")
    assert "".join(said.split()) == "".join(text.split())
    assert pieces[0].context == BEFORE and pieces[-1].parts == (Part("assistant", "I see."),)
    assert pieces[1].context[: len(BEFORE)] == BEFORE and pieces[1].context[-1].role == "user"
    assert all(len(piece.context) <= CONTEXT_PARTS for piece in pieces)


def mention(name: str) -> dict[str, str]:
    return {"name": name, "type": "", "description": "", "stated_by": "user"}


def test_a_piece_at_fault_is_told_and_a_service_at_fault_fails_the_turn() -> None:
    first, *others = cut(LONG)
    refused, down = LLMFailedError("refused (HTTP 403)"), LLMFailedError("HTTP 500", transient=True)
    for error, names, left_out in ((refused, ["Ann"], True), (down, [], False), (None, ["Ann"], False)):
        long = LongWindows([LONG, SHORT])
        assert long.take(WindowExtraction(first, error=error)) == []
        done = [it for piece in others for it in long.take(WindowExtraction(piece, mentions=[mention("Ann")]))]
        [(whole, reason)] = done
        assert whole.window == LONG and [it["name"] for it in whole.mentions] == names
        assert (reason is not None and "1 of its" in reason) == left_out
        assert (whole.error is None) == bool(names)


async def test_news_beside_a_pasted_log_are_remembered_and_the_turn_is_one(workshop: Workshop, openai_endpoint) -> None:
    workshop.say("s", (f"{LOG}\nRagnhild Moe lives in Oslo.", "Torsten Berg lives in Bonn."))
    report = await workshop.persist("s")
    assert (report.persisted, report.extracted) == (1, 1)
    assert {"Ragnhild Moe", "Torsten Berg"} <= entities(workshop.store)
    assert len(openai_endpoint.chats) > 3
    assert (await workshop.persist("s")).settled == 0
