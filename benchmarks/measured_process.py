"""What a measured process tells: a line of JSON for each step, after which it waits for a line, so that whoever started
it can count the calls between two of them.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from benchmarks.measure import measured


@contextmanager
def step(name: str, **told: Any) -> Iterator[dict[str, Any]]:
    """Measure what runs inside, and tell it with whatever is put into the mapping."""
    more: dict[str, Any] = dict(told)
    with measured() as cost:
        yield more
    print(json.dumps({"step": name, **asdict(cost), **more}), flush=True)
    sys.stdin.readline()
