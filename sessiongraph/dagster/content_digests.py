"""Digests of what an asset's passages are and of their live evidence, kept beside the store and brought up to date by
what came since.

Invariant: kept or counted from the beginning, the digests are the same. A digest is a sum (XOR) over rows, so that rows
which are live no more are taken out of it as they were put in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.extraction.kept_findings import KeptFinding
from sessiongraph.source_digest import source_digest

if TYPE_CHECKING:
    from sessiongraph.store.connection import StoreConnection

_COUNTING_CODE = source_digest("dagster", "store")
# The newest version of each of some turns.
_TURNS = """
SELECT passage_id, content_hash, score, created_at FROM (
    SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM turns
    WHERE passage_id IN ({passages}) {known}) newest
WHERE nth = 1
"""
# The window that is in the graph for each of some passages.
_LIVE = """
SELECT passage_id, window_id FROM (
    SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger
    WHERE disposition <> 'failed' AND passage_id IN ({passages}) {known}) newest
WHERE nth = 1 AND disposition = 'persisted'
"""
# What is summed up of live windows. No row is there twice, or the two would cancel each other out.
_EVIDENCE = (
    "SELECT passage_id FROM live",
    "SELECT passage_id, m.name, m.type, m.description, m.stated_by "
    "FROM live JOIN windows w ON w.id = window_id JOIN mentions m ON m.window_id = w.id AND m.seq = w.seq",
    "SELECT passage_id, c.subject, c.relation, c.object, c.statement, c.valid_at, c.stated_by "
    "FROM live JOIN windows w ON w.id = window_id JOIN claims c ON c.window_id = w.id AND c.seq = w.seq",
)
# The passages of an asset, and those of which the ledger speaks, or of which there are new versions, since a commit.
_ALL = "SELECT passage_id FROM {table}"
_JUDGED_SINCE = (
    "SELECT passage_id FROM ledger WHERE seq > {since} AND disposition <> 'failed' "
    "AND passage_id IN (SELECT passage_id FROM {table})"
)
_SAID_SINCE = "SELECT passage_id FROM turns WHERE seq > {since}"


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


def turns_digest(connection: "StoreConnection", findings: Path | None) -> Digest:
    """The digest of all turns. It is kept among the `findings` of the store; for None it is counted anew."""

    def count(passages: str, known: str) -> list[Digest]:
        return [digest(connection, _TURNS.format(passages=passages, known=known))]

    [found] = _kept(connection, findings, "versions_of_turns", count, _ALL.format(table="turns"), _SAID_SINCE)
    return found


def evidence_digests(connection: "StoreConnection", table: str, findings: Path | None) -> list[Digest]:
    """The digests of the live passages of `table`, of their mentions and of their claims.

    They are kept among the `findings` of the store; for None they are counted anew.
    """

    def count(passages: str, known: str) -> list[Digest]:
        live = f"WITH live AS ({_LIVE.format(passages=passages, known=known)})"
        return [digest(connection, query, live) for query in _EVIDENCE]

    all_, since = (query.replace("{table}", table) for query in (_ALL, _JUDGED_SINCE))
    return _kept(connection, findings, f"evidence_of_{table}", count, all_, since)


def _kept(
    connection: "StoreConnection",
    findings: Path | None,
    name: str,
    count: Callable[[str, str], list[Digest]],
    all_passages: str,
    changed_since: str,
) -> list[Digest]:
    """What `count` gives for all passages: it counts those of a query, by the rows that a condition lets it know."""
    if findings is None:
        return count(all_passages, "")
    import duckdb  # which is loaded: there is a connection

    # A row's hash is of how DuckDB writes it.
    finding = KeptFinding(findings, name, f"{_COUNTING_CODE} {duckdb.__version__}")
    now = connection.version()
    kept = finding.read(connection, now)
    if kept is None:
        found = count(all_passages, "")
    else:
        since, found = kept[0].seq, [Digest(rows, int(total, 16)) for rows, total in kept[1]]
        if since < now.seq:
            changed = changed_since.format(since=since)
            before, after = count(changed, f"AND seq <= {since}"), count(changed, "")
            found = [it.changed(*parts) for it, *parts in zip(found, before, after, strict=True)]
    if kept is None or kept[0] != now:
        finding.keep(now, [(it.count, f"{it.sum:x}") for it in found])
    return found
