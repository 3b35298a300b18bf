"""Time scores: closeness of passages and facts to the days that a question is about; 0 for what has no date."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.retrieval.time_expressions import DateRange
from sessiongraph.snapshots.partial_dates import first_and_last_day, parse_partial_date

# Events are told within days: what was told a week off counts about a third.
DECAY_DAYS = 7.0


def passage_time_scores(passages: pd.DataFrame, rows: Array, days: DateRange) -> Array:
    """By passage of `rows`: 1 for a turn said in `days`, decaying with the days that it is off; 0 for documents."""
    said_on = passages["said_at"].to_numpy()[rows].astype("datetime64[D]")
    early, late = np.datetime64(days.start) - said_on, said_on - np.datetime64(days.end)
    days_off = np.maximum(early, late).astype(np.int64).clip(min=0)
    return np.where(passages["kind"].array[rows] == "session", np.exp(-days_off / DECAY_DAYS), 0.0)


def fact_time_scores(facts: pd.DataFrame, rows: Array, days: DateRange) -> Array:
    """By fact of `rows`: 1 for one that began in `days`, a half for one true then; 0 for others and undated ones."""
    return np.array([_time_score(begun, ended, days) for begun, ended in _validities(facts, rows)])


def has_ended(facts: pd.DataFrame, rows: Array, today: date) -> Array:
    """By fact of `rows`: whether it is no longer true."""
    return np.array([ended is not None and ended.start <= today for _, ended in _validities(facts, rows)], bool)


def _time_score(begun: DateRange | None, ended: DateRange | None, days: DateRange) -> float:
    if begun is None and ended is None:
        return 0.0
    if begun is not None and days.start <= begun.end and begun.start <= days.end:
        return 1.0
    was_true = (begun is None or begun.start <= days.end) and (ended is None or ended.end > days.start)
    return 0.5 if was_true else 0.0


def _validities(facts: pd.DataFrame, rows: Array) -> Sequence[tuple[DateRange | None, DateRange | None]]:
    begun, ended = (facts[name].array[rows].tolist() for name in ("valid_at", "valid_until"))
    # The facts of one search often share their dates.
    days_of = {value: parse_days(value) for value in {*begun, *ended}}
    return [(days_of[start], days_of[end]) for start, end in zip(begun, ended, strict=True)]


def parse_days(value: object) -> DateRange | None:
    """The days of a fact's date, of whatever precision; None for what is no date."""
    when = parse_partial_date(value)
    days = first_and_last_day(when) if when else None
    return DateRange(*days) if days else None
