"""Times as programs write them before a message: in a dozen languages' dates, 12 and 24 hours, any script's digits.

Invariant: which number is the month is told by all dates of a text together, or not at all.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sessiongraph.document_dates import day_in_stamp

_NUMERIC = r"\d{1,4}(?:\. |[./-])\d{1,2}(?:\. |[./-])\d{1,4}\.?|\d{4}[年년] ?\d{1,2}[月월] ?\d{1,2}[日일]"
_WRITTEN = (
    r"\d{1,2}\.? (?:de )?[^\W\d_]{3,12}\.?,? (?:de )?\d{4}|"
    r"[^\W\d_]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
)
_HALF = (
    r"[aApP]\.? ?[mM]\b\.?|上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후|ص|م|ق\.ظ|ب\.ظ|ΠΜ|ΜΜ|πμ|μμ|π\.μ\.|μ\.μ\.|"
    r"du\.|de\.|पूर्वाह्न|अपराह्न"
)
_CLOCK = (
    rf"(?:(?P<early>{_HALF}) ?)?(?P<clock>\d{{1,3}}[:.]\d\d(?:[:.]\d\d)?)(?:[.,]\d{{1,3}})?(?: ?(?P<late>{_HALF}))?"
)
_DATE = rf"(?:[^\W\d_]{{2,12}}\.?,? )?(?P<date>{_NUMERIC}|{_WRITTEN})"
_BETWEEN = r"(?:[,،、]? ?(?:at|um|à|a las|alle|às|om|kl\.?|в|T|-|–|—)? ?| )"
DATED = rf"{_DATE}{_BETWEEN}{_CLOCK}(?: Uhr)?"
_FORMS = [
    re.compile(form)
    for form in (
        DATED,
        rf"{_CLOCK}(?: Uhr)?[,،、]? {_DATE}",  # as WhatsApp's web page copies it
        rf"(?:(?:[Yy]esterday|[Tt]oday)(?: at)?,? )?{_CLOCK}(?: Uhr)?",
        _DATE,
    )
]
# What a stamp without brackets around it looks like, to be told from the words after it.
BARE = re.sub(r"\?P<\w+>", "?:", rf"(?:{DATED}|{_CLOCK}(?: Uhr)?)")
_AFTER_NOON = frozenset({"pm", "下午", "晚上", "午後", "오후", "م", "بظ", "μμ", "du", "अपराह्न"})
_BEFORE_NOON = frozenset({"am", "上午", "凌晨", "早上", "午前", "오전", "ص", "قظ", "πμ", "de", "पूर्वाह्न"})


@dataclass(frozen=True)
class Stamp:
    """A stamp as written, its date as written, and its time by a clock of 24 hours."""

    text: str
    date: str | None
    time: str | None


def digits(text: str) -> str:
    """`text` with the digits of every script as ASCII has them, each in its place."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def stamp_of(text: str) -> Stamp | None:
    """The stamp that `text` is, whole; its digits are ASCII."""
    text = text.strip()
    for form in _FORMS:
        if match := form.fullmatch(text):
            found = match.groupdict()
            time = _time(found["clock"], found["early"] or found["late"]) if found.get("clock") else None
            if found.get("clock") and time is None:
                return None
            return Stamp(text, found.get("date"), time)
    return None


_DATE_WITHIN = re.compile(rf"(?<!\d)(?:{_NUMERIC}|{_WRITTEN})(?!\d)")
_CLOCK_WITHIN = re.compile(rf"(?<![\d:.-]){_CLOCK}(?![\d:-])")


def moment_in(text: str) -> tuple[date | None, str | None, int]:
    """The day and the time that `text` names first, and where in `text` they end (0 where there is neither)."""
    text = digits(text)
    written = _DATE_WITHIN.search(text)
    clock = _CLOCK_WITHIN.search(text, written.end() if written else 0)
    (day,) = days_of([written[0] if written else None])
    time = _time(clock["clock"], clock["early"] or clock["late"]) if clock else None
    return day, time, max((match.end() for match in (written, clock) if match), default=0)


def _time(clock: str, half: str | None) -> str | None:
    parts = [int(part) for part in re.split(r"[:.]", clock)]
    if any(part > 59 for part in parts[1:]):
        return None
    mark = re.sub(r"[. ]", "", (half or "").lower())
    if mark in _AFTER_NOON and parts[0] < 12:
        parts[0] += 12
    elif mark in _BEFORE_NOON and parts[0] == 12:
        parts[0] = 0
    return ":".join(f"{part:02d}" for part in parts)


def days_of(dates: Sequence[str | None]) -> list[date | None]:
    """The day of each of `dates`, which are of one text in its order; None where it cannot be told."""
    numbers = {text: tuple(map(int, re.findall(r"\d+", text))) for text in dates if text}
    numeric = {
        text: it for text, it in numbers.items() if len(it) == 3 and not re.search(r"[^\W\d_年월月년日일]", text)
    }
    order = _order([numeric[text] for text in dates if text in numeric], numeric)
    known = {text: _day(order, *it) for text, it in numeric.items()}
    known |= {text: day_in_stamp(text) for text in numbers if text not in numeric}
    return [known[text] if text else None for text in dates]


def _order(found: Sequence[tuple[int, ...]], written: Iterable[str]) -> str | None:
    """Which of three numbers is the day, the month and the year: "dmy", "mdy", "ymd"; None where that is not clear."""
    if not found:
        return None
    if any(first > 31 for first, _, _ in found):
        return "ymd"
    possible = [order for order in ("dmy", "mdy") if all(_day(order, *it) for it in found)]
    if "dmy" in possible and any("." in text for text in written):
        return "dmy"  # with points the day stands first wherever it is written so
    if len(possible) > 1:
        possible = [order for order in possible if _runs_forward([_day(order, *it) for it in found])]
    return possible[0] if len(possible) == 1 else None


def _runs_forward(days: Sequence[date | None]) -> bool:
    return all(before <= after for before, after in pairwise(filter(None, days)))


def _day(order: str | None, first: int, second: int, third: int) -> date | None:
    if order is None:
        return None
    parts = dict(zip(order, (first, second, third), strict=True))
    try:
        return date(parts["y"] + (2000 if parts["y"] < 100 else 0), parts["m"], parts["d"])
    except ValueError:
        return None
