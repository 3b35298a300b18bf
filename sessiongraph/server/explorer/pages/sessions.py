"""Sessions: all of one's own, and one of them turn by turn: what became of each, what waits, until when it is kept."""

from typing import cast

from starlette.responses import Response

from sessiongraph.api.list_pages import Place
from sessiongraph.errors import SessionsNotFoundError
from sessiongraph.server.explorer.page import Page, PageAsked, PageRouter
from sessiongraph.server.persister import Persister
from sessiongraph.server.who_persists import Persisting

router = PageRouter()

_LISTED = 50


@router.get("/sessions")
async def sessions(page: PageAsked, page_number: int = 1) -> Response:
    """All sessions, the newest first."""
    found = await page.client.sessions.states(user=page.user)
    place = Place(page_number, _LISTED).within(len(found))
    return await page.show(
        "sessions.html.j2",
        sessions=found[place.first : place.first + place.size],
        count=len(found),
        place=place,
        persists=who_persists(page),
    )


@router.get("/sessions/{session_id}")
async def session(session_id: str, page: PageAsked) -> Response:
    """A session, turn by turn."""
    turns = await page.client.sessions.outcomes(session_id, user=page.user)
    if not turns:
        raise SessionsNotFoundError(
            f"You have no session {session_id!r}: it expired before it was persisted, was forgotten, or never was.",
            (session_id,),
        )
    states = await page.client.sessions.states(user=page.user)
    state = next((it for it in states if it.session_id == session_id), None)
    return await page.show(
        "session.html.j2", session_id=session_id, turns=turns, state=state, persists=who_persists(page)
    )


def who_persists(page: Page) -> Persisting:
    """Who brings what waits into the graph."""
    return cast(Persister, page.request.app.state.persister).persisting
