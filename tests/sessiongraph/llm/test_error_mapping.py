"""An endpoint that asks to be left alone is, in whichever way it says so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sessiongraph.llm.error_mapping import retry_after


class Refused(Exception):
    def __init__(self, value: str) -> None:
        self.litellm_response_headers = {"retry-after": value}


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", None)])
def test_seconds(value: str, seconds: float | None) -> None:
    assert retry_after(Refused(value)) == seconds


def test_a_date() -> None:
    now = datetime.now(UTC)
    assert 50 < (retry_after(Refused(format_datetime(now + timedelta(minutes=1)))) or 0) <= 60
    assert retry_after(Refused(format_datetime(now - timedelta(minutes=1)))) == 0


def test_no_word_of_it() -> None:
    assert retry_after(ValueError()) is None and retry_after(None) is None
