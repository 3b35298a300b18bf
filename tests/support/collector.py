"""An OpenTelemetry collector for tests: OTLP over HTTP, read as the protocol's own messages."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage


@dataclass(frozen=True)
class Span:
    """A span as it arrived; ids in hex, `status` as the protocol numbers it (2 is an error)."""

    name: str
    kind: str
    id: str
    parent_id: str
    trace_id: str
    status: int
    attributes: dict[str, Any]
    resource: dict[str, Any]


class Collector:
    """The server. `url` is what OTEL_EXPORTER_OTLP_ENDPOINT is set to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The bodies as they came, by path.
        self._bodies: list[tuple[str, bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> "Iterator[Collector]":
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def take(self, path: str, body: bytes) -> None:
        with self._lock:
            self._bodies.append((path, body))

    @property
    def raw(self) -> bytes:
        """All that was sent."""
        with self._lock:
            return b"".join(body for _, body in self._bodies)

    @property
    def spans(self) -> list[Span]:
        found = []
        for body in self._sent_to("/v1/traces"):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                about = _plain(resource.resource.attributes)
                found += [_span(span, about) for scope in resource.scope_spans for span in scope.spans]
        return found

    def span(self, name: str) -> Span:
        """The only span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def histogram(self, name: str, **wanted: str) -> list[HistogramDataPoint]:
        """The newest points of a histogram that have these attributes (with _ for each dot in their names)."""
        points: dict[Any, HistogramDataPoint] = {}
        for body in self._sent_to("/v1/metrics"):
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                    for point in metric.histogram.data_points if metric.name == name else ():
                        told = _plain(point.attributes)
                        if wanted.items() <= {key.replace(".", "_"): value for key, value in told.items()}.items():
                            points[tuple(sorted(told.items()))] = point
        return list(points.values())

    def _sent_to(self, path: str) -> list[bytes]:
        with self._lock:
            return [body for to, body in self._bodies if to == path]


def _span(span: SpanMessage, resource: dict[str, Any]) -> Span:
    assert not span.events, "a span says what an error said"
    assert not span.status.message
    return Span(
        span.name,
        SpanMessage.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.trace_id.hex(),
        span.status.code,
        _plain(span.attributes),
        resource,
    )


def _plain(attributes: "Iterator[KeyValue] | Any") -> dict[str, Any]:
    return {it.key: _value(it.value) for it in attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return [_value(it) for it in value.array_value.values] if kind == "array_value" else getattr(value, kind or "")


def _handler_of(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    return Handler
