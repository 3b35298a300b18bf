"""Automation conditions: when assets are made without the sensor `new_sessions`.

Applied in one place, to all assets at once. Declarative automation is an alternative to that sensor, and off until
somebody starts its own in the UI, and stops the other. It stages every dataset's sessions by the clock and makes
knowledge of whatever is new, whether or not a session is due: short conversations are extracted a few turns at a
time, for more calls; a session that lives for less than the time between two ticks can be lost; runs are of
whole datasets, and each dataset has one every tick. A changed prompt or model starts nothing: what it would read
otherwise is marked stale, and extracted anew by a run with `reextract` alone. What failed is tried again every hour.
"""

from collections.abc import Iterable

import dagster as dg

from orchestration.run_requests import TRIGGER_TAG
from sessiongraph.dagster.asset_keys import DERIVED, asset_key
from sessiongraph.dagster.failure_check import failure_check_name

STAGE_CRON, RETRY_CRON = "*/10 * * * *", "0 * * * *"
_BY_THE_CLOCK = dg.AutomationCondition.cron_tick_passed(STAGE_CRON) | dg.AutomationCondition.newly_missing()
# A data version is a hash of the content: what was made again without changing starts nothing.
_WHEN_CHANGED = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())


def _once(due: dg.AutomationCondition, label: str) -> dg.AutomationCondition:
    """As soon as `due`, once, and not while it, or what it is made from, is being made."""
    busy = dg.AutomationCondition.in_progress() | dg.AutomationCondition.any_deps_in_progress()
    return (due.since_last_handled() & ~busy).with_label(label)


def _undone(asset: str, prefix: str) -> dg.AutomationCondition:
    """By the clock, where the last run of `asset` failed, or something in it. What is quarantined costs no call."""
    check = dg.AssetCheckKey(asset_key(asset, prefix), failure_check_name(asset))
    failed = dg.AutomationCondition.any_checks_match(dg.AutomationCondition.check_failed())
    failed = failed.allow(dg.AssetSelection.checks(check))
    return dg.AutomationCondition.cron_tick_passed(RETRY_CRON) & (dg.AutomationCondition.execution_failed() | failed)


AUTOMATED = ("knowledge_graph", "session_turns", "session_knowledge", "session_lessons", *DERIVED)


def automation_conditions(prefix: str) -> dict[str, dg.AutomationCondition]:
    """By asset, of those whose keys have `prefix`."""
    return {
        "knowledge_graph": _once(_WHEN_CHANGED | _undone("knowledge_graph", prefix), "new or failed documents"),
        "session_turns": _once(_BY_THE_CLOCK, "every ten minutes"),
        "session_knowledge": _once(_WHEN_CHANGED | _undone("session_knowledge", prefix), "new or failed turns"),
        "session_lessons": _once(_WHEN_CHANGED, "new turns"),
        **dict.fromkeys(DERIVED, _once(_WHEN_CHANGED, "a changed graph")),
    }


def build_automation_sensor(prefix: str) -> dg.AutomationConditionSensorDefinition:
    """The sensor that evaluates the conditions, of assets whose keys have `prefix`."""
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.assets(*(asset_key(name, prefix) for name in AUTOMATED)),
        default_status=dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=30,
        run_tags={TRIGGER_TAG: "automation"},
        description="""Instead of `new_sessions`, not beside it: stages every dataset's sessions by the clock, due or
not, and makes knowledge of documents and turns as soon as their content has changed.""",
    )


def with_automation(
    assets: Iterable[dg.AssetsDefinition | dg.AssetSpec], prefix: str
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """`assets`, whose keys have `prefix`, with their automation conditions."""
    conditions = {asset_key(name, prefix): condition for name, condition in automation_conditions(prefix).items()}

    def with_its_condition(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(automation_condition=conditions.get(spec.key))

    return list(dg.map_asset_specs(with_its_condition, list(assets)))
