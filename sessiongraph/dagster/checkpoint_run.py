"""The work of the asset `graph_checkpoint` in a run."""

import time
from typing import TYPE_CHECKING

import dagster as dg

from sessiongraph.dagster.asset_runs import Context, opened_run

if TYPE_CHECKING:
    from sessiongraph.client import SessionGraph


def materialize_graph_checkpoint(
    context: Context, client: "SessionGraph | None" = None, dataset_key: str | None = None
) -> dg.MaterializeResult:
    """Make a checkpoint of the dataset's graph as it is now: the asset `graph_checkpoint`.

    Without metadata but a note where another process makes one, or something was forgotten meanwhile.
    """
    with opened_run(context, client, dataset_key) as run:
        started = time.perf_counter()
        made = run.services.make_checkpoint(run.dataset)
        if made is None:
            return dg.MaterializeResult(metadata={"note": "There is nothing to hold, or another process makes one."})
        return dg.MaterializeResult(
            metadata={
                "facts": made.facts,
                "entities": made.entities,
                "passages": made.passages,
                "megabytes": round(made.nbytes / 1e6, 1),
                "seconds": round(time.perf_counter() - started, 2),
                "commit": made.seq,
            }
        )
