"""What a user of any model relies on: valid answers, retries that help, errors that name the next step."""

import asyncio
import json
import warnings
from typing import Any

import pytest

from sessiongraph.errors import LLMFailedError, LLMNotConfiguredError
from sessiongraph.llm import context_window, litellm_calls
from sessiongraph.llm.client import LLM
from sessiongraph.prompts.extraction_schema import Extraction, check_numbers
from sessiongraph.prompts.prompt_format import Part, Window, render
from sessiongraph.settings import Settings
from sessiongraph.types import Usage
from tests.support.openai_endpoint import OpenAIEndpoint

SYSTEM = {"role": "system", "content": "You extract."}
KEY = "sk-a-key-of-ours"


def settings(endpoint: OpenAIEndpoint, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "llm_model": "openai/test-model",
        "llm_endpoint": endpoint.url,
        "llm_max_retries": 1,
    }
    return Settings(_env_file=None, **(given | changes))  # type: ignore[call-arg]


def prompt(*texts: str) -> list[dict[str, str]]:
    windows = [Window("document", (), (Part("document", text),)) for text in texts]
    return [SYSTEM, {"role": "user", "content": render(windows)[0]}]


async def test_an_extraction_arrives_with_its_usage(openai_endpoint: OpenAIEndpoint) -> None:
    llm = LLM(settings(openai_endpoint))
    found, usage = await llm.structured(prompt("Alice Smith moved to Paris in 2010.", "Bob likes tea."), Extraction)
    assert [entity.name for entity in found.entities] == ["Alice Smith", "Paris", "Bob"]
    fact = found.facts[0]
    assert (fact.subject, fact.relation, fact.object) == ("Alice Smith", "moved to", "Paris")
    assert (fact.passage, fact.valid_at) == (1, "2010")
    assert [summary.passage for summary in found.summaries] == [1, 2]
    assert usage.calls == 1 and usage.prompt_tokens > 0 and usage.completion_tokens > 0 and usage.seconds > 0
    body = openai_endpoint.chats[0].body
    assert body["temperature"] == 0
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["messages"] == prompt("Alice Smith moved to Paris in 2010.", "Bob likes tea.")


