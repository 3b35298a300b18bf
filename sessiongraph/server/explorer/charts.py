"""A small chart of something that grows by days, as the points and words of an SVG; `data_parts` draws it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_WIDTH, _HEIGHT = 600, 130
_TOP, _BOTTOM = 8, 2


@dataclass(frozen=True)
class Chart:
    """`line` and `area` are SVG paths; the value is `begin` on the day `first` and `most` on the day `last`."""

    title: str
    width: int
    height: int
    line: str
    area: str
    floor: int
    first: date
    last: date
    begin: int
    most: int


def growth_chart(title: str, days: Sequence[date], values: Sequence[int], until: date) -> Chart | None:
    """Values that hold from their day to the next, the last of them `until` today; None for what is not a day old."""
    if not days or days[0] >= until:
        return None
    span, most, floor = (until - days[0]).days, max(*values, 1), _HEIGHT - _BOTTOM

    def x(day: date) -> float:
        return round(_WIDTH * (day - days[0]).days / span, 1)

    def y(value: int) -> float:
        return round(floor - (floor - _TOP) * value / most, 1)

    steps = [f"M{x(days[0])} {y(values[0])}"]
    steps += [f"H{x(day)}V{y(value)}" for day, value in zip(days[1:], values[1:], strict=True)]
    line = "".join([*steps, f"H{x(until)}"])
    area = f"{line}V{floor}H{x(days[0])}Z"
    return Chart(title, _WIDTH, _HEIGHT, line, area, floor, days[0], until, values[0], values[-1])
