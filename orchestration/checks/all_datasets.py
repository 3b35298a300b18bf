"""Checks of all datasets at once, which name each that is not as it should be.

A check of a partition is made when the partition is: what nobody makes any more would keep its last verdict for ever.
So these are made by the clock too, by the sensors `freshness` and `inbox`. Each has one verdict on all datasets,
because one that is well must not hide another that is not: Dagster's own freshness policies read the newest
materialization of *any* partition, which is why no asset has one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.checks.check_factory import CheckOutcome
from resources.graph import GraphResource
from sessiongraph.dagster.asset_keys import UPSTREAM, asset_key
from sessiongraph.dagster.metadata import table
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.services import Services

# The nightly sweep makes what is of sessions, and tries documents again: two hours more than a day, and than two.
LATE, OVERDUE = timedelta(hours=26), timedelta(hours=50)
FRESH = ("session_turns", "session_knowledge", "knowledge_graph")
_SWEPT = ("session_turns", "session_knowledge")
_MOST_NAMED = 10


@dataclass(frozen=True)
class AllDatasetsCheck:
    """`evaluate` is given the instance, the services and the asset's name."""

    name: str
    description: str
    evaluate: Callable[[dg.DagsterInstance, Services, str], CheckOutcome]

    def evaluation(self, key: dg.AssetKey, outcome: CheckOutcome) -> dg.AssetCheckEvaluation:
        """What a sensor says of the asset `key`."""
        return dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=self.name,
            passed=outcome.passed,
            severity=outcome.severity,
            description=outcome.message,
            metadata=outcome.figures,
        )


def build_all_datasets_check(asset: str, prefix: str, check: AllDatasetsCheck) -> dg.AssetChecksDefinition:
    """`check` as a step of its own, which may be run by hand."""
    key = asset_key(asset, prefix)

    @dg.asset_check(
        name=check.name,
        asset=key,
        description=check.description,
        metadata={"owner": "team:sessiongraph", "severity": "error"},
    )
    def run(context: dg.AssetCheckExecutionContext, graph: GraphResource) -> dg.AssetCheckResult:
        outcome = check.evaluate(context.instance, graph.services, asset)
        return dg.AssetCheckResult(
            passed=outcome.passed, severity=outcome.severity, description=outcome.message, metadata=outcome.figures
        )

    return run


def overdue_datasets(
    instance: dg.DagsterInstance, services: Services, asset: str, now: datetime | None = None
) -> CheckOutcome:
    """Which datasets' part of `asset` is late, and since when."""
    moment, prefix = now or datetime.now(UTC), services.settings.asset_key_prefix
    keys = datasets_partitions.get_partition_keys(dynamic_partitions_store=instance)
    due = {key: since for key in keys if (since := _due_since(instance, asset, prefix, key)) is not None}
    late = {key: since for key, since in sorted(due.items(), key=lambda it: it[1]) if moment - since >= LATE}
    rows = [(key, f"{since:%Y-%m-%d %H:%M}", _hours(moment - since)) for key, since in late.items()]
    figures = {
        "datasets": len(keys),
        "late": len(late),
        "late_datasets": table({"dataset": "string", "since_utc": "string", "hours": "int"}, rows),
    }
    named = ", ".join(f"{key} since {since} UTC ({hours} hours)" for key, since, hours in rows[:_MOST_NAMED])
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    worst = max((moment - since for since in late.values()), default=timedelta(0))
    severity = dg.AssetCheckSeverity.ERROR if worst >= OVERDUE else dg.AssetCheckSeverity.WARN
    return CheckOutcome(not late, figures, f"Not up to date: {named}{more}." if late else None, severity)


def _due_since(instance: dg.DagsterInstance, asset: str, prefix: str, dataset: str) -> datetime | None:
    """When the dataset's part of `asset` was last up to date, as far as can be told; None where it is."""
    key, upstream = asset_key(asset, prefix), asset_key(UPSTREAM[asset][0], prefix)
    made = _record(instance, key, dataset)
    if made is None:
        first = _record(instance, upstream, dataset, first=True)
        return _time(first) if first else None
    if asset in _SWEPT:
        return _time(made)
    source = _record(instance, upstream, dataset)
    if source is None or _tag(source, "dagster/data_version") == _tag(
        made, f"dagster/input_data_version/{upstream.to_user_string()}"
    ):
        return None
    changed = _record(instance, upstream, dataset, first=True, after=made.storage_id)
    return _time(changed) if changed else None


def _record(
    instance: dg.DagsterInstance, key: dg.AssetKey, dataset: str, first: bool = False, after: int | None = None
) -> dg.EventLogRecord | None:
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[dataset], after_storage_id=after)
    found = instance.fetch_materializations(wanted, limit=1, ascending=first).records
    return found[0] if found else None


def _time(record: dg.EventLogRecord) -> datetime:
    return datetime.fromtimestamp(record.timestamp, UTC)


def _tag(record: dg.EventLogRecord, name: str) -> str | None:
    return (record.asset_materialization.tags or {}).get(name) if record.asset_materialization else None


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def survey_home(services: Services) -> tuple[set[str], dict[str, str]]:
    """Of which datasets there are files in the home's inbox, whether or not they exist; and what no dataset takes."""
    from sessiongraph.ingestion.inbox_folders import survey_inboxes

    services.access.default_user()  # who has an inbox before anybody was created
    return survey_inboxes(services.inboxes, {user.name for user in services.access.list_users()})


def stray_files(strays: Mapping[str, str]) -> CheckOutcome:
    """What is wrong with what lies in the home's inbox and in no dataset's."""
    named = "; ".join(f"{path}: {reason}" for path, reason in list(strays.items())[:_MOST_NAMED])
    message = (
        f"Nobody takes {len(strays)} file(s) or folder(s) in the inbox: {named}. Put files into <owner>/<dataset>/, "
        "such as default_user/main_dataset/, or create the user: sessiongraph users create NAME."
    )
    figures = {"strays": len(strays), "places": table({"path": "string", "reason": "string"}, strays.items())}
    return CheckOutcome(not strays, figures, message if strays else None)


EVERY_DATASET_IS_FRESH = AllDatasetsCheck(
    "every_dataset_is_fresh",
    f"""Of every dataset, this was made within the last day, or nothing has changed since it was: after
{_hours(LATE)} hours the check warns, after {_hours(OVERDUE)} it fails. It names the datasets, and since when.

**Where it fails:** look at the dataset's last runs. None at all: the daemon or the schedule `nightly_sweep` is off.
Materialize the partitions that are named.""",
    overdue_datasets,
)
INBOXES_HAVE_DATASETS = AllDatasetsCheck(
    "every_file_has_a_dataset",
    """Everything in `inbox`, in the home or in SESSIONGRAPH_FILES_URL, lies in the folder of a dataset,
`<owner>/<dataset>/`, whose owner there is; the dataset is created where it is not there.

**Where it fails:** move the files that are named, or create the user.""",
    lambda instance, services, asset: stray_files(survey_home(services)[1]),
)
