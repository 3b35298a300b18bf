"""Questions with gold evidence as `retrieval` asks them: LoCoMo's of sessions or documents, MuSiQue's of passages.

What belongs here is how data becomes a dataset, by the public API alone, and what each passage of it holds. A
question's gold and what a passage holds are keys: the "dia_id" of an utterance, or the number of a MuSiQue passage.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.embedders import Embed, TextEmbedder
from benchmarks.locomo import Conversation
from benchmarks.locomo_sessions import put_turns
from sessiongraph.columnar.vectors import GrowingVectors, Vectors, text_hashes
from sessiongraph.ids import text_id
from sessiongraph.retrieval.scope import Scope
from sessiongraph.settings import LOCAL_EMBEDDER


@dataclass(frozen=True, eq=False)
class Asked:
    """A dataset as it is searched: its name and snapshot, questions with their gold and vectors, whether their embedder
    reads sentences, and what each passage holds."""

    name: str
    scope: Scope
    questions: list[str]
    gold: list[frozenset[str]]
    vectors: np.ndarray
    reads_sentences: bool
    holds: list[frozenset[str]]

    @property
    def documents(self) -> list[int]:
        """The number of each passage's session or document."""
        numbers: list[int] = self.scope.snapshot.documents.tolist()
        return numbers

    def embedded(self, embedder: TextEmbedder) -> "Asked":
        """The same with the vectors of another embedder."""
        snapshot = self.scope.snapshot
        texts = (snapshot.passages["text"].tolist(), snapshot.facts["statement"].tolist())
        passages, facts = (_embedded(embedder.passages, some) for some in texts)
        embedded = replace(snapshot, passage_vectors=passages, fact_vectors=facts)
        scope, vectors = Scope(self.scope.dataset, embedded), embedder.questions(self.questions)
        return replace(self, scope=scope, vectors=vectors, reads_sentences=embedder.name != LOCAL_EMBEDDER)


def _embedded(embed: Embed, texts: Sequence[str]) -> Vectors:
    heap, hashes = GrowingVectors(), text_hashes([text_id(text) for text in texts])
    heap.add(hashes, embed(texts))
    return heap.view(heap.find(hashes), hashes)


async def from_sessions(conversation: Conversation) -> Asked:
    """The conversation's turns, cached and persisted."""
    from sessiongraph import datasets, persist_sessions_in_knowledge_graph_pipeline

    await datasets.create(conversation.id)
    turn_of = await put_turns(conversation)
    session_ids = [session.id for session in conversation.sessions]
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=session_ids, dataset=conversation.id, create=True)
    said: dict[str, set[str]] = {}
    for dia_id, turn_id in turn_of.items():
        said.setdefault(turn_id, set()).add(dia_id)
    return await _asked(
        conversation.id,
        [question.text for question in conversation.questions],
        [question.evidence for question in conversation.questions],
        lambda passages: [frozenset(said[turn_id]) for turn_id in passages["turn_id"]],
    )


async def from_documents(conversation: Conversation) -> Asked:
    """The same conversation, each session as a document that is added: its date, and what was said line by line."""
    import sessiongraph

    texts: list[str] = []
    openings: dict[str, str] = {}
    for session in conversation.sessions:
        lines = []
        for turn in session.turns:
            said = [part for part in (turn.question, turn.answer) if part]
            openings |= {dia_id: _squeezed(part)[:60] for dia_id, part in zip(turn.dia_ids, said, strict=True)}
            lines += said
        texts.append(f"{session.said_at:%d %B %Y}\n" + "\n".join(lines))
    await sessiongraph.add(texts, dataset_name=conversation.id)
    await sessiongraph.cognify(conversation.id)
    return await _asked(
        conversation.id,
        [question.text for question in conversation.questions],
        [question.evidence for question in conversation.questions],
        lambda passages: [
            frozenset(dia_id for dia_id, opening in openings.items() if opening in _squeezed(text))
            for text in passages["text"]
        ],
    )


async def from_musique(name: str, data: Mapping[str, Any]) -> Asked:
    """MuSiQue's passages as documents, each under its title."""
    import sessiongraph

    texts = [f"{passage['title']}\n{passage['text']}" for passage in data["passages"]]
    number_of = {_squeezed(text): str(number) for number, text in enumerate(texts)}
    added = await sessiongraph.add(texts, dataset_name=name)
    document_of = dict(zip(added.document_ids, map(str, range(len(texts))), strict=True))
    await sessiongraph.cognify(name)
    return await _asked(
        name,
        [question["question"] for question in data["questions"]],
        [frozenset(number_of[_squeezed(text)] for text in question["gold"]) for question in data["questions"]],
        lambda passages: [frozenset([document_of[id_]]) for id_ in passages["document_id"]],
    )


async def from_notes(name: str, notes: Sequence[str], questions: Sequence[str]) -> Asked:
    """Notes as documents, of which each answers the question of its number."""
    import sessiongraph

    added = await sessiongraph.add(list(notes), dataset_name=name)
    number_of = dict(zip(added.document_ids, map(str, range(len(notes))), strict=True))
    await sessiongraph.cognify(name)
    return await _asked(
        name,
        list(questions),
        [frozenset([str(number)]) for number in range(len(questions))],
        lambda passages: [frozenset([number_of[id_]]) for id_ in passages["document_id"]],
    )


def read_musique(path: Path) -> Mapping[str, Any] | None:
    """The file's questions and passages; None where it is no such file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return data if isinstance(data, dict) and "passages" in data else None


async def _asked(name: str, questions: list[str], gold: list[frozenset[str]], holds: Callable) -> Asked:
    from sessiongraph.api.context import acting_user, permitted
    from sessiongraph.default_client import default_services

    services = default_services()
    dataset = await permitted(services, await acting_user(services, None), name, "read")
    snapshot = await asyncio.to_thread(services.snapshot, dataset)
    vectors, _ = await services.embedder.embed(questions)
    sentences = services.embedder.reads_sentences
    return Asked(name, Scope(dataset, snapshot), questions, gold, vectors, sentences, holds(snapshot.passages))


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()
