"""What LangChain's RedisChatMessageHistory has written: that of langchain_community, or of langchain-redis.

The first keeps a list a session, the newest message first, without times; the second a JSON document a message, with
one. Nothing is written to that Redis.

Invariants: a message's key is the same whenever it is read, whatever was added or edited since: its document's, or its
place in its list and which list that is. A list that expired and began anew is another one, though its session has the
same name: it is told by the id of its first answer or, where that has none, by what was said until then.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import redis

from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.ids import content_id
from sessiongraph.importers.conversations import MOST_HELD, Conversation, Message
from sessiongraph.importers.langchain_messages import Spoken, spoken
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes

FORMAT = "langchain"
# What the two write under, where nobody chose otherwise.
PREFIXES = ("message_store:", "chat:")
_PAGE = 1_000
_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 30
_LIST, _DOCUMENT = "list", "ReJSON-RL"


class LangChainRedis:
    """The Redis at `url`, in which histories are kept under `prefixes`; connected to when first read, to be closed.

    Raises InvalidInputError where `url` is none, SessionGraphError where the Redis cannot be read. Blocks.
    """

    def __init__(self, url: str, prefixes: Sequence[str] = PREFIXES) -> None:
        address = urlsplit(url)
        if address.scheme not in ("redis", "rediss") or not address.hostname:
            raise InvalidInputError("The address of a Redis is redis://host:port/database or, with TLS, rediss://….")
        self.where = f"{address.hostname}:{address.port or 6379}{address.path}"
        self._prefixes = prefixes
        self._redis = redis.Redis.from_url(url, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_ANSWER_SECONDS)

    def close(self) -> None:
        self._redis.close()

    def state(self) -> str:
        """A hash of which messages there are, which is another one where any was added."""
        found: set[str] = set()
        with self._readable():
            for kind, keys in self._pages():
                sizes = self._sizes(keys) if kind == _LIST else [1] * len(keys)
                found |= {f"{size} {key!r}" for key, size in zip(keys, sizes, strict=True)}
        return content_id("langchain", *sorted(found))

    def conversations(self, notes: ReadingNotes) -> Iterator[Conversation]:
        """A conversation a session; `notes` get what of it cannot be read."""
        documents: dict[bytes, set[bytes]] = {}
        seen: set[bytes] = set()
        with self._readable():
            for kind, keys in self._pages():
                if kind == _DOCUMENT:
                    for key in keys:
                        documents.setdefault(key.rpartition(b":")[0], set()).add(key)
                    continue
                for key in keys:
                    if key not in seen:
                        seen.add(key)
                        yield from self._of_list(key, notes)
            for session, messages in documents.items():
                yield from self._of_documents(session, sorted(messages), notes)

    def _pages(self) -> Iterator[tuple[str, list[bytes]]]:
        """Keys by the type of what they hold; one may come twice."""
        for prefix in self._prefixes:
            cursor = 0
            while True:
                found: Any = self._redis.scan(cursor, match=f"{_escaped(prefix)}*", count=_PAGE)
                cursor, keys = found
                with self._redis.pipeline(transaction=False) as pipeline:
                    for key in keys:
                        pipeline.type(key)
                    kinds = pipeline.execute()
                for kind in (_LIST, _DOCUMENT):
                    if chosen := [key for key, it in zip(keys, kinds, strict=True) if it.decode() == kind]:
                        yield kind, chosen
                if not cursor:
                    break

    def _sizes(self, keys: Sequence[bytes]) -> list[int]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.llen(key)
            return pipeline.execute()

    def _of_list(self, key: bytes, notes: ReadingNotes) -> Iterator[Conversation]:
        id_ = self._session(key)
        written = self._read(id_, self._list_pages(key), notes)
        said = [it for it in written if it is not None]
        if not said:
            return
        list_id, unanswered = _list_ids(said)
        messages = [it for one in said for it in one.messages(f"{list_id}-{one.place}")]
        yield Conversation(id_, "", messages, given_up=frozenset(unanswered))

    def _list_pages(self, key: bytes) -> Iterator[list[bytes]]:
        """The values of a list, the oldest first: counted from its end, where nothing is added."""
        at = 0
        while True:
            page: Any = self._redis.lrange(key, -at - _PAGE, -at - 1)
            yield page[::-1]
            if len(page) < _PAGE:
                return
            at += _PAGE

    def _of_documents(self, session: bytes, keys: Sequence[bytes], notes: ReadingNotes) -> Iterator[Conversation]:
        id_ = self._session(session)
        written = self._read(id_, self._document_pages(keys), notes)
        found = [
            (one.at, key.rpartition(b":")[2].decode("utf-8", "replace"), one)
            for key, one in zip(keys, written, strict=False)
            if one is not None
        ]
        found.sort(key=lambda it: (it[0] or 0.0, it[1]))
        messages = [it for _, key, one in found for it in one.messages(key)]
        if messages:
            yield Conversation(id_, "", messages)

    def _document_pages(self, keys: Sequence[bytes]) -> Iterator[list[bytes | None]]:
        for start in range(0, len(keys), _PAGE):
            with self._redis.pipeline(transaction=False) as pipeline:
                for key in keys[start : start + _PAGE]:
                    pipeline.execute_command("JSON.GET", key)
                yield pipeline.execute()

    def _read(self, id_: str, pages: Iterator[Sequence[bytes | None]], notes: ReadingNotes) -> "list[_Written | None]":
        """Message by message; None for one that cannot be read, or is gone since. [] where they are too many."""
        read: list[_Written | None] = []
        held = 0
        for page in pages:
            for value in page:
                read.append(None)
                if value is None:
                    continue
                held += len(value)
                with notes.reading(f"{id_}, message {len(read)}"):
                    read[-1] = _Written.of(json.loads(value), len(read) - 1)
            if held > MOST_HELD:
                notes.cannot_read(id_, f"it has more than {MOST_HELD // 1_000_000} MB")
                return []
        return read

    def _session(self, key: bytes) -> str:
        name = key.decode("utf-8", "replace")
        return next(name.removeprefix(prefix) for prefix in self._prefixes if name.startswith(prefix))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            raise SessionGraphError(
                f"The Redis of LangChain at {self.where} cannot be read ({error}): see that it runs, and that address, "
                "user and password are right. What was taken before stays; import again to go on."
            ) from error


@dataclass(frozen=True)
class _Written:
    """A message as it was written: what is said in it, its id where it has one, and its time in seconds since 1970."""

    place: int
    said: Spoken
    id: str | None
    at: float | None

    @classmethod
    def of(cls, record: dict[str, Any], place: int) -> "_Written":
        at = record.get("timestamp")
        id_ = record["data"].get("id")
        return cls(
            place, spoken(record), id_ if isinstance(id_, str) else None, at if isinstance(at, int | float) else None
        )

    def messages(self, key: str) -> Iterator[Message]:
        at = moment_of(self.at)
        if self.said.role != "context" or self.said.words:
            yield Message(key, self.said.role, self.said.words, at)
        for line in self.said.beside:
            yield Message(f"{key}-beside", "context", line, at)


def _list_ids(said: Sequence[_Written]) -> tuple[str, list[str]]:
    """Which list it is; and the key that its first message had while that was not answered, if it is now."""
    first = next((it for it in said if it.said.role == "user"), None)
    answer = next((it for it in said if it.said.role == "assistant"), None)
    begun = content_id("begun", first.said.words if first else "")[:16]
    if answer is None:
        return begun, []
    told = [answer.id] if answer.id else [begun, answer.said.words]
    before = [f"{begun}-{first.place}"] if first is not None and first.place < answer.place else []
    return content_id("answered", *told)[:16], before


def _escaped(prefix: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in prefix)
