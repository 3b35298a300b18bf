"""`status`: where everything is, what is there, and what to do next. It loads no model."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import typer

from sessiongraph.cli.options import AsJson, UserName, examples
from sessiongraph.cli.output import moment, next_step, note, say, show_json, show_table, working
from sessiongraph.errors import (
    CacheUnavailableError,
    CachingDisabledError,
    FilesUnavailableError,
    InvalidInputError,
    StoreBusyError,
)
from sessiongraph.types import MAIN_DATASET, User

if TYPE_CHECKING:
    from sessiongraph.llm.client import LLM
    from sessiongraph.services import Services
    from sessiongraph.settings import Settings
    from sessiongraph.store.connection import StoreConnection

# Where turns belong of which the dataset is there no more, or may be read no more.
_GONE = "a dataset that is gone"
# Passages of so many are read to say which of them are stale; of more, the ledger says of some.
_FEW_PASSAGES = 500
# How long a dataset that is being written is waited for.
_PATIENCE_SECONDS = 1.0

_COUNTS = """
SELECT
    (SELECT count(*) FROM documents WHERE kind <> 'session'),
    (SELECT count(*) FROM documents d WHERE kind <> 'session' AND NOT EXISTS (
        SELECT 1 FROM chunks c JOIN ledger USING (passage_id) WHERE c.document_id = d.id)),
    (SELECT count(*) FROM documents WHERE kind = 'session'),
    (SELECT count(*) FROM live_windows WHERE passage_id IN (SELECT passage_id FROM turns)),
    (SELECT count(*) FROM current_ledger WHERE disposition = 'failed'),
    (SELECT count(*) FROM current_ledger WHERE disposition = 'persisted' AND extractor <> '{extractor}'),
    (SELECT count(*) FROM current_ledger)
"""
# Turns that were persisted, or skipped for a reason, as they are worded. Of all users: a value bound to a query would
# have DuckDB load pandas, which takes a quarter of a second.
_SETTLED = """
SELECT user_id, session_id, turn_id, content_hash FROM current_turns t JOIN documents d ON d.id = t.document_id
JOIN current_ledger l USING (passage_id) WHERE l.disposition <> 'failed'
"""
# A user's session, and one of its turns as it is worded.
_Settled = set[tuple[str, str, str]]


@dataclass(frozen=True)
class DatasetStatus:
    """Counts of a dataset; all None while another process writes to it.

    `stale` are passages that another model, schema or version extracted. In a large dataset they are those of which the
    ledger says so: there may be more, whose windows this version makes otherwise, and `stale_is_exact` is False.
    """

    dataset: str
    documents: int | None = None
    not_cognified: int | None = None
    sessions: int | None = None
    turns: int | None = None
    failed: int | None = None
    stale: int | None = None
    stale_is_exact: bool = True


@dataclass(frozen=True)
class SessionStatus:
    """A cached session, the datasets that its turns belong to, and how many of them are settled where they belong.

    `waiting` has how many are not, by dataset.
    """

    session_id: str
    dataset: str
    turns: int
    settled: int
    waiting: dict[str, int]
    last_activity: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class Status:
    home: str
    user: str
    llm_model: str
    embedding_model: str
    cache: str
    cache_problem: str | None
    files: str
    files_problem: str | None
    datasets: list[DatasetStatus]
    sessions: list[SessionStatus]
    persists: str
    next_steps: list[str]


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples("sessiongraph status", "sessiongraph status --json"),
    )(status)


def status(user: UserName = None, as_json: AsJson = False) -> None:
    """Where everything is, what is in it, and what to do next."""
    from sessiongraph.dagster_home import check_run_launcher
    from sessiongraph.default_client import default_services

    check_run_launcher(default_services().settings.home)
    with working("Looking around…"):
        found = _status(default_services(), user)
    return show_json(asdict(found)) if as_json else _show(found)


def _status(services: "Services", user_name: str | None) -> Status:
    from sessiongraph.server.who_persists import MEANING, who_persists

    access, settings = services.access, services.settings
    user = access.default_user() if user_name is None else access.get_user(user_name)
    datasets, settled = _datasets(services, user)
    sessions, problem = _sessions(services, user, settled)
    return Status(
        home=str(settings.home),
        user=user.name,
        llm_model=settings.llm_model,
        embedding_model=settings.embedding_model,
        cache=_cache_name(settings),
        cache_problem=problem,
        files=services.files.location,
        files_problem=_files_problem(services),
        datasets=datasets,
        sessions=sessions,
        persists=MEANING[who_persists(services)],
        next_steps=_next_steps(datasets, sessions, problem),
    )


def _datasets(services: "Services", user: User) -> tuple[list[DatasetStatus], dict[str, _Settled]]:
    """The status of each dataset, and the user's turns that are settled in it, by its key."""
    found: list[DatasetStatus] = []
    settled: dict[str, _Settled] = {}
    for dataset in services.access.list_datasets(user):
        try:
            read = partial(_read_status, llm=services.llm, name=dataset.key)
            counted, turns = services.store(dataset).read(read, _PATIENCE_SECONDS)
        except StoreBusyError:
            found.append(DatasetStatus(dataset.key))
            continue
        found.append(counted)
        settled[dataset.key] = {(session, turn, words) for owner, session, turn, words in turns if owner == user.id}
    return found, settled


