"""How near passages and facts are to the days that a question speaks of. Whatever has no date is not near."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.retrieval.time_expressions import Span

# What happened is told within days, and what was told a week off is a third as near.
DAYS = 7.0


def said_closeness(passages: pd.DataFrame, rows: Array, span: Span) -> Array:
    """1 for a turn that was said in `span`, less by the days it is off; 0 for documents: one of each of `rows`."""
    days = passages["said_at"].to_numpy()[rows].astype("datetime64[D]")
    early, late = np.datetime64(span.start) - days, days - np.datetime64(span.end)
    off = np.maximum(early, late).astype(np.int64).clip(min=0)
    return np.where(passages["kind"].to_numpy()[rows] == "session", np.exp(-off / DAYS), 0.0)


def held_closeness(facts: pd.DataFrame, rows: Array, span: Span) -> Array:
    """1 for a fact that began in `span`, a half for one that held in it; 0 for others and the undated."""
    return np.array([_nearness(begun, ended, span) for begun, ended in _validities(facts, rows)])


def is_over(facts: pd.DataFrame, rows: Array, now: date) -> Array:
    """Which facts hold no more."""
    return np.array([ended is not None and ended.start <= now for _, ended in _validities(facts, rows)], bool)


def _nearness(begun: Span | None, ended: Span | None, span: Span) -> float:
    if begun is None and ended is None:
        return 0.0
    if begun is not None and span.start <= begun.end and begun.start <= span.end:
        return 1.0
    holds = (begun is None or begun.start <= span.end) and (ended is None or ended.start > span.start)
    return 0.5 if holds else 0.0


def _validities(facts: pd.DataFrame, rows: Array) -> Sequence[tuple[Span | None, Span | None]]:
    begun, ended = (facts[name].to_numpy()[rows].tolist() for name in ("valid_at", "valid_until"))
    return list(zip(map(_days, begun), map(_days, ended), strict=True))


@lru_cache(maxsize=1 << 12)
def _days(value: object) -> Span | None:
    """The days of YYYY, YYYY-MM or YYYY-MM-DD."""
    if not isinstance(value, str):
        return None
    first, last = (value + "-01-01")[:10], (value + "-12-31")[:10]
    try:
        start = date.fromisoformat(first)
        return Span(
            start, start if len(value) > 7 else _month_end(start) if len(value) == 7 else date.fromisoformat(last)
        )
    except ValueError:
        return None


def _month_end(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])
