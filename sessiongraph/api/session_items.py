"""Items of a program's own session, such as an agent's: kept in the turns that they make."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sessiongraph.access.secrets import without_secrets
from sessiongraph.api.context import permitted_now
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import new_id
from sessiongraph.importers.session_items import by_turn, with_items, without_last_item
from sessiongraph.services import Services
from sessiongraph.session_cache.base import moment_after
from sessiongraph.types import SessionItem, Turn, User

if TYPE_CHECKING:
    from sessiongraph.session_cache.base import SessionCache


def check_items(items: object) -> list[SessionItem]:
    """`items` as a list; raises InvalidInputError where one is none, or cannot be kept as it is."""
    if not isinstance(items, Sequence) or not all(isinstance(item, SessionItem) for item in items):
        raise InvalidInputError("items is a list of SessionItem.")
    for item in items:
        for field in fields(SessionItem):
            if not isinstance(getattr(item, field.name), str):
                raise InvalidInputError(f"An item's {field.name} must be a string.")
        if "\x00" in item.data or not _is_unicode(item.data):
            raise InvalidInputError("An item's data holds a NUL or a lone surrogate: write it as JSON in ASCII.")
    return list(items)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def add_items(
    services: Services,
    cache: "SessionCache",
    user: User,
    session_id: str,
    items: list[SessionItem],
    dataset: str | None,
) -> None:
    """As `Sessions.add_items` says. Blocks."""
    target = permitted_now(services, user, dataset, "write") if dataset is not None else None
    newest = cache.get_turns(user.id, session_id, 1)
    last = newest[0] if newest and newest[0].items else None
    runs = by_turn(items, is_answered=last is not None and bool(last.answer))
    if last is not None and (first := runs[0]):
        written = cache.revise_turn(
            user.id, session_id, last.turn_id, lambda turn: without_secrets(services.access, with_items(turn, first))[0]
        )
        # Where the turn was deleted in between, they begin one.
        runs = runs if written is None else runs[1:]
    now = moment_after(newest, datetime.now(UTC))
    empty = Turn("", user.id, session_id, "", "", now, dataset_id=target.id if target is not None else None)
    made = [with_items(replace(empty, turn_id=new_id()), run) for run in runs if run]
    if made:
        cache.put_turns([without_secrets(services.access, turn)[0] for turn in made])


def get_items(cache: "SessionCache", user: User, session_id: str, last: int | None) -> list[str]:
    """As `Sessions.get_items` says. Blocks."""
    found = [item.data for turn in cache.get_turns(user.id, session_id) for item in turn.items]
    return found if last is None else found[-last:]


def pop_item(services: Services, cache: "SessionCache", user: User, session_id: str) -> str | None:
    """As `Sessions.pop_item` says. Blocks."""
    while with_any := [turn for turn in cache.get_turns(user.id, session_id) if turn.items]:
        popped: list[SessionItem] = []

        def shorter(turn: Turn, popped: list[SessionItem] = popped) -> Turn:
            popped[:] = turn.items[-1:]
            return without_secrets(services.access, without_last_item(turn))[0] if turn.items else turn

        turn_id = with_any[-1].turn_id
        left = cache.revise_turn(user.id, session_id, turn_id, shorter)
        if left is not None and not left.items:
            cache.delete_turn(user.id, session_id, turn_id)
        if popped:
            return popped[0].data
    return None
