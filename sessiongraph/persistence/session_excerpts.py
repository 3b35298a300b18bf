"""Sessions as they are read for what they teach: whole, in as few excerpts as calls take, and which of them are due.

Invariants:
- What is read of a turn is what may be in the graph of it: not a repeat, and of an answer that is rated badly nothing.
  A question that was not answered is read too, for it is open.
- An excerpt's id is a hash of what is asked and of the turns that it is made of, so an unchanged one is never asked
  again; excerpts are cut from the beginning on, so what is said later changes the last one alone.
- Work is a set difference: a session is due where a turn of it was written since its newest row, or that row is of a
  failure that is not its own for the third time. One that was there before lessons were has a row without a reading:
  an upgrade alone calls no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from sessiongraph.extraction.ledger import ENDPOINT_AT_FAULT, QUARANTINE_AFTER, Passage
from sessiongraph.ids import content_id
from sessiongraph.persistence.turn_passages import UNANSWERED, read_turn_passages
from sessiongraph.prompts.lessons_prompt import READ_CHARS, LessonTurn, render_session
from sessiongraph.snapshots.lessons import READINGS, Readings
from sessiongraph.store.connection import StoreConnection

_TOOLS = """
SELECT passage_id, context FROM current_turns
WHERE document_id IN (SELECT unnest(?)) AND context IS NOT NULL AND context <> ''
"""
_NEWEST = f"""
WITH newest AS (
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY document_id ORDER BY seq DESC) AS nth,
            count(*) FILTER (WHERE NOT starts_with(failure, '{ENDPOINT_AT_FAULT}'))
                OVER (PARTITION BY document_id, reading_id) AS failures
        FROM session_lessons) said
    WHERE nth = 1),
said AS (SELECT document_id, max(seq) AS said FROM turns GROUP BY document_id),
states AS (
    SELECT s.document_id, CASE
        WHEN n.seq IS NULL OR s.said > n.seq THEN 'due'
        WHEN n.failure IS NOT NULL THEN CASE WHEN n.failures >= {QUARANTINE_AFTER} AND n.extractor = $1
            THEN 'quarantined' ELSE 'due' END
        WHEN n.extractor IS NULL OR n.extractor <> $1 THEN 'stale' ELSE 'settled' END AS state
    FROM said s LEFT JOIN newest n ON n.document_id = s.document_id)
"""
_STATES = f"{_NEWEST} SELECT document_id, state FROM states WHERE state <> 'settled' ORDER BY document_id"
_KEPT = """
SELECT document_id, reading_id, extractor, lessons FROM current_lessons WHERE document_id IN (SELECT unnest(?))
"""


@dataclass(frozen=True)
class Excerpt:
    """Consecutive turns of a session, as a call asks for their lessons; `passages` are the turns' ids."""

    text: str
    passages: tuple[str, ...]

    def id(self, extractor: str) -> str:
        return content_id("lessons", extractor, self.text, *self.passages)


@dataclass(frozen=True)
class Kept:
    """What a session's newest reading gave, and the version of what read it."""

    reading_id: str
    extractor: str
    lessons: Readings


@dataclass(frozen=True)
class SessionToRead:
    """A session, in excerpts, and what is kept of it."""

    document_id: str
    excerpts: tuple[Excerpt, ...]
    kept: Kept | None

    def reading_id(self, extractor: str) -> str:
        """What the reading of it by `extractor` is called: another one wherever another thing would be asked."""
        return content_id("reading", *(it.id(extractor) for it in self.excerpts))

    @cached_property
    def is_unchanged(self) -> bool:
        """Whether just this was read before, by whichever version."""
        return self.kept is not None and self.reading_id(self.kept.extractor) == self.kept.reading_id

    def known(self, extractor: str) -> Readings:
        """The lessons of those of its excerpts that `extractor` has read before."""
        kept = self.kept.lessons if self.kept is not None else {}
        return {id_: kept[id_] for it in self.excerpts if (id_ := it.id(extractor)) in kept}


def session_states(connection: StoreConnection, extractor: str) -> dict[str, str]:
    """By id, sessions that are "due", "quarantined" or "stale" to `extractor`; the others are settled."""
    return dict(connection.execute(_STATES, [extractor]).fetchall())


def read_sessions(connection: StoreConnection, document_ids: Sequence[str]) -> list[SessionToRead]:
    """The sessions, by id, as they are now."""
    tools = dict(connection.execute(_TOOLS, [list(document_ids)]).fetchall())
    kept = {
        document_id: Kept(reading_id, extractor, READINGS.validate_json(lessons))
        for document_id, reading_id, extractor, lessons in connection.execute(_KEPT, [list(document_ids)]).fetchall()
    }
    passages = read_turn_passages(connection, list(document_ids))
    return [
        SessionToRead(document_id, tuple(excerpts(list(turns), tools)), kept.get(document_id))
        for document_id, turns in groupby(passages, key=attrgetter("document_id"))
    ]


def excerpts(passages: Sequence[Passage], tools: Mapping[str, str]) -> list[Excerpt]:
    """The excerpts of a session of these `passages`, in order, of whose turns `tools` gave something."""
    groups: list[list[tuple[Passage, LessonTurn]]] = []
    size = 0
    for passage in passages:
        parts = passage.window.parts
        if passage.skip == UNANSWERED:
            parts = tuple(part for part in parts if part.role == "user")
        elif passage.skip is not None:
            continue
        turn = LessonTurn(parts, tools.get(passage.id, ""))
        size += len(turn.text(1))
        if not groups or size > READ_CHARS:
            groups.append([])
            size = len(turn.text(1))
        groups[-1].append((passage, turn))
    return [
        Excerpt(render_session(group[0][0].window.source, [turn for _, turn in group]), tuple(it.id for it, _ in group))
        for group in groups
    ]
