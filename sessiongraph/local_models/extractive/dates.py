"""Dates as people say them in English, made into YYYY, YYYY-MM or YYYY-MM-DD.

A relative date is read against the day it was said, taken from a window's source; where nothing says which day
that was, it is no date. A week is its Monday, a weekend its Saturday: the day since when it holds. What is said vaguely
stays so: "in May" is a month, "in two years" a year.

Of a date that recurs ("in May", "on Friday") the tense tells which is meant, unless its own words do: "last" and
"since" look back whatever the tense, "next" and "coming" ahead.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

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
_WEEKDAY = "|".join([*_DAYS, "mon|tues?|wed|thu(?:rs?)?|fri|sat|sun"])
_SEASONS = "winter|spring|summer|autumn|fall"

_SHORT_MONTHS = ["sept", *(month[:3] for month in _MONTHS if month != "may")]
_MONTH = rf"(?P<month>(?:{'|'.join(_MONTHS)})\b|(?:{'|'.join(_SHORT_MONTHS)})\b(?:\.(?=,? ?\d))?)"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_NTH = r"(?P<nth>[0-3]?\d)(?:st|nd|rd|th)"
_YEAR = r"(?P<year>(?:1[0-9]|20)\d\d)\b"
_OF_YEAR = rf"(?:,? {_YEAR}|,? (?:of )?(?P<whose>last|this|next) year\b)"
_COUNT = r"(?P<count>\d{1,3}|" + "|".join(_NUMBERS) + r"|an|a couple of|a few)"
_WHICH = "last|next|this|past|this past|coming|this coming"
_PART = r"(?:(?:the )?(?:end|middle|start|beginning) of|early|late|mid)(?: |-)"
# Where a sentence may go on after "the 24th" for that to be a day: "the 3rd floor" is none.
_ENDS = r"(?=\s*(?:[.,;:!?)]|\Z)|\s(?:and|but|so|at|in|with|if|when|because|to|for)\b)"
# What makes a day of the week a habit, or a part of another date: "on Friday evenings", "on Friday 3 May".
_NO_HABIT = (
    r"(?!['’]?s)(?! (?:mornings|afternoons|evenings|nights|to|through)\b)(?!,? (?:the )?\d)"
    rf"(?!,? (?:{'|'.join((*_MONTHS, *_SHORT_MONTHS))})\b)"
)

_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<iso>(?:1[0-9]|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)\b",
        rf"\b{_DAY}(?: of)? {_MONTH}{_OF_YEAR}?",
        rf"\b{_MONTH} {_DAY}\b{_OF_YEAR}?",
        rf"\b{_MONTH}{_OF_YEAR}",
        rf"\b(?:(?P<lead>since|{_WHICH}) |{_PART}|(?:in|during|as of|starting(?: in)?|in {_PART}) ?\b){_MONTH}",
        rf"\b(?:in|since|from|during|of|by|around|about|early|late|{_SEASONS}|{'|'.join(_DAYS)},?) {_YEAR}(?!-)",
        rf"\(\s*{_YEAR}\s*\)",
        rf"\b(?:(?:{_WEEKDAY}),?|on|(?P<lead>since)|until|till|by|from|as of) the {_NTH}\b{_ENDS}",
        r"\b(?P<deictic>the day before yesterday|the day after tomorrow|yesterday|today|tonight|tomorrow|the other day|"
        r"last night|this morning)\b",
        rf"\b(?P<which>{_WHICH}) (?P<unit>weekend|week|month|year|{_WEEKDAY}|{_SEASONS})\b",
        rf"\b(?:on|as of|starting(?: on)?|(?P<lead>since)) (?P<weekday>{_WEEKDAY})\b{_NO_HABIT}",
        r"\b(?:on|at|over|during|(?P<lead>since)) the (?P<weekday>weekend)\b",
        rf"(?<!once )(?<!twice )(?<!times )\bin {_COUNT} (?P<hence>day|week|month|year)s?\b(?:['’] time)?(?! of\b)",
        rf"\b{_COUNT} (?P<hence>day|week|month|year)s? from now\b",
        rf"\b{_COUNT} (?P<ago>day|week|month|year)s? ago\b",
    )
]

_HINT = re.compile(
    r"\d{4}|\d(?:st|nd|rd|th)\b|ago\b|day\b|days\b|weekend\b|week\b|weeks\b|months?\b|years?\b|"
    r"\b(?:last|next|this|past|coming|tonight|tomorrow)\b|"
    rf"\b(?:on|as of|starting|since) (?:{_WEEKDAY})\b|{'|'.join(_MONTHS)}|\b(?:{'|'.join(_SHORT_MONTHS)})\b",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\b(?:since|ever since)(?: the)?\s+\Z", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|through|up to)(?: the| about| around)?\s+\Z", re.IGNORECASE)
# Beside a number, "may" and "march" are months only where something says so: "option 3 may work".
_DATED = re.compile(r"\b(?:on|by|since|until|till|from|before|after|the)\s+\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Expression:
    """A date as said: `text`, from character `start` of its sentence to `end`, and what it is said to be the bound of:
    what holds "since" it began then at the latest, what holds "until" it began some other time."""

    text: str
    start: int
    end: int
    bound: Literal["", "since", "until"] = ""


def find(text: str) -> list[Expression]:
    """The dates said in `text`, in order, none inside another."""
    found: list[Expression] = []
    if not _HINT.search(text):
        return found
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            apart = all(match.end() <= other.start or match.start() >= other.end for other in found)
            if apart and not _is_modal(match, text[: match.start()]):
                found.append(Expression(match[0], match.start(), match.end(), _bound(match, text)))
    return sorted(found, key=lambda expression: expression.start)


def _is_modal(match: re.Match[str], before: str) -> bool:
    """Whether the "may" or "march" of a date is the verb."""
    month, day = (match.groupdict().get(name) for name in ("month", "day"))
    said = (f"{day} {month}", f"{month} {day}")
    return month in ("may", "march") and match[0] in said and not _DATED.search(before)


def _bound(match: re.Match[str], text: str) -> Literal["", "since", "until"]:
    first, _, _ = match[0].lower().partition(" ")
    before = text[: match.start()]
    if first in ("until", "till") or _UNTIL.search(before):
        return "until"
    return "since" if first == "since" or _SINCE.search(before) else ""


def is_distance(text: str) -> bool:
    """Whether a date that `find` gave is told as how far off it is, and names none by itself: "in 2 weeks"."""
    return any((match := pattern.fullmatch(text)) and match.groupdict().get("hence") for pattern in _PATTERNS)


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
            past = past or groups.get("lead") == "since"
            try:
                absolute = _absolute(groups, today, past)
                return absolute if absolute or today is None else _relative(groups, today, past)
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
    if year is None and today is None:
        return None
    month = next(n for n, name in enumerate(_MONTHS, start=1) if name[:3] == groups["month"][:3])
    day = int(groups.get("day", 0))
    if today is not None and "whose" in groups:
        year = str(today.year + _step(groups["whose"]))
    elif today is not None and year is None:
        year = str(today.year + _years_off((month, day) if day else (month,), today, groups.get("lead", ""), past))
    value = date(int(year or 0), month, day or 1)
    return value.isoformat() if day else value.isoformat()[:7]


def _years_off(said: Sequence[int], today: date, lead: str, past: bool) -> int:
    """How many years from this one a month, or a day of one, lies that is said without its year."""
    here, now = tuple(said), (today.month, today.day)[: len(said)]
    if lead == "this":
        return 0
    if step := _step(lead):
        return step if (here >= now if step < 0 else here <= now) else 0
    if past:
        return -1 if here > now else 0
    return 1 if here[0] < now[0] else 0


def _step(which: str) -> int:
    """Which of several is meant: the one before this one, this one, or the one after it."""
    return -1 if which in ("last", "past", "this past") else 1 if which in ("next", "coming", "this coming") else 0


def _relative(groups: dict[str, str], today: date, past: bool) -> str | None:
    if deictic := groups.get("deictic"):
        if deictic == "the other day":
            return None
        off = {"yesterday": -1, "last night": -1, "tomorrow": 1}
        off |= {"the day before yesterday": -2, "the day after tomorrow": 2}
        return (today + timedelta(days=off.get(deictic, 0))).isoformat()
    if unit := groups.get("ago"):
        return _at_distance(groups["count"], unit, today, -1)
    if unit := groups.get("hence"):
        # "I learned it in two years" tells how long it took.
        return None if past else _at_distance(groups["count"], unit, today, 1)
    if nth := groups.get("nth"):
        month = today.month + (-(int(nth) > today.day) if past else int(nth) < today.day)
        return date(today.year + (month - 1) // 12, (month - 1) % 12 + 1, int(nth)).isoformat()
    if weekday := groups.get("weekday"):
        return _weekday(weekday, today, -1 if past else 1)
    which, unit = groups.get("which", ""), groups.get("unit", "")
    step = _step(which)
    if unit == "year":
        return str(today.year + step)
    if unit == "month":
        return _month(today, step)
    if unit == "week":
        return (today - timedelta(days=today.weekday()) + timedelta(weeks=step)).isoformat()
    if unit == "weekend":
        saturday = today - timedelta(days=today.weekday() - 5)
        return (saturday + timedelta(weeks=step or -(past and saturday > today))).isoformat()
    if unit in _SEASONS.split("|"):
        return str(today.year + step) if unit != "winter" else None
    if not step and _weekday_number(unit) == today.weekday():
        return today.isoformat()
    return _weekday(unit, today, step or (-1 if past else 1))


def _weekday(name: str, today: date, step: int) -> str:
    """The nearest day of that name behind or ahead, not today; of weekends the one that has begun, or begins today."""
    ahead = (_weekday_number(name) - today.weekday()) % 7
    if name == "weekend":
        return (today + timedelta(days=ahead - 7 if step < 0 and ahead else ahead)).isoformat()
    return (today + timedelta(days=(ahead or 7) if step > 0 else ahead - 7)).isoformat()


def _weekday_number(name: str) -> int:
    return 5 if name == "weekend" else next(number for number, day in enumerate(_DAYS) if day[:3] == name[:3])


def _at_distance(count: str, unit: str, today: date, way: int) -> str | None:
    if count in ("a few", "a couple of"):
        return None
    number = way * (int(count) if count.isdigit() else max(_NUMBERS.index(count), 1) if count in _NUMBERS else 1)
    if unit == "year":
        return str(today.year + number)
    if unit == "month":
        return _month(today, number)
    return (today + timedelta(days=number * (7 if unit == "week" else 1))).isoformat()


def _month(today: date, step: int) -> str:
    months = today.year * 12 + today.month - 1 + step
    return f"{months // 12:04d}-{months % 12 + 1:02d}"
