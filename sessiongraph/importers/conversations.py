"""What a reader yields: a conversation with its messages; and how its messages become turns.

A turn is what the user says until they are answered, and the answer. What is neither (system messages, calls of tools
and their results, names of attachments) is context of the turn in which it stands, and nobody's words.

Invariants: a turn's id is made from the id of its first message, so that it is the same in the next export, whatever
was edited or added since. Turns are in the order of their messages; where the clock ran backwards, a turn gets the time
of the one before it. No time is made up: an undated message has the time of its neighbours, or none. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_session_id, content_id

Role = Literal["user", "assistant", "context"]

# A conversation that is put together from many objects is cut off where it would hold more than this.
MOST_HELD = 128_000_000
_BYTES_OF_MESSAGE = 500
# Of one tool's call or result, and of all context of a turn.
_MOST_OF_ONE = 2_000
_MOST_CONTEXT = 20_000
_MOST_NAME = 200
# A conversation among people has no answers that end a turn: a pause does, or much that others say.
_PAUSE = timedelta(hours=6)
_MOST_SAID = 8_000


@dataclass(frozen=True)
class Message:
    """What somebody says. `key` names its place in the conversation, and stays when the words are edited.

    `author` is who says it where that is not the user nor an assistant, or which tool is meant. Of one that was taken
    back only that is known (`is_deleted`). `score` (1 to 5) and `feedback` are what the user said of the answer.
    """

    key: str
    role: Role
    text: str
    at: datetime | None = None
    author: str | None = None
    attachments: tuple[str, ...] = ()
    is_deleted: bool = False
    score: int | None = None
    feedback: str | None = None

    @property
    def bytes_held(self) -> int:
        return _BYTES_OF_MESSAGE + len(self.text)


@dataclass(frozen=True)
class Conversation:
    """The messages of the branch that was kept, in order. `began_at` is when it began, where that is known.

    `given_up` are the keys of messages that are there no more: of other branches. `is_group` says that people talk
    among themselves, so that answers need their authors' names.
    """

    id: str
    title: str
    messages: Sequence[Message]
    began_at: datetime | None = None
    given_up: frozenset[str] = frozenset()
    is_group: bool = False


@dataclass(frozen=True)
class ImportedTurn:
    """A turn as the export has it. `at` is None where nothing in its conversation is dated, `score` where none is."""

    turn_id: str
    question: str
    answer: str
    context: str | None = None
    at: datetime | None = None
    score: int | None = None
    feedback: str | None = None

    @property
    def is_empty(self) -> bool:
        return not self.question and not self.answer


def session_id_of(format_: str, conversation_id: str) -> str:
    """The id of the session that a conversation is: the same in every export of it, its own where that is a session."""
    if format_ in ("turns", "cognee") and _valid(conversation_id):
        return conversation_id
    return _valid(f"{format_}-{conversation_id}") or f"{format_}-{content_id(conversation_id)}"


def turn_id_of(key: str) -> str:
    return _valid(key) or content_id(key)


def turns_of(conversation: Conversation) -> list[ImportedTurn]:
    """The turns of a conversation in order, then an empty one for each that was given up."""
    exchanges = list(_exchanges(conversation))
    times = _times(exchanges, conversation.began_at)
    turns = [it.turn(at) for it, at in zip(exchanges, times, strict=True)]
    if turns and conversation.title:
        title, context = f"title: {plain(conversation.title)}", turns[0].context
        turns[0] = replace(turns[0], context=f"{title}\n{context}" if context else title)
    kept = {turn.turn_id for turn in turns}
    deleted = [message.key for message in conversation.messages if message.is_deleted]
    gone = dict.fromkeys(map(turn_id_of, [*sorted(conversation.given_up), *deleted]))
    return turns + [ImportedTurn(turn_id, "", "") for turn_id in gone if turn_id not in kept]


@dataclass
class _Exchange:
    key: str
    at: datetime | None
    question: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    context: list[str] = field(default_factory=list)
    score: int | None = None
    feedback: str | None = None

    def turn(self, at: datetime | None) -> ImportedTurn:
        question, answer = "\n\n".join(self.question), "\n\n".join(self.answer)
        context = shortened("\n".join(self.context)) or None
        return ImportedTurn(turn_id_of(self.key), question, answer, context, at, self.score, self.feedback)


def _exchanges(conversation: Conversation) -> Iterator[_Exchange]:
    current: _Exchange | None = None
    before: list[str] = []
    latest: datetime | None = None
    for message in conversation.messages:
        if message.is_deleted:
            continue
        if message.role == "context":
            (before if current is None else current.context).append(_as_context(message))
            continue
        if current is None or _ends(current, message, latest, conversation.is_group):
            if current is not None:
                yield current
            current = _Exchange(message.key, message.at, context=before)
            before = []
        current.at = current.at or message.at
        current.score = message.score or current.score
        current.feedback = plain(message.feedback) if message.feedback else current.feedback
        latest = message.at or latest
        current.context += _attachments(message)
        if words := _words(message, conversation.is_group):
            (current.question if message.role == "user" else current.answer).append(words)
    if current is not None:
        yield current


def _ends(current: _Exchange, message: Message, latest: datetime | None, is_group: bool) -> bool:
    """Whether `message` begins a turn of its own."""
    if message.role == "user" and current.answer:
        return True
    if not is_group:
        return False
    paused = message.at is not None and latest is not None and message.at - latest > _PAUSE
    return paused or sum(map(len, current.answer)) > _MOST_SAID


def _words(message: Message, is_group: bool) -> str:
    words = plain(message.text).strip()
    return f"{message.author}: {words}" if words and is_group and message.role == "assistant" else words


def _attachments(message: Message) -> list[str]:
    names = [" ".join(plain(name).split())[:_MOST_NAME] for name in message.attachments]
    return [f"attachment of {message.author or message.role}: {name}" for name in names]


def _as_context(message: Message) -> str:
    text = plain(message.text).strip()
    shown = one_of_context(text)
    said = [f"{message.author}: {shown}" if message.author else shown] if shown else []
    return "\n".join(said + _attachments(message))


def one_of_context(text: str) -> str:
    return text if len(text) <= _MOST_OF_ONE else f"{text[:_MOST_OF_ONE]}…"


def shortened(context: str) -> str:
    return context if len(context) <= _MOST_CONTEXT else f"{context[:_MOST_CONTEXT]}…"


def _times(exchanges: Sequence[_Exchange], began_at: datetime | None) -> Iterator[datetime | None]:
    latest = began_at or next((it.at for it in exchanges if it.at), None)
    is_first = True
    for it in exchanges:
        if it.at is not None and (latest is None or it.at >= latest or is_first):
            latest, is_first = it.at, False
        yield latest


def plain(text: str) -> str:
    """`text` as a cache and a store can keep it: without NUL, and with U+FFFD for a lone surrogate."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _valid(id_: str) -> str | None:
    try:
        return check_session_id(id_)
    except InvalidInputError:
        return None
