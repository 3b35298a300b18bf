"""What a session lends to a question: its last turns for the prompt, and whom a follow-up speaks of.

The cache being down never stops an answer: it comes without history, and says so.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from resources.bundle import Resources
from resources.errors import CacheUnavailableError, CachingDisabledError
from resources.ids import new_id
from resources.llm.notation import Part, turn_parts
from resources.types import Dataset, Turn, User
from sessiongraph.retrieval.ranking import Scope, entities_named
from sessiongraph.retrieval.results import SearchResult

HISTORY_TURNS = 10
# How many of the last turns a follow-up may point back to.
_REACH = 3

_POINTS_BACK = re.compile(
    r"\b(he|him|his|she|hers?|it|its|they|them|theirs?|there|then|that|this|those|these|ones?)\b",
    re.IGNORECASE,
)


@dataclass
class Conversation:
    """A session as a search sees it: its last turns, and what went wrong in reading or writing them."""

    session_id: str | None
    turns: list[Turn] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def history(self) -> tuple[Part, ...]:
        return tuple(part for turn in self.turns for part in turn_parts(turn.question, turn.answer))


async def read_conversation(bundle: Resources, user: User, session_id: str | None) -> Conversation:
    """The last HISTORY_TURNS of the session; none, with a warning, where the cache is off or down."""
    conversation = Conversation(session_id)
    if session_id is None:
        return conversation
    try:
        conversation.turns = await asyncio.to_thread(lambda: bundle.cache.get_turns(user.id, session_id, HISTORY_TURNS))
    except (CacheUnavailableError, CachingDisabledError) as error:
        conversation.warnings.append(f"Answered without the session's history: {error}")
    return conversation


async def remember(
    bundle: Resources, user: User, conversation: Conversation, result: SearchResult, dataset: Dataset | None
) -> str | None:
    """Write the question and its answer as a turn; its id, or None, with a warning, where that could not be."""
    if conversation.session_id is None or result.answer is None:
        return None
    turn = Turn(
        turn_id=new_id(),
        user_id=user.id,
        session_id=conversation.session_id,
        question=result.query,
        answer=result.answer,
        created_at=datetime.now(UTC),
        dataset_id=dataset.id if dataset else None,
        context=result.context,
        elements=tuple(citation.id for citation in result.citations),
    )
    try:
        await asyncio.to_thread(lambda: bundle.cache.put_turns([turn]))
    except (CacheUnavailableError, CachingDisabledError) as error:
        if not conversation.warnings:
            conversation.warnings.append(f"The turn was not written to the session: {error}")
        return None
    return turn.turn_id


def standalone_query(query: str, turns: list[Turn], scopes: list[Scope]) -> str:
    """`query` with the names that it points back to, so that retrieval needs no history.

    A question that names an entity of its own and points nowhere stands as it is. Otherwise the entities of the
    nearest earlier turn that names any are added, or that turn's question where it names none.
    """
    if not turns:
        return query
    names_one = any(entities_named(scope.snapshot, query) for scope in scopes)
    if names_one and not _POINTS_BACK.search(query):
        return query
    for turn in reversed(turns[-_REACH:]):
        names = _names(f"{turn.question} {turn.answer}", scopes)
        if names:
            return f"{query} {' '.join(names)}"
    return f"{query} {turns[-1].question}"


def _names(text: str, scopes: list[Scope]) -> list[str]:
    named = [
        scope.snapshot.entities["name"].iloc[entity]
        for scope in scopes
        for entity in entities_named(scope.snapshot, text)
    ]
    return list(dict.fromkeys(named))
