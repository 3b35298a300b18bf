"""Long work that nobody waits for: written down for Dagster's queue, where it outlives this process."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException

from sessiongraph.api.context import acting_user, all_permitted
from sessiongraph.client import SessionGraph
from sessiongraph.server.caller import Caller
from sessiongraph.server.schemas import CognifyBody, PersistBody, RunsRequested
from sessiongraph.services import Services
from sessiongraph.types import Dataset

_AGAIN_SECONDS = "30"


async def request_runs(
    client: SessionGraph,
    caller: Caller,
    job: str,
    datasets: Sequence[str] | str | None,
    assets: Mapping[str, Mapping[str, Any]],
) -> RunsRequested:
    """Ask for a run of `job` for each dataset, with the config of its assets. What can be refused is refused now.

    Raises HTTPException, a 503, where no daemon would run it.
    """
    services = client.services
    chosen = await all_permitted(services, await acting_user(services, caller.user), datasets, "write")
    config = {"ops": {asset: {"config": dict(given)} for asset, given in assets.items()}}
    return await asyncio.to_thread(_ask, services, caller, job, chosen, config)


def options_of(body: PersistBody | CognifyBody) -> dict[str, bool]:
    """The config of the assets that extract."""
    return {"retry_failed": body.retry_failed, "reextract": body.reextract}


def _ask(
    services: Services, caller: Caller, job: str, datasets: Sequence[Dataset], config: Mapping[str, Any]
) -> RunsRequested:
    from sessiongraph.dagster.daemon import ticks
    from sessiongraph.dagster.requested_runs import RunState, ask, sensor_name

    if not ticks(services.dagster_instance, sensor_name(job)):
        raise HTTPException(
            503,
            "No Dagster daemon works for this home, whose queue runs what is not waited for: the operator starts one "
            "with sessiongraph dev, or as docs/operations.md says. With wait=true the service does it itself.",
            headers={"Retry-After": _AGAIN_SECONDS},
        )
    asked = [ask(services.settings.home, job, dataset.key, caller.user.id, config) for dataset in datasets]
    return RunsRequested(runs=[RunState(it.id, it.job, it.dataset, "requested") for it in asked])
