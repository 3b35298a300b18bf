"""The sensor `inbox`: what a person puts into a dataset's inbox is brought into its graph."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import dagster as dg
from pydantic import Field

from orchestration.checks.all_datasets import INBOXES_HAVE_DATASETS, stray_files, survey_home
from orchestration.jobs import COGNIFY
from orchestration.run_requests import TOO_MANY, attempts, in_flight, recently_failed, run_tags
from orchestration.sensor_cursor import Cursor
from orchestration.sensors.dataset_partitions import partition_keys
from resources.graph import GraphResource
from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.errors import FilesUnavailableError
from sessiongraph.files import Entry, Files
from sessiongraph.ids import content_id
from sessiongraph.services import Services

INTERVAL_SECONDS = 15
# Bounds of a tick: datasets with files in their inbox, and files looked at of each. More are for later ticks.
_MOST_INBOXES = 200
_MOST_FILES = 10_000
# Runs that did not take the same files, before they are left alone until they change.
_MOST_TRIES = 5
_MOST_REASONS = 10


class InboxCursor(Cursor):
    """What stood in each inbox, as a hash of its files' names, sizes and times; what no dataset had a place for."""

    seen: dict[str, str] = Field(default_factory=dict)
    strays: dict[str, str] = Field(default_factory=dict)


@dg.sensor(
    job_name=COGNIFY,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="""Cognifies what lands in a dataset's inbox, once none of its files has changed between two ticks.

The folder of a dataset that does not exist yet creates it, where its owner does. Files that no run takes are
tried a few times, later each time, and then left alone until they change.""",
)
def inbox(context: dg.SensorEvaluationContext, graph: GraphResource) -> dg.SensorResult | dg.SkipReason:
    from sessiongraph.ingestion.inbox_folders import waiting_files

    before = InboxCursor.read(context.cursor)
    services = graph.services
    try:
        dropped, strays = survey_home(services)
    except FilesUnavailableError as error:
        return dg.SkipReason(str(error))
    failed = recently_failed(context.instance, COGNIFY, datetime.now(UTC))
    tick = InboxTick(context.instance, services, COGNIFY, waiting_files, dropped, before.seen, failed=failed)
    documents = asset_key("documents", services.settings.asset_key_prefix)
    return tick.result(
        InboxCursor(seen=tick.now, strays=strays).model_dump_json(),
        [f"{path}: {reason}." for path, reason in strays.items()],
        [INBOXES_HAVE_DATASETS.evaluation(documents, stray_files(strays))] if strays != before.strays else [],
    )


class InboxTick:
    """What lies in inboxes at a tick of a sensor: of each, the files that `waiting` gives. `now` is for the next tick.

    `dropped` are datasets that files were dropped for, `seen` what the tick before saw, `failed` those of which a run
    is to be tried again though its files are taken; `config` is that of the runs.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        services: Services,
        job: str,
        waiting: Callable[[Files], Iterator[Entry]],
        dropped: set[str],
        seen: Mapping[str, str],
        failed: Sequence[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self._instance, self._job, self._config = instance, job, config
        self.now = dict(islice(_contents(services, sorted(dropped), waiting), _MOST_INBOXES))
        keys = partition_keys(services.access)
        self._failed = [key for key in failed if key not in self.now and key in keys]
        self._settled = {key: what for key, what in self.now.items() if seen.get(key) == what}

    def result(self, cursor: str, reasons: list[str], events: list[dg.AssetCheckEvaluation]) -> dg.SensorResult:
        """The runs to launch, or `reasons` and why there is none."""
        reasons = reasons + [
            f"{key}: its files are waited for, until they are whole." for key in self.now if key not in self._settled
        ]
        requests = list(self._requests(reasons))
        listed = (
            set(datasets_partitions.get_partition_keys(dynamic_partitions_store=self._instance)) if requests else set()
        )
        missing = sorted({str(request.partition_key) for request in requests} - listed)
        return dg.SensorResult(
            run_requests=requests or None,
            skip_reason=None if requests else " ".join(reasons[:_MOST_REASONS]) or "The inboxes are empty.",
            cursor=cursor,
            dynamic_partitions_requests=[datasets_partitions.build_add_request(missing)] if missing else None,
            asset_events=events,
        )

    def _requests(self, reasons: list[str]) -> Iterator[dg.RunRequest]:
        """A run for each dataset with files that are whole, or of which a run failed; else `reasons` gets why not."""
        moment, settled = datetime.now(UTC), self._settled
        if not (settled or self._failed):
            return
        busy = in_flight(self._instance)
        if busy is None:
            reasons.append(TOO_MANY)
            return
        for key in [*settled, *self._failed]:
            if key in busy:
                reasons.append(f"{key}: run {busy[key]} of the dataset is queued or under way.")
                continue
            before = attempts(self._instance, self._job, key, f"{key} {settled.get(key, 'again')}")
            if key not in settled and not before.failed:
                continue
            if before.of_batch >= _MOST_TRIES:
                reasons.append(f"{key}: {before.of_batch} runs left this undone; see run {before.last_run}.")
            elif moment < (then := before.next_try()):
                reasons.append(
                    f"{key}: run {before.last_run} left this undone; it is tried again at {then:%H:%M:%S} UTC."
                )
            else:
                yield dg.RunRequest(
                    run_key=before.run_key, partition_key=key, run_config=self._config, tags=run_tags(key, "sensor")
                )


def _contents(
    services: Services, keys: list[str], waiting: Callable[[Files], Iterator[Entry]]
) -> Iterator[tuple[str, str]]:
    """The datasets with files in their inbox, and a hash of what these are."""
    for key in keys:
        try:
            files = sorted(islice(waiting(services.inboxes.below(key)), _MOST_FILES), key=lambda it: it.parts)
            state = [part for it in files for part in (it.name, str(it.size), it.changed.isoformat())]
        except OSError:  # Taken or renamed while it was looked at, or not to be read at all.
            state = ["changing", datetime.now(UTC).isoformat()]
        if state:
            yield key, content_id("inbox", *state)
