"""Versions of a store: how far it had come when somebody read it, and whether it still holds what it held then.

Rows are only added, except where the file is rewritten. So what was derived at a version stands, and only what came
since need be looked at, as long as the store continues that version.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

# Nothing is deleted without rows of one of these.
_COUNTED = ("documents", "turns", "ledger", "node_sets", "fact_corrections", "entity_corrections")


@dataclass(frozen=True)
class StoreVersion:
    """A store at the commit `seq` of that `time` (UTC; None before the first), with `rows` of each table counted."""

    seq: int = 0
    time: datetime | None = None
    rows: tuple[int, ...] = ()

    @property
    def ledger_rows(self) -> int:
        return self.rows[_COUNTED.index("ledger")] if self.rows else 0

    def as_json(self) -> list[Any]:
        return [self.seq, self.time and self.time.isoformat(), list(self.rows)]

    @classmethod
    def of_json(cls, saved: Any) -> "StoreVersion":
        """What `as_json` gave. Raises TypeError or ValueError for anything else."""
        seq, time, rows = saved
        return cls(int(seq), time and datetime.fromisoformat(time), tuple(map(int, rows)))


def read_version(connection: "duckdb.DuckDBPyConnection", until: int | None = None) -> StoreVersion:
    """The present version of the store behind `connection`, or what is left of the one at commit `until`."""
    which = "" if until is None else f"WHERE seq <= {until}"
    last = f"SELECT coalesce(max(seq), 0), arg_max(committed_at, seq) FROM commits {which}"
    [(seq, time)] = connection.execute(last).fetchall()
    counts = (f"SELECT {place}, count(*) FROM {table} {which}" for place, table in enumerate(_COUNTED))
    rows = dict(connection.execute(" UNION ALL ".join(counts)).fetchall())
    return StoreVersion(seq, time, tuple(rows[place] for place in range(len(_COUNTED))))


def continues(connection: "duckdb.DuckDBPyConnection", known: StoreVersion) -> bool:
    """Whether the store behind `connection` still holds all that it held at version `known`."""
    return known.seq == 0 or read_version(connection, known.seq) == known
