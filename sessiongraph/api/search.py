"""`search`: a question answered from the graphs that a user may read, within a session where one is named."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sessiongraph import telemetry
from sessiongraph.api.context import acting_user, all_permitted, check_flag, node_set_names
from sessiongraph.errors import InvalidInputError, NoGraphDataError
from sessiongraph.ids import check_session_id
from sessiongraph.llm.drafts import OnDraft
from sessiongraph.retrieval.answer_strategies import acknowledge, greet, say_that_it_is_not_kept
from sessiongraph.retrieval.conversation_history import (
    Conversation,
    FollowUp,
    read_conversation,
    resolve_follow_up,
    write_turn,
)
from sessiongraph.retrieval.narrowing import narrow, node_sets_of
from sessiongraph.retrieval.query_context import Outcome, QueryContext, Strategy, asker_label, generative_llm
from sessiongraph.retrieval.results import Citation, SearchResult, SearchType
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.search_filter import SearchFilter, search_filter
from sessiongraph.retrieval.search_types import SEARCH_PLANS, SearchPlan, choose_search_type
from sessiongraph.retrieval.time_expressions import asker_today
from sessiongraph.retrieval.told_in_session import best_told, told_citation
from sessiongraph.secret_masking import Masked, mask, mask_turn, told
from sessiongraph.services import Services
from sessiongraph.snapshots.feedback_weights import Weights
from sessiongraph.speech_acts import SpeechAct, speech_act
from sessiongraph.types import MAIN_DATASET, Dataset, Turn, User

MAX_QUERY_CHARS = 20_000
_MOST_TOKENS = 1_000_000
_NOTHING_FITS = "Nothing in the graphs fits what the search is narrowed to."
_ONLY_TOLD = "Answered from what was told in this session alone: there is no graph data yet."


def _counts(results: list[SearchResult]) -> dict[str, int | str]:
    (found,) = results
    return {"sessiongraph.search.type": str(found.query_type), "sessiongraph.search.sources": len(found.citations)}


@telemetry.traced("search", _counts)
async def search(
    services: Services,
    query_text: str,
    query_type: SearchType,
    *,
    datasets: Sequence[str] | str | None,
    session_id: str | None,
    user: User | None,
    top_k: int,
    node_sets: Sequence[str] | None,
    where: SearchFilter | Mapping[str, Any] | None = None,
    only_context: bool,
    max_tokens: int | None = None,
    on_sources: Callable[[list[Citation]], None] | None = None,
    on_draft: OnDraft | None = None,
    turn_id: str | None = None,
) -> list[SearchResult]:
    """As `SessionGraph.search` says.

    `on_sources` is told of sources as they are found, `on_draft` of what is written of the answer. `turn_id` is the id
    that the turn is to get: asked again under it, a question is answered anew and written in its own place, as if it
    had not been asked before.
    """
    search_type = _check(query_text, query_type, session_id, top_k)
    check_flag(only_context, "only_context")
    _check_max_tokens(max_tokens, only_context)
    tags = node_set_names(node_sets, "node_sets") if node_sets is not None else None
    only = search_filter(where)
    acting = await acting_user(services, user)
    chosen = await all_permitted(services, acting, datasets, "read")
    if search_type is SearchType.FEELING_LUCKY:
        search_type = choose_search_type(query_text, asker_today())
    plan = SEARCH_PLANS[search_type]
    if max_tokens is not None and plan.retriever is None:
        raise InvalidInputError(f"max_tokens cuts the sources of a search, and {search_type} has none: leave it out.")
    keeps_out = await asyncio.to_thread(_keeps_out_secrets, services, acting, chosen)
    asked = await asyncio.to_thread(mask, query_text) if keeps_out else Masked(query_text)
    # Where no answer is wanted, whatever is given is looked for.
    act = speech_act(asked.text) if search_type.asks_model and not only_context else "asks"
    is_heard = act in ("tells", "greets")
    # A query of the graph, or of nothing, refers to nothing that was said before.
    is_question = search_type.asks_model or plan.retriever is not None
    conversation = await read_conversation(services, acting, session_id if is_question else None, turn_id)
    may_be_told = search_type.asks_model and plan.retriever is not None and not is_heard and tags is None
    told_before = conversation.told if may_be_told else []
    if only is not None:
        told_before = [turn for turn in told_before if only.fits_turn(turn, acting.name)]
    is_answerable = bool(told_before) or (is_heard and session_id is not None)
    scopes = await asyncio.to_thread(_scopes, services, chosen, tags, only, is_answerable)
    if keeps_out:
        conversation = await asyncio.to_thread(conversation.masked)
    follow_up, just_told = FollowUp(asked.text), list[Turn]()
    if is_question:
        llm = None if only_context or is_heard or not search_type.asks_model else generative_llm(services)
        follow_up = await resolve_follow_up(llm, asked.text, conversation, scopes)
        conversation, just_told = await asyncio.to_thread(
            _recalled, services, conversation, told_before, follow_up.query, scopes
        )
    asker = asker_label(scopes, acting)
    context = QueryContext(
        services=services,
        scopes=scopes,
        original_query=asked.text,
        query=follow_up.query,
        history=conversation.history,
        top_k=top_k,
        only_context=only_context,
        max_tokens=max_tokens,
        feedback=await asyncio.to_thread(_feedback, services, scopes),
        asking_user_id=acting.id,
        asker=asker,
        retriever=plan.retriever,
        embeds=plan.embeds,
        told=[told_citation(turn, _key(turn, chosen, acting), asker) for turn in just_told],
        usage=follow_up.usage,
        warnings=[
            *([f"In the question, {told(asked.counts)}."] if asked.counts else []),
            *conversation.warnings,
            *follow_up.warnings,
        ],
        on_sources=on_sources,
        on_draft=on_draft,
    )
    outcome = await _strategy(plan, act, session_id)(context)
    home, is_known = await asyncio.to_thread(_home, services, acting, chosen, outcome.citations)
    if just_told and not scopes:
        context.warn(_ONLY_TOLD)
    if only is not None and not any(scope.allowed.any() for scope in scopes):
        context.warn(_NOTHING_FITS)
    result = _result(search_type, context, outcome, home)
    return [await write_turn(services, acting, conversation, result, home if is_known else None, turn_id)]


def _result(search_type: SearchType, context: QueryContext, outcome: Outcome, home: Dataset) -> SearchResult:
    return SearchResult(
        query=context.original_query,
        answer=outcome.answer.text if outcome.answer else None,
        citations=outcome.citations,
        context=outcome.context,
        dataset=home.name,
        answered=outcome.answer is None or outcome.answer.answered,
        usage=context.usage,
        warnings=context.warnings,
        claims=outcome.answer.claims if outcome.answer else [],
        query_type=search_type,
        rows=outcome.rows,
    )


def _recalled(
    services: Services, conversation: Conversation, told_before: Sequence[Turn], query: str, scopes: Sequence[Scope]
) -> tuple[Conversation, list[Turn]]:
    """`conversation` with the older turns that bear on `query`, and those of `told_before` that are its sources."""
    tokenizer = services.snapshots.tokenizer
    just_told = best_told(told_before, query, scopes, tokenizer)
    if conversation.masks_secrets:
        just_told = [mask_turn(turn)[0] for turn in just_told]
    return conversation.recalling(query, tokenizer), just_told


def _strategy(plan: SearchPlan, act: SpeechAct, session_id: str | None) -> Strategy:
    """The strategy of `plan` for a question, or what is done with a query that is none."""
    if act == "greets":
        return greet
    if act == "tells":
        return acknowledge if session_id is not None else say_that_it_is_not_kept
    return plan.strategy


def _keeps_out_secrets(services: Services, user: User, chosen: Sequence[Dataset]) -> bool:
    """Whether the question may get to where secrets are not allowed: into a prompt, or as a turn. Blocks."""
    if not all(dataset.allow_secrets for dataset in chosen):
        return True
    return len(chosen) != 1 and not services.access.allows_secrets(user.id, None)


def _check(query_text: object, query_type: object, session_id: object, top_k: object) -> SearchType:
    if not isinstance(query_text, str) or not query_text.strip():
        raise InvalidInputError("query_text must be a question, a string that is not empty.")
    if len(query_text) > MAX_QUERY_CHARS:
        raise InvalidInputError(f"query_text is longer than {MAX_QUERY_CHARS} characters; add() is for texts.")
    if "\x00" in query_text or any("\ud800" <= letter <= "\udfff" for letter in query_text):
        raise InvalidInputError("query_text holds a NUL character or a lone surrogate; take it out.")
    if isinstance(top_k, bool) or not isinstance(top_k, int) or not 1 <= top_k <= 1000:
        raise InvalidInputError(f"top_k is a whole number from 1 to 1000, not {top_k!r:.60}.")
    if session_id is not None:
        check_session_id(session_id)
    try:
        return SearchType(str(query_type))
    except ValueError:
        kinds = ", ".join(SearchType)
        raise InvalidInputError(f"{query_type!r:.60} is no search type. There are: {kinds}.") from None


def _check_max_tokens(max_tokens: object, only_context: bool) -> None:
    if max_tokens is None:
        return
    if not only_context:
        raise InvalidInputError(
            "max_tokens says how long the context may be that only_context=True returns: give both."
        )
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or not 1 <= max_tokens <= _MOST_TOKENS:
        raise InvalidInputError(f"max_tokens is a whole number from 1 to {_MOST_TOKENS:,}, not {max_tokens!r:.60}.")


def _feedback(services: Services, scopes: Sequence[Scope]) -> dict[str, Weights]:
    """The feedback weights by dataset's key."""
    return {scope.dataset.key: services.feedback_weights.read(services.store(scope.dataset)) for scope in scopes}


