"""The types that the resources hand out: users, tenants, roles, datasets, turns, sessions, and what a model call used.

Plain frozen dataclasses without behaviour of their own; what they are stored in belongs to the resources.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from sessiongraph.ids import content_id

Permission = Literal["read", "write", "delete", "share"]
PERMISSIONS: tuple[Permission, ...] = ("read", "write", "delete", "share")
DocumentKind = Literal["document", "transcript"]
MAIN_DATASET = "main_dataset"
DEFAULT_USER = "default_user"
# What a rating calls an answer of which nothing is to be kept, or worse.
BAD_SCORE = 2
# The tables of the passages of each asset that knows a ledger.
PASSAGE_TABLES = {"knowledge_graph": "chunks", "session_knowledge": "turns"}
SESSION_NODE_SET = "user_sessions_from_cache"


@dataclass(frozen=True)
class User:
    id: str
    name: str


@dataclass(frozen=True)
class Tenant:
    """Users who see each other, and nobody else. Its owner, who need not be one of them, says who they are."""

    id: str
    name: str
    owner_id: str


@dataclass(frozen=True)
class Role:
    """A named group of users of one tenant, or of those who are in none. `key` is "tenant/name", or the name alone."""

    id: str
    name: str
    owner_id: str
    tenant_name: str | None = None

    @property
    def key(self) -> str:
        return self.name if self.tenant_name is None else f"{self.tenant_name}/{self.name}"


@dataclass(frozen=True)
class Dataset:
    """A named container of documents. `key` ("owner/name") is its Dagster partition; `id` names its file.

    `allow_secrets` says that keys, passwords and the like may stand in it; they are masked where it does not.
    """

    id: str
    name: str
    owner_id: str
    owner_name: str
    allow_secrets: bool = field(default=False, compare=False)

    @property
    def key(self) -> str:
        return f"{self.owner_name}/{self.name}"


@dataclass(frozen=True)
class Progress:
    """How far a call is: `done` of `total` files, passages or "texts embedded" (`what`), `failed` of them in vain."""

    what: str
    done: int
    total: int
    failed: int = 0


# What a call tells how far it is, in the event loop that it runs in; it is not to take long.
ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class SessionItem:
    """What a program keeps in a session of its own: a message, a call of a tool, its result.

    `data` is what the program gets back, letter for letter. The others say what the item adds to the question, answer
    and context of the turn that it stands in.
    """

    data: str
    question: str = ""
    answer: str = ""
    context: str = ""


@dataclass(frozen=True)
class Turn:
    """One question and answer of a session.

    `created_at` is when it was said, with the zone of where that was; `position` orders turns said at the same
    moment, and grows with every turn written. `dataset_id` is where it was searched, None where that was none or
    several.
    `context` is the text that the answer was made from, or what else there was: calls of tools and their results, names
    of attachments. `keeps_context` is False of a search's, which quotes the graph: it is not persisted with the turn.
    `elements` are the ids of passages and facts used.
    `score` is feedback from 1 (bad) to 5 (good). `items` are what a program put in, where the turn was made of them.
    `metadata` is a JSON object to search by.
    """

    turn_id: str
    user_id: str
    session_id: str
    question: str
    answer: str
    created_at: datetime
    position: int = 0
    dataset_id: str | None = None
    context: str | None = None
    elements: tuple[str, ...] = ()
    score: int | None = None
    feedback: str | None = None
    keeps_context: bool = True
    items: tuple[SessionItem, ...] = field(default=(), repr=False)
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def utc_offset_minutes(self) -> int | None:
        """How far the clock was ahead of UTC where it was said; None where it was not."""
        offset = self.created_at.utcoffset()
        return offset // timedelta(minutes=1) or None if offset is not None else None

    @property
    def content_hash(self) -> str:
        """Hash of what was said. Feedback, context, metadata and time are not content."""
        return content_id("turn", self.question, self.answer)


class TurnChanges(TypedDict, total=False):
    """What may be changed of a turn; what is None or left out stays as it is."""

    question: str | None
    answer: str | None
    score: int | None
    feedback: str | None


@dataclass(frozen=True)
class SessionInfo:
    """A cached session as a list shows it: how many turns, when it was last written, when it expires (UTC)."""

    user_id: str
    session_id: str
    turns: int
    last_activity: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class WaitingTurns:
    """How many turns of a session wait to be persisted into one dataset (None: none or several), and since when."""

    dataset_id: str | None
    turns: int
    since: datetime


@dataclass(frozen=True)
class WaitingSession:
    """A cached session with turns that wait to be persisted, by dataset."""

    user_id: str
    session_id: str
    last_activity: datetime
    expires_at: datetime | None
    waiting: tuple[WaitingTurns, ...]


@dataclass(frozen=True)
class Usage:
    """What model calls used. `cost` is in US dollars; None where the price of any of them is unknown."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    embedding_calls: int = 0
    embedding_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return replace(
            self,
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            embedding_calls=self.embedding_calls + other.embedding_calls,
            embedding_tokens=self.embedding_tokens + other.embedding_tokens,
            seconds=self.seconds + other.seconds,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
        )
