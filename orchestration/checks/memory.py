"""Checks of what is learned beside facts: whether facts contradict each other, and whether all sessions were read."""

import dagster as dg

from orchestration.checks.check_factory import Check, CheckContext, CheckOutcome

_FAILED = """
SELECT count(*) AS failed FROM (
    SELECT failure, row_number() OVER (PARTITION BY document_id ORDER BY seq DESC) AS nth FROM session_lessons) newest
WHERE nth = 1 AND failure IS NOT NULL
"""


def _conflicts(context: CheckContext) -> CheckOutcome:
    from sessiongraph.snapshots.conflicts import find_conflicts

    found = find_conflicts(context.snapshot)
    message = (
        f"{len(found)} time(s) facts contradict each other and none closes another: "
        f"sessiongraph facts conflicts -d {context.dataset.key}"
    )
    return CheckOutcome(not found, {"conflicts": len(found)}, message if found else None, dg.AssetCheckSeverity.WARN)


def _unread(context: CheckContext) -> CheckOutcome:
    figures = context.figures(_FAILED)
    failed = figures["failed"]
    message = f"{failed} session(s) could not be read; the materialization's table `failures` has the reasons."
    return CheckOutcome(not failed, figures, message if failed else None)


FACTS_AGREE = Check(
    "facts_agree",
    "No two facts that hold now contradict each other: of what has one value at a time, such as a home.",
    "Say which is right: `sessiongraph facts conflicts` lists them with their evidence; `facts correct` says what is "
    'right, or since when one is over, `facts retract` that one never was. Where both are: `--relation "also …"`.',
    _conflicts,
)

SESSIONS_ARE_READ = Check(
    "sessions_are_read",
    "Every session that was read for what it teaches gave an answer that can be used.",
    "The next run tries again those that failed; what failed three times by its own fault only with run config "
    "`retry_failed: true`. What was learned of such a session before stands.",
    _unread,
    loud=True,
)
