"""When a session is due: too late loses turns, never leaves them behind, too early wastes calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiongraph.persistence.due_rules import DueRules, due_reason
from sessiongraph.settings import Settings
from sessiongraph.types import WaitingSession, WaitingTurns

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = DueRules.of(Settings(_env_file=None), interval_seconds=15)  # type: ignore[call-arg]
WEEK = 7 * 24 * 3600


def reason(
    *, idle: float = 0, turns: int = 1, waited: float = 0, ttl: float | None = WEEK, rules: DueRules = RULES
) -> str | None:
    """Of a session last written `idle` seconds ago, to live for `ttl` from then, whose oldest turn waited so long."""
    written = NOW - timedelta(seconds=idle)
    expires_at = None if ttl is None else written + timedelta(seconds=ttl)
    part = WaitingTurns(None, turns, NOW - timedelta(seconds=max(waited, idle)))
    return due_reason(WaitingSession("ana", "s", written, expires_at, (part,)), part, rules, NOW)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, None),
        ({"idle": 299, "waited": 1799, "turns": 19}, None),
        ({"idle": 300}, "idle"),
        ({"turns": 20}, "enough turns wait"),
        ({"waited": 1800}, "waited long enough"),
        # Each write gives a session its whole life anew, of which the last hour is soon.
        ({"idle": WEEK - 3601}, "waited long enough"),
        ({"idle": WEEK - 3600}, "expires soon"),
        # Lives of which the setting is more than half: half of it.
        ({"ttl": 1800, "idle": 200}, None),
        ({"ttl": 600, "idle": 299}, None),
        ({"ttl": 600, "idle": 300}, "expires soon"),
        ({"ttl": 3600, "idle": 250}, None),
        # Lives of a few ticks: at once.
        ({"ttl": 60}, "expires soon"),
        ({"ttl": 1}, "expires soon"),
        ({"ttl": 120, "idle": 59}, None),
        ({"ttl": 120, "idle": 60}, "expires soon"),
        ({"ttl": None}, None),
        ({"ttl": None, "idle": 300}, "idle"),
        ({"ttl": 10, "idle": 11}, "expires soon"),
    ],
)
def test_the_rules(case: dict[str, float], expected: str | None) -> None:
    assert reason(**case) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "value", "case"),
    [
        ("PERSIST_IDLE_SECONDS", "10", {"idle": 10}),
        ("PERSIST_TURNS", "2", {"turns": 2}),
        ("PERSIST_WAIT_SECONDS", "10", {"waited": 10}),
        ("PERSIST_BEFORE_EXPIRY_SECONDS", str(WEEK // 2), {"idle": 200, "ttl": 350}),
    ],
)
def test_each_rule_is_a_setting(
    setting: str, value: str, case: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reason(**{**case, "ttl": WEEK}) is None  # type: ignore[arg-type]
    monkeypatch.setenv(setting, value)
    rules = DueRules.of(Settings(_env_file=None), interval_seconds=15)  # type: ignore[call-arg]
    assert reason(**case, rules=rules) is not None  # type: ignore[arg-type]


spans = st.floats(min_value=0, max_value=30 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@given(
    idle=spans,
    turns=st.integers(1, 10**9),
    wait=spans,
    before_expiry=spans,
    waiting=st.integers(1, 10**6),
    ttl=st.none() | spans,
    writes=st.lists(spans, max_size=20),
)
def test_no_turn_is_left_behind_whatever_is_set_and_however_the_session_goes_on(
    idle: timedelta,
    turns: int,
    wait: timedelta,
    before_expiry: timedelta,
    waiting: int,
    ttl: timedelta | None,
    writes: list[timedelta],
) -> None:
    rules = DueRules(idle, turns, wait, before_expiry, timedelta(seconds=15))
    since = last = NOW
    for gap in writes:  # Turns are edited and added; the oldest waits all the while.
        if ttl is None or gap < ttl:
            last += gap
    part = WaitingTurns("d", waiting, since)
    session = WaitingSession("ana", "s", last, None if ttl is None else last + ttl, (part,))
    assert due_reason(session, part, rules, since + wait) is not None
    if session.expires_at is not None:
        last_chance = session.expires_at - 4 * rules.interval
        assert due_reason(session, part, rules, last_chance) is not None
    # Once due it stays so, until it is persisted or written to.
    first = next(t for t in range(10**6) if due_reason(session, part, rules, last + t * timedelta(hours=1)))
    assert due_reason(session, part, rules, last + (first + 1) * timedelta(hours=1)) is not None


@given(turns=st.integers(1, 19), age=st.integers(0, 299))
def test_a_conversation_that_goes_on_is_not_cut_into_calls(turns: int, age: int) -> None:
    part = WaitingTurns(None, turns, NOW - timedelta(seconds=age))
    session = WaitingSession("ana", "s", NOW, NOW + timedelta(seconds=WEEK), (part,))
    assert due_reason(session, part, RULES, NOW) is None
    assert due_reason(session, replace(part, turns=20), RULES, NOW) is not None
