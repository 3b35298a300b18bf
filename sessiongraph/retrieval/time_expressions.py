"""Time expressions in questions: "last May", "in 2022", "the week before 3 August", "between March and June 2021".

The words for dates belong to `sessiongraph.local_models.extractive.dates`, which reads them in what was said; here they
become ranges of days. A word that is no date without its neighbours ("may", "march", "sun") is none.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sessiongraph.english import MONTHS, SEASONS, UNIT_DAYS
from sessiongraph.local_models.extractive import dates

_SAYS_YEAR = re.compile(r"\b[12]\d{3}\b")
_RELATIVE = re.compile(r"\b(?:ago|yesterday|today|tonight|tomorrow|last|next|this|past)\b", re.IGNORECASE)
_UNIT = re.compile(r"\b(day|weekend|week|month|year)s?\b", re.IGNORECASE)
_SEASON = re.compile(rf"\b({'|'.join(SEASONS)})\b", re.IGNORECASE)
_PERIOD_BESIDE = re.compile(r"\b(?:the )?(day|weekend|week|month|year) (before|after)\s+\Z", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|until|till|prior to|earlier than|up to)\s+(?:the\s+)?\Z", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|later than)\s+(?:the\s+)?\Z", re.IGNORECASE)
_SINCE = re.compile(r"\bsince\s+(?:the\s+)?\Z", re.IGNORECASE)
# A question about what is to come: "on Friday" is the next one then.
_AHEAD = re.compile(r"\b(?:will|shall|won['’]t|going to|gonna|planning)\b|['’]ll\b")
_BEHIND = re.compile(r"\b(?:did|was|were|had|has|have)\b", re.IGNORECASE)
_MONTH = re.compile(rf"\b(?:{'|'.join(month[:3] for month in MONTHS)})", re.IGNORECASE)
# Prepositions that `dates.find` returns as part of a date.
_LEADING = re.compile(r"\A(?:in|since|from|during|of|by|around|about|early|late)\s+", re.IGNORECASE)
# "the last week of", "the summer of": which part of the date that follows is meant.
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "final": -1}
_PART = re.compile(
    rf"\b(?:({'|'.join(_ORDINALS)}) )?(day|weekend|week|month|{'|'.join(SEASONS)}) of\s+(?:the\s+)?\Z", re.IGNORECASE
)
_YEAR_ALONE = re.compile(r"\b(?:between|from|to|and|before|after|until|till) ((?:1[0-9]|20)\d\d)\b(?!-)", re.IGNORECASE)


@dataclass(frozen=True)
class DateRange:
    """The days from `start` to `end`, both of them in it; one that is open at an end goes on to date.min or .max."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


def asker_today() -> date:
    """The day on which a question is asked now, in this machine's zone: the asker's, as far as is known."""
    return datetime.now(UTC).astimezone().date()


def parse_date_range(query: str, today: date, newest: date | None = None) -> DateRange | None:
    """The days that `query` is about when it is asked on `today`, or None; of several ranges, all from first to last.

    A date without its year ("in June") is the last one before `newest`, the day of the newest thing that can be
    found, or before `today` where that is None: who asks about June means the one that there is something of. In a
    question about what is to come it is the next one.
    """
    found = _expressions(query)
    is_ahead = _AHEAD.search(query) is not None and not _BEHIND.search(query)
    spans: list[DateRange] = []
    anchored = False
    for number, (text, start, end) in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else None
        if following is not None and (part := _part_before(query, following)) and part.start() < end:
            continue
        if following is not None and _is_relative(text) and _joins(query[end : following[1]]):
            anchor = _days(following[0], today, newest, is_ahead)
            span = _days(text, anchor.start, None, is_ahead) if anchor else None
            anchored = span is not None
        elif anchored:
            anchored = False
            continue
        else:
            span = _days(text, today, newest, is_ahead)
            part = _part_before(query, found[number])
            if span and part:
                span, start = _part_of(span, part), part.start()
            span = span and _bounded(span, text, query[:start], today)
        if span is not None:
            spans.append(span)
    if not spans:
        return None
    return DateRange(min(span.start for span in spans), max(span.end for span in spans))


