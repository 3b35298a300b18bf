"""The default client, which the functions of `sessiongraph` act on. It follows the environment from call to call.

The one piece of state that a module of the library holds.
"""

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, overload

from sessiongraph.client import SessionGraph
from sessiongraph.services import Services, Shared
from sessiongraph.settings import Settings, environment_state, load_settings
from sessiongraph.types import MAIN_DATASET, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessiongraph.api.persist import BackgroundPersist
    from sessiongraph.persistence.estimate import PersistEstimate
    from sessiongraph.persistence.persist import PersistReport
    from sessiongraph.types import ProgressCallback


class _DefaultClient:
    """A client for each set of settings that the environment has held, all with the same models loaded."""

    def __init__(self) -> None:
        self._shared = Shared()
        self._clients: dict[Settings, SessionGraph] = {}
        self._newest: tuple[tuple[object, ...], SessionGraph] | None = None
        self._guard = threading.Lock()

    def current(self) -> SessionGraph:
        state = environment_state()
        with self._guard:
            # Settings are read and checked once as long as nothing that they depend on has changed.
            if self._newest is None or self._newest[0] != state:
                self._newest = state, self._of(load_settings())
            return self._newest[1]

    def of(self, settings: Settings) -> SessionGraph:
        with self._guard:
            return self._of(settings)

    def _of(self, settings: Settings) -> SessionGraph:
        return self._clients.setdefault(settings, SessionGraph(settings, shared=self._shared))


_default = _DefaultClient()


def default_client() -> SessionGraph:
    """The client of the environment of this moment. Raises InvalidInputError where a setting is wrong."""
    return _default.current()


def client_of(settings: Settings) -> SessionGraph:
    """The process's client of `settings`, which is kept as the default one is: for ticks of sensors and schedules."""
    return _default.of(settings)


def default_services() -> Services:
    """What the default client works with."""
    return default_client().services


def shorthand(path: str) -> Callable[..., Awaitable[Any]]:
    """The function that calls the default client's method at `path`, such as "add" or "sessions.add_turn"."""
    *within, name = path.split(".")
    owner: type = _class_of(within[0]) if within else SessionGraph
    method = getattr(owner, name)

    @functools.wraps(method)
    async def call(*args: Any, **given: Any) -> Any:
        return await _at(path)(*args, **given)

    signature = inspect.signature(method)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    call.__qualname__ = path
    return call


def _at(path: str) -> Callable[..., Awaitable[Any]]:
    found: Any = default_client()
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _class_of(namespace: str) -> type:
    from importlib import import_module

    found: type = getattr(import_module(f"sessiongraph.api.{namespace}"), namespace.capitalize())
    return found


class Namespace:
    """A group of functions of the default client, such as `sessiongraph.sessions`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.__doc__ = _class_of(name).__doc__

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        function = shorthand(f"{self._name}.{name}")
        setattr(self, name, function)
        return function

    def __dir__(self) -> list[str]:
        return [name for name in dir(_class_of(self._name)) if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<sessiongraph.{self._name} of the default client>"


@overload
async def persist_sessions_in_knowledge_graph_pipeline(
    user: User | None = None,
    session_ids: "Sequence[str] | None" = None,
    dataset: str = MAIN_DATASET,
    run_in_background: Literal[False] = False,
    *,
    retry_failed: bool = False,
    reextract: bool = False,
    create: bool = False,
    progress: "ProgressCallback | None" = None,
) -> "PersistReport": ...


@overload
async def persist_sessions_in_knowledge_graph_pipeline(
    user: User | None = None,
    session_ids: "Sequence[str] | None" = None,
    dataset: str = MAIN_DATASET,
    *,
    run_in_background: Literal[True],
    retry_failed: bool = False,
    reextract: bool = False,
    create: bool = False,
    progress: "ProgressCallback | None" = None,
) -> "BackgroundPersist": ...


async def persist_sessions_in_knowledge_graph_pipeline(
    user: User | None = None,
    session_ids: "Sequence[str] | None" = None,
    dataset: str = MAIN_DATASET,
    run_in_background: bool = False,
    *,
    retry_failed: bool = False,
    reextract: bool = False,
    create: bool = False,
    progress: "ProgressCallback | None" = None,
) -> "PersistReport | BackgroundPersist":
    """`SessionGraph.persist_sessions` of the default client: cached sessions into a dataset's graph, for good."""
    return await default_client().persist_sessions(
        session_ids,
        dataset,
        user=user,
        run_in_background=run_in_background,
        retry_failed=retry_failed,
        reextract=reextract,
        create=create,
        progress=progress,
    )


async def estimate_persist(
    user: User | None = None,
    session_ids: "Sequence[str] | None" = None,
    dataset: str = MAIN_DATASET,
    *,
    retry_failed: bool = False,
    reextract: bool = False,
) -> "PersistEstimate":
    """`SessionGraph.estimate_persist` of the default client: what persisting would do and cost."""
    return await default_client().estimate_persist(
        session_ids, dataset, user=user, retry_failed=retry_failed, reextract=reextract
    )
