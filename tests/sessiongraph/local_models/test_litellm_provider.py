"""The round trip through litellm: what callers of any model get, they get of the local ones."""

import litellm
import pytest

from sessiongraph.local_models.litellm_provider import PROVIDER, register
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import Part, Window, render


@pytest.fixture(autouse=True)
def registered():
    register()


def user(text):
    return [{"role": "system", "content": "Follow the notation."}, {"role": "user", "content": text}]


async def test_registering_twice_registers_once():
    register()
    assert [entry["provider"] for entry in litellm.custom_provider_map].count(PROVIDER) == 1


async def test_windows_come_back_as_an_extraction():
    prompt, _ = render([Window("document: a", (), (Part("document", "Alice lives in Paris."),))])
    reply = await litellm.acompletion(
        model="local/extractive", messages=user("Extract.\n" + prompt), response_format=Extraction, temperature=0
    )
    found = Extraction.model_validate_json(reply.choices[0].message.content)
    assert [(fact.subject, fact.relation, fact.object) for fact in found.facts] == [("Alice", "lives in", "Paris")]
    assert reply.usage.prompt_tokens > 0 and reply.usage.completion_tokens > 0


async def test_only_the_first_user_message_counts():
    messages = [*user("[1] Bob lives in Rome.\nQuestion: Where does Bob live?"), {"role": "user", "content": "Hi"}]
    reply = await litellm.acompletion(model="local/extractive", messages=messages)
    assert reply.choices[0].message.content == "Bob lives in Rome. [1]"


async def test_texts_come_back_as_vectors():
    reply = await litellm.aembedding(model="local/wordllama", input=["Paris", "Rome"])
    assert [len(item["embedding"]) for item in reply.data] == [256, 256]
    assert reply.usage.prompt_tokens > 0


async def test_an_unknown_local_model_is_not_found():
    with pytest.raises(litellm.NotFoundError, match="local/extractive"):
        await litellm.acompletion(model="local/gpt", messages=user("x"))
    with pytest.raises(litellm.NotFoundError, match="local/wordllama"):
        await litellm.aembedding(model="local/gpt", input=["x"])


async def test_a_message_without_work_says_what_is_missing():
    with pytest.raises(litellm.BadRequestError, match="neither passages nor a question"):
        await litellm.acompletion(model="local/extractive", messages=user("Hello"))
