"""The ledger, read: passages as they should stand in the graph, held against what became of them so far.

Invariant: work is a set difference, never a count. What is due is what is new, what was edited (its own words or those
that it has as context) and what failed; so an edit, a lost ledger row, another dataset or a changed rating are all
found the same way, and an unchanged passage costs nothing.

Invariant: an upgrade alone calls no model. The ledger's newest row names the extractor and the window that it worked
on; a passage is unchanged when that extractor would give that id to the window that the passage has now, or to one
that an earlier version of the code would have made of the same content (`former_windows`; for what is skipped,
`former_skips`). Where an unchanged passage would be read otherwise today, with another prompt, parser, schema, model
or window, it is *stale*: it stays in the graph as it is until somebody asks for it (`reextract`). So whoever changes
how windows are made, or what is skipped, has the passages carry what was made of the same content before.

A failure settles nothing, until it is the window's own: one that failed QUARANTINE_AFTER times by what its text made
of the answer (a refusal, a cut off or invalid answer; HTTP 400, 403, 404 or 500 where other texts are answered) is
quarantined, and asked for again only where that is wished (`retry_failed`). The endpoint's own faults (no answer, 429,
503, and whatever it answers to all texts) never count. Both are read off the ledger, where the reason of the latter
begins with ENDPOINT_AT_FAULT; and since a window's id is made of its words, context and extractor, a change of any of
them begins anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sessiongraph.errors import LLMFailedError
from sessiongraph.ids import content_id
from sessiongraph.prompts.prompt_format import Window
from sessiongraph.store.connection import StoreConnection

QUARANTINE_AFTER = 3
ENDPOINT_AT_FAULT = "endpoint at fault: "


@dataclass(frozen=True)
class Passage:
    """A chunk or a turn with the window it is extracted as; `skip` says why it should not be in the graph.

    `former_windows` and `former_skips` are what earlier versions of the code made of the same content, where that was
    something else; `skipped_windows` what it may have been skipped as, but is due where it was not. `words` are what
    it is embedded and searched by, where that is not just what its window has.
    """

    id: str
    document_id: str
    window: Window
    skip: str | None = None
    former_windows: tuple[Window, ...] = ()
    former_skips: tuple[str | None, ...] = ()
    skipped_windows: tuple[Window, ...] = ()
    words: str | None = None

    @property
    def text(self) -> str:
        """What it is embedded and searched by."""
        return self.window.text if self.words is None else self.words

    def is_window(self, id_: str, extractor: str) -> bool:
        """Whether `id_` is what `extractor` calls this content, as its window is made now or was made before."""
        return _is_one_of((self.window, *self.former_windows, *self.skipped_windows), id_, extractor)


@dataclass(frozen=True)
class LedgerRow:
    """What last became of a passage: persisted, skipped or failed, why, and by which run.

    `failures` is how often this window failed by its own fault.
    """

    window_id: str
    extractor: str
    disposition: str
    reason: str | None
    run_id: str
    failures: int = 0

    @property
    def quarantined(self) -> bool:
        return self.disposition == "failed" and self.failures >= QUARANTINE_AFTER


def _is_one_of(windows: Sequence[Window], id_: str, extractor: str) -> bool:
    return any(id_ == window_id(window, extractor) for window in windows)


# Reads the passages of the named documents, or of all that the asset is about.
PassageReader = Callable[[StoreConnection, Sequence[str] | None], list[Passage]]


# "quarantined" and "stale" passages are worked on where that is asked for, "due" ones always.
Status = Literal["settled", "quarantined", "stale", "due"]


def window_id(window: Window, extractor: str) -> str:
    """The id of what `extractor` makes of `window`: the same wherever the same words stand in the same context."""
    return content_id("window", extractor, window.digest)


def passage_status(passage: Passage, row: LedgerRow | None, extractor: str) -> Status:
    """What there is to do for `passage`, of which `row` is the newest that the ledger has."""
    if row is None or not passage.is_window(row.window_id, row.extractor):
        return "due"
    as_now = row.window_id == window_id(passage.window, extractor)
    if row.disposition == "failed":
        return "quarantined" if row.quarantined and as_now and not passage.skip else "due"
    verdict = row.reason if row.disposition == "skipped" else None
    if verdict is None and _is_one_of(passage.skipped_windows, row.window_id, row.extractor):
        return "due"
    if verdict == passage.skip:
        # Nothing was extracted from what is skipped, whichever extractor would have done it.
        return "settled" if passage.skip or as_now else "stale"
    return "stale" if verdict in passage.former_skips else "due"


def failure_reason(error: LLMFailedError) -> str:
    """What the ledger says of a window that failed with `error`."""
    return (ENDPOINT_AT_FAULT if error.transient else "") + str(error)


def read_ledger(connection: StoreConnection, passage_ids: Sequence[str]) -> dict[str, LedgerRow]:
    """The newest ledger row of each of the passages that has one."""
    rows = connection.execute(
        f"""SELECT passage_id, window_id, extractor, disposition, reason, run_id, failures FROM (
            SELECT *, count(*) FILTER (WHERE disposition = 'failed' AND NOT starts_with(reason, '{ENDPOINT_AT_FAULT}'))
                OVER (PARTITION BY passage_id, window_id) AS failures,
                row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth
            FROM ledger WHERE passage_id IN (SELECT unnest($1))
        ) said JOIN commits USING (seq) WHERE nth = 1""",
        [passage_ids],
    ).fetchall()
    return {passage_id: LedgerRow(*row) for passage_id, *row in rows}
