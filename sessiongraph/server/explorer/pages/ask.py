"""Ask: a conversation, its turns with what becomes of them, and the sources of each answer."""

from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from sessiongraph.api.evidence import evidence_of
from sessiongraph.api.session_states import TurnState
from sessiongraph.ids import check_session_id
from sessiongraph.server.explorer.page import Page, PageAsked, PageRouter
from sessiongraph.server.explorer.pages.sessions import who_persists
from sessiongraph.types import MAIN_DATASET

router = PageRouter()

_RECENT = 8


@router.get("/ask")
async def ask(page: PageAsked, session: str = "", dataset: str = "") -> Response:
    """A conversation: the `session`, or a new one."""
    session_id = check_session_id(session) if session else f"chat-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    turns = await page.client.sessions.outcomes(session_id, user=page.user)
    return await page.show(
        "ask.html.j2",
        session_id=session_id,
        turns=turns,
        datasets=await page.datasets(),
        dataset=dataset,
        main_dataset=MAIN_DATASET,
        **await _beside(page, session_id),
    )


@router.get("/ask/beside")
async def beside(page: PageAsked, session: str) -> Response:
    """What stands beside a conversation, after something was said or changed."""
    turns = await page.client.sessions.outcomes(session, user=page.user)
    return await page.show("ask_beside.html.j2", session_id=session, turns=turns, **await _beside(page, session))


@router.get("/ask/turn")
async def turn(page: PageAsked, session: str, turn: str) -> Response:
    """One turn, after it was said or changed."""
    return await page.show("ask_turn.html.j2", session_id=session, turn=await _turn(page, session, turn))


@router.get("/ask/sources")
async def sources(page: PageAsked, session: str, turn: str) -> Response:
    """The sources of an answer, as they stand in the graph now."""
    state = await _turn(page, session, turn)
    found, missing = [], set(state.elements)
    for dataset in await page.datasets():
        if missing and state.dataset in (None, dataset.key):
            wanted = tuple(it for it in state.elements if it in missing)
            for it, id_ in await evidence_of(page.client.services, dataset.key, wanted, page.user):
                found.append((it, id_))
                missing.discard(id_)
    return await page.show("ask_sources.html.j2", found=found, gone=len(missing))


async def _turn(page: Page, session_id: str, turn_id: str) -> TurnState:
    for state in await page.client.sessions.outcomes(session_id, user=page.user):
        if state.turn_id == turn_id:
            return state
    raise HTTPException(404, "The session has no such turn any more.")


async def _beside(page: Page, session_id: str) -> dict[str, Any]:
    states = await page.client.sessions.states(user=page.user)
    return {
        "state": next((it for it in states if it.session_id == session_id), None),
        "recent": [it for it in states if it.session_id != session_id][:_RECENT],
        "persists": who_persists(page),
        "quotes": page.client.settings.llm_model.startswith("local/"),
    }