async def test_an_unknown_price_is_not_free_and_a_known_one_is_counted(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    _, unknown = await LLM(settings(openai_endpoint)).text(prompt("Alice met Bob."))
    _, known = await LLM(settings(openai_endpoint, llm_model="openai/gpt-4o-mini")).text(prompt("Alice met Bob."))
    assert unknown.cost is None
    assert known.cost is not None and known.cost > 0


async def test_a_text_answer(openai_endpoint: OpenAIEndpoint) -> None:
    answer, usage = await LLM(settings(openai_endpoint)).text(prompt("Alice met Bob."))
    assert answer == "Alice met Bob. [1]"
    assert usage.calls == 1


async def test_an_empty_text_answer_is_an_error(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.reply("<think>Hmm.</think>\n")
    with pytest.raises(LLMFailedError, match="empty answer"):
        await LLM(settings(openai_endpoint)).text(prompt("Alice met Bob."))


@pytest.mark.parametrize(
    "wrapped",
    ["```json\n%s\n```", "<think>Is {this} it?</think>Here you are: %s. Anything else?", "{} or rather %s"],
)
async def test_json_is_found_in_whatever_stands_around_it(openai_endpoint: OpenAIEndpoint, wrapped: str) -> None:
    openai_endpoint.reply(wrapped % '{"summaries": [{"passage": 1, "text": "{x}"}], "entities": [], "facts": []}')
    found, usage = await LLM(settings(openai_endpoint)).structured(prompt("Alice."), Extraction)
    assert found.summaries[0].text == "{x}"
    assert usage.calls == 1


async def test_an_invalid_answer_is_asked_for_again_with_the_error(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.reply('{"summaries": [], "entities": "none"}', times=1)
    found, usage = await LLM(settings(openai_endpoint)).structured(prompt("Alice met Bob."), Extraction)
    assert len(found.facts) == 1
    assert usage.calls == 2
    *first, answer, error = openai_endpoint.chats[1].body["messages"]
    assert first == prompt("Alice met Bob.")
    assert answer == {"role": "assistant", "content": '{"summaries": [], "entities": "none"}'}
    assert error["role"] == "user" and "entities: Input should be a valid list" in error["content"]


async def test_passage_numbers_that_were_not_given_are_asked_for_again(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    wrong = {"summaries": [{"passage": 7, "text": "?"}], "entities": [], "facts": []}
    openai_endpoint.reply(json.dumps(wrong), times=1)
    found, usage = await LLM(settings(openai_endpoint)).structured(
        prompt("Alice met Bob."), Extraction, check=lambda extraction: check_numbers(extraction, [1])
    )
    assert found.summaries[0].passage == 1
    assert usage.calls == 2
    assert "[7]" in openai_endpoint.chats[1].body["messages"][-1]["content"]


async def test_an_answer_that_stays_invalid_fails_after_three(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.reply('{"facts": [')
    with pytest.raises(LLMFailedError, match=r"no valid Extraction in 3 answers.*LLM_MODEL") as failed:
        await LLM(settings(openai_endpoint)).structured(prompt("Alice met Bob."), Extraction)
    assert (failed.value.attempts, failed.value.fatal, failed.value.model) == (3, False, "openai/test-model")
    assert failed.value.usage is not None and failed.value.usage.calls == 3
    assert len(openai_endpoint.chats) == 3


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        ({"finish_reason": "length"}, "cut off"),
        ({"finish_reason": "content_filter"}, "content_filter"),
        ({"refusal": "I would rather not."}, "refused to answer .I would rather not"),
    ],
)
async def test_what_asking_again_cannot_help_is_named_at_once(
    openai_endpoint: OpenAIEndpoint, reply: dict[str, str], named: str
) -> None:
    openai_endpoint.reply('{"facts": [', **reply)  # type: ignore[arg-type]
    with pytest.raises(LLMFailedError, match=named) as failed:
        await LLM(settings(openai_endpoint)).structured(prompt("Alice met Bob."), Extraction)
    assert failed.value.usage is not None and failed.value.usage.calls == 1
    assert len(openai_endpoint.chats) == 1


@pytest.mark.parametrize("taken", [{"json_object"}, set()])
async def test_an_endpoint_without_schemas_gets_the_schema_in_the_prompt(
    openai_endpoint: OpenAIEndpoint, taken: set[str]
) -> None:
    openai_endpoint.formats = taken
    llm = LLM(settings(openai_endpoint))
    found, usage = await llm.structured(prompt("Alice met Bob."), Extraction)
    assert len(found.facts) == 1 and usage.calls == 1
    last = openai_endpoint.chats[-1].body
    assert last.get("response_format") == ({"type": "json_object"} if taken else None)
    system, user = last["messages"]
    assert system["content"].startswith("You extract.") and '"properties"' in system["content"]
    assert user == prompt("Alice met Bob.")[1]

    before = len(openai_endpoint.chats)
    await llm.structured(prompt("Carol met Dave."), Extraction)
    assert len(openai_endpoint.chats) == before + 1, "what the endpoint takes was not remembered"


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_fails_at_once_and_is_not_shown(openai_endpoint: OpenAIEndpoint, status: int) -> None:
    openai_endpoint.fail(status, message=f"no good: {KEY}.")
    with pytest.raises(LLMFailedError, match="LLM_API_KEY") as failed:
        await LLM(settings(openai_endpoint, llm_api_key=KEY)).text(prompt("Alice met Bob."))
    assert (failed.value.fatal, failed.value.status, failed.value.attempts) == (True, status, 1)
    assert len(openai_endpoint.chats) == 1
    assert openai_endpoint.chats[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(failed.value) and "no good: ***" in str(failed.value)


async def test_an_account_without_credit_is_not_asked_again(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(429, message="You exceeded your quota (insufficient_quota)")
    with pytest.raises(LLMFailedError, match="Add credit") as failed:
        await LLM(settings(openai_endpoint)).text(prompt("Alice met Bob."))
    assert failed.value.fatal and len(openai_endpoint.chats) == 1


@pytest.mark.parametrize("status", [500, 503, 409])
async def test_a_passing_fault_is_tried_again(openai_endpoint: OpenAIEndpoint, status: int) -> None:
    openai_endpoint.fail(status, times=1)
    answer, _ = await LLM(settings(openai_endpoint)).text(prompt("Alice met Bob."))
    assert answer == "Alice met Bob. [1]"
    assert len(openai_endpoint.chats) == 2


async def test_a_lasting_fault_ends_with_the_number_of_attempts(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(500, when="Bob")
    llm = LLM(settings(openai_endpoint, llm_max_retries=9))
    with pytest.raises(LLMFailedError, match="after 2 attempts: HTTP 500") as failed:
        await llm.structured(prompt("Alice met Bob."), Extraction, retries=1)
    assert (failed.value.status, failed.value.attempts, failed.value.fatal) == (500, 2, False)
    assert len(openai_endpoint.chats) == 2
    await llm.text(prompt("Alice met Carol."))  # others are not held up


async def test_a_request_that_is_refused_is_not_sent_again(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(400, message="maximum context length exceeded")
    with pytest.raises(LLMFailedError, match="maximum context length") as failed:
        await LLM(settings(openai_endpoint)).structured(prompt("Alice met Bob."), Extraction)
    assert failed.value.status == 400 and len(openai_endpoint.chats) == 1


async def test_retry_after_is_honoured(openai_endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    openai_endpoint.fail(429, times=6, retry_after="0")
    monkeypatch.setattr(litellm_calls, "_backoff", lambda state: pytest.fail("it waits by its own rule"))
    await LLM(settings(openai_endpoint, llm_max_retries=6)).text(prompt("Alice met Bob."))
    assert len(openai_endpoint.chats) == 7


async def test_a_slow_answer_times_out(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.latency = 0.5
    llm = LLM(settings(openai_endpoint, llm_timeout_seconds=0.1, llm_max_retries=0))
    with pytest.raises(LLMFailedError, match=r"no answer in time.*LLM_TIMEOUT_SECONDS") as failed:
        await llm.text(prompt("Alice met Bob."))
    assert failed.value.attempts == 1 and not failed.value.fatal


async def test_an_endpoint_that_is_not_there(openai_endpoint: OpenAIEndpoint) -> None:
    llm = LLM(settings(openai_endpoint, llm_endpoint="http://127.0.0.1:1/v1", llm_max_retries=0))
    with pytest.raises(LLMFailedError, match=r"no answer .Connection error.*LLM_ENDPOINT"):
        await llm.text(prompt("Alice met Bob."))


async def test_calls_in_flight_are_bounded(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.latency = 0.02
    llm = LLM(settings(openai_endpoint, llm_max_concurrency=3))
    await asyncio.gather(*(llm.text(prompt(f"Alice met Bob {number}.")) for number in range(12)))
    assert len(openai_endpoint.chats) == 12
    assert openai_endpoint.max_in_flight == 3


async def test_the_same_question_is_asked_once(openai_endpoint: OpenAIEndpoint) -> None:
    llm = LLM(settings(openai_endpoint))
    for _ in range(2):
        answer, usage = await llm.text(prompt("Alice met Bob."))
        found, also = await llm.structured(prompt("Alice met Bob."), Extraction)
    assert (answer, len(found.facts)) == ("Alice met Bob. [1]", 1)
    assert usage == also == Usage()
    assert len(openai_endpoint.chats) == 2


async def test_what_was_answered_is_forgotten_by_the_one_client_that_is_told_to(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    one, other = LLM(settings(openai_endpoint)), LLM(settings(openai_endpoint))
    for llm in (one, other):
        await llm.text(prompt("Alice met Bob."))
    assert len(openai_endpoint.chats) == 2, "a client answered with what another was told"
    one.forget_answers()
    await other.text(prompt("Alice met Bob."))
    assert len(openai_endpoint.chats) == 2
    await one.text(prompt("Alice met Bob."))
    assert len(openai_endpoint.chats) == 3


async def test_a_client_is_of_use_after_it_was_closed_and_while_another_closes(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.latency = 0.2
    one, other = LLM(settings(openai_endpoint, llm_max_retries=0)), LLM(settings(openai_endpoint, llm_max_retries=0))
    await one.text(prompt("Alice met Bob."))
    answering = asyncio.ensure_future(other.text(prompt("Alice met Carol.")))
    await asyncio.sleep(0.1)
    one.close()
    answer, _ = await answering
    assert answer == "Alice met Carol. [1]"
    answer, _ = await one.text(prompt("Alice met Dave."))
    assert answer == "Alice met Dave. [1]"


TEMPERATURE = "Unsupported value: 'temperature' does not support 0 with this model."


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_a_parameter_that_the_model_refuses_is_left_out_from_then_on(
    openai_endpoint: OpenAIEndpoint, status: int
) -> None:
    openai_endpoint.fail(status, message=TEMPERATURE, parameter="temperature")
    llm = LLM(settings(openai_endpoint, llm_max_retries=0))
    answer, _ = await llm.text(prompt("Alice met Bob."))
    found, _ = await llm.structured(prompt("Alice met Carol."), Extraction)
    assert (answer, len(found.facts)) == ("Alice met Bob. [1]", 1)
    assert ["temperature" in request.body for request in openai_endpoint.chats] == [True, False, False]


async def test_calls_that_find_out_at_once_what_is_refused_all_succeed(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(400, message=TEMPERATURE, parameter="temperature")
    openai_endpoint.formats = {"json_object"}
    llm = LLM(settings(openai_endpoint))
    asked = [llm.structured(prompt(f"Alice met Friend{number}."), Extraction) for number in range(5)]
    assert [len(found.facts) for found, _ in await asyncio.gather(*asked)] == [1] * 5


def piece(**delta: str) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": None}]
    body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    return f"data: {json.dumps(body)}\n\n"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
async def test_a_stream_that_nobody_asked_for_is_read_and_asked_for_from_then_on(
    openai_endpoint: OpenAIEndpoint, content_type: str
) -> None:
    said = [piece(reasoning_content="Bergen?"), piece(content="Os"), piece(content="lo."), "data: [DONE]\n\n"]
    openai_endpoint.send("".join(said).encode(), content_type=content_type)
    llm = LLM(settings(openai_endpoint, llm_max_retries=0))
    for number in range(3):
        answer, _ = await llm.text(prompt(f"Alice met Bob {number}."))
        assert answer == "Oslo."
    assert [request.body.get("stream", False) for request in openai_endpoint.chats] == [False, True, True, True]


async def test_an_answer_that_cannot_be_read_is_asked_for_as_a_stream_once(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.send(b"<html>Sign in</html>", content_type="text/html")
    llm = LLM(settings(openai_endpoint))
    for number in range(2):
        with pytest.raises(LLMFailedError, match="no answer that can be read") as failed:
            await llm.text(prompt(f"Alice met Bob {number}."))
        assert failed.value.transient and failed.value.as_text_fault and failed.value.attempts == 2
    assert len(openai_endpoint.chats) == 5


def envelope(**message: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}]}


THOUGHT = "a-thought-of-the-models"


@pytest.mark.parametrize(
    "body",
    [
        envelope(content=[{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": "Oslo."}]),
        envelope(content="Oslo.", tool_calls=THOUGHT),
        envelope(content="Oslo.", role="model", reasoning=THOUGHT),
        envelope(content="Oslo.") | {"usage": THOUGHT},
        {"message": {"content": f"<think>{THOUGHT}</think>Oslo."}},
    ],
)
async def test_what_litellm_cannot_read_is_read_all_the_same(
    openai_endpoint: OpenAIEndpoint, body: Any, recwarn: pytest.WarningsRecorder
) -> None:
    warnings.resetwarnings()
    openai_endpoint.send(body)
    answer, _ = await LLM(settings(openai_endpoint, llm_max_retries=0)).text(prompt("Alice met Bob."))
    assert answer == "Oslo." and len(openai_endpoint.chats) == 1
    assert THOUGHT not in "".join(repr(str(warning.message)) for warning in recwarn)


@pytest.mark.parametrize(
    "body",
    [
        envelope(content=None, reasoning_content=THOUGHT),
        envelope(content=f"<think>{THOUGHT}"),
        envelope(content=f"{THOUGHT}</think>"),
        envelope(content=[{"type": "thinking", "thinking": THOUGHT}]),
        [envelope(content=THOUGHT), 3],
        f"Here I think: {THOUGHT}",
        THOUGHT.encode(),
        {"choices": [THOUGHT]},
    ],
)
async def test_a_thought_is_no_answer_and_stands_in_no_error(openai_endpoint: OpenAIEndpoint, body: Any) -> None:
    openai_endpoint.send(body)
    llm = LLM(settings(openai_endpoint, llm_max_retries=0))
    with pytest.raises(LLMFailedError) as failed:
        await llm.text(prompt("Alice met Bob."))
    assert THOUGHT not in str(failed.value)
    with pytest.raises(LLMFailedError) as failed:
        await llm.structured(prompt("Alice met Bob."), Extraction)
    assert THOUGHT not in str(failed.value)


async def test_a_thought_is_not_kept(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.reply(f'Perhaps {{"x": "{THOUGHT}"}}?</think>{{"summaries": [], "facts": []}} {THOUGHT}')
    llm = LLM(settings(openai_endpoint))
    await llm.structured(prompt("Alice met Bob."), Extraction)
    openai_endpoint.heal()
    openai_endpoint.reply(f"<think>{THOUGHT}</think>Oslo.")
    await llm.text(prompt("Alice met Bob."))
    assert len(llm._answers) == 2 and THOUGHT not in str(dict(llm._answers))


async def test_a_thought_is_not_sent_back_with_what_is_wrong(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.reply(f"<think>{THOUGHT}</think>No.", times=1)
    await LLM(settings(openai_endpoint)).structured(prompt("Alice met Bob."), Extraction)
    assert openai_endpoint.chats[1].body["messages"][-2] == {"role": "assistant", "content": "No."}


@pytest.mark.parametrize(
    ("code", "fatal", "transient", "asked"),
    [
        ("rate_limit_exceeded", False, True, 2),
        ("overloaded_error", False, True, 2),
        ("something_new", False, True, 2),
        (503, False, True, 2),
        ("502", False, True, 2),
        (40303, False, True, 2),
        ("content_filter", False, False, 1),
        ("context_length_exceeded", False, False, 1),
        ("invalid_api_key", True, False, 1),
        ("insufficient_quota", True, False, 1),
        (401, True, False, 1),
    ],
)
async def test_an_error_in_an_answer_is_one_whatever_its_status_is(
    openai_endpoint: OpenAIEndpoint, code: Any, fatal: bool, transient: bool, asked: int
) -> None:
    openai_endpoint.send({"error": {"message": "No.", "code": code}})
    with pytest.raises(LLMFailedError, match="an error in the place of an answer .No") as failed:
        await LLM(settings(openai_endpoint)).text(prompt("Alice met Bob."))
    assert (failed.value.fatal, failed.value.transient) == (fatal, transient)
    assert len(openai_endpoint.chats) == asked


class Odd(Exception):
    def __str__(self) -> str:
        return f"could not read {THOUGHT}"


@pytest.mark.parametrize(
    "error",
    [
        KeyError("content"),
        IndexError(),
        TypeError(THOUGHT),
        ValueError(),
        Odd(),
        RuntimeError("loop is closed"),
        OSError(),
    ],
)
async def test_whatever_a_providers_library_raises_has_a_place_in_our_family(
    openai_endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    import litellm

    async def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(litellm, "acompletion", fail)
    with pytest.raises(LLMFailedError) as failed:
        await LLM(settings(openai_endpoint, llm_max_retries=0)).text(prompt("Alice met Bob."))
    assert not failed.value.fatal and THOUGHT not in str(failed.value)


async def test_who_cancels_a_call_is_not_told_that_it_failed(
    openai_endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    openai_endpoint.latency = 0.5
    call = asyncio.ensure_future(LLM(settings(openai_endpoint)).text(prompt("Alice met Bob.")))
    await asyncio.sleep(0.2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def ollama(endpoint: OpenAIEndpoint, model: str = "ollama_chat/test") -> LLM:
    return LLM(settings(endpoint, llm_model=model, llm_endpoint=endpoint.url.removesuffix("/v1"), llm_max_retries=0))


LONG = "\n".join(f"Person{number} met Friend{number}. " + "Nothing more was said. " * 30 for number in range(40))


async def test_ollama_is_asked_for_a_window_in_which_the_prompt_fits(openai_endpoint: OpenAIEndpoint) -> None:
    llm = ollama(openai_endpoint)
    await llm.structured(prompt("Alice met Bob."), Extraction)
    found, usage = await llm.structured(prompt(LONG), Extraction)
    assert "Person0" in {entity.name for entity in found.entities}
    assert usage.prompt_tokens > 4096
    assert [request.body["options"]["num_ctx"] for request in openai_endpoint.chats] == [8192, 16384]


@pytest.mark.parametrize("longest", [2048, 4096])
async def test_what_ollama_cannot_read_is_not_sent(openai_endpoint: OpenAIEndpoint, longest: int) -> None:
    openai_endpoint.longest_window = longest
    with pytest.raises(LLMFailedError, match=f"can read {longest} tokens of a prompt of some .*window"):
        await ollama(openai_endpoint).structured(prompt(LONG), Extraction)
    assert openai_endpoint.chats == []


async def test_a_prompt_that_was_cut_off_all_the_same_is_told(
    openai_endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_window, "estimated_tokens", lambda messages: 2000)  # it reckons too few
    openai_endpoint.longest_window = 4096
    with pytest.raises(LLMFailedError, match="has read 4096 tokens"):
        await ollama(openai_endpoint).structured(prompt(LONG), Extraction)


@pytest.mark.parametrize("read", [2048, 4095, 4096])
async def test_an_endpoint_that_has_read_less_than_was_sent_is_caught(
    openai_endpoint: OpenAIEndpoint, read: int
) -> None:
    openai_endpoint.tokens_read = read
    with pytest.raises(LLMFailedError, match=f"has read {read} tokens of a prompt of some .*larger window") as failed:
        await LLM(settings(openai_endpoint)).structured(prompt(LONG), Extraction)
    assert not failed.value.transient and failed.value.usage and failed.value.usage.prompt_tokens == read
    assert len(openai_endpoint.chats) == 1


@pytest.mark.parametrize("read", [0, 1, 10, 5000, 9000])
async def test_a_count_of_tokens_that_may_be_right_or_is_none_costs_nothing(
    openai_endpoint: OpenAIEndpoint, read: int
) -> None:
    openai_endpoint.tokens_read = read
    found, _ = await LLM(settings(openai_endpoint)).structured(prompt(LONG), Extraction)
    assert found.entities


def test_a_missing_key_is_named_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = LLM(Settings(_env_file=None, llm_model="openai/gpt-4o-mini"))  # type: ignore[call-arg]
    with pytest.raises(LLMNotConfiguredError, match=r"LLM_API_KEY \(or OPENAI_API_KEY\)"):
        llm.check()
    with pytest.raises(LLMNotConfiguredError):
        asyncio.run(llm.text(prompt("Alice met Bob.")))
    with pytest.raises(LLMNotConfiguredError):
        asyncio.run(llm.structured(prompt("Alice met Bob."), Extraction))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    llm.check()


@pytest.mark.parametrize("model", ["gibberish", "nobody/nothing", "local/nothing"])
def test_a_model_of_no_provider_is_named_with_examples(model: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LLMNotConfiguredError, match=r"LLM_MODEL.*openai/gpt-4o-mini.*local/extractive"):
        LLM(Settings(_env_file=None, llm_model=model)).check()  # type: ignore[call-arg]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("model", ["ollama/llama3.1", "hosted_vllm/mine"])
def test_what_needs_no_key_passes(model: str) -> None:
    LLM(Settings(_env_file=None, llm_model=model)).check()  # type: ignore[call-arg]
