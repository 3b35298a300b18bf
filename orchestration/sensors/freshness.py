"""The sensor `freshness`: what is not made any more is told by the clock, for each dataset."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from orchestration.checks.all_datasets import EVERY_DATASET_IS_FRESH, FRESH
from orchestration.sensor_cursor import Cursor
from resources.graph import GraphResource
from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.ids import content_id

# How often a verdict is said again that has not changed: a run by hand that failed may have covered it.
_SAY_AGAIN = timedelta(hours=1)


class FreshnessCursor(Cursor):
    """By asset, what its verdict was (a hash), and when it was last said."""

    said: dict[str, str] = Field(default_factory=dict)
    at: dict[str, float] = Field(default_factory=dict)


@dg.sensor(
    minimum_interval_seconds=900,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Makes the check `every_dataset_is_fresh`: which datasets are late, and since when.

It launches nothing: the nightly sweep and `new_sessions` do.""",
)
def freshness(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult:
    services, now = graph.services, datetime.now(UTC)
    cursor = FreshnessCursor.read(context.cursor)
    events, reasons = [], []
    for name in FRESH:
        outcome = EVERY_DATASET_IS_FRESH.evaluate(context.instance, services, name)
        verdict = content_id("verdict", outcome.severity.value, *_named(outcome.figures["late_datasets"]))
        again = now.timestamp() - cursor.at.get(name, 0.0) >= _SAY_AGAIN.total_seconds()
        if again or cursor.said.get(name) != verdict:
            key = asset_key(name, services.settings.asset_key_prefix)
            events.append(EVERY_DATASET_IS_FRESH.evaluation(key, outcome))
            cursor.said[name], cursor.at[name] = verdict, now.timestamp()
        if outcome.message:
            reasons.append(f"{name}: {outcome.message}")
    return dg.SensorResult(
        skip_reason=" ".join(reasons) or "Every dataset is up to date.",
        cursor=cursor.model_dump_json(),
        asset_events=events,
    )


def _named(late: dg.TableMetadataValue) -> list[str]:
    return [str(row.data["dataset"]) for row in late.records]
