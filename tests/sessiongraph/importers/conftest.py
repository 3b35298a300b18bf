"""Importing a file of the test's, and what came of it, turn by turn."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sessiongraph import sessions
from sessiongraph.importers.import_sessions import ImportReport

Import = Callable[..., Awaitable[ImportReport]]


@pytest.fixture
def import_file() -> Import:
    return sessions.import_file


Told = Callable[..., Awaitable[list[tuple[str, str]]]]


@pytest.fixture
def told() -> Told:
    """(question, answer) of the turns of a session."""

    async def turns(session_id: str, **given: Any) -> list[tuple[str, str]]:
        return [(turn.question, turn.answer) for turn in await sessions.get_turns(session_id, **given)]

    return turns
