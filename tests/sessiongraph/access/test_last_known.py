"""Who was allowed to read goes on reading while the database is away, and nobody else does."""

import pytest

from sessiongraph.access.last_known import LastKnown
from sessiongraph.errors import PermissionDeniedError, StoreUnavailableError


def away() -> str:
    raise StoreUnavailableError("away")


def denied() -> str:
    raise PermissionDeniedError("no")


def test_what_was_said_last_is_said_while_nobody_can_be_asked() -> None:
    known = LastKnown()
    assert [known.ask("ana", answer) for answer in (lambda: "first", lambda: "second", away)][1:] == ["second"] * 2
    with pytest.raises(StoreUnavailableError):
        known.ask("bob", away)


def test_who_was_refused_last_is_refused() -> None:
    known = LastKnown()
    known.ask("ana", lambda: "yes")
    with pytest.raises(PermissionDeniedError):
        known.ask("ana", denied)
    with pytest.raises(StoreUnavailableError):
        known.ask("ana", away)
