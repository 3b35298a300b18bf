"""Learning from sessions, as a dry run: which would be read, and what that would cost.

Invariant: nothing is written and no model is called. What is due and what is asked of it is said by the functions that
learning itself goes by (`session_lessons`).
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from sessiongraph.extraction.estimate import CallEstimate
from sessiongraph.llm.client import LLM
from sessiongraph.llm.pricing import count_tokens, expected_cost
from sessiongraph.persistence.session_excerpts import read_sessions, session_states
from sessiongraph.persistence.session_lessons import (
    AT_ONCE,
    due_sessions,
    excerpts_to_read,
    is_settled,
    lessons_version,
)
from sessiongraph.prompts.lessons_prompt import PROMPT, Lessons
from sessiongraph.store.graph_store import GraphStore

# What a session's lessons come to, in tokens: of most there is little.
_ANSWER_TOKENS = 120


@dataclass
class LearnEstimate(CallEstimate):
    """What learning from a dataset's sessions would do, and what that would cost.

    So many it would `read` with a model; of `unchanged` ones what was written since is nothing new to read.
    `quarantined` and `stale` sessions are those that would be left as they are, until `retry_failed` and `relearn`.
    """

    read: int = 0
    unchanged: int = 0
    quarantined: int = 0
    stale: int = 0

    def __str__(self) -> str:
        text = f"{self.read} session(s) would be read. That is {super().__str__()}."
        if self.quarantined:
            text += f" {self.quarantined} failed too often and wait for retry_failed."
        if self.stale:
            text += f" {self.stale} were there before, or read by another model or version, and wait for relearn."
        return text


async def dry_run_learn(
    store: GraphStore, llm: LLM, *, retry_failed: bool = False, relearn: bool = False
) -> LearnEstimate:
    """What learning from the sessions of `store` would do now. Raises StoreBusyError."""
    return await asyncio.to_thread(_estimate, store, llm, retry_failed, relearn)


def _estimate(store: GraphStore, llm: LLM, retry_failed: bool, relearn: bool) -> LearnEstimate:
    version = lessons_version(llm)
    due, left = due_sessions(store.read(lambda con: session_states(con, version)), retry_failed, relearn)
    estimate = LearnEstimate(llm.model, quarantined=left["quarantined"], stale=left["stale"])
    for start in range(0, len(due), AT_ONCE):
        ids = due[start : start + AT_ONCE]
        for session in store.read(partial(read_sessions, document_ids=ids)):
            if is_settled(session, version, relearn):
                estimate.unchanged += 1
                continue
            asked = excerpts_to_read(session, version)
            estimate.read += 1
            estimate.calls += len(asked)
            estimate.prompt_tokens += sum(count_tokens(llm.model, excerpt.text) for excerpt in asked)
    # The prompt and the schema of the answer go along with every call.
    every = count_tokens(llm.model, PROMPT) + count_tokens(llm.model, llm.schema_text(Lessons)) if estimate.calls else 0
    estimate.prompt_tokens += every * estimate.calls
    estimate.completion_tokens = _ANSWER_TOKENS * estimate.calls
    if estimate.calls:
        estimate.cost = expected_cost(llm.model, estimate.prompt_tokens, estimate.completion_tokens)
    return estimate
