"""`chat`: a conversation with the graph, line by line.

Invariant: a line that begins with "/" is a command to the chat, known or not, and never a turn.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import typer

import sessiongraph
from sessiongraph.cli.answers import chosen, show_answer, show_source, show_sources
from sessiongraph.cli.options import DatasetNames, UserName, acting, examples
from sessiongraph.cli.output import fail, next_step, note, say, warn, working
from sessiongraph.cli.persist import persist_where_they_belong
from sessiongraph.cli.search import SessionId
from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.ids import check_session_id
from sessiongraph.retrieval.results import SearchResult
from sessiongraph.types import User

# How many sources stand below an answer: it is not to scroll away.
_SHOWN_SOURCES = 3
_HELP = """\
/sources         the sources of the last answer, all of them
/more [NUMBER]   the whole text of its sources, or of one of them
/rate N [WORDS]  rate the last answer: 5 is good; 1 and 2 keep it out of the graph
/edit answer TEXT, /edit question TEXT
                 say what should stand in the last turn instead
/persist         bring this session into the graph now
/help            this
/quit            end; so does Ctrl-D
A question that begins with "/" is asked with two: //…"""


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph chat --session first --dataset demo",
            after="/help lists what can be typed besides questions: /sources, /more, /rate, /edit, /persist, /quit. "
            "Next: sessiongraph persist SESSION",
        ),
    )(chat)


def chat(
    session: SessionId = None,
    dataset: DatasetNames = None,
    user: UserName = None,
) -> None:
    """Talk to the graph: a session in the terminal. Without --session, a new one."""
    session_id = check_session_id(session or f"chat-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    with suppress(ImportError):  # line editing and history, where the platform has them
        import readline  # noqa: F401
    note(f"Session {session_id}. /help lists commands, /quit ends it.")
    with asyncio.Runner() as runner:
        talk = _Chat(runner, session_id, dataset, runner.run(acting(user)), user)
        while (line := _typed()) is not None:
            if not line:
                continue
            try:
                if not talk.take(line):
                    break
            except SessionGraphError as error:
                fail(error)
            except KeyboardInterrupt:
                note("Stopped. /quit ends the chat.")
    if talk.waiting:
        note(f"{talk.waiting} turn(s) are in the cache.")
        next_step(f"sessiongraph persist {session_id}{f' --dataset {dataset[0]}' if dataset else ''}")


def _typed() -> str | None:
    """The next line, "" for an empty one, None at the end."""
    try:
        return input("> " if sys.stdin.isatty() else "").strip()
    except (EOFError, KeyboardInterrupt):
        note("")  # what comes next is not to stand behind the prompt
        return None


@dataclass
class _Chat:
    """A conversation: its session, what was answered last, and how many turns wait to be persisted."""

    runner: asyncio.Runner
    session_id: str
    datasets: list[str] | None
    user: User | None
    user_name: str | None
    last: SearchResult | None = None
    waiting: int = 0
    _commands: dict[str, Callable[[str], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._commands = {
            "/help": lambda _: say(_HELP),
            "/sources": self._sources,
            "/more": self._more,
            "/rate": self._rate,
            "/edit": self._edit,
            "/persist": self._persist,
        }

    def take(self, line: str) -> bool:
        """Do what was typed, or ask it; False where it ends the conversation."""
        if not line.startswith("/") or line.startswith("//"):
            self._ask(line.removeprefix("/"))
            return True
        word, _, rest = line.partition(" ")
        if word in ("/quit", "/exit"):
            return False
        if (command := self._commands.get(word)) is None:
            warn(f"There is no {word}. It was not asked either. There are:")
            say(_HELP)
        else:
            command(rest.strip())
        return True

    def _ask(self, question: str) -> None:
        with working("Searching…"):
            work = sessiongraph.search(question, datasets=self.datasets, session_id=self.session_id, user=self.user)
            [result] = self.runner.run(work)
        self.last = result
        self.waiting += result.turn_id is not None
        show_answer(result, most=_SHOWN_SOURCES)

    def _answered(self) -> SearchResult:
        if self.last is None:
            raise InvalidInputError("Nothing was asked yet.")
        return self.last

    def _turn(self) -> str:
        """The last turn, also where it was asked in another chat of this session."""
        if self.last is not None:
            if self.last.turn_id is None:
                raise InvalidInputError("The last answer did not become a turn of the session: see its warning.")
            return self.last.turn_id
        turns = self.runner.run(sessiongraph.sessions.get_turns(self.session_id, user=self.user, last=1))
        if not turns:
            raise InvalidInputError("Nothing was asked yet.")
        return turns[0].turn_id

    def _sources(self, _: str) -> None:
        if self._answered().citations:
            show_sources(self._answered())
        else:
            note("The last answer has no sources.")

    def _more(self, given: str) -> None:
        citations = self._answered().citations
        if (found := chosen(citations, given)) is None:
            raise InvalidInputError(f"/more takes a source's number, from 1 to {len(citations)}, not {given!r:.40}.")
        for number, citation in found:
            show_source(number, citation, about=None)

    def _rate(self, given: str) -> None:
        score, _, words = given.partition(" ")
        if score not in ("1", "2", "3", "4", "5"):
            raise InvalidInputError("/rate takes a number from 1 (bad) to 5 (good), and words if you like.")
        work = sessiongraph.sessions.add_feedback(
            self.session_id, self._turn(), score=int(score), text=words.strip() or None, user=self.user
        )
        self.runner.run(work)
        self.waiting = max(self.waiting, 1)
        say(f"Rated {score}." + (" The answer is kept out of the graph." if int(score) <= 2 else ""))

    def _edit(self, given: str) -> None:
        which, _, text = given.partition(" ")
        if which not in ("answer", "question") or not text.strip():
            raise InvalidInputError("/edit takes what to change and new words: /edit answer TEXT, /edit question TEXT.")
        changed = {which: text.strip()}
        self.runner.run(sessiongraph.sessions.edit_turn(self.session_id, self._turn(), user=self.user, **changed))
        self.waiting = max(self.waiting, 1)
        say(f"The {which} of the last turn was changed.")

    def _persist(self, _: str) -> None:
        if persist_where_they_belong([self.session_id], self.user_name):
            self.waiting = 0
