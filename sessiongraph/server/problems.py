"""Problem documents (RFC 9457): how every error is told, whoever raised it.

`detail` is the error's own message, which names the cause and the next step in the words of the Python API; `next_step`
says that step in the words of this service. The server's folders are not shown.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sessiongraph import errors
from sessiongraph.errors import SessionGraphError

logger = logging.getLogger("sessiongraph")

MEDIA_TYPE = "application/problem+json"
_AGAIN_SECONDS = 5


@dataclass(frozen=True)
class Problem:
    """A kind of problem: its HTTP status, its name for people, and what to do."""

    status: int
    title: str
    next_step: str


# By the class of the error; of a subclass that is not here, its base counts.
PROBLEMS: Mapping[type[Exception], Problem] = {
    errors.UnreadableDocumentError: Problem(422, "Unreadable document", "Send it in one of the formats named."),
    errors.InvalidInputError: Problem(422, "Invalid input", "Correct the request as the detail says."),
    errors.DatasetNotFoundError: Problem(
        404, "Dataset not found", "GET /v1/datasets lists those that you may read; POST /v1/add creates one of yours."
    ),
    errors.SessionsNotFoundError: Problem(404, "Session not found", "GET /v1/sessions lists yours."),
    errors.PermissionDeniedError: Problem(403, "Permission denied", "Ask the dataset's owner for the grant."),
    errors.NoGraphDataError: Problem(409, "No graph data", "POST /v1/add, then POST /v1/cognify."),
    errors.CachingDisabledError: Problem(
        409, "Sessions are off", "The operator turns them on: CACHING=true; without a session_id, search works."
    ),
    errors.CacheUnavailableError: Problem(503, "Session cache unavailable", "Try again; see /readyz."),
    errors.StoreUnavailableError: Problem(
        503, "Database unavailable", "Try again after the seconds that Retry-After says."
    ),
    errors.StoreBusyError: Problem(503, "Dataset busy", "Try again after the seconds that Retry-After says."),
    errors.FilesUnavailableError: Problem(
        503, "Files unavailable", "Try again after the seconds that Retry-After says."
    ),
    errors.LLMNotConfiguredError: Problem(501, "Model not configured", "The operator sets what the detail names."),
    errors.LLMFailedError: Problem(502, "Model failed", "Try again; where it stays so, the operator checks the model."),
    SessionGraphError: Problem(500, "Failed", "See the service's log for what stands behind this."),
}
_BY_STATUS: Mapping[int, str] = {
    401: "Send a key: Authorization: Bearer KEY. The operator makes one: sessiongraph users key create NAME.",
    403: "Use a key with a wider scope: sessiongraph users key create NAME --scope write (or admin).",
    404: "GET /openapi.json has all addresses.",
    405: "Use a method that the header Allow names.",
    408: "Send the body without a pause.",
    413: "Send less at once: several requests, or a file at POST /v1/add/files.",
    415: "Send what /openapi.json says that this address takes.",
    421: "Call the service by a name that it knows: the operator lists more in SESSIONGRAPH_SERVER_HOSTS.",
    429: "Come again after the seconds that Retry-After says.",
    503: "Try again after the seconds that Retry-After says.",
}


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    class_: str = "HTTPError",
    next_step: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A response with the problem document of an error of the class `class_`."""
    body = {
        "type": f"urn:sessiongraph:problem:{class_}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "class": class_,
        "next_step": next_step or _BY_STATUS.get(status, "Correct the request as the detail says."),
        **more,
    }
    # In ASCII, so that nothing which is said back can be no text.
    return Response(json.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def describe(error: SessionGraphError, home: Path) -> dict[str, Any]:
    """The arguments of `problem` for an error of the library."""
    found = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    return {
        "status": found.status,
        "detail": str(error).replace(str(home), "$SESSIONGRAPH_HOME"),
        "title": found.title,
        "class_": type(error).__name__,
        "next_step": found.next_step,
        "headers": {"Retry-After": str(_AGAIN_SECONDS)} if found.status == 503 else None,
    }


def handle_problems(app: FastAPI, home: Path) -> None:
    """Have `app` tell every error as a problem document."""

    async def library_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, SessionGraphError)
        described = describe(error, home)
        if described["status"] >= 500:
            logger.warning("%s: %s", type(error).__name__, error)
        return problem(**described)

    async def invalid_request(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [
            {"where": ".".join(map(str, fault["loc"])), "message": str(fault["msg"])} for fault in error.errors()[:20]
        ]
        detail = "; ".join(f"{fault['where']}: {fault['message']}" for fault in faults)
        return problem(422, detail, title="Invalid request", class_="InvalidInputError", errors=faults)

    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, str(error.detail), headers=error.headers)

    async def unforeseen(_: Request, error: Exception) -> Response:
        return problem(
            500,
            "The service failed at this request, by a fault of its own. What was written before stays.",
            class_=type(error).__name__,
            next_step="Report it, with what the service's log says at this moment.",
        )

    app.add_exception_handler(SessionGraphError, library_error)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unforeseen)