def _scopes(
    services: Services,
    datasets: Sequence[Dataset],
    tags: Sequence[str] | None,
    only: SearchFilter | None,
    may_be_none: bool,
) -> list[Scope]:
    """The snapshots that can be searched, each narrowed to what fits. Blocks.

    Raises NoGraphDataError where there is none, unless there `may_be_none`: what is told in a session is heard, and
    answered from there, before there is any graph.
    """
    scopes = [Scope(dataset, services.snapshot(dataset)) for dataset in datasets]
    filled = [scope for scope in scopes if not scope.snapshot.is_empty]
    if not filled and may_be_none:
        return []
    if not filled:
        named = ", ".join(dataset.name for dataset in datasets) or "any dataset that you may read"
        raise NoGraphDataError(
            f"There is no graph data in {named}. Put documents in with add(…, dataset_name=…) and run "
            "cognify(datasets=[…]), or persist a session."
        )
    narrowed = [narrow(scope, services.store(scope.dataset), tags, only) for scope in filled]
    if tags is not None and only is None and not any(scope.allowed.any() for scope in narrowed):
        there = sorted({tag for scope in filled for tag in node_sets_of(scope.snapshot)})
        raise NoGraphDataError(
            f"Nothing in the graph is tagged {', '.join(tags)}. The node sets there are: {', '.join(there) or 'none'}."
        )
    return narrowed


def _key(turn: Turn, chosen: Sequence[Dataset], user: User) -> str:
    """The key of the dataset where `turn` will be, as far as it is one that is searched."""
    keys = {dataset.id: dataset.key for dataset in chosen}
    return keys.get(turn.dataset_id or "", f"{user.name}/{MAIN_DATASET}")


def _home(
    services: Services, user: User, chosen: Sequence[Dataset], citations: Sequence[Citation]
) -> tuple[Dataset, bool]:
    """The dataset that the turn belongs to, and whether that is more than that there is no other: blocks.

    It is the one that was searched, else the only one that supplied citations, if the user may write it (or the turn
    would wait there for ever), else the user's main dataset.
    """
    if len(chosen) == 1:
        return chosen[0], True
    cited = {citation.dataset for citation in citations}
    for dataset in chosen:
        if cited == {dataset.key} and "write" in services.access.permissions(user, dataset):
            return dataset, True
    return services.access.resolve(user, MAIN_DATASET, "read"), False