def _read_status(connection: "StoreConnection", llm: "LLM", name: str) -> tuple[DatasetStatus, list[tuple[str, ...]]]:
    """A dataset's counts, and its settled turns."""
    from sessiongraph.extraction.dataset_schema import read_schema
    from sessiongraph.extraction.window_extraction import extractor_version

    extractor = extractor_version(llm, read_schema(connection))
    counts = connection.execute(_COUNTS.format(extractor=extractor)).fetchall()[0]
    documents, not_cognified, sessions, turns, failed, stale, known = counts
    is_exact = known <= _FEW_PASSAGES
    if is_exact and known:
        stale = _count_stale(connection, extractor)
    counted = DatasetStatus(name, documents, not_cognified, sessions, turns, failed, stale, is_exact)
    return counted, connection.execute(_SETTLED).fetchall()


def _count_stale(connection: "StoreConnection", extractor: str) -> int:
    from sessiongraph.extraction.build_graph import read_due_passages
    from sessiongraph.extraction.chunk_documents import read_chunk_passages
    from sessiongraph.persistence.turn_passages import read_turn_passages

    found = 0
    for read_passages in (read_chunk_passages, read_turn_passages):
        _, due = read_due_passages(connection, read_passages, extractor, None, False, False)
        found += due.stale
    return found


def _sessions(services: "Services", user: User, settled: dict[str, _Settled]) -> tuple[list[SessionStatus], str | None]:
    """The user's cached sessions; none, with what is wrong, where the cache is off or does not answer."""
    keys = {dataset.id: dataset.key for dataset in services.access.list_datasets(user)}
    found = []
    try:
        for info in services.cache.list_sessions(user.id):
            homes: list[str] = []
            waiting: Counter[str] = Counter()
            for turn in services.cache.get_turns(user.id, info.session_id):
                main = f"{user.name}/{MAIN_DATASET}"
                home = main if turn.dataset_id is None else keys.get(turn.dataset_id, _GONE)
                name = home.removeprefix(f"{user.name}/")
                homes.append(name)
                is_settled = (turn.session_id, turn.turn_id, turn.content_hash) in settled.get(home, ())
                waiting[name] += not is_settled
            count = len(homes) - waiting.total()
            names = ", ".join(dict.fromkeys(homes))
            found.append(
                SessionStatus(
                    info.session_id, names, len(homes), count, dict(+waiting), info.last_activity, info.expires_at
                )
            )
    except (CachingDisabledError, CacheUnavailableError) as error:
        return [], str(error)
    return found, None


def _files_problem(services: "Services") -> str | None:
    try:
        services.check_files()
    except (FilesUnavailableError, InvalidInputError) as error:
        return str(error)
    return None


def _cache_name(settings: "Settings") -> str:
    if not settings.caching:
        return "off"
    if settings.cache_backend == "redis":
        return f"redis at {settings.cache_host}:{settings.cache_port}"
    return "sqlite"


def _next_steps(datasets: list[DatasetStatus], sessions: list[SessionStatus], problem: str | None) -> list[str]:
    steps = [f"sessiongraph cognify --dataset {dataset.dataset}" for dataset in datasets if dataset.not_cognified]
    steps += [
        f"sessiongraph persist {session.session_id} --dataset {name}"
        for session in sessions
        for name in session.waiting
        if name != _GONE
    ]
    if not any(dataset.documents or dataset.sessions for dataset in datasets):
        steps.append('sessiongraph add "…" --dataset NAME')
    elif not steps:
        steps.append('sessiongraph search "…"' + (" --session NAME" if problem is None else ""))
    return steps


def _show(found: Status) -> None:
    say(f"home         {found.home}")
    say(f"user         {found.user}")
    say(f"model        {found.llm_model}")
    say(f"embeddings   {found.embedding_model}")
    if found.cache_problem is None:
        say(f"cache        {found.cache}, reachable")
    else:
        say(f"cache        {found.cache}: {found.cache_problem}", "red")
    if found.files_problem is not None:
        say(f"files        {found.files}: {found.files_problem}", "red")
    elif found.files != found.home:
        say(f"files        {found.files}, reachable")
    say(f"persists     {found.persists}")
    if found.datasets:
        columns = ["dataset", "documents", "not in the graph", "sessions", "turns in the graph", "failed", "stale"]
        show_table("Datasets", columns, map(_row, found.datasets))
    if found.sessions:
        sessions = [
            (
                s.session_id,
                s.dataset,
                s.turns,
                s.settled,
                _named(s.waiting),
                moment(s.last_activity),
                moment(s.expires_at),
            )
            for s in found.sessions
        ]
        columns = [
            "session",
            "belongs to",
            "turns",
            "persisted there",
            "waiting",
            "last activity (UTC)",
            "expires (UTC)",
        ]
        show_table("Cached sessions", columns, sessions, whole="session")
    if any(dataset.stale or not dataset.stale_is_exact for dataset in found.datasets):
        note(
            "Stale is what another model, schema or version extracted: it stays in the graph, and is extracted anew by "
            "cognify and persist with --reextract; with --dry-run they tell the price."
        )
    for step in found.next_steps:
        next_step(step)


def _row(it: DatasetStatus) -> tuple[object, ...]:
    if it.documents is None:
        return it.dataset, "being written", *[None] * 5
    stale = it.stale if it.stale_is_exact else f"at least {it.stale}"
    return it.dataset, it.documents, it.not_cognified, it.sessions, it.turns, it.failed, stale


def _named(waiting: dict[str, int]) -> str:
    return ", ".join(f"{count} for {name}" for name, count in waiting.items())
