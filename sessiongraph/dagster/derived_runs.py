"""The work of the assets `conflicts` and `speaker_profiles` in a run: to say how they stand. No model is called."""

from typing import TYPE_CHECKING

import dagster as dg

from sessiongraph.dagster.asset_runs import Context, opened_run

if TYPE_CHECKING:
    from sessiongraph.client import SessionGraph


def materialize_conflicts(
    context: Context, client: "SessionGraph | None" = None, dataset_key: str | None = None
) -> dg.MaterializeResult:
    """Say which facts of the dataset contradict each other now: the asset `conflicts`."""
    return _derived("conflicts", context, client, dataset_key)


def materialize_speaker_profiles(
    context: Context, client: "SessionGraph | None" = None, dataset_key: str | None = None
) -> dg.MaterializeResult:
    """Say what stands now about the dataset's speakers: the asset `speaker_profiles`."""
    return _derived("speaker_profiles", context, client, dataset_key)


def _derived(
    asset: str, context: Context, client: "SessionGraph | None", dataset_key: str | None
) -> dg.MaterializeResult:
    with opened_run(context, client, dataset_key) as run:
        return run.result(asset, {})
