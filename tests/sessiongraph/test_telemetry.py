"""Spans and metrics, as a collector gets them from processes of their own: OpenTelemetry is set up once a process."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sessiongraph.server.test_processes import serving
from tests.support.collector import Collector
from tests.support.openai_endpoint import OpenAIEndpoint

_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
_TRACE, _CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_MODEL = {"gen_ai_request_model": "chatty-1", "gen_ai_provider_name": "openai"}


@dataclass(frozen=True)
class Told:
    """What the collector got of a service's whole life, and what callers of the service were told."""

    collector: Collector
    answers: list[httpx.Response]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The README's story by REST, and two calls by MCP, against a service that was ended by SIGTERM."""
    home, root = tmp_path_factory.mktemp("telemetry") / "home", Path(__file__).resolve().parents[2]
    with Collector().running() as collector, OpenAIEndpoint().running() as endpoint:
        settings = {
            "DAGSTER_HOME": "",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "LLM_MODEL": "openai/chatty-1",
            "LLM_ENDPOINT": endpoint.url,
            "LLM_MAX_RETRIES": "1",
            "EMBEDDING_MODEL": "openai/embedder-1",
            "EMBEDDING_ENDPOINT": endpoint.url,
        }
        with (
            serving(home, root, **settings) as (_, url),
            httpx.Client(base_url=url, trust_env=False, timeout=60) as http,
        ):
            answers = _story(http, endpoint)
        yield Told(collector, answers)


def _story(http: httpx.Client, endpoint: OpenAIEndpoint) -> list[httpx.Response]:
    in_d: dict[str, Any] = {"datasets": ["d"]}
    caller = {"traceparent": f"00-{_TRACE}-{_CALLER}-01"}
    answers = [
        http.post("/v1/add", json={"data": ["Quentin Tarrow moved to Paris in 2010."], "dataset_name": "d"}),
        http.post("/v1/cognify", json=in_d),
    ]
    endpoint.fail(429, "moved to Paris", times=1)
    asked = {"query_text": "Where does Quentin Tarrow live?", "session_id": "s", **in_d}
    answers += [
        http.post("/v1/search", json=asked, headers=caller),
        http.post("/v1/persist_sessions", json={"session_ids": ["s"], "dataset": "d"}),
        http.get("/v1/facts", params={"dataset": "d", "query": "Quentin"}),
        http.post("/v1/search", json={"query_text": "Quentin?", "datasets": ["Quentins"]}),
    ]
    endpoint.fail(400, message="Quentin Tarrow is refused")
    answers.append(http.post("/v1/search", json={"query_text": "Who is Quentin?", **in_d}))
    endpoint.heal()
    for method, params in (
        ("tools/call", {"name": "recall", "arguments": {"query": "Quentin"}}),
        ("resources/read", {"uri": "sessiongraph://entities/d/Quentina"}),
    ):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answers.append(http.post("/mcp", json=message, headers={"Accept": "application/json, text/event-stream"}))
    answers.append(http.post("/v1/forget", json={"dataset": "d", "session_id": "s"}))
    return answers


def test_the_story_was_told(told: Told):
    assert [answer.status_code for answer in told.answers] == [200, 200, 200, 200, 200, 404, 502, 200, 200, 200]


def test_a_callers_trace_goes_on_down_to_the_model(told: Told):
    spans = [span for span in told.collector.spans if span.trace_id == _TRACE]
    (request,) = [span for span in spans if span.kind == "SERVER"]
    assert (request.name, request.parent_id) == ("POST /v1/search", _CALLER)
    (search,) = [span for span in spans if span.name == "search"]
    assert (search.kind, search.parent_id, search.attributes["sessiongraph.search.sources"]) == (
        "INTERNAL",
        request.id,
        1,
    )
    chats = [span for span in spans if span.name == "chat chatty-1"]
    assert {(span.kind, span.parent_id) for span in chats} == {("CLIENT", search.id)}
    # The one that was refused, and the same again.
    assert [span.attributes.get("error.type") for span in chats] == ["429", None]
    assert [span.status for span in chats] == [2, 0]
    answered = chats[1].attributes
    assert answered["gen_ai.operation.name"] == "chat" and answered["gen_ai.provider.name"] == "openai"
    assert answered["gen_ai.response.model"] == "chatty-1" and answered["server.address"] == "127.0.0.1"
    assert answered["gen_ai.usage.input_tokens"] > 0 and answered["gen_ai.usage.output_tokens"] > 0
    assert [span.parent_id for span in spans if span.name == "embeddings embedder-1"] == [search.id]


def test_each_function_has_a_span_with_dataset_and_counts(told: Told):
    collector = told.collector
    added = collector.span("add").attributes
    dataset = added["sessiongraph.dataset.id"]
    assert added["sessiongraph.documents.added"] == 1
    for name, count, value in (
        ("cognify", "sessiongraph.passages.extracted", 1),
        ("persist_sessions", "sessiongraph.turns.staged", 1),
        ("forget", "sessiongraph.turns.forgotten", 1),
    ):
        told_of = collector.span(name).attributes
        assert (told_of["sessiongraph.dataset.id"], told_of[count]) == (dataset, value)
    refused = [span.attributes["error.type"] for span in collector.spans if span.name == "search" and span.status == 2]
    assert refused == ["DatasetNotFoundError", "LLMFailedError"]
    assert collector.span("add").resource["service.name"] == "sessiongraph"


