"""Digests of the live evidence of an asset's passages, kept beside the store and brought up to date by what came since.

Invariant: kept or counted from the beginning, the digests are the same. A digest is a sum (XOR) over rows, so that rows
which are live no more are taken out of it as they were put in. What is kept counts only for the store that it was made
of: one that still has the commit up to which it goes, and from which nothing was forgotten since; for any other, and
where it is lost, all is counted anew.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import duckdb

# In the dataset's folder.
FILE_NAME = "evidence_digests.json"

# The window that is in the graph for each passage of the asset, as of a commit.
_LIVE = """
SELECT passage_id, window_id FROM (
    SELECT * FROM ledger
    WHERE disposition <> 'failed' AND passage_id IN ({passages}) AND seq <= {until}
    QUALIFY row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) = 1)
WHERE disposition = 'persisted'
"""
# The passages of the asset, and those of them that the ledger speaks of since a commit.
_ALL = "SELECT passage_id FROM {table}"
_CHANGED = (
    "SELECT passage_id FROM ledger WHERE seq > {since} AND disposition <> 'failed' "
    "AND passage_id IN (SELECT passage_id FROM {table})"
)
# What is summed up of live windows. No row is there twice, or the two would cancel each other out.
_EVIDENCE = (
    "SELECT passage_id FROM live",
    "SELECT passage_id, m.* EXCLUDE (window_id, seq) FROM live JOIN mentions m USING (window_id)",
    "SELECT passage_id, c.* EXCLUDE (window_id, seq) FROM live JOIN claims c USING (window_id)",
)
_NEWEST_COMMIT = "SELECT seq, run_id, committed_at::VARCHAR FROM commits ORDER BY seq DESC LIMIT 1"
_COMMIT = "SELECT seq, run_id, committed_at::VARCHAR FROM commits WHERE seq = ?"
_FORGOTTEN = "SELECT count(*) FROM commits WHERE seq > ? AND forgotten IS NOT NULL"


class Digest(NamedTuple):
    """How many rows there are, and the sum of their hashes."""

    count: int = 0
    sum: int = 0

    def __str__(self) -> str:
        return f"{self.count}:{self.sum:x}"

    def changed(self, gone: "Digest", come: "Digest") -> "Digest":
        """This one without the rows of `gone` and with those of `come`."""
        return Digest(self.count - gone.count + come.count, self.sum ^ gone.sum ^ come.sum)


def digest(connection: "duckdb.DuckDBPyConnection", query: str, ahead: str = "") -> Digest:
    """The digest of the rows of `query`; `ahead` are common table expressions that it uses."""
    hashed = f"{ahead} SELECT count(*), coalesce(bit_xor(md5_number(row::VARCHAR)), 0) FROM ({query}) row"
    count, total = connection.execute(hashed).fetchall()[0]
    return Digest(count, int(total))


def evidence_digests(connection: "duckdb.DuckDBPyConnection", table: str, folder: Path | None) -> list[Digest]:
    """The digests of the live passages of `table`, of their mentions and of their claims.

    They are kept in the dataset's `folder`; for None they are counted from the beginning.
    """
    newest = connection.execute(_NEWEST_COMMIT).fetchall()
    if not newest:
        return [Digest() for _ in _EVIDENCE]
    now = list(newest[0])
    kept = _read(folder).get(table) if folder is not None else None
    if kept is None or not _is_of(connection, kept["commit"]):
        found = _digests(connection, _ALL.format(table=table), now[0])
    else:
        since, found = kept["commit"][0], [Digest(count, int(total, 16)) for count, total in kept["digests"]]
        if since < now[0]:
            changed = _CHANGED.format(table=table, since=since)
            before, after = (_digests(connection, changed, until) for until in (since, now[0]))
            found = [it.changed(*parts) for it, *parts in zip(found, before, after, strict=True)]
    if folder is not None and (kept is None or kept["commit"] != now):
        digests = [[it.count, f"{it.sum:x}"] for it in found]
        _write(folder, {**_read(folder), table: {"commit": now, "digests": digests}})
    return found


def _digests(connection: "duckdb.DuckDBPyConnection", passages: str, until: int) -> list[Digest]:
    live = f"WITH live AS ({_LIVE.format(passages=passages, until=until)})"
    return [digest(connection, query, live) for query in _EVIDENCE]


def _is_of(connection: "duckdb.DuckDBPyConnection", commit: list[Any]) -> bool:
    """Whether the store has that commit, and all that it had then."""
    found = connection.execute(_COMMIT, [commit[0]]).fetchall()
    return [list(row) for row in found] == [commit] and not connection.execute(_FORGOTTEN, commit[:1]).fetchall()[0][0]


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(folder: Path, kept: dict[str, Any]) -> None:
    """Whoever writes last is right, too: what is kept says how far it goes. Where it cannot be written, it is counted
    anew the next time."""
    new = folder / f".{FILE_NAME}.{os.getpid()}"
    with suppress(OSError):
        new.write_text(json.dumps(kept), encoding="utf-8")
        new.replace(folder / FILE_NAME)
