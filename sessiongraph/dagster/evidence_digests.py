"""Digests of the live evidence of an asset's passages, kept beside the store and brought up to date by what came since.

Invariant: kept or counted from the beginning, the digests are the same. A digest is a sum (XOR) over rows, so that rows
which are live no more are taken out of it as they were put in.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.extraction.kept_findings import KeptFinding
from sessiongraph.source_digest import source_digest

if TYPE_CHECKING:
    from sessiongraph.store.connection import StoreConnection

# The window that is in the graph for each of some passages.
_LIVE = """
SELECT passage_id, window_id FROM (
    SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger
    WHERE disposition <> 'failed' AND passage_id IN ({passages}) {known}) newest
WHERE nth = 1 AND disposition = 'persisted'
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
    "SELECT passage_id, m.name, m.type, m.description, m.stated_by FROM live JOIN mentions m USING (window_id)",
    "SELECT passage_id, c.subject, c.relation, c.object, c.statement, c.valid_at, c.stated_by "
    "FROM live JOIN claims c USING (window_id)",
)


@dataclass(frozen=True)
class Digest:
    """How many rows there are, and the sum of their hashes."""

    count: int = 0
    sum: int = 0

    def __str__(self) -> str:
        return f"{self.count}:{self.sum:x}"

    def changed(self, gone: "Digest", come: "Digest") -> "Digest":
        """This one without the rows of `gone` and with those of `come`."""
        return Digest(self.count - gone.count + come.count, self.sum ^ gone.sum ^ come.sum)


def digest(connection: "StoreConnection", query: str, ahead: str = "") -> Digest:
    """The digest of the rows of `query`; `ahead` are common table expressions that it uses."""
    return Digest(*connection.digest(query, ahead))


def evidence_digests(connection: "StoreConnection", table: str, findings: Path | None) -> list[Digest]:
    """The digests of the live passages of `table`, of their mentions and of their claims.

    They are kept among the `findings` of the store; for None they are counted from the beginning.
    """
    if findings is None:
        return _digests(connection, _ALL.format(table=table), None)
    import duckdb  # which is loaded: there is a connection

    # A row's hash is of how DuckDB writes it.
    finding = KeptFinding(findings, f"evidence_of_{table}", f"{source_digest('dagster', 'store')} {duckdb.__version__}")
    now = connection.version()
    kept = finding.read(connection, now)
    if kept is None:
        found = _digests(connection, _ALL.format(table=table), None)
    else:
        since, found = kept[0].seq, [Digest(count, int(total, 16)) for count, total in kept[1]]
        if since < now.seq:
            changed = _CHANGED.format(table=table, since=since)
            before, after = (_digests(connection, changed, until) for until in (since, None))
            found = [it.changed(*parts) for it, *parts in zip(found, before, after, strict=True)]
    if kept is None or kept[0] != now:
        finding.keep(now, [(it.count, f"{it.sum:x}") for it in found])
    return found


def _digests(connection: "StoreConnection", passages: str, until: int | None) -> list[Digest]:
    """The digests of those of `passages` that are live, or were at the commit `until`."""
    known = "" if until is None else f"AND seq <= {until}"
    live = f"WITH live AS ({_LIVE.format(passages=passages, known=known)})"
    return [digest(connection, query, live) for query in _EVIDENCE]
