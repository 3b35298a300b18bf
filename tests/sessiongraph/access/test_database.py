"""Whoever changes access control sees what all before have written."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from sessiongraph.access.control import AccessControl
from sessiongraph.access.models import UserRow

WRITERS = 4


def test_one_writer_waits_for_the_other(access: AccessControl) -> None:
    together = threading.Barrier(WRITERS)

    def add_one_more(writer: int) -> int:
        together.wait(timeout=30)
        with access._database.writing() as db:
            there = db.scalar(select(func.count()).select_from(UserRow)) or 0
            time.sleep(0.05)  # where nobody waited, the others would count now, too
            db.add(UserRow(id=str(writer), name=str(writer)))
        return there

    with ThreadPoolExecutor(WRITERS) as pool:
        seen = sorted(pool.map(add_one_more, range(WRITERS)))
    assert seen == list(range(WRITERS))
