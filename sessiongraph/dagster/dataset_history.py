"""What Dagster knows of a dataset: what was done and what it cost, its runs, and how its checks stand.

Read from the instance's storage, without the project's definitions: what has no events there is not in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from sessiongraph.dagster.asset_keys import UPSTREAM, asset_key
from sessiongraph.types import Usage

_PARTITION_TAG, _TRIGGER_TAG = "dagster/partition", "sessiongraph/trigger"
_MOST_RUNS, _MOST_SHOWN = 15, 15
# Events of an asset that costs are added up over; older ones are not looked at.
_MOST_COUNTED = 500
_EXTRACTING = ("knowledge_graph", "session_knowledge", "session_lessons")


@dataclass(frozen=True)
class Materialization:
    """An asset that was made: by a run of Dagster (`run_id`) or by a call outside of one, and its `figures`.

    `operation` is the id under which the dataset's store has it, and the page of what it changed.
    """

    asset: str
    at: datetime
    run_id: str | None
    operation: str | None
    figures: dict[str, float]


@dataclass(frozen=True)
class HistoricRun:
    """A run of Dagster for the dataset; `status` is Dagster's, in lower case."""

    run_id: str
    job: str
    status: str
    trigger: str | None
    began_at: datetime | None
    seconds: float | None


@dataclass(frozen=True)
class CheckState:
    """How a check was last found; `message` is what that means, where it is not as it should be."""

    asset: str
    name: str
    passed: bool
    is_error: bool
    at: datetime
    message: str | None


@dataclass(frozen=True)
class DatasetHistory:
    """The newest first, and of checks those that failed. `usage` is what was called to bring something into the graph,
    `since` the oldest event that is counted: no more than the newest 500 of an asset are."""

    done: list[Materialization]
    runs: list[HistoricRun]
    checks: list[CheckState]
    usage: Usage
    since: datetime | None


def dataset_history(instance: dg.DagsterInstance, dataset_key: str, prefix: str) -> DatasetHistory:
    """The history of the dataset of that key in a home whose assets' keys have `prefix`. Blocks."""
    made = {name: _materializations(instance, name, prefix, dataset_key) for name in UPSTREAM}
    costing = [it for name in _EXTRACTING for it in made[name]]
    everything = sorted((it for listed in made.values() for it in listed), key=lambda it: it.at, reverse=True)
    return DatasetHistory(
        everything[:_MOST_SHOWN],
        _runs(instance, dataset_key),
        _checks(instance, dataset_key, prefix),
        _usage(costing),
        min((it.at for it in costing), default=None),
    )


def _materializations(instance: dg.DagsterInstance, name: str, prefix: str, dataset_key: str) -> list[Materialization]:
    most = _MOST_COUNTED if name in _EXTRACTING else _MOST_SHOWN
    wanted = dg.AssetRecordsFilter(asset_key=asset_key(name, prefix), asset_partitions=[dataset_key])
    return [_materialization(name, it) for it in instance.fetch_materializations(wanted, limit=most).records]


def _materialization(name: str, record: dg.EventLogRecord) -> Materialization:
    said = record.asset_materialization
    metadata = said.metadata if said is not None else {}
    operation = metadata.get("operation")
    return Materialization(
        name,
        datetime.fromtimestamp(record.timestamp, UTC),
        record.run_id or None,
        str(operation.value) if operation is not None else record.run_id or None,
        {
            key: value.value
            for key, value in metadata.items()
            if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue) and value.value is not None
        },
    )


def _usage(events: Iterable[Materialization]) -> Usage:
    total = Usage()
    for it in (it.figures for it in events):
        calls = int(it.get("llm_calls", 0))
        total += Usage(
            calls=calls,
            prompt_tokens=int(it.get("prompt_tokens", 0)),
            completion_tokens=int(it.get("completion_tokens", 0)),
            embedding_calls=int(it.get("embedding_calls", 0)),
            embedding_tokens=int(it.get("embedding_tokens", 0)),
            cost=it.get("cost_usd", None if calls else 0.0),
        )
    return total


def _runs(instance: dg.DagsterInstance, dataset_key: str) -> list[HistoricRun]:
    of_dataset = dg.RunsFilter(tags={_PARTITION_TAG: dataset_key})
    return [_run(record) for record in instance.get_run_records(of_dataset, limit=_MOST_RUNS)]


def _run(record: dg.RunRecord) -> HistoricRun:
    run, began, ended = record.dagster_run, record.start_time, record.end_time
    return HistoricRun(
        run.run_id,
        run.job_name,
        run.status.value.lower(),
        run.tags.get(_TRIGGER_TAG),
        datetime.fromtimestamp(began, UTC) if began else None,
        ended - began if began and ended else None,
    )


def _checks(instance: dg.DagsterInstance, dataset_key: str, prefix: str) -> list[CheckState]:
    from sessiongraph.dagster.private_api import PartitionKeyFilter

    found = []
    for key in _check_keys(instance, dataset_key, prefix):
        records = instance.event_log_storage.get_asset_check_execution_history(
            key, limit=1, partition_filter=PartitionKeyFilter(key=dataset_key)
        )
        entry = records[0].event if records else None
        said = entry.dagster_event.event_specific_data if entry and entry.dagster_event else None
        if entry is not None and isinstance(said, dg.AssetCheckEvaluation):
            found.append(
                CheckState(
                    key.asset_key.path[-1],
                    key.name,
                    said.passed,
                    said.severity == dg.AssetCheckSeverity.ERROR,
                    datetime.fromtimestamp(entry.timestamp, UTC),
                    None if said.passed else said.description,
                )
            )
    return sorted(found, key=lambda it: (it.passed, not it.is_error, it.asset, it.name))


def _check_keys(instance: dg.DagsterInstance, dataset_key: str, prefix: str) -> list[dg.AssetCheckKey]:
    """The checks that were ever made for the dataset. DagsterInstance has no list of them, so its table is asked."""
    import sqlalchemy as sa

    from sessiongraph.dagster.private_api import AssetCheckExecutionsTable, SqlEventLogStorage

    storage, rows = instance.event_log_storage, AssetCheckExecutionsTable
    if not isinstance(storage, SqlEventLogStorage):
        return []
    keys = {asset_key(name, prefix).to_string(): asset_key(name, prefix) for name in UPSTREAM}
    query = sa.select(rows.c.asset_key, rows.c.check_name).distinct()
    wanted = query.where(rows.c.asset_key.in_(keys), rows.c.partition == dataset_key)
    with storage.index_connection() as connection:
        return [dg.AssetCheckKey(keys[asset], name) for asset, name in connection.execute(wanted).fetchall()]
