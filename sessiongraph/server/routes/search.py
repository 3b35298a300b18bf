"""`search`: asked once, answered as JSON or, where the caller accepts text/event-stream, as it comes."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import TypeAdapter
from starlette.responses import Response, StreamingResponse

from sessiongraph.api.search import search as search_graphs
from sessiongraph.errors import InvalidInputError
from sessiongraph.llm.drafts import OnDraft
from sessiongraph.retrieval.results import SearchResult
from sessiongraph.secret_masking import mask
from sessiongraph.server.caller import Client, Reader
from sessiongraph.server.event_stream import OnSources, search_events
from sessiongraph.server.schemas import SearchBody
from sessiongraph.server.turn_keys import TurnKey

router = APIRouter(tags=["search"])

_RESULTS = TypeAdapter(list[SearchResult])
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: sources\ndata: [{"kind": "chunk", "text": "Alice moved to Paris in 2010.", …}]\n\n'
                'event: draft\ndata: {"text": "Alice moved to"}\n\n'
                'event: answer\ndata: {"text": "Alice moved to Paris in 2010."}\n\n'
                'event: done\ndata: {"answer": "Alice moved to Paris in 2010.", …}\n\n',
            }
        }
    }
}


@router.post("/search", responses=_STREAM)
async def search(
    body: SearchBody,
    client: Client,
    caller: Reader,
    turn_key: TurnKey = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> list[SearchResult]:
    """Ask the graphs; a list of one result. In a session (`session_id`), question and answer become its next turn.

    Answered as server-sent events where `Accept: text/event-stream` asks for them: `sources` each time that some were
    found, `draft` with what the model has written so far, `answer` with the text, `done` with the result, or `error`
    with a problem document.
    """
    if body.session_id is not None and not body.only_context:
        caller.check("write")

    async def ask(on_sources: OnSources | None = None, on_draft: OnDraft | None = None) -> list[SearchResult]:
        if turn_key is not None and body.session_id is not None:
            await _check_turn_key(client, caller, body, turn_key)
        return await search_graphs(
            client.services,
            body.query_text,
            body.query_type,
            datasets=body.datasets,
            session_id=body.session_id,
            user=caller.user,
            top_k=body.top_k,
            node_sets=body.node_sets,
            where=body.where,
            only_context=body.only_context,
            max_tokens=body.max_tokens,
            on_sources=on_sources,
            on_draft=on_draft,
            turn_id=turn_key,
        )

    if "text/event-stream" in accept.lower():
        events = search_events(ask, client.settings.home)
        return _as_it_is(StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}))
    # FastAPI would check all of it once more: of a search's many citations, that takes longer than writing them.
    return _as_it_is(Response(_RESULTS.dump_json(await ask()), media_type="application/json"))


def _as_it_is(response: Response) -> list[SearchResult]:
    return response  # type: ignore[return-value]  # FastAPI passes a Response on


async def _check_turn_key(client: Client, caller: Reader, body: SearchBody, turn_key: str) -> None:
    """Raises InvalidInputError where another question was asked under the key."""
    assert body.session_id is not None
    asked = {body.query_text, mask(body.query_text).text}
    for turn in await client.sessions.get_turns(body.session_id, user=caller.user):
        if turn.turn_id == turn_key and turn.question not in asked:
            raise InvalidInputError(
                f"Session {body.session_id!r} has a turn {turn_key!r} with another question: give each turn a key of "
                "its own."
            )
