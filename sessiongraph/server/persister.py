"""The persister: what is said in a home is persisted before it expires, also where no Dagster daemon is.

Invariant: somebody persists. Where a daemon does, this process looks on, and takes only what the daemon left until
shortly before its end; else one process of the home, told by a lock, persists what is due by the same rules. Which one
does makes no difference to the graph: each turn is extracted once, whoever takes it up.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import portalocker

from sessiongraph.api.memory import learn_from
from sessiongraph.api.persist import persist_sessions
from sessiongraph.client import SessionGraph
from sessiongraph.dagster.event_reporting import report_build
from sessiongraph.errors import CacheUnavailableError, SessionGraphError
from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.ids import new_id
from sessiongraph.persistence.due_rules import DueRules
from sessiongraph.persistence.due_sessions import DueSessions, survey
from sessiongraph.persistence.session_routing import Routes
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.server.who_persists import Persisting, daemon_persists, take_lock
from sessiongraph.types import Dataset, User

logger = logging.getLogger("sessiongraph")

INTERVAL_SECONDS = 5.0
_SWEEP_SECONDS = 24 * 3600.0
_DAEMON_SECONDS = 15.0
_FIRST_WAIT, _LONGEST_WAIT = 30.0, 3600.0
_LAST_SECONDS = 15.0
_NEVER = timedelta(days=36_500)


@dataclass
class _Failures:
    """Of a dataset: how often in a row, and when to try again."""

    tries: int
    again_at: float


class Persister:
    """Persists what is due in the home of `client`, for as long as `run` runs.

    Where it `sweeps`, it also takes up what was staged before and failed: at its start, which reads every dataset, and
    once a day.
    """

    def __init__(self, client: SessionGraph, *, sweeps: bool) -> None:
        self._services = client.services
        self._sweeps = sweeps
        self._rules = DueRules.of(client.settings, INTERVAL_SECONDS)
        self._lock: portalocker.Lock | None = None
        self._daemon = False
        self._asked_daemon = self._swept = -_SWEEP_SECONDS
        self._failures: dict[str, _Failures] = {}

    @property
    def persisting(self) -> Persisting:
        """Who does, as of the last look."""
        if not self._services.settings.caching:
            return "nobody"
        return "dagster" if self._daemon else "this process" if self._lock is not None else "another process"

    async def run(self) -> None:
        """Look and persist, until this is cancelled."""
        if not self._services.settings.caching:
            return
        while True:
            try:
                await self._tick()
            except SessionGraphError as error:
                logger.warning("What is due could not be persisted now: %s", error)
            except Exception:
                logger.exception("What is due could not be persisted now")
            await asyncio.sleep(INTERVAL_SECONDS)

    async def finish(self, seconds: float) -> None:
        """At the end: persist all that waits, due or not, unless somebody else goes on; within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                if self._services.settings.caching and not self._daemon and await self._is_ours():
                    await self._persist_due(replace(self._rules, idle=timedelta(0)))
        except TimeoutError:
            logger.warning("Some of what was said waits in the cache: whoever starts next persists it.")
        except (SessionGraphError, OSError) as error:
            logger.warning("What waits could not be persisted at the end: %s", error)
        finally:
            self._let_go()

    async def _tick(self) -> None:
        if time.monotonic() - self._asked_daemon >= _DAEMON_SECONDS:
            self._daemon = await asyncio.to_thread(daemon_persists, self._services)
            self._asked_daemon = time.monotonic()
        if self._daemon:
            self._let_go()
            # What a daemon left until shortly before its end, it may not come to any more.
            late = replace(self._rules, idle=_NEVER, wait=_NEVER, turns=2**31, before_expiry=timedelta(seconds=30))
            await self._persist_due(late)
        elif await self._is_ours():
            await self._persist_due(self._rules)
            await self._sweep()

    async def _is_ours(self) -> bool:
        if self._lock is None:
            self._lock = await asyncio.to_thread(take_lock, self._services.settings.home)
        return self._lock is not None

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def _persist_due(self, rules: DueRules) -> None:
        """Persist what is due by `rules`, the most urgent datasets first."""
        routes, due, now = await asyncio.to_thread(self._due, rules)
        for key in sorted(due, key=lambda key: (due[key].expires_at or now + _NEVER, key)):
            left = expires_at - now if (expires_at := due[key].expires_at) else None
            if self._may_try(key, left):
                await self._tried(key, self._persist(key, due[key], routes))

    def _due(self, rules: DueRules) -> tuple[Routes | None, dict[str, DueSessions], datetime]:
        """What is due, and the moment at which it is: the cache's, whose clock says when sessions expire."""
        cache = self._services.cache
        waiting, _ = cache.waiting()
        now = cache.now()
        if not waiting:
            return None, {}, now
        routes = Routes(self._services.access)
        return routes, survey(cache, routes, rules, now).due, now

    async def _persist(self, key: str, due: DueSessions, routes: Routes | None) -> None:
        sessions: dict[str, list[str]] = {}
        for session in due.batch:
            sessions.setdefault(session.user_id, []).append(session.session_id)
        for user_id, session_ids in sessions.items():
            assert routes is not None
            await persist_sessions(
                self._services,
                session_ids,
                key,
                user=User(user_id, routes.user_name(user_id)),
                run_in_background=False,
                retry_failed=False,
                reextract=False,
                create=True,
                whole=False,
            )

    async def _sweep(self) -> None:
        """Take up what was staged and is not in the graph: where it failed before and, now and then, everywhere."""
        is_time = self._sweeps and time.monotonic() - self._swept >= _SWEEP_SECONDS
        if not (is_time or self._failures):
            return
        for dataset in await asyncio.to_thread(self._services.access.all_datasets):
            if (is_time or dataset.key in self._failures) and self._may_try(dataset.key):
                await self._tried(dataset.key, self._build(dataset))
            if is_time:
                await self._learn(dataset)
        if is_time:
            await asyncio.to_thread(self._services.cache.recheck)
            self._swept = time.monotonic()

    async def _learn(self, dataset: Dataset) -> None:
        """Read what is new of its sessions for what they teach. Where that fails, nothing that is persisted waits."""
        try:
            if self._services.store(dataset).exists:
                await learn_from(self._services, dataset)
        except SessionGraphError as error:
            logger.warning("Sessions of %s could not be read for what they teach: %s", dataset.key, error)

    async def _build(self, dataset: Dataset) -> None:
        services = self._services
        store = services.store(dataset)
        if not store.exists:
            return
        report = await build_knowledge(
            store, services.llm, services.embedder, read_turn_passages, run_id=new_id(), asset="session_knowledge"
        )
        await report_build(services, "session_knowledge", dataset, report)

    def _may_try(self, key: str, left: timedelta | None = None) -> bool:
        """Whether it is time to, after failures; what has little time `left` is tried all the same."""
        failures = self._failures.get(key)
        if failures is None or time.monotonic() >= failures.again_at:
            return True
        return left is not None and left < timedelta(seconds=_FIRST_WAIT)

    async def _tried(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CacheUnavailableError:
            raise
        except SessionGraphError as error:
            tries = self._failures[key].tries + 1 if key in self._failures else 1
            wait = min(_FIRST_WAIT * 2 ** (tries - 1), _LONGEST_WAIT)
            self._failures[key] = _Failures(tries, time.monotonic() + wait)
            logger.warning("Persisting into %s failed and is tried again in %.0f s: %s", key, wait, error)
        else:
            self._failures.pop(key, None)


@asynccontextmanager
async def persisting(client: SessionGraph, *, sweeps: bool) -> AsyncIterator[Persister]:
    """A persister at work; at the end it persists what waits, within _LAST_SECONDS."""
    persister = Persister(client, sweeps=sweeps)
    work = asyncio.create_task(persister.run())
    try:
        yield persister
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await persister.finish(_LAST_SECONDS)
