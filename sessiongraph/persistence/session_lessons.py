"""Learning from sessions: what each teaches as a whole, by one call, kept as a row of the dataset.

Invariants:
- A row is written for what was read, and only where the session still is as it was read. Rows are only added: the
  newest that is no failure counts, so a failed reading leaves the lessons of the one before.
- Every lesson names turns of the session that it rests on. What a model says beside that is dropped, and counted.
- No store is held while a model is called. One session that fails stops no other.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sessiongraph.errors import LLMFailedError, SessionGraphError
from sessiongraph.extraction.ledger import failure_reason
from sessiongraph.ids import content_id
from sessiongraph.llm.client import LLM
from sessiongraph.persistence.session_excerpts import (
    Excerpt,
    SessionToRead,
    read_sessions,
    session_states,
)
from sessiongraph.prompts.lessons_prompt import PROMPT, Lessons, usable
from sessiongraph.snapshots.lessons import READINGS, Learned, Readings
from sessiongraph.storable_text import storable
from sessiongraph.store.graph_store import GraphStore, Row, Transaction
from sessiongraph.types import Usage

ASSET = "session_lessons"
# Sessions that are read, and committed, at once: what a kill can cost at the most.
AT_ONCE = 32
_MOST_CHARS = 300
_NAMES = "SELECT id, user_name || '/' || session_id FROM documents WHERE id IN (SELECT unnest(?))"


@dataclass
class LessonsReport:
    """What was learned: `read` counts the sessions that were read now, `unchanged` those of which what was written
    since is nothing new to read, `lessons` what was found by kind, `dropped` what a model said without a turn that it
    rests on. `failed` has, by session (user/id), why it could not be read: the next run tries it again, three times
    where the fault is its own. `stale` sessions were there before lessons were, or were read by another model or
    version, and stay as they are until `relearn`. `failure` is what ended it before all was done."""

    run_id: str
    read: int = 0
    unchanged: int = 0
    lessons: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    quarantined: int = 0
    stale: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    failure: SessionGraphError | None = None

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(self.lessons.items())) or "none"
        text = f"{self.read} session(s) read: lessons: {counted}. {len(self.failed)} failed."
        if self.quarantined:
            text += f" {self.quarantined} failed too often and wait for retry_failed=True."
        if self.stale:
            text += f" {self.stale} were there before, or read by another model or version, and wait for relearn=True."
        return text


def lessons_version(llm: LLM) -> str:
    """Changes whenever something else might be learned from the same session: with prompt, schema or model."""
    return content_id("lessons", PROMPT, llm.schema_text(Lessons), llm.identity)[:16]


async def learn(
    store: GraphStore, llm: LLM, *, run_id: str, retry_failed: bool = False, relearn: bool = False
) -> LessonsReport:
    """Read the sessions of `store` that are due, with those that are quarantined or stale where that is asked for.

    The report's `failure` is an LLMFailedError where the model failed for good, or for every session; or
    LLMNotConfiguredError, StoreBusyError. Raises StoreBusyError where not even what is due could be read.
    """
    started = time.monotonic()
    report, version = LessonsReport(run_id), lessons_version(llm)
    states = await asyncio.to_thread(store.read, lambda con: session_states(con, version))
    due, left = due_sessions(states, retry_failed, relearn)
    report.quarantined, report.stale = left["quarantined"], left["stale"]
    reader = _Reader(store, llm, version, report, relearn)
    try:
        for start in range(0, len(due), AT_ONCE):
            await reader.read(due[start : start + AT_ONCE])
        report.failure = reader.total_failure
    except SessionGraphError as error:
        report.failure = error
    report.seconds = time.monotonic() - started
    return report


def due_sessions(states: Mapping[str, str], retry_failed: bool, relearn: bool) -> tuple[list[str], Counter[str]]:
    """The documents of `states` whose session is to be read; and how many of each state are left as they are."""
    wanted = {"due", *(["quarantined"] if retry_failed else []), *(["stale"] if relearn else [])}
    due = [document_id for document_id, state in states.items() if state in wanted]
    return due, Counter(state for state in states.values() if state not in wanted)


def excerpts_to_read(session: SessionToRead, version: str) -> list[Excerpt]:
    """Those that the model is asked about: of a session that is not settled, what `version` has not read before."""
    known = session.known(version)
    return [excerpt for excerpt in session.excerpts if excerpt.id(version) not in known]


def is_settled(session: SessionToRead, version: str, relearn: bool) -> bool:
    """Whether what is kept of `session` stands: just that was read, and nobody asks to have it read anew."""
    return session.is_unchanged and not (relearn and session.kept and session.kept.extractor != version)


class _Reader:
    """One run's calls, and what they tell of each other."""

    def __init__(self, store: GraphStore, llm: LLM, version: str, report: LessonsReport, relearn: bool) -> None:
        self._store, self._llm, self._version = store, llm, version
        self._report, self._relearn = report, relearn
        # As many as are in flight anyway: so none goes out once one has failed that no other can do better than.
        self._places = asyncio.Semaphore(llm.concurrency)
        self._fatal: LLMFailedError | None = None
        self._answered = 0
        self._errors: list[LLMFailedError] = []

    @property
    def total_failure(self) -> LLMFailedError | None:
        """The first error, where nothing that was asked was answered."""
        return self._errors[0] if self._errors and not self._answered else None

    async def read(self, document_ids: Sequence[str]) -> None:
        """Read these sessions, and commit what was learned of them. Raises what is fatal, after that."""
        sessions = await asyncio.to_thread(self._store.read, lambda con: read_sessions(con, document_ids))
        found = await asyncio.gather(*map(self._read, sessions), return_exceptions=True)
        read = [(session, row) for session, row in zip(sessions, found, strict=True) if isinstance(row, dict)]
        if read:
            await asyncio.to_thread(self._store.write, self._report.run_id, ASSET, lambda tx: self._write(tx, read))
        for error in found:
            if isinstance(error, BaseException):
                raise error

    async def _read(self, session: SessionToRead) -> Row:
        """The row that says what became of `session`. Raises LLMFailedError where no other call can fare better."""
        if (kept := session.kept) is not None and is_settled(session, self._version, self._relearn):
            return _row(session, kept.reading_id, kept.extractor, lessons=kept.lessons)
        learned = session.known(self._version)
        reading_id = session.reading_id(self._version)
        asked = excerpts_to_read(session, self._version)
        if asked:
            await asyncio.to_thread(self._llm.check)
        try:
            for excerpt in asked:
                learned[excerpt.id(self._version)] = await self._ask(excerpt)
        except LLMFailedError as error:
            self._report.usage += error.usage or Usage()
            error = await self._blamed(error)
            self._errors.append(error)
            return _row(session, reading_id, self._version, failure=failure_reason(error))
        return _row(session, reading_id, self._version, lessons=learned)

    async def _ask(self, excerpt: Excerpt) -> list[Learned]:
        messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": excerpt.text}]
        async with self._places:
            if self._fatal is not None:
                raise self._fatal
            answer, usage = await self._llm.structured(messages, Lessons)
        self._answered += 1
        self._report.usage += usage
        lessons = usable(answer, len(excerpt.passages))
        self._report.dropped += len(answer.lessons) - len(lessons)
        return [
            Learned(
                kind=it.kind,
                text=storable(it.text)[:_MOST_CHARS].rstrip(),
                turns=[excerpt.passages[number - 1] for number in it.turns],
            )
            for it in lessons
        ]

    async def _blamed(self, error: LLMFailedError) -> LLMFailedError:
        """`error` as the fault of whom it is. Raises it where it is fatal to every call.

        A refusal is one session's fault only where others are answered, or a harmless prompt is.
        """
        if error.as_text_fault is not None:
            refusal, used = (None, Usage()) if self._answered else await self._llm.probe()
            self._report.usage += used
            if refusal is None:
                return error.as_text_fault
        if error.fatal:
            self._fatal = error
            raise error
        error.transient = error.transient or error.as_text_fault is not None
        return error

    def _write(self, tx: Transaction, read: Sequence[tuple[SessionToRead, Row]]) -> None:
        """Write down what still is as it was read; the rest stays due."""
        ids = [session.document_id for session, _ in read]
        now = {it.document_id: it.excerpts for it in read_sessions(tx.connection, ids)}
        names = dict(tx.connection.execute(_NAMES, [ids]).fetchall())
        settled = [(session, row) for session, row in read if now.get(session.document_id) == session.excerpts]
        tx.insert(ASSET, [row for _, row in settled])
        report = self._report
        for session, row in settled:
            if row["failure"] is not None:
                report.failed[names[session.document_id]] = row["failure"]
            elif is_settled(session, self._version, self._relearn):
                report.unchanged += 1
            else:
                report.read += 1
                learned = READINGS.validate_json(row["lessons"])
                report.lessons += Counter(it.kind for of_excerpt in learned.values() for it in of_excerpt)


def _row(
    session: SessionToRead,
    reading_id: str,
    extractor: str,
    *,
    lessons: Readings | None = None,
    failure: str | None = None,
) -> Row:
    return {
        "document_id": session.document_id,
        "reading_id": reading_id,
        "extractor": extractor,
        "lessons": None if lessons is None else READINGS.dump_json(lessons).decode(),
        "failure": failure,
    }
