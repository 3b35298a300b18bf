"""What every page is given: the client, the caller, and how it is shown; and the page that tells an error."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from sessiongraph.access.keys import Scope
from sessiongraph.api.context import permitted
from sessiongraph.client import SessionGraph
from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.server.caller import Caller
from sessiongraph.server.explorer.rendering import Renderer
from sessiongraph.server.problems import describe
from sessiongraph.types import Dataset, Permission, User

# How far a key has to reach for what the permissions on a dataset allow.
_SCOPE_OF: dict[Permission, Scope] = {"read": "read", "write": "write", "delete": "write", "share": "admin"}


@dataclass(frozen=True)
class Page:
    """A page that was asked for, by whom."""

    request: Request
    client: SessionGraph
    caller: Caller

    @property
    def user(self) -> User:
        return self.caller.user

    async def show(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page that `template` makes of `values`, with its frame."""
        renderer = renderer_of(self.request)
        frame = {
            "caller": self.caller,
            "path": self.request.url.path,
            "navigation": self.request.app.state.navigation,
            # Where there is none yet, a page may name the one that will be.
            "looked_at": values.get("dataset") or None if values.get("datasets") != [] else None,
        }
        return await asyncio.to_thread(renderer.page, template, status, **frame, **values)

    async def datasets(self) -> list[Dataset]:
        """Those that the caller may read, their own first."""
        found = await self.client.datasets.list(user=self.user)
        return sorted(found, key=lambda it: (it.owner_id != self.user.id, it.key))

    async def dataset(self, given: str, datasets: list[Dataset]) -> Dataset | None:
        """The one that is `given`, else the first of `datasets`, if any. Raises DatasetNotFoundError."""
        if given:
            return await permitted(self.client.services, self.user, given, "read")
        return datasets[0] if datasets else None

    async def allowed(self, dataset: Dataset) -> set[Permission]:
        """What the caller may do with a dataset, by the grants that they have and as far as their key reaches."""
        granted = await asyncio.to_thread(self.client.services.access.permissions, self.user, dataset)
        return {it for it in granted if self.caller.may(_SCOPE_OF[it])}


def renderer_of(request: Request) -> Renderer:
    return cast(Renderer, request.app.state.renderer)


async def _page(request: Request) -> Page:
    caller = cast(Caller, request.state.caller)
    caller.check("read")
    return Page(request, request.app.state.client, caller)


PageAsked = Annotated[Page, Depends(_page)]


class _PageRoute(APIRoute):
    """A route whose errors are pages, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except (SessionGraphError, HTTPException, RequestValidationError) as error:
                return await _problem_page(request, error)

        return handled


async def _problem_page(request: Request, error: Exception) -> Response:
    page = Page(request, request.app.state.client, request.state.caller)
    if isinstance(error, InvalidInputError):
        # What a page is given is its address: there was something once, or somebody wrote it by hand.
        title, status, detail = "Nothing is here", 404, str(error)
    elif isinstance(error, SessionGraphError):
        described = describe(error, page.client.settings.home)
        title, status, detail = described["title"], described["status"], described["detail"]
    elif isinstance(error, HTTPException):
        title, status, detail = "Not to be shown", error.status_code, str(error.detail)
    else:
        title, status, detail = "Nothing is here", 422, "The address is not whole, or has what the page does not take."
    return await page.show("problem.html.j2", status, title=title, detail=detail)


class PageRouter(APIRouter):
    """For pages: they are in no OpenAPI document, and their errors are pages."""

    def __init__(self) -> None:
        super().__init__(route_class=_PageRoute, include_in_schema=False, default_response_class=HTMLResponse)
