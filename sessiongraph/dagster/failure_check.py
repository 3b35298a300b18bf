"""What was tried and did not get into a graph, as the asset check that fails for it.

The check's own step says it after its asset was made. A run that failed has no such step any more, and what is done
outside of runs never had one: they say the same themselves. So no verdict of before stays in the way of a failure.

It is an error, not a warning: something that was said or added is missing from the graph. It does not block: what did
get in is whole, and what is made from it is right.
"""

from collections import Counter
from typing import TYPE_CHECKING

import dagster as dg
import portalocker

from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.dagster.metadata import document_names, table, without_quotes
from sessiongraph.types import PASSAGE_TABLES, Dataset

if TYPE_CHECKING:
    from sessiongraph.extraction.ledger import LedgerRow
    from sessiongraph.services import Services
    from sessiongraph.store.connection import StoreConnection

# How much of it the next run takes up by itself.
TRIED_AGAIN = "tried_again"
_LOCK_SECONDS = 30


def failure_check_name(asset: str) -> str:
    """The name of the check of `asset`, which has the passages of a ledger."""
    return f"no_failed_{PASSAGE_TABLES[asset]}"


def failure_check(
    services: "Services", dataset: Dataset, asset: str, failure: Exception | None = None
) -> dg.AssetCheckEvaluation:
    """What the dataset's ledger says now: how much failed, where, why, and what comes next. Blocks.

    `failure` is what ended the work before all was tried. What nobody has tried yet is a warning where nothing did.
    """
    failed, waiting = services.store(dataset).read(lambda con: _failed_and_waiting(con, PASSAGE_TABLES[asset]))
    rows = [row for _, row in failed]
    quarantined = sum(row.quarantined for row in rows)
    sources = Counter(source for source, _ in failed)
    reasons = Counter(without_quotes(row.reason or "") for row in rows)
    passages = PASSAGE_TABLES[asset]
    said = [
        f"The last run failed: {without_quotes(str(failure))}" if failure else "",
        _failures(asset, reasons, quarantined) if rows else "",
        f"{waiting} of its {passages} have not been tried yet: the next run takes them." if waiting else "",
    ]
    return dg.AssetCheckEvaluation(
        asset_key=asset_key(asset, services.settings.asset_key_prefix),
        check_name=failure_check_name(asset),
        passed=not any(said),
        partition=dataset.key,
        severity=dg.AssetCheckSeverity.ERROR if rows or failure else dg.AssetCheckSeverity.WARN,
        description=" ".join(filter(None, said)) or None,
        metadata={
            "failed": len(rows),
            "quarantined": quarantined,
            "waiting": waiting,
            TRIED_AGAIN: max(len(rows) - quarantined + waiting, int(failure is not None)),
            "sources": table({"source": "string", "failed": "int"}, sources.most_common()),
            "reasons": table({"reason": "string", "failed": "int"}, reasons.most_common()),
        },
    )


def is_undone(instance: dg.DagsterInstance, key: dg.AssetKey, asset: str, dataset_key: str) -> bool:
    """Whether the check, as it was last made for that dataset, tells of something that a further run would take up."""
    from sessiongraph.dagster.private_api import PartitionKeyFilter

    found = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(key, failure_check_name(asset)), limit=1, partition_filter=PartitionKeyFilter(key=dataset_key)
    )
    event = found[0].event.dagster_event if found and found[0].event else None
    said = event.event_specific_data if event else None
    return isinstance(said, dg.AssetCheckEvaluation) and bool(said.metadata[TRIED_AGAIN].value)


def report_failure_check(
    instance: dg.DagsterInstance, services: "Services", dataset: Dataset, asset: str, failure: Exception | None = None
) -> None:
    """Record `failure_check` where no run does. Blocks.

    One at a time for a dataset: the check that was made last is the one that is recorded last.
    """
    lock = services.store(dataset).folder / "checks.lock"
    with portalocker.Lock(lock, timeout=_LOCK_SECONDS, check_interval=0.02):
        _record(instance, failure_check(services, dataset, asset, failure))


def _record(instance: dg.DagsterInstance, evaluation: dg.AssetCheckEvaluation) -> None:
    """Dagster keeps one row for each check, partition and run, and what is of no run counts as one: the row of the time
    before makes room. Its event stays in the log."""
    from sessiongraph.dagster.private_api import RUNLESS_RUN_ID, AssetCheckExecutionsTable, SqlEventLogStorage

    storage, rows = instance.event_log_storage, AssetCheckExecutionsTable
    if isinstance(storage, SqlEventLogStorage):
        before = rows.delete().where(
            rows.c.asset_key == evaluation.asset_key.to_string(),
            rows.c.check_name == evaluation.check_name,
            rows.c.run_id == RUNLESS_RUN_ID,
            rows.c.partition == evaluation.partition,
        )
        with storage.index_connection() as connection:
            connection.execute(before)
    instance.report_runless_asset_event(evaluation)


def _failures(asset: str, reasons: Counter[str], quarantined: int) -> str:
    total = reasons.total()
    (reason, count), *others = reasons.most_common()
    text = f"{total} of its {PASSAGE_TABLES[asset]} failed and are not in the graph: {reason}"
    text += f" ({count} so, the others for {len(others)} other reasons.)" if others else ""
    if quarantined < total:
        text += f" {total - quarantined} are tried again by the next run."
    if quarantined:
        config = f"{{ops: {{{asset}: {{config: {{retry_failed: true}}}}}}}}"
        text += f" {quarantined} failed too often by their own fault, and wait for a run with the config {config}."
    return text


def _failed_and_waiting(connection: "StoreConnection", passages: str) -> "tuple[list[tuple[str, LedgerRow]], int]":
    """The ledger's newest rows of those that failed, each with its document's name; how many it does not have."""
    from sessiongraph.extraction.ledger import read_ledger

    # A turn has a row for each of its versions.
    found = connection.execute(
        f"""SELECT DISTINCT passage_id, document_id, disposition IS NOT NULL
        FROM {passages} LEFT JOIN current_ledger USING (passage_id)
        WHERE disposition IS NULL OR disposition = 'failed'"""
    ).fetchall()
    documents = {passage_id: document_id for passage_id, document_id, tried in found if tried}
    names = document_names(connection, set(documents.values())) if documents else {}
    ledger = read_ledger(connection, list(documents)) if documents else {}
    failed = [(names.get(documents[passage_id], ""), row) for passage_id, row in ledger.items()]
    return failed, len(found) - len(documents)
