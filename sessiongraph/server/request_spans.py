"""Spans of requests. Those of HTTP, and their metrics, are FastAPI's own, those of MCP are made here; both by
OpenTelemetry's conventions, and only where that is set up (`sessiongraph.telemetry`).

Invariant: what a request asks for stands in no span. A query string may hold it, and so may what an error says, which
the spans of the MCP SDK quote.
"""

from typing import Any

from fastapi.telemetry import TelemetryConfig
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CallToolResult
from starlette.types import ASGIApp, Receive, Scope, Send

from sessiongraph import telemetry

# Asked every few seconds by whoever watches the service.
_WATCHED = ("/livez", "/readyz", "/metrics")

CONFIG: TelemetryConfig = {
    # `sessiongraph.telemetry` says whether, and where to.
    "auto_configure": False,
    # They quote what did not validate.
    "logs": False,
    "operation_spans": False,
    "exclude": lambda scope: scope.get("path") in _WATCHED,
}


class WithoutQuery:
    """Keeps the query string out of the span of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("query_string"):
            telemetry.annotate({"url.query": "REDACTED"})
        await self._app(scope, receive, send)


async def message_span(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """MCP's middleware: a message is a span, below the one that its `_meta` names, or else that of its request."""
    attributes = {"mcp.method.name": ctx.method}
    name = ctx.method
    if ctx.method == "tools/call" and isinstance(tool := (ctx.params or {}).get("name"), str):
        attributes |= {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
        name = f"{ctx.method} {tool}"
    with telemetry.span(name, attributes, kind="SERVER", carrier=ctx.meta):
        result = await call_next(ctx)
        if isinstance(result, CallToolResult) and result.is_error:
            telemetry.fail("tool_error")
        return result
