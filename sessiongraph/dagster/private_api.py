"""Dagster's private APIs that are needed: each name with the module that has it, and what it is needed for.

Nothing else of the project imports from `dagster._…`. tests/sessiongraph/dagster/test_private_api.py says what is
relied on of each, so that an upgrade of Dagster fails there first. A name is imported from Dagster when it is first
used: some of these modules take longer to import than most work.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import dagster as dg

from sessiongraph.ids import key_parts

if TYPE_CHECKING:
    from dagster._core.launcher import DefaultRunLauncher
    from dagster._grpc.client import DagsterGrpcClient

_MODULE_OF = {
    # Which runs are over, which are not: dg.RunsFilter takes lists of statuses, and these are complete.
    "FINISHED_STATUSES": "dagster._core.storage.dagster_run",
    "NOT_FINISHED_STATUSES": "dagster._core.storage.dagster_run",
    # Deleting observations, for which DagsterInstance has no method.
    "RUNLESS_RUN_ID": "dagster._core.instance.utils",
    "SqlEventLogStorage": "dagster._core.storage.event_log.sql_event_log",
    "SqlEventLogStorageTable": "dagster._core.storage.event_log.schema",
    # Replacing what was said of a check outside of runs, which Dagster stores only once for a partition.
    "AssetCheckExecutionsTable": "dagster._core.storage.event_log.schema",
    # How a check was last made for one partition.
    "PartitionKeyFilter": "dagster._core.event_api",
    # Storage of the kind that Dagster has by default, in a folder that is not written into `dagster.yaml`.
    "DagsterSqliteStorage": "dagster._core.storage.sqlite_storage",
    "LocalArtifactStorage": "dagster._core.storage.root",
    "LocalComputeLogManager": "dagster._core.storage.local_compute_log_manager",
    # A run launcher that can say whether a run's process is still there.
    "DefaultRunLauncher": "dagster._core.launcher",
    "CheckRunHealthResult": "dagster._core.launcher",
    "WorkerStatus": "dagster._core.launcher",
    "DagsterUserCodeUnreachableError": "dagster._core.errors",
    "CanCancelExecutionRequest": "dagster._grpc.types",
    "CanCancelExecutionResult": "dagster._grpc.types",
    "deserialize_value": "dagster._serdes",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


class DatasetPartitions(dg.DynamicPartitionsDefinition):
    """Dynamic partitions that a run may be of before they are listed: it creates the dataset, and lists it.

    So `dg launch --partition default_user/main_dataset` works in a home that nobody has used yet. Dagster asks this
    method, which is none of its public ones, before it launches a run.
    """

    def validate_partition_key(self, partition_key: str, context: Any) -> None:
        """Raise InvalidInputError unless `partition_key` is well formed."""
        key_parts(partition_key)


def code_server_of(launcher: "DefaultRunLauncher", run_id: str) -> "DagsterGrpcClient | None":
    """A client of the code server that started the run; None where no code server did."""
    return launcher._get_grpc_client_for_termination(run_id)