def test_a_tool_of_mcp_is_a_span_between_its_request_and_the_search(told: Told):
    collector = told.collector
    tool = collector.span("tools/call recall")
    assert tool.attributes["gen_ai.operation.name"] == "execute_tool"
    parents = {span.id: span.name for span in collector.spans}
    assert parents[tool.parent_id] == "POST /mcp"
    assert tool.id in {span.parent_id for span in collector.spans if span.name == "search"}
    assert collector.span("resources/read").attributes["error.type"] == "MCPError"


def test_nothing_that_was_said_or_asked_leaves_the_service(told: Told):
    assert any("Quentin" in answer.text for answer in told.answers)
    assert told.collector.spans and b"Quentin" not in told.collector.raw and b"Paris" not in told.collector.raw


def test_tokens_and_seconds_are_measured_in_the_conventions_buckets(told: Told):
    collector = told.collector
    (seconds,) = collector.histogram(
        "gen_ai.client.operation.duration", **_MODEL, gen_ai_operation_name="chat", gen_ai_response_model="chatty-1"
    )
    answered = [span for span in collector.spans if span.name == "chat chatty-1" and span.status == 0]
    assert seconds.count == len(answered)
    assert (seconds.explicit_bounds[0], seconds.explicit_bounds[-1]) == (0.01, 81.92)
    (limited,) = collector.histogram("gen_ai.client.operation.duration", **_MODEL, error_type="429")
    assert limited.count == 1
    (tokens,) = collector.histogram("gen_ai.client.token.usage", **_MODEL, gen_ai_token_type="input")
    assert tokens.sum == sum(span.attributes["gen_ai.usage.input_tokens"] for span in answered)
    assert (tokens.explicit_bounds[1], tokens.explicit_bounds[-1]) == (4, 67108864)
    (requests,) = collector.histogram("http.server.request.duration", http_route="/v1/add")
    assert requests.count == 1


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), **environment},
        capture_output=True,
        text=True,
        timeout=150,
    )


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector().running() as made:
        yield made


def test_a_command_sends_its_spans_before_it_ends(collector: Collector):
    command = (_MAIN, "add", "Alice lives in Paris.", "-d", "d")
    done = run(*command, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="memory")
    assert done.returncode == 0, done.stderr
    assert collector.span("add").resource["service.name"] == "memory"


@pytest.mark.parametrize(
    ("variable", "value", "sent"),
    [
        ("OTEL_SERVICE_NAME", "memory", 1),
        ("OTEL_SDK_DISABLED", "true", 0),
        ("OTEL_TRACES_EXPORTER", "none", 0),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 0),
    ],
)
def test_the_standard_variables_turn_it_off(collector: Collector, variable: str, value: str, sent: int):
    program = "from sessiongraph import telemetry as t\nwith t.exporting(), t.span('s'): pass"
    done = run(program, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **{variable: value})
    assert done.returncode == 0 and len(collector.spans) == sent
    assert ("OTLP over HTTP alone" in done.stderr) == (value == "grpc")


def test_a_collector_that_never_answers_fails_nothing_and_delays_the_end_by_two_seconds():
    program = """
import time
from sessiongraph import telemetry
started = time.monotonic()
with telemetry.exporting():
    for _ in range(10_000):
        with telemetry.span("s"):
            telemetry.measure("m", 1, {}, unit="s", buckets=[1])
    worked = time.monotonic() - started
print(worked, time.monotonic() - started - worked)
"""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        done = run(program, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}")
        took = time.monotonic() - began
    worked, ended = map(float, done.stdout.split())
    assert done.returncode == 0 and worked < 8 and 1.9 <= ended < 4 and took < worked + ended + 5


# A program with an OpenTelemetry of its own, which keeps spans in memory, or with none; and a run of Dagster in it.
_HOST = """
import asyncio, json, sys
from pathlib import Path
import dagster as dg
from sessiongraph import SessionGraph
from sessiongraph.dagster import materialize_documents
kept = None
if sys.argv[1] == "own":
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)

@dg.asset
def documents(context: dg.AssetExecutionContext):
    return materialize_documents(context, dataset_key="default_user/d")

async def add():
    async with SessionGraph() as memory:
        await memory.add("Alice lives in Paris.", "d")
asyncio.run(add())
assert dg.materialize([documents], instance=dg.DagsterInstance.ephemeral()).success
print(json.dumps([span.name for span in kept.get_finished_spans()] if kept else []))
if kept:
    assert trace.get_tracer_provider() is provider and len(provider._active_span_processor._span_processors) == 1
"""


def test_a_hosts_own_providers_get_the_spans_and_the_collector_none(collector: Collector):
    done = run(_HOST, "own", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["add", "run documents"]
    assert collector.spans == []


def test_a_run_of_dagster_sends_its_spans_and_a_library_call_alone_sets_nothing_up(collector: Collector):
    done = run(_HOST, "none", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert done.returncode == 0, done.stderr
    assert [span.name for span in collector.spans] == ["run documents"]
    assert collector.span("run documents").attributes["sessiongraph.dataset.id"]


# A program in an installation without OpenTelemetry.
_WITHOUT = """
import asyncio, logging, sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
from sessiongraph import SessionGraph, telemetry
async def work():
    async with SessionGraph() as memory:
        await memory.add("Alice lives in Paris.", "d")
with telemetry.exporting():
    asyncio.run(work())
"""


def test_where_it_is_off_nothing_of_it_is_needed():
    done = run(_WITHOUT)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_extra_a_warning_says_what_to_install_and_the_work_is_done():
    done = run(_WITHOUT, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    assert done.returncode == 0 and "pip install 'sessiongraph[telemetry]'" in done.stderr
