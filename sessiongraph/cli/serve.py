"""`serve`: the home over HTTP, as REST and as tools of the Model Context Protocol."""

import ipaddress
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from sessiongraph.cli.options import examples
from sessiongraph.cli.output import note, warn
from sessiongraph.errors import FilesUnavailableError, InvalidInputError

# How long requests that are under way may take to end, after Ctrl-C or SIGTERM.
_GRACE_SECONDS = 20
SERVER_OPTIONS: Mapping[str, Any] = {
    "factory": True,
    "http": "sessiongraph.server.http_protocol:ProblemProtocol",
    # Whoever sends a request is who the connection says: no header may say otherwise.
    "proxy_headers": False,
    "server_header": False,
    "access_log": False,
    "log_level": "warning",
    "timeout_graceful_shutdown": _GRACE_SECONDS,
    "h11_max_incomplete_event_size": 64 * 1024,
}


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph serve",
            "sessiongraph users key create ana@example.com",
            after="Ctrl-C ends it. All of it: docs/service.md",
        ),
    )(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="The port; 0 takes a free one.")] = 8321,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, max=64, help="Processes, all on this home.")] = 1,
) -> None:
    """Serve this home: pages at /, REST at /v1, MCP at /mcp. It persists what is said, where no Dagster daemon does."""
    from sessiongraph.settings import PREFIX, load_settings

    settings = load_settings()
    if not _is_loopback(host):
        _check_reachable(host, settings.home.is_dir())
    if settings.files_url:
        _check_files()
    names = [*settings.server_hosts, *([] if host in ("0.0.0.0", "::") else [f"[{host}]" if ":" in host else host])]
    # For the workers, which read their settings themselves.
    os.environ[f"{PREFIX}SERVER_HOSTS"] = ",".join(names)
    os.environ[f"{PREFIX}HOME"] = str(settings.home)
    with _shared_metrics(workers):
        _run(host, port, workers, settings.home)


def _check_files() -> None:
    """Refuse a place of files that is none; one that is away now is waited for by whoever needs it."""
    from sessiongraph.default_client import default_services

    try:
        default_services().check_files()
    except FilesUnavailableError as error:
        warn(str(error))


def _run(host: str, port: int, workers: int, home: Path) -> None:
    import uvicorn

    from sessiongraph.server.address import announced

    url = f"http://{host}:{port}"
    note(f"Serving {home}: pages at {url}, REST at {url}/v1, MCP at {url}/mcp. Ctrl-C ends it.")
    at = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    # Who lets the system choose the port is told it by uvicorn alone.
    with announced(home, f"http://{at}:{port}") if port else nullcontext():
        uvicorn.run(
            "sessiongraph.server.app:create_app",
            host=host,
            port=port,
            workers=workers,
            **SERVER_OPTIONS,
        )


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """For several workers, a folder in which their metrics are added up."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="sessiongraph-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_reachable(host: str, has_home: bool) -> None:
    """Refuse to listen to others as long as there is no key: nobody could be told from anybody."""
    from sessiongraph.default_client import default_services

    if not has_home or not default_services().access.keys.exist():
        raise InvalidInputError(
            f"Others could reach the service at {host}, and there is no key yet by which it would know them: "
            "sessiongraph users key create NAME makes one. Without a key it listens at 127.0.0.1 alone."
        )
    warn("Keys and words go over the network in the clear: put a proxy with TLS before the service.")
