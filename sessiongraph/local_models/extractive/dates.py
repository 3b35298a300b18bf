"""Dates as people say them, made into YYYY, YYYY-MM or YYYY-MM-DD.

A relative date is read against the day it was said, taken from a window's source; where nothing says which day
that was, it is no date. A week is its Monday, a weekend its Saturday: the day since when it holds.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_NUMBERS = ["a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_WEEKDAY = "|".join([*_DAYS, "mon|tues?|wed|thurs?|fri|sat|sun"])
_SEASONS = "winter|spring|summer|autumn|fall"

_MONTH = r"(?P<month>" + "|".join(f"{m}|{m[:3]}\\.?" for m in _MONTHS) + r")\b\.?"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[0-9]|20)\d\d)\b"
_COUNT = r"(?P<count>\d{1,3}|" + "|".join(_NUMBERS) + r"|an|a couple of|a few)"

_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<iso>(?:1[0-9]|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)\b",
        rf"\b{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?",
        rf"\b{_MONTH} {_DAY}\b(?:,? {_YEAR})?",
        rf"\b{_MONTH},? {_YEAR}",
        rf"\b(?:in|since|last|this|next|early|late|during) {_MONTH}",
        rf"\b(?:in|since|from|during|of|by|around|about|early|late|{_SEASONS}|{'|'.join(_DAYS)},?) {_YEAR}(?!-)",
        rf"\(\s*{_YEAR}\s*\)",
        r"\b(?P<deictic>yesterday|today|tonight|tomorrow|the other day|last night|this morning)\b",
        rf"\b(?P<which>last|next|this|past|this past) (?P<unit>weekend|week|month|year|{_WEEKDAY}|{_SEASONS})\b",
        rf"\b{_COUNT} (?P<ago>day|week|month|year)s? ago\b",
    )
]


@dataclass(frozen=True)
class Expression:
    """A date as said: `text`, from character `start` of its sentence to `end`."""

    text: str
    start: int
    end: int


def find(text: str) -> list[Expression]:
    """The dates said in `text`, in order, none inside another."""
    found: list[Expression] = []
    if not _HINT.search(text):
        return found
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if all(match.end() <= other.start or match.start() >= other.end for other in found):
                found.append(Expression(match[0], match.start(), match.end()))
    return sorted(found, key=lambda expression: expression.start)


_HINT = re.compile(
    r"\d{4}|ago\b|\b(?:last|next|this|past|yesterday|today|tonight|tomorrow|the other day)\b|"
    + "|".join(_MONTHS)
    + r"|\b(?:"
    + "|".join(m[:3] for m in _MONTHS)
    + r")\b",
    re.IGNORECASE,
)


def said_on(source: str) -> date | None:
    """The day in a window's source ("conversation, 2023-05-08"), or None."""
    for text in re.findall(r"\b\d{4}-\d\d-\d\d\b", source)[-1:]:
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    return None


def resolve(text: str, today: date | None, past: bool = True) -> str | None:
    """The date that `text`, as `find` gave it, means when said on `today`; `past` says in which tense."""
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(text):
            groups = {name: value.lower() for name, value in match.groupdict().items() if value}
            try:
                absolute = _absolute(groups, today, past)
                return absolute if absolute or today is None else _relative(groups, today)
            except (ValueError, OverflowError):
                return None
    return None


def _absolute(groups: dict[str, str], today: date | None, past: bool) -> str | None:
    if iso := groups.get("iso"):
        date.fromisoformat(iso if len(iso) == 10 else iso + "-01")
        return iso
    year = groups.get("year")
    if "month" not in groups:
        return year
    month = next(n for n, name in enumerate(_MONTHS, start=1) if name[:3] == groups["month"][:3])
    day = int(groups.get("day", 0))
    if year is None and today is None:
        return None
    value = date(int(year) if year else today.year, month, day or 1)  # type: ignore[union-attr]
    if year is None and today is not None:
        # Said without a year it is the nearest one behind, or ahead, as the tense has it.
        if past and value > today:
            value = value.replace(year=value.year - 1)
        elif not past and (value.year, value.month) < (today.year, today.month):
            value = value.replace(year=value.year + 1)
    return value.isoformat() if day else value.isoformat()[:7]


def _relative(groups: dict[str, str], today: date) -> str | None:
    if deictic := groups.get("deictic"):
        if deictic == "the other day":
            return None
        back = {"yesterday": 1, "last night": 1, "tomorrow": -1}.get(deictic, 0)
        return (today - timedelta(days=back)).isoformat()
    if unit := groups.get("ago"):
        return _ago(groups["count"], unit, today)
    which, unit = groups.get("which", ""), groups.get("unit", "")
    step = {"last": -1, "past": -1, "this past": -1, "next": 1}.get(which, 0)
    if unit == "year":
        return str(today.year + step)
    if unit == "month":
        return _month(today, step)
    if unit == "week":
        return (today - timedelta(days=today.weekday()) + timedelta(weeks=step)).isoformat()
    if unit == "weekend":
        return (today - timedelta(days=today.weekday() - 5) + timedelta(weeks=step)).isoformat()
    weekday = next((number for number, day in enumerate(_DAYS) if day[:3] == unit[:3]), None)
    if weekday is not None:
        ahead = (weekday - today.weekday()) % 7
        behind = ahead - 7 if ahead else -7
        return (today + timedelta(days=behind if step < 0 else ahead or (7 if step else 0))).isoformat()
    return str(today.year + step) if unit and unit != "winter" else None


def _ago(count: str, unit: str, today: date) -> str | None:
    if count in ("a few", "a couple of"):
        return None
    number = int(count) if count.isdigit() else max(_NUMBERS.index(count), 1) if count in _NUMBERS else 1
    if unit == "year":
        return str(today.year - number)
    if unit == "month":
        return _month(today, -number)
    return (today - timedelta(days=number * (7 if unit == "week" else 1))).isoformat()


def _month(today: date, step: int) -> str:
    months = today.year * 12 + today.month - 1 + step
    return f"{months // 12:04d}-{months % 12 + 1:02d}"
