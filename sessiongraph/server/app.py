"""The app: routes, what stands before them, and the client that lives as long as the server does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from sessiongraph import telemetry
from sessiongraph.client import SessionGraph
from sessiongraph.server import request_spans
from sessiongraph.server.admission import Admission, count_wrong_keys
from sessiongraph.server.body_limits import BodyLimits
from sessiongraph.server.delivering import delivering
from sessiongraph.server.explorer.pages import open_explorer
from sessiongraph.server.guard import Guard
from sessiongraph.server.mcp_server import http_routes, over_http
from sessiongraph.server.metrics import Measured, Metrics
from sessiongraph.server.persister import persisting
from sessiongraph.server.problems import MEDIA_TYPE, handle_problems
from sessiongraph.server.routes import ROUTERS, health

_DESCRIPTION = """\
Long-term memory for chat applications and assistants: documents and conversations in, answers with their sources out.

Errors are problem documents (RFC 9457). A key is sent as `Authorization: Bearer KEY`.
"""
_PROBLEM = {
    "description": "A problem document.",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "class", "next_step"],
                "properties": {
                    **{name: {"type": "string"} for name in ("type", "title", "detail", "class", "next_step")},
                    "status": {"type": "integer"},
                },
            }
        }
    },
}


def create_app(client: SessionGraph | None = None) -> FastAPI:
    """The service of `client`, which it closes at its end, or else of one of the environment's settings.

    uvicorn makes one for each worker.
    """
    client = client or SessionGraph()
    settings = client.settings
    mcp = over_http(client)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # In each worker; the end comes when no loop serves anyone any more.
        with telemetry.exporting():
            async with (
                client,
                delivering(client),
                persisting(client, sweeps=True) as persister,
                mcp.session_manager.run(),
            ):
                app.state.persister = persister
                yield

    app = FastAPI(
        title="sessiongraph",
        version=version("sessiongraph"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Their pages fetch scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=request_spans.CONFIG,
    )
    app.state.client = client
    v1 = APIRouter(
        prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))], responses={"4XX": _PROBLEM, "5XX": _PROBLEM}
    )
    for router in ROUTERS:
        v1.include_router(router)
    app.include_router(v1)
    app.include_router(health.router)
    app.state.wrong_keys = count_wrong_keys()
    open_explorer(app)
    app.router.routes.extend(http_routes(mcp))
    handle_problems(app, settings.home)
    metrics = Metrics()
    app.add_api_route("/metrics", metrics.shown, include_in_schema=False, response_class=Response)
    # The last one added stands before all others.
    app.add_middleware(BodyLimits, upload_bytes=settings.server_upload_mb * 1024 * 1024)
    app.add_middleware(Admission, client=client, wrong_keys=app.state.wrong_keys)
    if settings.server_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.server_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Retry-After"],
        )
    app.add_middleware(Guard, hosts=settings.server_hosts, origins=settings.server_origins)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(request_spans.WithoutQuery)
    return app
