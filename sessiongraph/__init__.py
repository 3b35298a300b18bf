"""What people import and run: documents in, questions answered in sessions, and sessions that outlive their cache.

    await sessiongraph.add([...], dataset_name="d"); await sessiongraph.cognify(datasets=["d"])
    results = await sessiongraph.search("…", session_id="s1", datasets=["d"]); print(results[0])
    report = await persist_sessions_in_knowledge_graph_pipeline(user=None, session_ids=["s1"], dataset="d")

Floor 4. Importing this loads nothing but names: each is imported from its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.session_cognify.estimate import PersistEstimate, TurnEstimate
    from assets.session_cognify.persist import PersistReport, SessionOutcome, TurnOutcome
    from resources.errors import (
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
    from resources.types import Dataset, Role, SessionInfo, Tenant, Turn, Usage, User
    from sessiongraph import datasets, entities, roles, sessions, tenants, users
    from sessiongraph.documents import add, cognify
    from sessiongraph.estimates import estimate_persist
    from sessiongraph.forgetting import forget
    from sessiongraph.graphs import graph
    from sessiongraph.persistence import persist_sessions_in_knowledge_graph_pipeline
    from sessiongraph.retrieval.results import Citation, Claim, SearchResult, SearchType
    from sessiongraph.retrieval.search import search
    from sessiongraph.users import get_default_user

_WHERE = {
    "resources.errors": (
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
    "resources.types": ("Dataset", "Role", "SessionInfo", "Tenant", "Turn", "Usage", "User"),
    "assets.session_cognify.estimate": ("PersistEstimate", "TurnEstimate"),
    "assets.session_cognify.persist": ("PersistReport", "SessionOutcome", "TurnOutcome"),
    "sessiongraph.documents": ("add", "cognify"),
    "sessiongraph.estimates": ("estimate_persist",),
    "sessiongraph.forgetting": ("forget",),
    "sessiongraph.graphs": ("graph",),
    "sessiongraph.persistence": ("persist_sessions_in_knowledge_graph_pipeline",),
    "sessiongraph.retrieval.results": ("Citation", "Claim", "SearchResult", "SearchType"),
    "sessiongraph.retrieval.search": ("search",),
    "sessiongraph.users": ("get_default_user",),
}
_MODULES = ("datasets", "entities", "roles", "sessions", "tenants", "users")
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted([*_MODULE_OF, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sessiongraph.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sessiongraph' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
