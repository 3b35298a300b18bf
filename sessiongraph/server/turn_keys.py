"""The header Idempotency-Key: the id that a caller gives the turn which it writes, so that it may write it again."""

from typing import Annotated

from fastapi import Depends, Header

from sessiongraph.ids import check_turn_id


async def _turn_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="The id that the turn is to get, of your choice: the same request sent again is one turn.",
            examples=["chat-4711"],
        ),
    ] = None,
) -> str | None:
    return None if idempotency_key is None else check_turn_id(idempotency_key)


TurnKey = Annotated[str | None, Depends(_turn_key)]
