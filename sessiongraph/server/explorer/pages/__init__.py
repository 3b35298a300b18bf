"""The pages, and their places in the navigation."""

from dataclasses import dataclass

from fastapi import FastAPI

from sessiongraph.server.explorer import sign_in
from sessiongraph.server.explorer.page import PageRouter
from sessiongraph.server.explorer.pages import (
    ask,
    changes,
    dataset,
    documents,
    entity,
    evidence,
    fact,
    graph,
    sessions,
    start,
)
from sessiongraph.server.explorer.rendering import Renderer


@dataclass(frozen=True)
class Place:
    """An entry of the navigation: its name, and where it leads; `is_of_dataset`, to that of the dataset looked at."""

    name: str
    path: str
    is_of_dataset: bool = False


ROUTERS: tuple[PageRouter, ...] = (
    start.router,
    ask.router,
    sessions.router,
    graph.router,
    entity.router,
    fact.router,
    evidence.router,
    documents.router,
    dataset.router,
    changes.router,
)
NAVIGATION: tuple[Place, ...] = (
    Place("Start", "/"),
    Place("Ask", "/ask", True),
    Place("Sessions", "/sessions"),
    Place("Graph", "/graph", True),
    Place("Documents", "/documents", True),
    Place("Dataset", "/dataset", True),
)


def open_explorer(app: FastAPI) -> None:
    """Put the pages, and where one signs in, into `app`."""
    app.state.renderer = Renderer()
    app.state.navigation = NAVIGATION
    app.include_router(sign_in.router)
    for router in ROUTERS:
        app.include_router(router)