def _expressions(query: str) -> list[tuple[str, int, int]]:
    """(text, start, end) of the dates in `query`, in order; the ends of a range of years are dates too."""
    found = [(expression.text, expression.start, expression.end) for expression in dates.find(query)]
    for match in _YEAR_ALONE.finditer(query):
        if all(match.end(1) <= start or match.start(1) >= end for _, start, end in found):
            found.append((f"in {match[1]}", match.start(1), match.end(1)))
    return sorted(found, key=lambda expression: expression[1])


def _is_relative(text: str) -> bool:
    return bool(_RELATIVE.search(text)) and not _SAYS_YEAR.search(text)


def _joins(between: str) -> bool:
    """Whether the words between two dates make the first a date as seen from the second."""
    return bool(re.fullmatch(r",?\s*(?:before|of|as of|from|on)?\s*", between, re.IGNORECASE))


def _part_before(query: str, expression: tuple[str, int, int]) -> re.Match[str] | None:
    """The words in front of a date which say what part of it is meant."""
    text, start, _ = expression
    leading = _LEADING.match(text)
    return _PART.search(query[:start] + (leading[0] if leading else ""))


def _part_of(span: DateRange, part: re.Match[str]) -> DateRange:
    """The part of `span` that `part` means; `span` where it has no such part."""
    which, unit = (part[1] or "").lower(), part[2].lower()
    if unit in SEASONS:
        return _months(span.start.year, SEASONS[unit], 3)
    if not which:
        week = span.start - timedelta(days=span.start.weekday())
        return DateRange(week, week + timedelta(days=6)) if unit == "week" and span.start == span.end else span
    days = [span.start + timedelta(days=number) for number in range((span.end - span.start).days + 1)]
    starts = {
        "day": days,
        "week": days[-7:][:1] if _ORDINALS[which] < 0 else days[::7],
        "weekend": [day for day in days if day.weekday() == 5],
        "month": [day for day in days if day.day == 1],
    }[unit]
    if _ORDINALS[which] >= len(starts) or not starts:
        return span
    first = starts[_ORDINALS[which]]
    if unit == "month":
        return _months(first.year, first.month, 1)
    return DateRange(first, first + timedelta(days=UNIT_DAYS[unit] - 1))


def _days(text: str, today: date, newest: date | None, is_ahead: bool) -> DateRange | None:
    """The days of one date as it is said."""
    without_preposition = _LEADING.sub("", text) if _SAYS_YEAR.search(text) else text
    is_yearless = bool(_MONTH.search(text)) and not _SAYS_YEAR.search(text) and not _is_relative(text)
    reference = min(today, newest) if is_yearless and newest and not is_ahead else today
    value = dates.resolve(text, reference, not is_ahead) or dates.resolve(without_preposition, reference, not is_ahead)
    if value is None:
        return None
    season, unit = _SEASON.search(text), _UNIT.search(text)
    if season:
        return _months(int(value[:4]), SEASONS[season[1].lower()], 3)
    if len(value) == 4:
        return DateRange(date(int(value), 1, 1), date(int(value), 12, 31))
    if len(value) == 7:
        return _months(int(value[:4]), int(value[5:]), 1)
    day = date.fromisoformat(value)
    if unit and unit[1].lower() in ("week", "weekend"):
        # "Two weeks ago" is that day's week; "last week" is given by its Monday, and a weekend by its Saturday.
        first = day - timedelta(days=day.weekday()) if unit[1].lower() == "week" else day
        return DateRange(first, first + timedelta(days=UNIT_DAYS[unit[1].lower()] - 1))
    return DateRange(day, day)


def _months(year: int, month: int, count: int) -> DateRange:
    last = month - 1 + count - 1
    end_year, end_month = year + last // 12, last % 12 + 1
    return DateRange(date(year, month, 1), date(end_year, end_month, monthrange(end_year, end_month)[1]))


def _bounded(span: DateRange, text: str, before: str, today: date) -> DateRange:
    """`span` as the words in front of it bound it: before it, after it, or since."""
    if beside := _PERIOD_BESIDE.search(before):
        days = timedelta(days=UNIT_DAYS[beside[1].lower()])
        if beside[2].lower() == "before":
            return DateRange(span.start - days, span.start)
        return DateRange(span.end, span.end + days)
    if _BEFORE.search(before):
        return DateRange(date.min, span.start - timedelta(days=1))
    if _AFTER.search(before):
        return DateRange(span.end + timedelta(days=1), date.max)
    if _SINCE.search(before) or re.match(r"since\b", text, re.IGNORECASE):
        return DateRange(span.start, max(today, span.end))
    return span
