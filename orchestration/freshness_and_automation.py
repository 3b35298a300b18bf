"""Freshness policies and automation conditions: how fresh assets are to be, and when made without sensors.

Applied in one place, to all assets at once. Declarative automation is an alternative to the sensor `new_sessions`, and
off until somebody starts its sensor in the UI, and stops the other. It stages every dataset's sessions by the clock and
makes knowledge of whatever is new, whether or not a session is due: short conversations are extracted a few turns at a
time, for more calls; a session that lives for less than the time between two ticks can be lost; runs are of
whole datasets, and each dataset has one every tick. A changed prompt or model starts nothing: what it would read
otherwise is marked stale, and extracted anew by a run with `reextract` alone.
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from orchestration.run_requests import TRIGGER_TAG
from sessiongraph.dagster.asset_keys import asset_key

_SWEPT = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
_ADDED_TO = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=30), warn_window=timedelta(days=7))

# Sessions are swept every night, whether or not anything was said; documents come when they come.
FRESHNESS = {"session_turns": _SWEPT, "session_knowledge": _SWEPT, "knowledge_graph": _ADDED_TO}

STAGE_CRON = "*/10 * * * *"
_BY_THE_CLOCK = dg.AutomationCondition.cron_tick_passed(STAGE_CRON) | dg.AutomationCondition.newly_missing()
# A data version is a hash of the content: what was made again without changing starts nothing.
_WHEN_CHANGED = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())


def _once(due: dg.AutomationCondition, label: str) -> dg.AutomationCondition:
    """As soon as `due`, once, and not while it, or what it is made from, is being made."""
    busy = dg.AutomationCondition.in_progress() | dg.AutomationCondition.any_deps_in_progress()
    return (due.since_last_handled() & ~busy).with_label(label)


AUTOMATION = {
    "knowledge_graph": _once(_WHEN_CHANGED, "new documents"),
    "session_turns": _once(_BY_THE_CLOCK, "every ten minutes"),
    "session_knowledge": _once(_WHEN_CHANGED, "new turns"),
}


def build_automation_sensor(prefix: str) -> dg.AutomationConditionSensorDefinition:
    """The sensor that evaluates the conditions, of assets whose keys have `prefix`."""
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.assets(*(asset_key(name, prefix) for name in AUTOMATION)),
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=30,
        run_tags={TRIGGER_TAG: "automation"},
        description="""Instead of `new_sessions`, not beside it: stages every dataset's sessions by the clock, due or
not, and makes knowledge of documents and turns as soon as their content has changed.""",
    )


def with_policies(
    assets: Iterable[dg.AssetsDefinition | dg.AssetSpec], prefix: str
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """`assets`, whose keys have `prefix`, with their freshness policies and automation conditions."""
    freshness = {asset_key(name, prefix): policy for name, policy in FRESHNESS.items()}
    automation = {asset_key(name, prefix): condition for name, condition in AUTOMATION.items()}

    def with_its_policies(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key in freshness:
            spec = dg.apply_freshness_policy(spec, freshness[spec.key])
        if spec.key in automation:
            spec = spec.replace_attributes(automation_condition=automation[spec.key])
        return spec

    return list(dg.map_asset_specs(with_its_policies, list(assets)))
