"""The REST functions, a file for each group: each route calls one function of the Python API, as the caller.

`docs/service.md` has all of them in a table.
"""

from fastapi import APIRouter

from sessiongraph.server.routes import (
    datasets,
    documents,
    entities,
    facts,
    forget,
    graph,
    groups,
    memory,
    persist,
    runs,
    search,
    sessions,
    stored_documents,
    webhooks,
)

ROUTERS: tuple[APIRouter, ...] = (
    documents.router,
    stored_documents.router,
    search.router,
    sessions.router,
    persist.router,
    datasets.router,
    facts.router,
    entities.router,
    memory.router,
    graph.router,
    groups.router,
    webhooks.router,
    forget.router,
    runs.router,
)
