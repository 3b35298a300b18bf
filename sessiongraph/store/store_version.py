"""Versions of a store: how far it had come when somebody read it, and whether it still holds what it held then.

Rows are only added, except where the file is rewritten. So what was derived at a version stands, and only what came
since need be looked at, as long as the store continues that version.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessiongraph.store.connection import StoreConnection

# Nothing is deleted without rows of one of these.
COUNTED = ("documents", "turns", "ledger", "node_sets", "fact_corrections", "entity_corrections")


@dataclass(frozen=True)
class StoreVersion:
    """A store at the commit `seq` of that `time` (UTC; None before the first).

    `rows` tells apart what was there before something was deleted and after it: how many rows there are of each table
    of COUNTED or, where the store counts that itself, how often something was deleted.
    """

    seq: int = 0
    time: datetime | None = None
    rows: tuple[int, ...] = ()

    def as_json(self) -> list[Any]:
        return [self.seq, self.time and self.time.isoformat(), list(self.rows)]

    @classmethod
    def of_json(cls, saved: Any) -> "StoreVersion":
        """What `as_json` gave. Raises TypeError or ValueError for anything else."""
        seq, time, rows = saved
        return cls(int(seq), time and datetime.fromisoformat(time), tuple(map(int, rows)))


def continues(connection: "StoreConnection", known: StoreVersion) -> bool:
    """Whether the store behind `connection` still holds all that it held at version `known`."""
    return known.seq == 0 or connection.version(known.seq) == known
