"""One question on its way: what is searched, with what, and what that has used so far.

The ways of answering (`reasoning`, `graph_query`, `report`) are functions of an Inquiry; each gives an Outcome.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sessiongraph.errors import LLMFailedError
from sessiongraph.llm.client import LLM
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.retrieval.answer_generation import Answer, ask, prompt
from sessiongraph.retrieval.citations import gather
from sessiongraph.retrieval.feedback_weights import Weights
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.search_types import Kind
from sessiongraph.services import Services
from sessiongraph.settings import LOCAL_LLM
from sessiongraph.types import Usage


@dataclass(frozen=True)
class Outcome:
    """What came of it: what was found and as which text, the answer where a model was asked, rows of a graph query."""

    citations: list[Citation]
    context: str
    answer: Answer | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Inquiry:
    """A question as it was `asked` and as `query`, which stands alone; `only_context` says to ask no model.

    `user_id` is the user's who asks.
    """

    services: Services
    kind: Kind
    scopes: Sequence[Scope]
    asked: str
    query: str
    history: tuple[Part, ...]
    top_k: int
    only_context: bool
    weights: Weights
    user_id: str
    usage: Usage = field(default_factory=Usage)
    warnings: list[str] = field(default_factory=list)
    vector: np.ndarray | None = None

    @property
    def llm(self) -> LLM | None:
        """The model, where it is one that can be asked anything; None for the embedded one, which only quotes."""
        return real_llm(self.services)

    async def find(self, query: str, top_k: int | None = None, scopes: Sequence[Scope] | None = None) -> list[Citation]:
        """The best sources for `query`."""
        vector = None
        if self.kind.gathers != ("by words",):
            try:
                vectors, used = await self.services.embedder.embed([query])
                vector = self.vector = vectors[0]
            except LLMFailedError as error:
                # Nothing but this question: any other may have a vector.
                if error.as_text_fault is None or error.status is not None or error.transient:
                    raise
                used = error.usage or Usage()
                self.warnings.append(f"Found by words alone: {error}")
            self.usage += used
        chosen = self.scopes if scopes is None else scopes
        most = top_k or self.top_k
        return await asyncio.to_thread(
            gather, self.kind.gathers, chosen, query, vector, most, self.weights, self.user_id
        )

    async def answer(self, question: str, citations: Sequence[Citation]) -> Answer:
        """The model's answer to `question` from `citations`. Raises LLMFailedError."""
        found, used = await ask(self.services.llm, question, self.history, citations)
        self.usage += used
        return found

    async def say(self, instructions: str, text: str) -> str:
        """What the model says to `text`. Raises LLMFailedError."""
        said, used = await self.services.llm.text(
            [{"role": "system", "content": instructions}, {"role": "user", "content": text}]
        )
        self.usage += used
        return said

    async def concluded(self, citations: list[Citation], answer: Answer | None = None) -> Outcome:
        """What `citations` come to: `answer`, or what the model answers from them where it may be asked."""
        context = prompt(self.asked, self.history, citations)
        if self.only_context:
            return Outcome(citations, context)
        answer = answer or await self.answer(self.asked, citations)
        return Outcome(answer.citations, context, answer)


def real_llm(services: Services) -> LLM | None:
    return None if services.settings.llm_model == LOCAL_LLM else services.llm


def merged(*found: Sequence[Citation]) -> list[Citation]:
    """All sources in order, each once."""
    return list(
        {(one.dataset, one.kind, one.id): one for citations in reversed(found) for one in reversed(citations)}.values()
    )[::-1]
