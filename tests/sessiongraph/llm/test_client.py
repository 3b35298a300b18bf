"""What a user of any model relies on: valid answers, retries that help, errors that name the next step."""

import asyncio
import json
from typing import Any

import pytest

from sessiongraph.errors import LLMFailedError, LLMNotConfiguredError
from sessiongraph.llm import litellm_calls
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
