"""How the pages write numbers and times."""

from datetime import UTC, datetime

from markupsafe import Markup


def thousands(number: int) -> str:
    return f"{number:,}"


def moment(at: datetime) -> Markup:
    """A moment in UTC; the page's script says it in the reader's zone."""
    utc = _in_utc(at)
    return Markup('<time datetime="{}" title="{} UTC">{} UTC</time>').format(
        utc.isoformat(timespec="seconds"), f"{utc:%Y-%m-%d %H:%M:%S}", f"{utc:%Y-%m-%d %H:%M}"
    )


def day(at: datetime) -> str:
    return f"{_in_utc(at):%Y-%m-%d}"


def _in_utc(at: datetime) -> datetime:
    # Out of a dataset's store: in UTC, without saying so.
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
