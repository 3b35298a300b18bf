"""The work of the assets `session_lessons`, `conflicts` and `speaker_profiles` in a run.

Sessions are read by a model where something of them is new. The others are derived: a run says how they stand.
"""

import asyncio
from typing import TYPE_CHECKING

import dagster as dg

from sessiongraph.dagster.asset_runs import UNDONE, Context, opened_run
from sessiongraph.dagster.metadata import lessons_metadata

if TYPE_CHECKING:
    from sessiongraph.client import SessionGraph


def materialize_session_lessons(
    context: Context,
    client: "SessionGraph | None" = None,
    dataset_key: str | None = None,
    *,
    retry_failed: bool = False,
    relearn: bool = False,
) -> dg.MaterializeResult:
    """Read the dataset's sessions of which something is new for what they teach: the asset `session_lessons`."""
    from sessiongraph.persistence.session_lessons import learn

    with opened_run(context, client, dataset_key) as run:
        services = run.services
        store = services.store(run.dataset)
        report = asyncio.run(learn(store, services.llm, run_id=run.run_id, retry_failed=retry_failed, relearn=relearn))
        metadata = lessons_metadata(report)
        if report.failed:
            context.instance.add_run_tags(run.run_id, UNDONE)
        if report.failure is None:
            return run.result("session_lessons", metadata)
        if report.read:
            context.log_event(run.event("session_lessons", metadata))
        raise report.failure


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
