"""Dates of facts at the precision that each was given, and their order. Pure.

A date is a tuple from its year downwards, (2026, 3) for a March: comparison never sees how long a text is. A month
contains its days, so that neither is before the other.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from heapq import heapify, heappop, heappush

PartialDate = tuple[int, ...]

_DATE = re.compile(r"([+-]?\d{1,4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(:\d\d)?)?.*", re.DOTALL)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_partial_date(text: object) -> PartialDate | None:
    """YYYY, YYYY-MM, YYYY-MM-DD or a moment in ISO 8601 (of a zone: as UTC), as far as it is possible: "2026-02-31" is
    some day of February, "2026-00" of 2026. None for anything else, such as "44 BC"."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    if moment := _MOMENT.fullmatch(text):
        try:
            parsed = datetime.fromisoformat(text)
            parsed = parsed if parsed.tzinfo is None else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            text = moment[1]
        else:
            return moment_parts(parsed) if moment[3] else moment_parts(parsed)[:5]
    found = _DATE.fullmatch(text)
    if found is None or not (year := int(found[1])):
        return None
    month, day = (int(part or 0) for part in found.groups()[1:])
    if not 1 <= month <= 12:
        return (year,)
    return (year, month, day) if 1 <= day <= _days_of_month(year, month) else (year, month)


def moment_parts(moment: datetime) -> PartialDate:
    return (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond)


def is_before(one: PartialDate, other: PartialDate) -> bool:
    """Whether all of `one` is before `other`: of a month and its days, neither is."""
    length = min(len(one), len(other))
    return one[:length] < other[:length]


def first_and_last_day(when: PartialDate) -> tuple[date, date] | None:
    """The days of a date; None for one that the calendar of Python has not."""
    year, month, day = (*when, 0, 0)[:3]
    try:
        return date(year, month or 1, day or 1), date(year, month or 12, day or _days_of_month(year, month or 12))
    except (ValueError, OverflowError):
        return None


def chronological_ranks(when: Sequence[PartialDate], said_at: Sequence[datetime]) -> list[int]:
    """A rank for each of what was true since `when` and `said_at` some time: lower for what came first.

    Where dates order two, so do their ranks. Of those that no date puts after another one that is left, what was said
    first comes first; two that were said at once then have one rank. So ranks are an order even where each pair by
    itself, some by date and some by when they were said, would go round in a circle.
    """
    ranks = [0] * len(when)
    waiting = sorted(range(len(when)), key=when.__getitem__, reverse=True)
    ends = [(_end(date_), number) for number, date_ in enumerate(when)]
    heapify(ends)
    ready: list[tuple[datetime, int]] = []
    ranked: set[int] = set()
    rank = 0
    while len(ranked) < len(when):
        while ends[0][1] in ranked:
            heappop(ends)
        while waiting and when[waiting[-1]] < ends[0][0]:
            number = waiting.pop()
            heappush(ready, (said_at[number], number))
        first = ready[0][0]
        while ready and ready[0][0] == first:
            _, number = heappop(ready)
            ranks[number] = rank
            ranked.add(number)
        rank += 1
    return ranks


def _end(when: PartialDate) -> PartialDate:
    """The first date of the same precision that is not in `when`."""
    return (*when[:-1], when[-1] + 1)


def _days_of_month(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 if month == 2 and not is_leap else _DAYS[month - 1]
