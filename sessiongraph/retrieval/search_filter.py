"""Filters of a search: what `where` may say, and what fits it.

One type for all doors: Python takes it or a mapping of its fields, REST and MCP a JSON object, the command line an
option a field. A field that is not known, a time that is none and a range that is reversed are refused there. How a
dataset's snapshot is narrowed by a filter belongs to `narrowing`.
"""

import operator
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
    model_validator,
)

from sessiongraph.errors import InvalidInputError
from sessiongraph.metadata import Metadata
from sessiongraph.snapshots.partial_dates import first_and_last_day, parse_partial_date
from sessiongraph.types import Turn

_MOST = 1000
_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}

SourceKind = Literal["document", "transcript", "session"]
_Bound = StrictInt | StrictFloat | StrictStr


def _checked_scalar(value: object) -> object:
    if not isinstance(value, str | int | float):
        raise ValueError("a value is a string, a number, true or false")
    return value


Scalar = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr, BeforeValidator(_checked_scalar)]


def _checked_date(value: object) -> str:
    """`value`, a date or its text, as YYYY, YYYY-MM or YYYY-MM-DD. Raises ValueError where it is none."""
    text = value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
    when = parse_partial_date(text)
    if when is None or first_and_last_day(when) is None or "-".join(_digits(when)) != text:
        raise ValueError("a date is written YYYY, YYYY-MM or YYYY-MM-DD")
    return str(text)


def _digits(when: tuple[int, ...]) -> list[str]:
    return [f"{when[0]:04}", *(f"{part:02}" for part in when[1:])]


