"""`mcp`: this home as the memory of an agent, over stdin and stdout.

The folder that an agent works in is anybody's: its `.env`, which could name another model's endpoint or another home,
is not read.
"""

import asyncio
import signal
from typing import Annotated

import typer

from sessiongraph.cli.options import UserName, examples


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "claude mcp add memory -- sessiongraph mcp",
            "sessiongraph mcp --user ana@example.com --dataset work",
            after="How agents are connected: docs/service.md",
        ),
    )(mcp)


def mcp(
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", help="Where what is remembered belongs, by name or owner/name."
        ),
    ] = None,
    user: UserName = None,
) -> None:
    """Be the memory of an agent (Model Context Protocol, on stdio). The agent's program starts it, and ends it."""
    asyncio.run(_served(dataset, user))


async def _served(dataset: str | None, user_name: str | None) -> None:
    from sessiongraph.api.context import permitted
    from sessiongraph.client import SessionGraph
    from sessiongraph.server.delivering import delivering
    from sessiongraph.server.mcp_server import over_stdio
    from sessiongraph.server.persister import persisting
    from sessiongraph.settings import Settings

    async with SessionGraph(Settings(_env_file=None)) as client:
        user = await (client.users.get_default_user() if user_name is None else client.users.get(user_name))
        if dataset is not None:
            await permitted(client.services, user, dataset, "write")
        async with delivering(client), persisting(client, sweeps=False):
            serving = asyncio.create_task(over_stdio(client, user, dataset).run_stdio_async())
            # An agent that does not wait for the end of input asks for it so; what waits is persisted all the same.
            for asked in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(asked, serving.cancel)
            try:
                await serving
            except asyncio.CancelledError:
                return
