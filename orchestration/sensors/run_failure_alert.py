"""The sensor `run_failures`: whoever runs this is told of a run that failed, where ALERT_WEBHOOK_URL says.

Invariant: it tells ids, names and causes, never what was said.
"""

import json
import urllib.request
from typing import Any

import dagster as dg

from orchestration.run_requests import DATASET_TAG, TRIGGER_TAG
from sessiongraph.dagster.metadata import without_quotes
from sessiongraph.settings import load_settings

_SECONDS = 10


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Posts what failed, as JSON with a `text` that chat services show, to ALERT_WEBHOOK_URL.

Without that setting it tells nobody: failures stand in the list of runs all the same.""",
)
def run_failures(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    url = load_settings().alert_webhook_url
    if url is None:
        return dg.SkipReason("ALERT_WEBHOOK_URL is not set: nobody is told.")
    request = urllib.request.Request(
        str(url.get_secret_value()), json.dumps(_alert(context)).encode(), {"Content-Type": "application/json"}
    )
    # An answer that is an error fails the tick, which shows it.
    with urllib.request.urlopen(request, timeout=_SECONDS):
        return None


def _alert(context: dg.RunFailureSensorContext) -> dict[str, Any]:
    run, cause = context.dagster_run, _cause(context)
    dataset = run.tags.get(DATASET_TAG) or run.tags.get("dagster/partition")
    about = f"{run.job_name}{f' of {dataset}' if dataset else ''}"
    return {
        "text": f"Run {run.run_id} ({about}) failed: {cause}",
        "run_id": run.run_id,
        "job": run.job_name,
        "dataset": dataset,
        "trigger": run.tags.get(TRIGGER_TAG),
        "cause": cause,
    }


def _cause(context: dg.RunFailureSensorContext) -> str:
    """The project's own error as its message, without what it quotes; of any other, its class alone."""
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data is not None and data.user_failure_data.description:
            return without_quotes(data.user_failure_data.description)
        if data.error is not None:
            error = data.error
            while error.cause is not None:
                error = error.cause
            return error.cls_name or "an error"
    return "the run ended without saying why: see its log"
