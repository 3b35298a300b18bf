"""What people import and run: documents in, questions answered in sessions, and sessions that outlive their cache.

    async with SessionGraph(Settings(home="memory")) as memory: ...        # one client, which owns all that it opens

    await sessiongraph.add([...], dataset_name="d"); await sessiongraph.cognify(datasets=["d"])
    results = await sessiongraph.search("…", session_id="s1", datasets=["d"]); print(results[0])
    report = await persist_sessions_in_knowledge_graph_pipeline(user=None, session_ids=["s1"], dataset="d")

The functions act on a default client, made from the environment. Importing this loads nothing but names: each is
imported from its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessiongraph.client import SessionGraph
    from sessiongraph.default_client import estimate_persist, persist_sessions_in_knowledge_graph_pipeline
    from sessiongraph.errors import (
        CacheUnavailableError,
        CachingDisabledError,
        DatasetNotFoundError,
        FilesUnavailableError,
        InvalidInputError,
        LLMFailedError,
        LLMNotConfiguredError,
        NoGraphDataError,
        PermissionDeniedError,
        SessionGraphError,
        SessionsNotFoundError,
        StoreBusyError,
        StoreUnavailableError,
        UnreadableDocumentError,
    )
    from sessiongraph.extraction.estimate import CognifyEstimate
    from sessiongraph.graph_schema import GraphSchema
    from sessiongraph.persistence.estimate import PersistEstimate, TurnEstimate
    from sessiongraph.persistence.persist import PersistReport, SessionOutcome, TurnOutcome
    from sessiongraph.retrieval.results import Citation, Claim, SearchResult, SearchType
    from sessiongraph.retrieval.search_filter import SearchFilter
    from sessiongraph.settings import Settings
    from sessiongraph.types import Dataset, Progress, Role, SessionInfo, SessionItem, Tenant, Turn, Usage, User

    _default = SessionGraph()
    add, cognify, search = _default.add, _default.cognify, _default.search
    estimate_cognify = _default.estimate_cognify
    graph, evidence = _default.graph, _default.evidence
    forget, estimate_forget = _default.forget, _default.estimate_forget
    export_dataset, import_dataset = _default.export_dataset, _default.import_dataset
    sessions, datasets, documents = _default.sessions, _default.datasets, _default.documents
    entities, facts, memory = _default.entities, _default.facts, _default.memory
    users, roles, tenants = _default.users, _default.roles, _default.tenants
    webhooks = _default.webhooks
    get_default_user = users.get_default_user

_WHERE = {
    "client": ("SessionGraph",),
    "default_client": ("estimate_persist", "persist_sessions_in_knowledge_graph_pipeline"),
    "errors": (
        "CacheUnavailableError",
        "CachingDisabledError",
        "DatasetNotFoundError",
        "FilesUnavailableError",
        "InvalidInputError",
        "LLMFailedError",
        "LLMNotConfiguredError",
        "NoGraphDataError",
        "PermissionDeniedError",
        "SessionGraphError",
        "SessionsNotFoundError",
        "StoreBusyError",
        "StoreUnavailableError",
        "UnreadableDocumentError",
    ),
    "extraction.estimate": ("CognifyEstimate",),
    "graph_schema": ("GraphSchema",),
    "persistence.estimate": ("PersistEstimate", "TurnEstimate"),
    "persistence.persist": ("PersistReport", "SessionOutcome", "TurnOutcome"),
    "retrieval.results": ("Citation", "Claim", "SearchResult", "SearchType"),
    "retrieval.search_filter": ("SearchFilter",),
    "settings": ("Settings",),
    "types": ("Dataset", "Progress", "Role", "SessionInfo", "SessionItem", "Tenant", "Turn", "Usage", "User"),
}
_MODULE_OF = {name: f"sessiongraph.{module}" for module, names in _WHERE.items() for name in names}
# Methods of the default client, by the name of the function that calls them.
_METHODS = {
    name: name
    for name in (
        "add",
        "cognify",
        "estimate_cognify",
        "search",
        "graph",
        "evidence",
        "forget",
        "estimate_forget",
        "export_dataset",
        "import_dataset",
    )
} | {"get_default_user": "users.get_default_user"}
_NAMESPACES = (
    "datasets", "documents", "entities", "facts", "memory", "roles", "sessions", "tenants", "users", "webhooks"
)  # fmt: skip

__all__ = sorted([*_MODULE_OF, *_METHODS, *_NAMESPACES])


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
    elif name in _METHODS:
        value = import_module("sessiongraph.default_client").shorthand(_METHODS[name])
    elif name in _NAMESPACES:
        value = import_module("sessiongraph.default_client").Namespace(name)
    else:
        raise AttributeError(f"module 'sessiongraph' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
