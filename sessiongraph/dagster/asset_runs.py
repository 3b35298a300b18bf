"""The work of each asset in a run: one function an asset, which any asset in any code location may call.

Each takes the run's context, the client to work with (left out, one is opened for the environment's settings, and
closed) and a dataset's key (left out, the run's partition), and returns what the run ends with. Imports of the engine
stand in the functions, because Dagster's processes load this whether or not they run anything.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from sessiongraph import telemetry
from sessiongraph.dagster.failure_check import failure_check, report_failure_check
from sessiongraph.dagster.materialization import event, result
from sessiongraph.dagster.metadata import (
    estimate_metadata,
    ingest_metadata,
    knowledge_metadata,
    names_of,
    staging_metadata,
    taken_in_metadata,
    without_quotes,
)
from sessiongraph.dagster.partitions import run_dataset
from sessiongraph.dagster.run_errors import errors_in_run_log
from sessiongraph.errors import FilesUnavailableError
from sessiongraph.services import Services
from sessiongraph.settings import load_settings
from sessiongraph.types import Dataset, User

if TYPE_CHECKING:
    from sessiongraph.client import SessionGraph
    from sessiongraph.extraction.build_graph import KnowledgeReport
    from sessiongraph.importers.taken_in import Stage, TakenIn
    from sessiongraph.persistence.session_routing import SessionSelection
    from sessiongraph.persistence.session_staging import StagingReport

Context = dg.AssetExecutionContext | dg.OpExecutionContext
# A user's name or id, and a session id of theirs.
NamedSession = tuple[str, str]
# On a run that succeeded or failed, and left something that the next one tries again.
UNDONE = {"sessiongraph/undone": "some"}


def materialize_documents(
    context: Context, client: "SessionGraph | None" = None, dataset_key: str | None = None
) -> dg.MaterializeResult:
    """Take what lies in the dataset's inbox: the asset `documents`."""
    from sessiongraph.ingestion.inbox import ingest_inbox

    with opened_run(context, client, dataset_key) as run:
        services, dataset = run.services, run.dataset
        store, inbox = services.store(dataset), services.inbox(dataset)
        owner = User(dataset.owner_id, dataset.owner_name)
        report = asyncio.run(
            ingest_inbox(inbox, store, user=owner, run_id=run.run_id, allow_secrets=dataset.allow_secrets)
        )
        for name, reason in report.failed.items():
            context.log.warning(f"{name} was rejected: {reason}")
        metadata = {**ingest_metadata(report), "inbox": dg.MetadataValue.path(inbox.location)}
        return run.result("documents", metadata)


def materialize_knowledge_graph(
    context: Context,
    client: "SessionGraph | None" = None,
    dataset_key: str | None = None,
    *,
    retry_failed: bool = False,
    reextract: bool = False,
) -> dg.MaterializeResult:
    """Bring the dataset's documents into its graph: the asset `knowledge_graph`."""
    with opened_run(context, client, dataset_key) as run:
        report = asyncio.run(_cognify(run, retry_failed, reextract))
        return run.knowledge_result("knowledge_graph", report)


def materialize_session_turns(
    context: Context,
    client: "SessionGraph | None" = None,
    dataset_key: str | None = None,
    *,
    sessions: Sequence[NamedSession] | None = None,
    whole: bool = True,
) -> dg.MaterializeResult:
    """Copy cached turns into the dataset's store: the asset `session_turns`.

    `sessions` and `whole` as `select_sessions` takes them. Unless sessions are named, what waits in the dataset's
    sources (`importers/sources.py`) is taken into the cache and staged before.
    """
    with opened_run(context, client, dataset_key) as run:
        staging, taken = run.stage(sessions, whole)
        return run.result("session_turns", {**staging_metadata(staging), **taken_in_metadata(taken)})


def materialize_session_knowledge(
    context: Context,
    client: "SessionGraph | None" = None,
    dataset_key: str | None = None,
    *,
    retry_failed: bool = False,
    reextract: bool = False,
) -> dg.MaterializeResult:
    """Bring the dataset's staged turns into its graph: the asset `session_knowledge`."""
    with opened_run(context, client, dataset_key) as run:
        return run.knowledge_result("session_knowledge", run.build_session_knowledge(retry_failed, reextract))


def persist_dataset_sessions(
    context: Context,
    client: "SessionGraph | None" = None,
    dataset_key: str | None = None,
    *,
    sessions: Sequence[NamedSession] | None = None,
    whole: bool = True,
    retry_failed: bool = False,
    reextract: bool = False,
) -> dg.MaterializeResult:
    """Stage the dataset's cached sessions and bring them into its graph, in one step: for an asset of your own.

    What it changed stands in the history of `session_turns` and `session_knowledge` too, as after a call of the Python
    API; the result's data version is that of the knowledge.
    """
    with opened_run(context, client, dataset_key) as run:
        staging, taken = run.stage(sessions, whole)
        turns = {**staging_metadata(staging), **taken_in_metadata(taken)}
        if staging.staged:
            run.report(run.event("session_turns", turns))
        built = run.build_session_knowledge(retry_failed, reextract)
        knowledge = run.event("session_knowledge", run.knowledge_metadata(built))
        if built.settled:
            run.report(knowledge)
        report_failure_check(context.instance, run.services, run.dataset, "session_knowledge", built.failure)
        run.tag_undone(built)
        if built.failure is not None:
            raise built.failure
        version = dg.DataVersion((knowledge.tags or {})["dagster/data_version"])
        return dg.MaterializeResult(metadata={**turns, **knowledge.metadata}, data_version=version)


def estimate_dataset_sessions(
    context: Context,
    client: "SessionGraph | None" = None,
    dataset_key: str | None = None,
    *,
    sessions: Sequence[NamedSession] | None = None,
    whole: bool = True,
    retry_failed: bool = False,
    reextract: bool = False,
) -> Mapping[str, dg.MetadataValue]:
    """The dry run of `persist_dataset_sessions` with the same arguments: what it would do, and what that would cost."""
    from sessiongraph.persistence.estimate import dry_run
    from sessiongraph.persistence.session_routing import select_sessions

    with opened_run(context, client, dataset_key) as run:
        services = run.services
        chosen = select_sessions(services.cache, services.access, run.dataset, sessions, whole)
        found = asyncio.run(
            dry_run(
                services.cache,
                services.store(run.dataset),
                services.llm,
                chosen.sessions,
                belongs=chosen.takes,
                retry_failed=retry_failed,
                reextract=reextract,
                allow_secrets=run.dataset.allow_secrets,
            )
        )
        context.log.info(str(found))
        return estimate_metadata(found)


@contextmanager
def opened_run(context: Context, client: "SessionGraph | None", dataset_key: str | None) -> Iterator["_Run"]:
    """The run, with its errors in its log; what is opened because no client was given is closed with it."""
    with errors_in_run_log(), telemetry.exporting(), telemetry.span(f"run {context.op_def.name}"):
        services = client.services if client is not None else Services(load_settings())
        try:
            key = context.partition_key if dataset_key is None else dataset_key
            dataset = run_dataset(context.instance, services, key)
            _check_files(context, services)
            telemetry.annotate({"sessiongraph.dataset.id": dataset.id, "sessiongraph.run.id": context.run.run_id})
            yield _Run(context, services, dataset)
        finally:
            if client is None:
                services.close()


def _check_files(context: Context, services: Services) -> None:
    """Refuse a place of files that is none before a model is asked. One that is away now holds nobody up: who needs it
    says so, and what is said is persisted meanwhile."""
    try:
        services.check_files()
    except FilesUnavailableError as error:
        context.log.warning(str(error))


@dataclass(frozen=True)
class _Run:
    """A run of one dataset, and what it is done with."""

    context: Context
    services: Services
    dataset: Dataset

    @property
    def run_id(self) -> str:
        return self.context.run.run_id

    def stage(self, sessions: Sequence[NamedSession] | None, whole: bool) -> "tuple[StagingReport, TakenIn]":
        """What was staged, and what was taken in before.

        Raises SessionsNotFoundError where sessions are named to be taken whole, and none is known.
        """
        from sessiongraph.importers.taken_in import TakenIn
        from sessiongraph.persistence.session_routing import SessionSelection, belongs_to, select_sessions
        from sessiongraph.persistence.session_staging import StagingReport, sessions_not_found

        total, taken = StagingReport(self.run_id), TakenIn()
        if not sessions:

            async def stage(user: User, session_ids: Sequence[str]) -> None:
                new = SessionSelection({user: session_ids}, belongs_to(self.dataset), whole=False)
                total.add(await self._stage(new))

            asyncio.run(self._take_in(stage, taken))
        chosen = select_sessions(self.services.cache, self.services.access, self.dataset, sessions, whole)
        total.add(report := asyncio.run(self._stage(chosen)))
        if chosen.whole and report.missing and not report.found:
            raise sessions_not_found(report.missing, list(chosen.sessions))
        for name, reason in report.unread.items():
            self.context.log.warning(f"Session {name} could not be read: {reason}")
        total.found = list(dict.fromkeys(total.found))
        total.secrets += taken.secrets
        return total, taken

    async def _take_in(self, stage: "Stage", taken: "TakenIn") -> None:
        from sessiongraph.importers.sources import SOURCES

        for source in SOURCES:
            try:
                await source(self.services, self.dataset, stage, taken)
            except FilesUnavailableError as error:
                taken.failed["inbox"] = str(error)
        for name, reason in taken.failed.items():
            self.context.log.warning(f"{name} was not taken, or not whole: {without_quotes(reason)}")

    async def _stage(self, chosen: "SessionSelection") -> "StagingReport":
        from sessiongraph.persistence.session_staging import stage_sessions_of_users

        return await stage_sessions_of_users(
            self.services.cache,
            self.services.store(self.dataset),
            chosen.sessions,
            run_id=self.run_id,
            belongs=chosen.belongs,
            whole=chosen.whole,
            allow_secrets=self.dataset.allow_secrets,
        )

    def build_session_knowledge(self, retry_failed: bool, reextract: bool) -> "KnowledgeReport":
        from sessiongraph.extraction.build_graph import build_knowledge
        from sessiongraph.persistence.turn_passages import read_turn_passages

        return asyncio.run(
            build_knowledge(
                self.services.store(self.dataset),
                self.services.llm,
                self.services.embedder,
                read_turn_passages,
                run_id=self.run_id,
                asset="session_knowledge",
                retry_failed=retry_failed,
                reextract=reextract,
            )
        )

    def knowledge_metadata(self, report: "KnowledgeReport") -> dict[str, dg.MetadataValue]:
        return knowledge_metadata(report, self.services.store(self.dataset).read(lambda con: names_of(con, report)))

    def knowledge_result(self, asset: str, report: "KnowledgeReport") -> dg.MaterializeResult:
        """What a build ends with. One that failed and changed something is in the history too, and raises."""
        metadata = self.knowledge_metadata(report)
        self.tag_undone(report)
        self.services.keep_checkpoint(self.dataset)
        if report.failure is None:
            return self.result(asset, metadata)
        if report.settled:
            self.context.log_event(self.event(asset, metadata))
        # The step that checks will not be run. Dagster takes a check here, though its types do not say so.
        check: Any = failure_check(self.services, self.dataset, asset, report.failure)
        self.context.log_event(check)
        raise report.failure

    def result(self, asset: str, metadata: dict[str, dg.MetadataValue]) -> dg.MaterializeResult:
        return result(self.services, self.dataset, asset, self.run_id, metadata)

    def event(self, asset: str, metadata: Mapping[str, Any]) -> dg.AssetMaterialization:
        """A materialization of the project's asset `asset`, for the history."""
        return event(self.context.instance, self.services, self.dataset, asset, self.run_id, metadata)

    def report(self, made: dg.AssetMaterialization) -> None:
        """Put `made` into the history, although the run is one of another asset."""
        self.context.instance.report_runless_asset_event(made)

    def tag_undone(self, report: "KnowledgeReport") -> None:
        """Let sensors see that the run left something to be tried again, though it may have succeeded."""
        if report.is_undone:
            self.context.instance.add_run_tags(self.run_id, UNDONE)


async def _cognify(run: _Run, retry_failed: bool, reextract: bool) -> "KnowledgeReport":
    from sessiongraph.extraction.build_graph import build_knowledge
    from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages

    store = run.services.store(run.dataset)
    await chunk_documents(store, run.run_id)
    return await build_knowledge(
        store,
        run.services.llm,
        run.services.embedder,
        read_chunk_passages,
        run_id=run.run_id,
        asset="knowledge_graph",
        retry_failed=retry_failed,
        reextract=reextract,
    )
