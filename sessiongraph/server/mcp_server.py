"""The MCP server: memory as tools, resources and a prompt for agents, on stdio and at `/mcp`.

Invariant: an agent may what the caller may whose key the connection has; on stdio that is the user whom the operator
named. Errors are the library's, with their cause and next step, for the model to read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations

from sessiongraph.client import SessionGraph
from sessiongraph.ids import new_id
from sessiongraph.server.caller import Caller
from sessiongraph.server.mcp_resources import add_prompt, add_resources
from sessiongraph.server.mcp_tools import Tools
from sessiongraph.server.request_spans import message_span
from sessiongraph.types import User

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

_INSTRUCTIONS = """\
Long-term memory that outlives this conversation. Call recall before you answer anything that may rest on what was
said or read earlier; call remember when the user states something that will matter later. What is remembered becomes
part of a knowledge graph by itself; nothing else needs to be called.
"""


@dataclass(frozen=True)
class Connection:
    """What a call that names nothing means: who calls, the session, and the configured dataset, if any."""

    caller_of: Callable[[Context], Caller]
    session: Callable[[], str]
    dataset: str | None = None


def over_stdio(client: SessionGraph, user: User, dataset: str | None) -> MCPServer:
    """The server of one agent, which acts as `user`. Its session is the connection's."""
    caller, session = Caller(user, "admin"), f"mcp-{datetime.now(UTC):%Y-%m-%d}-{new_id()[:8]}"
    return _memory_server(client, Connection(lambda _: caller, lambda: session, dataset))


def over_http(client: SessionGraph) -> MCPServer:
    """The server of many. Connections are not kept, so that any worker may answer: the session is the day's."""
    return _memory_server(client, Connection(_caller_of_request, lambda: f"mcp-{datetime.now(UTC):%Y-%m-%d}"))


def http_routes(server: MCPServer) -> "list[BaseRoute]":
    """`/mcp`. What stands before every route has checked Host, Origin, key and size by then."""
    from mcp.server.transport_security import TransportSecuritySettings

    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(stateless_http=True, json_response=True, transport_security=checked)
    return list(app.routes)


def _caller_of_request(context: Context) -> Caller:
    request = context.request_context.request
    assert request is not None
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


def _memory_server(client: SessionGraph, connection: Connection) -> MCPServer:
    server: MCPServer = MCPServer(
        "sessiongraph",
        instructions=_INSTRUCTIONS,
        version=version("sessiongraph"),
        log_level="WARNING",
        subscriptions=False,
    )
    # The SDK's own spans quote errors.
    others = (it for it in server.middleware if type(it).__name__ != "OpenTelemetryMiddleware")
    server.middleware[:] = [message_span, *others]
    tools = Tools(client, connection.caller_of, connection.session, connection.dataset)
    add = partial(server.add_tool, structured_output=False)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    writes = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
    deletes = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
    add(tools.recall, annotations=reads)
    add(tools.remember, annotations=writes)
    add(tools.persist_session, annotations=writes)
    add(tools.forget, annotations=deletes)
    add(tools.correct_fact, annotations=writes)
    add(tools.list_sessions, annotations=reads)
    add_resources(server, client, connection.caller_of)
    add_prompt(server)
    return server
