"""Passages of staged turns: their windows, and the verdict on those that should not be in the graph.

Invariant: nothing that was told is dropped because of what was answered. What a user states is kept, in any language,
whatever the assistant said and however that is rated; of a question that got no answer, or a bad one, nothing is left
to keep.
Invariant: nothing is written for what was not said. Empty turns, questions without an answer or with a badly rated
one, and repeats of an earlier turn of the same session are skipped, with a reason. Pure, but for `read_turn_passages`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from sessiongraph.extraction.ledger import Passage
from sessiongraph.persistence.non_answers import is_non_answer
from sessiongraph.prompts.acknowledgement import is_acknowledgement
from sessiongraph.prompts.prompt_format import CONTEXT_PARTS, Part, Window, as_context, turn_parts
from sessiongraph.question_detection import only_asks
from sessiongraph.speech_acts import greeting_of
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import BAD_SCORE, DEFAULT_USER

UNANSWERED = "no answer was given"


@dataclass(frozen=True)
class StagedTurn:
    """The newest version of a turn that the dataset has."""

    passage_id: str
    document_id: str
    turn_id: str
    question: str
    answer: str
    created_at: datetime
    position: int
    score: int | None
    content_hash: str
    user_name: str | None
    utc_offset_minutes: int | None = None

    @property
    def said_at(self) -> datetime:
        """When it was said, by the clock of where it was."""
        return self.created_at + timedelta(minutes=self.utc_offset_minutes or 0)


def session_passages(turns: Sequence[StagedTurn]) -> list[Passage]:
    """The passages of one session's `turns`, in the order in which they were said."""
    passages: list[Passage] = []
    earlier_parts: list[Part] = []
    earlier_contents: set[str] = set()
    for turn in sorted(turns, key=attrgetter("created_at", "position", "turn_id")):
        parts = turn_parts(turn.question, turn.answer)
        skip = skip_reason(turn, earlier_contents)
        source, *former = _sources(turn)
        window = Window(source, tuple(earlier_parts[-CONTEXT_PARTS:]), parts)
        former_windows = tuple(replace(window, source=it) for it in former)
        passage = Passage(turn.passage_id, turn.document_id, window, skip, former_windows)
        if _is_rated_badly(turn):
            passage = _rated_badly(passage, turn)
        elif skip in (None, UNANSWERED) and is_non_answer(turn.answer, turn.question):
            passage = _unanswered(passage)
        elif skip is None and is_acknowledgement(turn.answer) and not only_asks(turn.question):
            passage = _told(passage)
        passages.append(passage)
        earlier_parts += as_context(parts)
        if skip is None and not _is_rated_badly(turn):
            earlier_contents.add(turn.content_hash)
    return passages


def _unanswered(passage: Passage) -> Passage:
    """`passage`, of a turn whose answer gives none: of what is kept, only the user's part is extracted from.

    Until 0.2 both were, and what a user states was told from what they ask by other rules.
    """
    if passage.skip:
        return replace(passage, former_skips=(None,))
    return replace(_told(passage), former_skips=(UNANSWERED,))


def _told(passage: Passage) -> Passage:
    """`passage`, of which only the user's part is extracted from: what was answered says nothing of its own."""
    wholes = (passage.window, *passage.former_windows)
    told = [_user_part(window) for window in wholes]
    return replace(passage, window=told[0], words=wholes[0].text, former_windows=(*told[1:], *wholes))


def _rated_badly(passage: Passage, turn: StagedTurn) -> Passage:
    """`passage`, of a badly rated turn: what the user told in it is kept, if anything, and the answer is not.

    Until 0.2 such turns were skipped whole. One that is in the graph whole was rated since, and is due.
    """
    verdict = f"rated {turn.score} of 5"
    if passage.skip:
        return replace(passage, former_skips=(verdict,))
    wholes = (passage.window, *passage.former_windows)
    told = [_user_part(window) for window in wholes]
    return replace(
        passage,
        window=told[0],
        former_windows=tuple(told[1:]),
        skipped_windows=tuple(window for window in wholes if window not in told),
        former_skips=(verdict,),
    )


def _user_part(window: Window) -> Window:
    return replace(window, parts=tuple(part for part in window.parts if part.role == "user"))


def _tells_nothing(question: str) -> bool:
    return only_asks(question) or greeting_of(question) in ("greeting", "thanks")


def _is_rated_badly(turn: StagedTurn) -> bool:
    return turn.score is not None and turn.score <= BAD_SCORE


def skip_reason(turn: StagedTurn, earlier_contents: set[str]) -> str | None:
    """Why `turn` should not be in the graph, or None; `earlier_contents` are hashes of what stands before it."""
    if not any(letter.isalnum() for letter in turn.question + turn.answer):
        return "empty"
    if _is_rated_badly(turn) and _tells_nothing(turn.question):
        return f"rated {turn.score} of 5"
    if is_non_answer(turn.answer, turn.question) and only_asks(turn.question):
        return UNANSWERED
    if turn.content_hash in earlier_contents:
        return "repeats an earlier turn"
    return None


def _sources(turn: StagedTurn) -> tuple[str, ...]:
    """What a model should know of where the turn was said: that it was a conversation, and what "yesterday" means.

    The first is how it is told now; until 0.2 it named the user, too, in full where namesakes had to be told apart.
    """
    if not turn.user_name or turn.user_name == DEFAULT_USER:
        return (_source(turn, None),)
    names = (None, turn.user_name.split("@")[0], turn.user_name)
    return tuple(_source(turn, name) for name in dict.fromkeys(names))


def _source(turn: StagedTurn, name: str | None) -> str:
    return f"conversation{f' with {name}' if name else ''}, {turn.said_at:%Y-%m-%d}"


def read_turn_passages(connection: StoreConnection, document_ids: Sequence[str] | None) -> list[Passage]:
    """The passages of the named sessions (by document id), or of all that the dataset knows."""
    rows = connection.execute(
        f"""SELECT passage_id, document_id, turn_id, question, answer, t.created_at, position, score,
            content_hash, user_name, utc_offset_minutes
        FROM (
            SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM turns
            {"WHERE document_id IN (SELECT unnest($1))" if document_ids is not None else ""}
        ) t JOIN documents d ON d.id = t.document_id WHERE nth = 1
        ORDER BY d.created_at, document_id""",
        None if document_ids is None else [list(document_ids)],
    ).fetchall()
    return [
        passage
        for _, session in groupby((StagedTurn(*row) for row in rows), key=attrgetter("document_id"))
        for passage in session_passages(list(session))
    ]
