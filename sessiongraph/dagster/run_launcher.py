"""Dagster's own run launcher, which can say too whether a run's process is still there.

A run that dies alone is reported by the code server that started it. Where both died at once (a machine that was
restarted, a service that was killed), nobody is left to report it: it would stay "started" for ever, and with it its
dataset's place in the queue. Run monitoring asks this launcher, and marks such a run as failed.
"""

import dagster as dg

from sessiongraph.dagster.private_api import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CheckRunHealthResult,
    DagsterUserCodeUnreachableError,
    DefaultRunLauncher,
    WorkerStatus,
    code_server_of,
    deserialize_value,
)

_ANSWER_SECONDS = 10


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster does by default; named in `dagster.yaml`."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the code server that started `run` has it still: one that is replaced stays until its runs end."""
        client = code_server_of(self, run.run_id)
        if client is None:
            # `dg launch` and tests run in a process of their own, of which no code server knows.
            return CheckRunHealthResult(WorkerStatus.RUNNING, "No code server started it.")
        request = CanCancelExecutionRequest(run_id=run.run_id)
        try:
            answer = client.can_cancel_execution(request, timeout=_ANSWER_SECONDS)
        except DagsterUserCodeUnreachableError:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "The code server that started it is gone.")
        if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "Its process is gone.")
