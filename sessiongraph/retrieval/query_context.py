"""The context of one search: the question, what is searched, the services it uses, and what that has cost so far.

A strategy (`answer_strategies`, `graph_query`, `graph_report`) is a function from a QueryContext to an Outcome.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from sessiongraph.errors import LLMFailedError
from sessiongraph.llm.client import LLM
from sessiongraph.llm.drafts import OnDraft
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.retrieval.answer_generation import Answer, generate_answer, render_prompt
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.retrievers import RetrievalRequest, Retriever
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.token_budget import first_fitting
from sessiongraph.services import Services
from sessiongraph.settings import LOCAL_LLM
from sessiongraph.snapshots.feedback_weights import Weights
from sessiongraph.snapshots.speakers import account_label
from sessiongraph.types import Usage, User

T = TypeVar("T")


@dataclass(frozen=True)
class GraphQueryLimits:
    """How long a graph query may run, and how many rows it may return."""

    seconds: float = 10.0
    rows: int = 200


@dataclass(frozen=True)
class Outcome:
    """The result of a strategy: the sources and their text, the answer if a model was asked, rows of a graph query."""

    citations: list[Citation]
    context: str
    answer: Answer | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class QueryContext:
    """A question as the user put it (`original_query`) and rewritten to stand alone (`query`).

    `retriever` finds sources in `scopes`; None where the strategy reads the graphs itself. With `embeds`, it is given
    the query's embedding. `asker` is what whoever asks is called, `told` what they told in the session at hand and is
    in no graph yet: it stands before all that is retrieved. `feedback` has the feedback weights by dataset's key. With
    `only_context` no model is asked, and the context is `max_tokens` long at the most. `on_sources` is told what each
    retrieval found, before anything is answered from it, and `on_draft` what is written of an answer. `usage` and
    `warnings` grow with what is done.
    """

    services: Services
    scopes: Sequence[Scope]
    original_query: str
    query: str
    history: tuple[Part, ...]
    top_k: int
    only_context: bool
    feedback: Mapping[str, Weights]
    asking_user_id: str
    asker: str
    max_tokens: int | None = None
    retriever: Retriever | None = None
    embeds: bool = True
    told: Sequence[Citation] = ()
    usage: Usage = field(default_factory=Usage)
    warnings: list[str] = field(default_factory=list)
    graph_query_limits: GraphQueryLimits = field(default_factory=GraphQueryLimits)
    on_sources: Callable[[list[Citation]], None] | None = None
    on_draft: OnDraft | None = None

    @property
    def llm(self) -> LLM | None:
        """The model, if it can be given instructions; None for the embedded one, which only quotes."""
        return generative_llm(self.services)

    def warn(self, warning: str) -> None:
        """Add a warning, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    async def retrieve(
        self, query: str, top_k: int | None = None, scopes: Sequence[Scope] | None = None
    ) -> list[Citation]:
        """The best sources for `query`, best first: what was told, then `top_k` at the most from the graphs."""
        searched = self.scopes if scopes is None else scopes
        found = [*self.told, *(await self._from_graphs(query, top_k or self.top_k, searched) if searched else [])]
        if self.on_sources is not None:
            self.on_sources(found)
        return found

    async def _from_graphs(self, text: str, top_k: int, scopes: Sequence[Scope]) -> list[Citation]:
        assert self.retriever is not None, "the strategy reads the graphs itself"
        vector = await self._embedding(text) if self.embeds else None
        if vector is not None:
            for scope in scopes:
                self._check_vectors(scope, vector)
        query = Query(
            text,
            vector,
            asker_id=self.asking_user_id,
            is_sentence_vector=self.services.embedder.reads_sentences,
        )
        return await asyncio.to_thread(self.retriever, RetrievalRequest(query, scopes, top_k, self.feedback))

    async def _embedding(self, text: str) -> np.ndarray | None:
        """The embedding of `text`: (d,) float32; None, with a warning, where the embedder takes it for faulty."""
        try:
            [vector], used = await self.services.embedder.embed([text])
        except LLMFailedError as error:
            # Nothing but this question: any other may have a vector.
            if error.as_text_fault is None or error.status is not None or error.transient:
                raise
            self.usage += error.usage or Usage()
            self.warn(f"Found by words alone: {error}")
            return None
        self.usage += used
        return vector

    def _check_vectors(self, scope: Scope, vector: np.ndarray) -> None:
        """Warn where the vectors of `scope` do not compare with the question's: their embedder was changed."""
        if scope.snapshot.passage_vectors.shape[1] != len(vector):
            self.warn(
                f"The texts of {scope.dataset.name} have no vectors of {self.services.embedder.identity} that compare "
                "with the question's, so they were found by their words alone. Embed them with "
                f"cognify(datasets=[{scope.dataset.name!r}]), or set EMBEDDING_MODEL and EMBEDDING_DIMENSIONS back to "
                "what they were."
            )

    async def answer(self, question: str, citations: Sequence[Citation]) -> Answer:
        """The model's answer to `question` from `citations`. Raises LLMFailedError."""
        answer, used = await generate_answer(
            self.services.llm, question, self.history, citations, self.asker, self.on_draft
        )
        self.usage += used
        return answer

    async def complete(self, instructions: str, text: str) -> str:
        """The model's completion of `text` under `instructions`. Raises LLMFailedError."""
        completion, used = await self.services.llm.text(
            [{"role": "system", "content": instructions}, {"role": "user", "content": text}]
        )
        self.usage += used
        return completion

    async def conclude(self, citations: list[Citation], answer: Answer | None = None) -> Outcome:
        """The outcome of `answer` or, without one, of the model's answer from `citations` where it may be asked."""
        if self.only_context:
            return self._context_alone(citations)
        context = render_prompt(self.original_query, self.history, citations, self.asker)
        answer = answer or await self.answer(self.original_query, citations)
        return Outcome(answer.citations, context, answer)

    def listed(self, citations: Sequence[Citation]) -> Outcome:
        """The outcome of showing the sources themselves."""
        fitting = self._fitting(citations, _texts)
        return Outcome(fitting, _texts(fitting))

    def _context_alone(self, citations: Sequence[Citation]) -> Outcome:
        """What a model would be given: what was said last goes before sources, where not all fits."""

        def render(latest_first: Sequence[Part], sources: Sequence[Citation]) -> str:
            return render_prompt(self.original_query, tuple(latest_first[::-1]), sources, self.asker)

        latest_first = self._fitting(self.history[::-1], lambda parts: render(parts, ()))
        fitting = self._fitting(citations, lambda sources: render(latest_first, sources))
        return Outcome(fitting, render(latest_first, fitting))

    def _fitting(self, items: Sequence[T], render: Callable[[Sequence[T]], str]) -> list[T]:
        return list(items if self.max_tokens is None else first_fitting(items, render, self.max_tokens))


def _texts(citations: Sequence[Citation]) -> str:
    return "\n".join(citation.text for citation in citations)


Strategy = Callable[[QueryContext], Awaitable[Outcome]]


def asker_label(scopes: Sequence[Scope], user: User) -> str:
    """What `user` is called in the first of `scopes` that they have spoken in, else by their account."""
    labels = (scope.snapshot.speaker_labels.get(user.id) for scope in scopes)
    return next(filter(None, labels), account_label(user.name))


def generative_llm(services: Services) -> LLM | None:
    return None if services.settings.llm_model == LOCAL_LLM else services.llm


def deduplicated(*groups: Sequence[Citation]) -> list[Citation]:
    """All citations, each once: as it was found first, at the place where it was found last."""
    found: dict[tuple[str, str, str], Citation] = {}
    for citation in chain(*groups):
        key = (citation.dataset, citation.kind, citation.id)
        found[key] = found.pop(key, citation)
    return list(found.values())
