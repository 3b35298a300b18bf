"""`view`: the explorer, in a browser."""

import os
import webbrowser
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from sessiongraph.cli.options import UserName, examples
from sessiongraph.cli.output import note, say
from sessiongraph.errors import InvalidInputError


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph view",
            "sessiongraph view /ask",
            after="Ctrl-C ends the service that it started. All of it: docs/service.md",
        ),
    )(view)


def view(
    page: Annotated[str, typer.Argument(metavar="PAGE", help="Which page: /ask, /sessions, …")] = "/",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only say where it is.")] = True,
    user: UserName = None,
) -> None:
    """Look at what is remembered, ask, and put it right, in a browser. Starts the service where none runs."""
    from sessiongraph.server.address import served_at
    from sessiongraph.settings import load_settings

    if not page.startswith("/") or page.startswith("//"):
        raise InvalidInputError(f"{page!r:.60} is no page: /ask, /sessions and so on are.")
    home = load_settings().home
    url = served_at(home)
    if url is None:
        return _serve(home, page, user, browser)
    note(f"{home} is served at {url} already.")
    _open(_address(url, page, user), browser)


def _serve(home: Path, page: str, user: str | None, browser: bool) -> None:
    """Serve the home at a free port, until Ctrl-C."""
    import uvicorn

    from sessiongraph.cli.serve import SERVER_OPTIONS
    from sessiongraph.server.address import announced
    from sessiongraph.settings import PREFIX

    os.environ[f"{PREFIX}HOME"] = str(home)
    config = uvicorn.Config("sessiongraph.server.app:create_app", host="127.0.0.1", port=0, **SERVER_OPTIONS)
    config.load()
    # It listens before the browser is sent there.
    listener = config.bind_socket()
    listener.listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with announced(home, url):
        note(f"Serving {home} at {url}. Ctrl-C ends it.")
        _open(_address(url, page, user), browser)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            note("Ended.")


def _address(url: str, page: str, user_name: str | None) -> str:
    """Where to look: where keys are asked for, by a link that signs in once."""
    from sessiongraph.default_client import default_services

    access = default_services().access
    if user_name is None and not access.keys.exist():
        return url + page
    user = access.default_user() if user_name is None else access.get_user(user_name)
    # What is behind # is sent to no server and stands in no log.
    return f"{url}/sign-in?{urlencode({'to': page})}#link={access.browser_sessions.offer_link(user)}"


def _open(address: str, browser: bool) -> None:
    if browser and webbrowser.open(address):
        note("Opened in your browser.")
    else:
        say(address)
