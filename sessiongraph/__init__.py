"""What people import and run: documents in, questions answered in sessions, and sessions that outlive their cache.

    await sessiongraph.add([...], dataset_name="d"); await sessiongraph.cognify(datasets=["d"])
    results = await sessiongraph.search("…", session_id="s1", datasets=["d"]); print(results[0])
    report = await persist_sessions_in_knowledge_graph_pipeline(user=None, session_ids=["s1"], dataset="d")

Floor 4. Importing this loads nothing but names: each is imported from its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessiongraph.api import datasets, entities, roles, sessions, tenants, users
    from sessiongraph.api.documents import add, cognify
    from sessiongraph.api.estimate import estimate_persist
    from sessiongraph.api.forget import forget
    from sessiongraph.api.graph_export import graph
    from sessiongraph.api.persist import persist_sessions_in_knowledge_graph_pipeline
    from sessiongraph.api.search import search
    from sessiongraph.api.users import get_default_user
    from sessiongraph.errors import (
        CacheUnavailableError,
        CachingDisabledError,
        DatasetNotFoundError,
        InvalidInputError,
        LLMFailedError,
        LLMNotConfiguredError,
        NoGraphDataError,
        PermissionDeniedError,
        SessionGraphError,
        SessionsNotFoundError,
        StoreBusyError,
        UnreadableDocumentError,
    )
    from sessiongraph.persistence.estimate import PersistEstimate, TurnEstimate
    from sessiongraph.persistence.persist import PersistReport, SessionOutcome, TurnOutcome
    from sessiongraph.retrieval.results import Citation, Claim, SearchResult, SearchType
    from sessiongraph.types import Dataset, Role, SessionInfo, Tenant, Turn, Usage, User

_WHERE = {
    "sessiongraph.errors": (
        "CacheUnavailableError",
        "CachingDisabledError",
        "DatasetNotFoundError",
        "InvalidInputError",
        "LLMFailedError",
        "LLMNotConfiguredError",
        "NoGraphDataError",
        "PermissionDeniedError",
        "SessionGraphError",
        "SessionsNotFoundError",
        "StoreBusyError",
        "UnreadableDocumentError",
    ),
    "sessiongraph.types": ("Dataset", "Role", "SessionInfo", "Tenant", "Turn", "Usage", "User"),
    "sessiongraph.persistence.estimate": ("PersistEstimate", "TurnEstimate"),
    "sessiongraph.persistence.persist": ("PersistReport", "SessionOutcome", "TurnOutcome"),
    "sessiongraph.api.documents": ("add", "cognify"),
    "sessiongraph.api.estimate": ("estimate_persist",),
    "sessiongraph.api.forget": ("forget",),
    "sessiongraph.api.graph_export": ("graph",),
    "sessiongraph.api.persist": ("persist_sessions_in_knowledge_graph_pipeline",),
    "sessiongraph.retrieval.results": ("Citation", "Claim", "SearchResult", "SearchType"),
    "sessiongraph.api.search": ("search",),
    "sessiongraph.api.users": ("get_default_user",),
}
_MODULES = ("datasets", "entities", "roles", "sessions", "tenants", "users")
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted([*_MODULE_OF, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sessiongraph.api.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sessiongraph' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
