"""Dagster's private APIs: what is relied on of each, so that an upgrade of Dagster fails here first."""

import re
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from sessiongraph.dagster import private_api
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.dagster.run_launcher import WatchedRunLauncher
from sessiongraph.errors import InvalidInputError

ROOMS = ("sessiongraph", "resources", "assets", "orchestration")


def test_nothing_else_imports_from_dagsters_private_modules(project_root: Path) -> None:
    importing = {
        str(path.relative_to(project_root))
        for room in ROOMS
        for path in (project_root / room).rglob("*.py")
        if re.search(r"^\s*(?:from|import) dagster\._", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"sessiongraph/dagster/private_api.py"}


@pytest.mark.parametrize("name", sorted(private_api._MODULE_OF))
def test_every_name_is_where_it_is_looked_for(name: str) -> None:
    assert getattr(private_api, name) is not None


def test_a_name_that_is_not_listed_is_none() -> None:
    with pytest.raises(AttributeError, match="'DagsterEvent'"):
        _ = private_api.DagsterEvent


def test_every_status_of_a_run_is_over_or_is_not() -> None:
    over, under_way = set(private_api.FINISHED_STATUSES), set(private_api.NOT_FINISHED_STATUSES)

    assert over == {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
    # MANAGED runs are another system's: none of ours is one.
    assert over | under_way == set(dg.DagsterRunStatus) - {dg.DagsterRunStatus.MANAGED} and not over & under_way


def test_events_of_no_run_stand_in_a_table_that_rows_can_be_deleted_from(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, private_api.SqlEventLogStorage)
        instance.report_runless_asset_event(dg.AssetObservation("a"))
        table = private_api.SqlEventLogStorageTable
        rows = sa.select(table.c.run_id, table.c.dagster_event_type, table.c.timestamp)

        with storage.run_connection(private_api.RUNLESS_RUN_ID) as connection:
            by_run = connection.execute(rows).fetchall()
        with storage.index_connection() as connection:
            indexed = connection.execute(rows).fetchall()

    assert [(row.run_id, row.dagster_event_type) for row in (*by_run, *indexed)] == [
        (private_api.RUNLESS_RUN_ID, "ASSET_OBSERVATION")
    ] * 2


def test_a_run_of_a_dataset_that_is_not_listed_may_be_launched() -> None:
    """Dagster asks the method that DatasetPartitions overrides before it launches a run."""

    @dg.asset(partitions_def=datasets_partitions)
    def made(context: dg.AssetExecutionContext) -> None:
        context.instance.add_dynamic_partitions("datasets", [context.partition_key])

    job = dg.Definitions(assets=[made]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(partition_key="ana/notes", instance=instance).success
        with pytest.raises(InvalidInputError):
            job.execute_in_process(partition_key="no dataset's key", instance=instance)


def test_the_launcher_asks_a_code_server_whether_a_run_is_there() -> None:
    assert issubclass(WatchedRunLauncher, private_api.DefaultRunLauncher)
    assert callable(WatchedRunLauncher._get_grpc_client_for_termination)
    assert private_api.CanCancelExecutionRequest(run_id="r").run_id == "r"
    answer = private_api.CanCancelExecutionResult(can_cancel=True)
    assert private_api.deserialize_value(dg.serialize_value(answer), type(answer)).can_cancel
    running = private_api.CheckRunHealthResult(private_api.WorkerStatus.RUNNING, "why")
    assert (running.status, running.msg) == (private_api.WorkerStatus.RUNNING, "why")
    assert private_api.WorkerStatus.NOT_FOUND is not private_api.WorkerStatus.RUNNING
    assert issubclass(private_api.DagsterUserCodeUnreachableError, Exception)


def test_a_run_that_no_code_server_started_counts_as_running(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        "run_launcher: {module: sessiongraph.dagster.run_launcher, class: WatchedRunLauncher}\n"
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run = dg.DagsterRun(job_name="cognify", status=dg.DagsterRunStatus.STARTED)
        instance.add_run(run)
        launcher = instance.run_launcher

        assert isinstance(launcher, WatchedRunLauncher) and launcher.supports_check_run_worker_health
        assert launcher.check_run_worker_health(run).status is private_api.WorkerStatus.RUNNING
