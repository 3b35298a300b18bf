"""The check of `conflicts`: whether facts contradict each other. It warns, and decides nothing."""

import dagster as dg

from orchestration.checks.check_factory import Check, CheckContext, CheckOutcome


def _conflicts(context: CheckContext) -> CheckOutcome:
    from sessiongraph.snapshots.conflicts import find_conflicts

    found = find_conflicts(context.snapshot)
    message = (
        f"{len(found)} time(s) facts contradict each other and none closes another: "
        f"sessiongraph facts conflicts -d {context.dataset.key}"
    )
    return CheckOutcome(not found, {"conflicts": len(found)}, message if found else None, dg.AssetCheckSeverity.WARN)


FACTS_AGREE = Check(
    "facts_agree",
    "No two facts that hold now contradict each other: of what has one value at a time, such as a home.",
    "Say which is right: `sessiongraph facts conflicts` lists them with their evidence; `facts correct` says what is "
    'right, or since when one is over, `facts retract` that one never was. Where both are: `--relation "also …"`.',
    _conflicts,
)
