"""A model call as OpenTelemetry's conventions for generative AI tell it: a span, how long it took, its tokens.

https://opentelemetry.io/docs/specs/semconv/gen-ai/. Where the span goes, and that it never holds what was said, belongs
to `telemetry`. A call is one request to an endpoint: one that is made again is another.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from sessiongraph import telemetry
from sessiongraph.llm import litellm_runtime
from sessiongraph.llm.endpoint import Endpoint

_OPERATIONS = {"LLM": "chat", "EMBEDDING": "embeddings"}
# What litellm calls a provider, where the conventions have another word for it.
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4**power for power in range(14))


class CallSpan:
    """A call that is under way; whoever reads the answer says what it used."""

    def __init__(self, attributes: dict[str, str | int]) -> None:
        self.attributes = attributes

    def answered(self, *, model: object = None, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Say which model answered, and how many tokens it counted: none, where it did not say."""
        if isinstance(model, str) and model:
            self.attributes["gen_ai.response.model"] = model
            telemetry.annotate({"gen_ai.response.model": model})
        for kind, tokens in (("input", input_tokens), ("output", output_tokens)):
            if tokens:
                telemetry.annotate({f"gen_ai.usage.{kind}_tokens": tokens})
                counted = {**self.attributes, "gen_ai.token.type": kind}
                telemetry.measure("gen_ai.client.token.usage", tokens, counted, unit="{token}", buckets=_TOKENS)


@contextmanager
def call_span(endpoint: Endpoint) -> Iterator[CallSpan]:
    """The span of one call of a model, with what it took and, where it fails, the kind of error."""
    if not telemetry.is_on():
        yield CallSpan({})
        return
    call, started = CallSpan(_described(endpoint)), time.perf_counter()
    name = f"{call.attributes['gen_ai.operation.name']} {call.attributes['gen_ai.request.model']}"
    failed: dict[str, str | int] = {}
    try:
        with telemetry.span(name, call.attributes, kind="INTERNAL" if endpoint.is_local else "CLIENT"):
            yield call
    except BaseException as error:
        failed = {"error.type": telemetry.error_type(error)}
        raise
    finally:
        telemetry.measure(
            "gen_ai.client.operation.duration",
            time.perf_counter() - started,
            {**call.attributes, **failed},
            unit="s",
            buckets=_SECONDS,
        )


def _described(endpoint: Endpoint) -> dict[str, str | int]:
    if endpoint.is_local:
        provider, model = "sessiongraph", endpoint.model.partition("/")[2]
    else:
        model, provider, _, _ = litellm_runtime.load().get_llm_provider(endpoint.model, api_base=endpoint.url)
    return {
        "gen_ai.operation.name": _OPERATIONS[endpoint.prefix],
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
        "gen_ai.request.model": model,
        **_address(endpoint.url),
    }


def _address(url: str | None) -> dict[str, str | int]:
    """The endpoint's host and port, where it is one's own: litellm knows the others."""
    if url is None:
        return {}
    address = urlsplit(url)
    try:
        port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    except ValueError:
        return {}
    return {"server.address": address.hostname, "server.port": port} if address.hostname and port else {}
