"""Items of a program's own session, and the turns that they become as they come: what `conversations` does at once.

Invariants: the items of a session are those of its turns, one after the other, as they were put in. A turn goes on
until the user says something after an answer, as in an import. What is taken back is taken from its turn, and a turn
without items is none. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sessiongraph.importers.conversations import one_of_context, plain, shortened
from sessiongraph.types import SessionItem, Turn


def by_turn(items: Iterable[SessionItem], is_answered: bool) -> list[list[SessionItem]]:
    """`items` by turn: those that go on with the turn before them, which may be none, then those of each that follows.

    `is_answered` says whether that turn is.
    """
    turns: list[list[SessionItem]] = [[]]
    for item in items:
        if item.question and is_answered:
            turns.append([])
            is_answered = False
        turns[-1].append(item)
        is_answered = is_answered or bool(item.answer)
    return turns


def with_items(turn: Turn, items: Sequence[SessionItem]) -> Turn:
    """`turn` with `items` after those that it has, and with what they say after what it says."""
    context = [turn.context or "", *(one_of_context(plain(item.context).strip()) for item in items)]
    return replace(
        turn,
        question=_joined("\n\n", [turn.question, *(item.question for item in items)]),
        answer=_joined("\n\n", [turn.answer, *(item.answer for item in items)]),
        context=shortened(_joined("\n", context)) or None,
        items=(*turn.items, *items),
    )


def without_last_item(turn: Turn) -> Turn:
    """`turn` as the items before its last one make it."""
    return with_items(replace(turn, question="", answer="", context=None, items=()), turn.items[:-1])


def _joined(between: str, parts: Iterable[str]) -> str:
    return between.join(filter(None, (plain(part).strip() for part in parts)))
