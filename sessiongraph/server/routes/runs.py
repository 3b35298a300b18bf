"""Runs that were asked for with `wait: false`: what has become of them, also after a restart."""

import asyncio

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from sessiongraph.dagster.requested_runs import RunState, state_of
from sessiongraph.ids import check_name
from sessiongraph.server.caller import Client, Reader

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("/{run_id}")
async def get_run(run_id: str, client: Client, caller: Reader) -> RunState:
    """The state of a run that the caller asked for: its report once it is done, or why it failed."""
    check_name(run_id, kind="run id")
    services = client.services
    found = await asyncio.to_thread(
        lambda: state_of(services.settings.home, services.dagster_instance, run_id, caller.user.id)
    )
    if found is None:
        raise HTTPException(404, f"You asked for no run {run_id!r}.")
    return found
