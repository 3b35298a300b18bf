"""Figures of the service for Prometheus, at `/metrics`: requests by route and status, and how long they took.

A label is a route's template or a status, never what a caller sent. With several workers their figures are added up in
the folder of PROMETHEUS_MULTIPROC_DIR, which `sessiongraph serve` makes.
"""

import os
import time

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The figures of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "sessiongraph_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "sessiongraph_request_seconds",
            "How long requests took.",
            ["method", "route"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._in_flight = Gauge(
            "sessiongraph_requests_in_flight",
            "Requests that are being answered.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def shown(self) -> Response:
        """All figures, as Prometheus reads them."""
        registry = self._registry
        if MULTIPROC_DIR in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def begun(self) -> None:
        self._in_flight.inc()

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        self._in_flight.dec()
        self._requests.labels(scope["method"], route, status).inc()
        self._seconds.labels(scope["method"], route).observe(seconds)


def _template(scope: Scope) -> str:
    """The template of the route that answered; a router's route does not know under what it was included."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return "none"
    return f"/v1{path}" if scope["path"].startswith("/v1/") and not path.startswith("/v1/") else path


class Measured:
    """Counts what passes through it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.begun()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.ended(scope, status, time.perf_counter() - begun)
