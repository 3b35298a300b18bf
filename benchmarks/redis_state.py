"""What a Redis holds, saved and put back: so that one home's sessions can be struck again and again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RedisState:
    """The Redis at `port` of this machine. No connection is kept: processes are forked from the one that uses it."""

    def __init__(self, port: int) -> None:
        self._port = port

    def save(self) -> dict[bytes, tuple[bytes, int]]:
        """Every key with its value as Redis dumps it, and its milliseconds to live (0: for ever)."""
        with self._connected() as redis:
            return {key: (redis.dump(key), max(redis.pttl(key), 0)) for key in redis.scan_iter()}

    def restore(self, saved: dict[bytes, tuple[bytes, int]]) -> None:
        with self._connected() as redis:
            redis.flushall()
            for key, (value, milliseconds) in saved.items():
                redis.restore(key, milliseconds, value)

    def text(self) -> bytes:
        """All keys and values, to look for words in."""
        with self._connected() as redis:
            held = [redis.hgetall(key) for key in redis.scan_iter() if redis.type(key) == b"hash"]
            return repr((list(redis.scan_iter()), held)).encode()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        from redis import Redis

        redis = Redis(port=self._port)
        yield redis
        redis.close()
