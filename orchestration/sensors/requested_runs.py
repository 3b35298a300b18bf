"""The sensors `requested_…`: runs that somebody asked the service for, and did not wait for, come into the queue."""

import dagster as dg

from orchestration.run_requests import run_tags
from resources.graph import GraphResource
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.dagster.requested_runs import (
    ASKED_BY_TAG,
    JOBS,
    REQUEST_TAG,
    RequestedRun,
    drop,
    pending,
    run_of,
    sensor_name,
)

INTERVAL_SECONDS = 5
# The next tick goes on.
_MOST = 50


def _requested_runs(job: str) -> dg.SensorDefinition:
    @dg.sensor(
        name=sensor_name(job),
        job_name=job,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"""Puts runs of {job} into the queue that the service was asked for with `wait: false`.

A request lies in the home until there is a run with its id.""",
    )
    def requested(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult:
        home = graph.services.settings.home
        found = pending(home, job, _MOST)
        new = []
        for request in found:
            if run_of(context.instance, request.id) is None:
                new.append(request)
            else:
                drop(home, request.id)
        missing = {request.dataset for request in new} - set(
            datasets_partitions.get_partition_keys(dynamic_partitions_store=context.instance) if new else ()
        )
        return dg.SensorResult(
            run_requests=[_run_request(request) for request in new] or None,
            skip_reason=None if new else "Nothing was asked for.",
            dynamic_partitions_requests=[datasets_partitions.build_add_request(sorted(missing))] if missing else None,
        )

    return requested


def _run_request(request: RequestedRun) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=request.id,
        partition_key=request.dataset,
        run_config=dict(request.run_config),
        tags={
            **run_tags(request.dataset, "manual"),
            REQUEST_TAG: request.id,
            ASKED_BY_TAG: request.user_id,
        },
    )


requested_runs = [_requested_runs(job) for job in JOBS]
