"""OpenTelemetry: spans and metrics of what is done, and where they are sent.

What is told of a model call belongs to `llm/call_spans`, of a request to `server/request_spans`.

Invariants:
- Where nobody asked for it (no collector in the environment, no providers of a host program) nothing is imported.
- A host's providers are used as they are, never replaced, added to or shut down.
- Nothing that was said is told: attributes are ids, counts, names of models and classes of errors, and what an
  exception says is left out.
- Sending is done by threads of the SDK. A collector that is away fails nothing and holds up no call; it holds up the
  end by _FLUSH_SECONDS at the most.
"""

import functools
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

P = ParamSpec("P")
R = TypeVar("R")
Attributes = Mapping[str, str | int | float | Sequence[str]]

logger = logging.getLogger("sessiongraph")

_NAME = "sessiongraph"
_FLUSH_SECONDS = 2.0


@contextmanager
def exporting() -> Iterator[None]:
    """For a process of our own: send spans and metrics to the collector that the environment names, as long as this
    lasts. Where it names none, or a program around this one has set OpenTelemetry up, nothing is set up here."""
    try:
        if _is_wanted("TRACES"):
            _send_spans()
        if _is_wanted("METRICS"):
            _send_metrics()
    except ImportError:
        logger.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends to it is not installed, so nothing is sent: "
            "pip install 'sessiongraph[telemetry]'."
        )
    except Exception as error:
        logger.warning("OpenTelemetry could not be set up, so nothing is sent (%s: %s).", type(error).__name__, error)
    try:
        yield
    finally:
        _flush()


@contextmanager
def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: Literal["INTERNAL", "CLIENT", "SERVER"] = "INTERNAL",
    carrier: Mapping[str, object] | None = None,
) -> Iterator[None]:
    """A span for as long as this lasts, below the one that the `traceparent` of `carrier` names, or else the current.

    CLIENT is a call of another, SERVER a call by another.
    """
    trace = _trace()
    if trace is None:
        yield
        return
    with trace.get_tracer(_NAME).start_as_current_span(
        name,
        context=_context(carrier),
        kind=trace.SpanKind[kind],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ):
        try:
            yield
        except BaseException as error:
            fail(error_type(error))
            raise


def _context(carrier: Mapping[str, object] | None) -> Any:
    if not carrier:
        return None
    from opentelemetry import context, propagate

    given = {name: value for name, value in carrier.items() if isinstance(value, str)}
    return propagate.extract(given, context=context.get_current())


def fail(kind: str) -> None:
    """Say that what the current span is of has failed, with this kind of error."""
    trace = _trace()
    if trace is not None:
        trace.get_current_span().set_attribute("error.type", kind)
        trace.get_current_span().set_status(trace.StatusCode.ERROR)


def is_on() -> bool:
    """Whether anything that is said here is recorded."""
    return _trace() is not None or _metrics() is not None


def annotate(attributes: Attributes) -> None:
    """Say more of the current span."""
    trace = _trace()
    if trace is not None:
        trace.get_current_span().set_attributes(attributes)


def traced(
    name: str, counts: Callable[[R], Attributes]
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Makes each call of a function a span `name`, with what `counts` says of the result."""

    def decorate(function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @functools.wraps(function)
        async def call(*args: P.args, **given: P.kwargs) -> R:
            with span(name):
                result = await function(*args, **given)
                if _trace() is not None:
                    annotate(counts(result))
                return result

        return call

    return decorate


def measure(name: str, value: float, attributes: Attributes, *, unit: str, buckets: Sequence[float]) -> None:
    """Add `value` to the histogram `name`, which has these upper bounds of its buckets."""
    metrics = _metrics()
    if metrics is not None:
        # The SDK gives the same histogram for the same name.
        histogram = metrics.get_meter(_NAME).create_histogram(
            name, unit=unit, explicit_bucket_boundaries_advisory=buckets
        )
        histogram.record(value, attributes)


def error_type(error: BaseException) -> str:
    """What kind of error it is, in few words of which there are few: a status, or a class."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return str(status)
    return "timeout" if isinstance(error, TimeoutError) else type(error).__name__


def _trace() -> ModuleType | None:
    """`opentelemetry.trace`, where spans are recorded: whoever set that up has imported it."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    return trace


def _metrics() -> ModuleType | None:
    """`opentelemetry.metrics`, where they are recorded."""
    metrics = sys.modules.get("opentelemetry.metrics")
    # The name alone tells: the class is private, and keeps each histogram that it is asked for until there is a real
    # provider.
    if metrics is None or type(metrics.get_meter_provider()).__name__ == "_ProxyMeterProvider":
        return None
    return metrics


def _is_wanted(signal: str) -> bool:
    """Whether the environment names a collector for TRACES or METRICS that we can send to."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter, protocol = _variable(f"OTEL_{signal}_EXPORTER"), _of_signal(signal, "PROTOCOL")
    if exporter == "none" or not _of_signal(signal, "ENDPOINT"):
        return False
    if exporter not in ("", "otlp") or protocol not in ("", "http/protobuf"):
        logger.warning(
            "OpenTelemetry's %s are sent by OTLP over HTTP alone, so none are sent: leave OTEL_%s_EXPORTER and "
            "OTEL_EXPORTER_OTLP_PROTOCOL unset, or set them to otlp and http/protobuf.",
            signal.lower(),
            signal,
        )
        return False
    return True


def _of_signal(signal: str, what: str) -> str:
    return _variable(f"OTEL_EXPORTER_OTLP_{signal}_{what}") or _variable(f"OTEL_EXPORTER_OTLP_{what}")


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _send_spans() -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if _trace() is None:
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


def _send_metrics() -> None:
    from opentelemetry import metrics
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    if _metrics() is None:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        metrics.set_meter_provider(MeterProvider([reader], resource=_resource(), shutdown_on_exit=False))


def _resource() -> "Resource":
    """This process; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go first."""
    from importlib.metadata import version

    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    ours = Resource({"service.name": _NAME, "service.version": version("sessiongraph")})
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


def _flush() -> None:
    """Send what was recorded, within _FLUSH_SECONDS. The SDK keeps to no time: whatever takes longer is left behind."""
    trace, metrics = _trace(), _metrics()
    providers: list[Any] = [trace and trace.get_tracer_provider(), metrics and metrics.get_meter_provider()]
    flushes = [threading.Thread(target=it.force_flush, daemon=True) for it in providers if hasattr(it, "force_flush")]
    until = time.monotonic() + _FLUSH_SECONDS
    for flush in flushes:
        flush.start()
    for flush in flushes:
        flush.join(max(0.0, until - time.monotonic()))
