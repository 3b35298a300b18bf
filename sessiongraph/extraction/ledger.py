"""The ledger, read: passages as they should stand in the graph, held against what became of them so far.

Invariant: work is a set difference, never a count. A passage is settled when the ledger's newest row names
the very window (text, context and extractor) and verdict that it would get now; so an edit, a lost ledger row,
another dataset, a changed prompt or rating are all found the same way, and an unchanged passage costs nothing.

A failure settles nothing, until it is the window's own: one that failed QUARANTINE_AFTER times by what its text made
of the answer (a refusal, a cut off or invalid answer; HTTP 400, 403, 404 or 500 where other texts are answered) is
quarantined, and asked for again only where that is wished (`retry_failed`). The endpoint's own faults (no answer, 429,
503, and whatever it answers to all texts) never count. Both are read off the ledger, where the reason of the latter
begins with ENDPOINT_AT_FAULT; and since a window's id is made of its words, context and extractor, a change of any of
them begins anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from sessiongraph.errors import LLMFailedError
from sessiongraph.ids import content_id
from sessiongraph.prompts.prompt_format import Window

QUARANTINE_AFTER = 3
ENDPOINT_AT_FAULT = "endpoint at fault: "


@dataclass(frozen=True)
class Passage:
    """A chunk or a turn with the window it is extracted as; `skip` says why it should not be in the graph."""

    id: str
    document_id: str
    window: Window
    skip: str | None = None


@dataclass(frozen=True)
class LedgerRow:
    """What last became of a passage: persisted, skipped or failed, why, and by which run.

    `failures` is how often this window failed by its own fault.
    """

    window_id: str
    disposition: str
    reason: str | None
    run_id: str
    failures: int = 0

    @property
    def quarantined(self) -> bool:
        return self.disposition == "failed" and self.failures >= QUARANTINE_AFTER


# Reads the passages of the named documents, or of all that the asset is about.
PassageReader = Callable[[duckdb.DuckDBPyConnection, Sequence[str] | None], list[Passage]]


def window_id(window: Window, extractor: str) -> str:
    """The id of what `extractor` makes of `window`: the same wherever the same words stand in the same context."""
    return content_id("window", extractor, window.digest)


def is_settled(passage: Passage, row: LedgerRow | None, extractor: str, retry_failed: bool) -> bool:
    """Whether the ledger already says of `passage` what it should, or all that it will without `retry_failed`."""
    if row is None or row.window_id != window_id(passage.window, extractor):
        return False
    if passage.skip:
        return (row.disposition, row.reason) == ("skipped", passage.skip)
    return row.disposition == "persisted" or (row.quarantined and not retry_failed)


def failure_reason(error: LLMFailedError) -> str:
    """What the ledger says of a window that failed with `error`."""
    return (ENDPOINT_AT_FAULT if error.transient else "") + str(error)


def read_ledger(connection: duckdb.DuckDBPyConnection, passage_ids: Sequence[str]) -> dict[str, LedgerRow]:
    """The newest ledger row of each of the passages that has one."""
    rows = connection.execute(
        f"""SELECT passage_id, window_id, disposition, reason, run_id, failures FROM (
            SELECT *, count(*) FILTER (disposition = 'failed' AND NOT starts_with(reason, '{ENDPOINT_AT_FAULT}'))
                OVER (PARTITION BY passage_id, window_id) AS failures
            FROM ledger WHERE passage_id IN (SELECT unnest($1))
            QUALIFY row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) = 1
        ) JOIN commits USING (seq)""",
        [passage_ids],
    ).fetchall()
    return {passage_id: LedgerRow(*row) for passage_id, *row in rows}
