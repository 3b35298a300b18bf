"""Times as exports write them: seconds or milliseconds since 1970, or ISO 8601 with a zone or without."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

# Seconds since 1970 that would be after the year 5000 are milliseconds.
_FIRST_MILLISECONDS = 1e11
_DAY = timedelta(days=1)


def moment_of(value: Any) -> datetime | None:
    """The moment that `value` names, in its zone (UTC where it has none); None where it names none that can be.

    The beginning of 1970 is how programs write that they do not know, and nothing was said tomorrow.
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        moment = _written(value) if isinstance(value, str) else _counted(float(value))
        if moment.utcoffset() is None:
            moment = moment.replace(tzinfo=UTC)
        elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError, ArithmeticError):
        return None
    unknown = timedelta() <= elapsed < _DAY
    return None if unknown or moment > datetime.now(UTC) + _DAY else moment


def _written(text: str) -> datetime:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return datetime.fromisoformat(text.strip())
    return _counted(float(number))


def _counted(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1000 if abs(number) > _FIRST_MILLISECONDS else number, UTC)