PartialDate = Annotated[
    str, BeforeValidator(_checked_date), Field(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$", examples=["2024-05"])
]
Names = Annotated[tuple[StrictStr, ...], Field(max_length=_MOST)]


class Range(BaseModel):
    """Bounds of a value, all of which hold: numbers for numbers, strings, such as dates in ISO 8601, for strings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gt: _Bound | None = None
    gte: _Bound | None = None
    lt: _Bound | None = None
    lte: _Bound | None = None

    @model_validator(mode="after")
    def _check(self) -> "Range":
        lower = [bound for bound in (self.gt, self.gte) if bound is not None]
        upper = [bound for bound in (self.lt, self.lte) if bound is not None]
        if not lower + upper:
            raise ValueError("a range has a bound at least: gt, gte, lt or lte")
        if len({isinstance(bound, str) for bound in lower + upper}) > 1:
            raise ValueError("the bounds of a range are all numbers, or all strings")
        if any(low > high for low in lower for high in upper):  # type: ignore[operator]  # alike, as was checked
            raise ValueError("the range is reversed: it begins behind its end")
        return self

    def holds(self, value: Any) -> bool:
        """Whether `value` is within the bounds; what does not compare with them is not."""
        bounds = [
            (compare, bound) for name, compare in _COMPARISONS.items() if (bound := getattr(self, name)) is not None
        ]
        if isinstance(value, bool) or not isinstance(value, str if isinstance(bounds[0][1], str) else int | float):
            return False
        return all(compare(value, bound) for compare, bound in bounds)


_Values = Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=_MOST)]


def _form(condition: object) -> str:
    """Which of the forms a condition has: told by its type, so that what is refused is refused as what it is."""
    if isinstance(condition, Mapping | Range):
        return "range"
    return "values" if isinstance(condition, list | tuple) else "value"


Condition = Annotated[
    Annotated[Scalar, Tag("value")] | Annotated[_Values, Tag("values")] | Annotated[Range, Tag("range")],
    Discriminator(_form),
]


class SearchFilter(BaseModel):
    """What a search is narrowed to; each field that is given narrows further.

    Dates are YYYY, YYYY-MM or YYYY-MM-DD, days are those of UTC, and both ends of a range are in it. `said_since` and
    `said_until`: when a turn was said, or the day that a document is of. `valid_since` and `valid_until`: facts that
    were true at some time between (of no date of their own: from when they were said), and what states one.
    `kinds`: what it stands in, a "document", a "transcript" or a "session". `of_sessions`, `of_users` and
    `of_documents`: the ids of sessions, the names of who said or added it, the ids of documents.
    `metadata`: for each name a value, a list of values of which one is meant, or a range of `gt`, `gte`, `lt`, `lte`;
    where a list was stored, one of its values fits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    said_since: PartialDate | None = None
    said_until: PartialDate | None = None
    valid_since: PartialDate | None = None
    valid_until: PartialDate | None = None
    kinds: Annotated[tuple[SourceKind, ...], Field(max_length=_MOST)] = ()
    of_sessions: Names = ()
    of_users: Names = ()
    of_documents: Names = ()
    metadata: Annotated[dict[StrictStr, Condition], Field(max_length=_MOST)] = Field(
        default={}, examples=[{"project": "atlas", "year": {"gte": 2023}}]
    )

    @model_validator(mode="after")
    def _check(self) -> "SearchFilter":
        for name in ("said", "valid"):
            since, until = _days(getattr(self, f"{name}_since"), getattr(self, f"{name}_until"))
            if since > until:
                raise ValueError(f"{name}_since is behind {name}_until")
        return self

    @property
    def said(self) -> tuple[date, date]:
        """The first and the last day on which it was said."""
        return _days(self.said_since, self.said_until)

    @property
    def valid(self) -> tuple[date, date] | None:
        """The first and the last day of the time in which a fact was true; None where that does not matter."""
        if self.valid_since is None and self.valid_until is None:
            return None
        return _days(self.valid_since, self.valid_until)

    def fits_metadata(self, metadata: Metadata | None) -> bool:
        """Whether `metadata` meets all conditions."""
        return all(
            name in (metadata or {}) and _meets((metadata or {})[name], wanted)
            for name, wanted in self.metadata.items()
        )

    def fits_turn(self, turn: Turn, user_name: str) -> bool:
        """Whether a turn of the user that is in no graph yet fits. It states no fact, so no `valid` time is its own."""
        first, last = self.said
        return (
            self.valid is None
            and first <= turn.created_at.astimezone(UTC).date() <= last
            and (not self.kinds or "session" in self.kinds)
            and (not self.of_sessions or turn.session_id in self.of_sessions)
            and (not self.of_users or user_name in self.of_users)
            and not self.of_documents
            and self.fits_metadata(turn.metadata)
        )


def search_filter(given: object) -> SearchFilter | None:
    """`given`, a SearchFilter or a mapping of its fields; None where it narrows to nothing. Raises InvalidInputError,
    naming what is wrong."""
    if given is None or isinstance(given, SearchFilter):
        return given if given != SearchFilter() else None
    if not isinstance(given, Mapping):
        raise InvalidInputError(f"where is a SearchFilter or a mapping of its fields, not {type(given).__name__}.")
    try:
        return search_filter(SearchFilter.model_validate(dict(given)))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"][:2])) or "where"
        fields = ", ".join(SearchFilter.model_fields)
        raise InvalidInputError(
            f"where is refused for {place:.80}: {fault['msg'].removeprefix('Value error, ')}. Its fields are {fields}."
        ) from None


def _days(since: str | None, until: str | None) -> tuple[date, date]:
    """The first day of `since` and the last one of `until`; the calendar's own where they are None."""
    first = first_and_last_day(parse_partial_date(since) or ()) if since else None
    last = first_and_last_day(parse_partial_date(until) or ()) if until else None
    return first[0] if first else date.min, last[1] if last else date.max


def _meets(value: object, wanted: Condition) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    if isinstance(wanted, Range):
        return any(wanted.holds(each) for each in values)
    choices = wanted if isinstance(wanted, tuple) else (wanted,)
    return any(_same(each, choice) for each in values for choice in choices)


def _same(value: object, wanted: Scalar) -> bool:
    """Equality as JSON has it: 1 is 1.0, and neither is true."""
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted
