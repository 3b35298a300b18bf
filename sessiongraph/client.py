"""The client: one object that owns every connection, model and memo, and closes what it opened."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from sessiongraph.retrieval.results import SearchType
from sessiongraph.services import Services, Shared
from sessiongraph.settings import Settings, load_settings
from sessiongraph.types import MAIN_DATASET, User

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from datetime import date

    import networkx as nx

    from sessiongraph.api.archive import ExportReport, ImportReport
    from sessiongraph.api.datasets import Datasets
    from sessiongraph.api.documents import Documents
    from sessiongraph.api.entities import Entities
    from sessiongraph.api.evidence import Evidence
    from sessiongraph.api.facts import Facts
    from sessiongraph.api.forget import ForgetReport
    from sessiongraph.api.forget_estimate import ForgetEstimate
    from sessiongraph.api.memory import Memory
    from sessiongraph.api.persist import BackgroundPersist
    from sessiongraph.api.roles import Roles
    from sessiongraph.api.sessions import Sessions
    from sessiongraph.api.tenants import Tenants
    from sessiongraph.api.users import Users
    from sessiongraph.api.webhooks import Webhooks
    from sessiongraph.extraction.build_graph import KnowledgeReport
    from sessiongraph.extraction.estimate import CognifyEstimate
    from sessiongraph.ingestion.ingest import IngestReport
    from sessiongraph.metadata import Metadata
    from sessiongraph.persistence.estimate import PersistEstimate
    from sessiongraph.persistence.persist import PersistReport
    from sessiongraph.retrieval.results import SearchResult
    from sessiongraph.retrieval.search_filter import SearchFilter
    from sessiongraph.types import ProgressCallback

    Data = str | os.PathLike[str]


class SessionGraph:
    """Documents in, questions answered in sessions, and sessions that outlive their cache, in one home.

        async with SessionGraph(Settings(home="memory")) as memory:
            await memory.add(["…"], dataset_name="d")

    Any number of clients work beside each other in one process and event loop. Without `settings`, those of the
    environment as it is now. Calls may be made from any event loop, and from several threads.
    """

    def __init__(self, settings: Settings | None = None, *, shared: Shared | None = None) -> None:
        self.services = Services(settings or load_settings(), shared)

    @property
    def settings(self) -> Settings:
        return self.services.settings

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for what runs in the background, then close what was opened."""
        await asyncio.gather(*self.services.background, return_exceptions=True)
        await asyncio.to_thread(self.services.close)

    @cached_property
    def sessions(self) -> "Sessions":
        """What was said: written turn by turn, listed, rated, edited, deleted."""
        from sessiongraph.api.sessions import Sessions

        return Sessions(self.services)

    @cached_property
    def datasets(self) -> "Datasets":
        """What a user may see, who else may."""
        from sessiongraph.api.datasets import Datasets

        return Datasets(self.services)

    @cached_property
    def documents(self) -> "Documents":
        """What a dataset holds, and how much of it is in the graph."""
        from sessiongraph.api.documents import Documents

        return Documents(self.services)

    @cached_property
    def entities(self) -> "Entities":
        """Which names are one thing, why, and a person's word on it."""
        from sessiongraph.api.entities import Entities

        return Entities(self.services)

    @cached_property
    def facts(self) -> "Facts":
        """What is known, fact by fact, and a person's word on one that is wrong."""
        from sessiongraph.api.facts import Facts

        return Facts(self.services)

    @cached_property
    def memory(self) -> "Memory":
        """What was learned of sessions beside their facts."""
        from sessiongraph.api.memory import Memory

        return Memory(self.services)

    @cached_property
    def users(self) -> "Users":
        """Who owns datasets and sessions."""
        from sessiongraph.api.users import Users

        return Users(self.services)

    @cached_property
    def roles(self) -> "Roles":
        """Groups of users to grant to."""
        from sessiongraph.api.roles import Roles

        return Roles(self.services)

    @cached_property
    def tenants(self) -> "Tenants":
        """Users who see each other and nobody else."""
        from sessiongraph.api.tenants import Tenants

        return Tenants(self.services)

    @cached_property
    def webhooks(self) -> "Webhooks":
        """Who is told, by HTTP, of what was persisted, failed and was forgotten."""
        from sessiongraph.api.webhooks import Webhooks

        return Webhooks(self.services)

    async def add(
        self,
        data: "Data | Sequence[Data]",
        dataset_name: str = MAIN_DATASET,
        *,
        user: User | None = None,
        node_set: Sequence[str] | None = None,
        said_at: "date | None" = None,
        metadata: "Metadata | None" = None,
        progress: "ProgressCallback | None" = None,
    ) -> "IngestReport":
        """Put texts, files or folders into a dataset, which is created if the user has none of that name.

        A string is a text; a path (a Path, or a string that starts with /, ./, ../, ~/ or file://) is a file or a
        folder of txt, md, html, csv, json, pdf, docx, vtt, srt, eml and mbox. The same content twice is one document,
        chats and mails are read as who said what. `node_set` tags the documents. `said_at` is the day (a date or a
        datetime) that they are of, by which "yesterday" in them is read; where it is not given, it is the one that they
        say themselves: in front matter, in headings as a journal has them, or in their name. `metadata`, a JSON object,
        is kept with each, for `search` to narrow by.
        The report's `warnings` say what of a file was left out or may be misread, its `secrets` how many keys,
        passwords and the like were masked; `datasets.update` lets a dataset hold them. `progress` is called with a
        Progress after each file.

        Raises InvalidInputError or UnreadableDocumentError before anything is written, PermissionDeniedError.
        """
        from sessiongraph.api.add import add

        return await add(
            self.services,
            data,
            dataset_name,
            user=user,
            node_set=node_set,
            said_at=said_at,
            metadata=metadata,
            progress=progress,
        )

    async def cognify(
        self,
        datasets: Sequence[str] | str | None = None,
        *,
        user: User | None = None,
        retry_failed: bool = False,
        reextract: bool = False,
        progress: "ProgressCallback | None" = None,
    ) -> "dict[str, KnowledgeReport]":
        """Bring what was added to `datasets` (all that the user may write, for None) into their graphs.

        Only what is not there yet is extracted, and embedded: where the embedder was changed, that is every text of the
        graph, those of sessions too. A passage that failed three times by its own fault (a refusal, an answer that does
        not validate) is quarantined, and tried again only with `retry_failed` or when its window changes. What another
        version or model extracted is stale: it stays in the graph, and is extracted anew only with `reextract`.
        `progress` is called with a Progress as passages are done.

        Returns a report for each dataset, by its name (another's: by owner/name).
        Raises DatasetNotFoundError, PermissionDeniedError, NoGraphDataError where there are no documents,
        LLMNotConfiguredError, LLMFailedError.
        """
        from sessiongraph.api.cognify import cognify

        return await cognify(
            self.services, datasets, user=user, retry_failed=retry_failed, reextract=reextract, progress=progress
        )

    async def estimate_cognify(
        self,
        datasets: Sequence[str] | str | None = None,
        *,
        user: User | None = None,
        retry_failed: bool = False,
        reextract: bool = False,
    ) -> "dict[str, CognifyEstimate]":
        """The dry run of `cognify` with the same arguments, by dataset: what it would extract, and at which price.

        Writes nothing and calls no model. Raises InvalidInputError, DatasetNotFoundError, PermissionDeniedError.
        """
        from sessiongraph.api.estimate import estimate_cognify

        return await estimate_cognify(
            self.services, datasets, user=user, retry_failed=retry_failed, reextract=reextract
        )

    async def search(
        self,
        query_text: str,
        query_type: SearchType = SearchType.GRAPH_COMPLETION,
        *,
        datasets: Sequence[str] | str | None = None,
        session_id: str | None = None,
        user: User | None = None,
        top_k: int = 10,
        node_sets: Sequence[str] | None = None,
        where: "SearchFilter | Mapping[str, Any] | None" = None,
        only_context: bool = False,
        max_tokens: int | None = None,
    ) -> "list[SearchResult]":
        """Ask the graphs of `datasets` (all that the user may read, for None); a list of one result.

        In a session (`session_id`), the last turns are understood, and question and answer become its next turn.
        What asks nothing is acknowledged there, and without a session the answer says that it is not kept.
        `node_sets` keeps to passages tagged with any of them, `where` to what fits a SearchFilter, or a mapping of its
        fields: nothing else is searched, quoted or shown. `only_context` returns what a model would be given (first),
        `max_tokens` long at the most, and asks none. `top_k` is how many sources there are at the most, each time that
        a type searches.

        Raises InvalidInputError, DatasetNotFoundError, PermissionDeniedError, NoGraphDataError, LLMNotConfiguredError,
        LLMFailedError. A session cache that is off or down raises nothing: the result's `warnings` say so.
        """
        from sessiongraph.api.search import search

        return await search(
            self.services,
            query_text,
            query_type,
            datasets=datasets,
            session_id=session_id,
            user=user,
            top_k=top_k,
            node_sets=node_sets,
            where=where,
            only_context=only_context,
            max_tokens=max_tokens,
        )

    @overload
    async def persist_sessions(
        self,
        session_ids: Sequence[str] | None,
        dataset: str = MAIN_DATASET,
        *,
        user: User | None = None,
        run_in_background: Literal[False] = False,
        retry_failed: bool = False,
        reextract: bool = False,
        create: bool = False,
        progress: "ProgressCallback | None" = None,
    ) -> "PersistReport": ...

    @overload
    async def persist_sessions(
        self,
        session_ids: Sequence[str] | None,
        dataset: str = MAIN_DATASET,
        *,
        user: User | None = None,
        run_in_background: bool,
        retry_failed: bool = False,
        reextract: bool = False,
        create: bool = False,
        progress: "ProgressCallback | None" = None,
    ) -> "PersistReport | BackgroundPersist": ...

    async def persist_sessions(
        self,
        session_ids: Sequence[str] | None,
        dataset: str = MAIN_DATASET,
        *,
        user: User | None = None,
        run_in_background: bool = False,
        retry_failed: bool = False,
        reextract: bool = False,
        create: bool = False,
        progress: "ProgressCallback | None" = None,
    ) -> "PersistReport | BackgroundPersist":
        """Persist a user's cached sessions into `dataset`, under the node set `user_sessions_from_cache`.

        Only turns that are new, edited or rated otherwise since the last persist are worked on, each exactly once. All
        turns of the sessions are taken; those that belong to another dataset, where they were asked, are copied, and go
        on waiting to be persisted there. A `dataset` without a graph is refused, unless `create` says that these
        sessions are to be its beginning. None or no ids persist none. With `run_in_background`, what can be refused is
        refused now, and a handle is returned at once. A turn that failed three times by its own fault (a refusal, an
        answer that does not validate) is quarantined: it is tried again only with `retry_failed`, or when its words,
        those before it, the prompt or the model change. Turns that another version or model extracted are stale: they
        stay in the graph, and are extracted anew only with `reextract`; `estimate_persist` tells the price. `progress`
        is called with a Progress as turns are done.

        Raises InvalidInputError, CachingDisabledError, DatasetNotFoundError, PermissionDeniedError, NoGraphDataError,
        SessionsNotFoundError (neither cache nor dataset knows one of them), CacheUnavailableError,
        LLMNotConfiguredError, LLMFailedError.
        """
        from sessiongraph.api.persist import persist_sessions

        return await persist_sessions(
            self.services,
            session_ids,
            dataset,
            user=user,
            run_in_background=run_in_background,
            retry_failed=retry_failed,
            reextract=reextract,
            create=create,
            progress=progress,
        )

    async def estimate_persist(
        self,
        session_ids: Sequence[str] | None,
        dataset: str = MAIN_DATASET,
        *,
        user: User | None = None,
        retry_failed: bool = False,
        reextract: bool = False,
    ) -> "PersistEstimate":
        """The dry run of `persist_sessions` with the same arguments.

        Turn by turn it says what would be staged, extracted, reused or skipped and why, and how many calls, tokens (the
        answers' by what the dataset's came to so far) and US dollars that is. Writes nothing and calls no model.

        Raises InvalidInputError, CachingDisabledError, DatasetNotFoundError, PermissionDeniedError,
        SessionsNotFoundError (neither cache nor dataset knows one of them).
        """
        from sessiongraph.api.estimate import estimate_persist

        return await estimate_persist(
            self.services, session_ids, dataset, user=user, retry_failed=retry_failed, reextract=reextract
        )

    async def graph(
        self, dataset: str = MAIN_DATASET, *, user: User | None = None, node_sets: Sequence[str] | None = None
    ) -> "nx.MultiDiGraph":
        """The dataset's graph: nodes are entity ids, edges facts, keyed by fact id. With `node_sets`, only what
        passages tagged with any of them support.

        Nodes carry name, type, description, aliases, node_sets and evidence; edges relation, statement, valid_at,
        stated_by, corrected_by and corrected_at, node_sets and evidence. A piece of evidence says document (its name),
        document_id, passage_id, session_id, turn_id, stated_by, said_at, run_id and the wording, and is `corrected`
        where a person said that this is wrong.

        Raises DatasetNotFoundError, PermissionDeniedError, NoGraphDataError.
        """
        from sessiongraph.api.graph_export import graph

        return await graph(self.services, dataset, user=user, node_sets=node_sets)

    async def forget(
        self,
        dataset: str,
        *,
        session_id: str | None = None,
        turn_id: str | None = None,
        document_id: str | None = None,
        user: User | None = None,
        by: User | None = None,
        from_cache: bool = True,
    ) -> "ForgetReport":
        """Leave exactly the graph that would be there had the thing never been put in, and none of its words on disk.

        Give a `document_id`, or a `session_id`, or a `session_id` and a `turn_id` of it, or a `user`, whose sessions
        are meant, and what they corrected; the dataset alone means everything in it. `user` also says whose the session
        is (`by`, where not given). What anybody corrected goes with the last passage that states it. The turns leave
        the cache too, or the next persist would bring them back, unless `from_cache` is False.

        Needs the permission to delete. Raises InvalidInputError, DatasetNotFoundError, PermissionDeniedError,
        SessionsNotFoundError; LLMFailedError where turns that had the forgotten ones as context could not be extracted
        anew: what was to be forgotten is gone then, and the next persist extracts them.
        """
        from sessiongraph.api.forget import forget

        return await forget(
            self.services,
            dataset,
            session_id=session_id,
            turn_id=turn_id,
            document_id=document_id,
            user=user,
            by=by,
            from_cache=from_cache,
        )

    async def estimate_forget(
        self,
        dataset: str,
        *,
        session_id: str | None = None,
        turn_id: str | None = None,
        document_id: str | None = None,
        user: User | None = None,
        by: User | None = None,
    ) -> "ForgetEstimate":
        """The dry run of `forget` with the same arguments: what would go, and which facts and entities with it.

        Writes nothing and calls no model. Raises as `forget`.
        """
        from sessiongraph.api.forget_estimate import estimate_forget

        return await estimate_forget(
            self.services,
            dataset,
            session_id=session_id,
            turn_id=turn_id,
            document_id=document_id,
            user=user,
            by=by,
        )

    async def evidence(self, dataset: str, id: str, *, user: User | None = None) -> "list[Evidence]":
        """Where something stands: the passage of that id, or those that state the fact of that id, each with up to two
        passages before and after it.

        Raises InvalidInputError where the graph has neither; DatasetNotFoundError, PermissionDeniedError.
        """
        from sessiongraph.api.evidence import evidence

        return await evidence(self.services, dataset, id, user)

    async def export_dataset(
        self,
        dataset: str,
        file: "str | os.PathLike[str]",
        *,
        session_ids: Sequence[str] | None = None,
        since: "date | None" = None,
        until: "date | None" = None,
        user: User | None = None,
        progress: "ProgressCallback | None" = None,
    ) -> "ExportReport":
        """Write a dataset into one zip `file`, from which `import_dataset` makes it again, row by row, in any home.

        Documents with their originals, turns, evidence, decisions, corrections and vectors go with it; cached sessions,
        grants and the inbox do not. With `session_ids`, `since` or `until` it holds sessions alone, each whole: those
        named, of which a turn was said from `since` on and before `until` (a date is meant from its beginning, what has
        no zone in UTC). Who writes to the dataset meanwhile waits for a copy of its file, no longer. `progress` is
        called with a Progress after each table and original.

        The owner alone exports. Raises InvalidInputError (also where there is such a `file` already),
        DatasetNotFoundError, PermissionDeniedError, SessionsNotFoundError.
        """
        from sessiongraph.api.archive import export_dataset

        return await export_dataset(
            self.services,
            dataset,
            file,
            session_ids=session_ids,
            since=since,
            until=until,
            user=user,
            progress=progress,
        )

    async def import_dataset(
        self,
        file: "str | os.PathLike[str]",
        as_name: str | None = None,
        *,
        as_users: "Mapping[str, str] | None" = None,
        user: User | None = None,
        progress: "ProgressCallback | None" = None,
    ) -> "ImportReport":
        """Make the dataset of an archive, as it was exported, under its name or `as_name`; `user` owns it.

        Nothing is extracted or embedded. The archive's users come with it, by id; its default user is the one here.
        One whose name, or id, somebody else has here is refused, unless `as_users` says by name who they are here
        (`{"ana": "ana"}`: the same person).

        Raises InvalidInputError for an archive that is broken, foreign, hostile or newer, and where a dataset of that
        name holds something already: nothing is written then.
        """
        from sessiongraph.api.archive import import_dataset

        return await import_dataset(self.services, file, as_name, as_users=as_users, user=user, progress=progress)
