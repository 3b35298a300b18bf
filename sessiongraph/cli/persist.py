"""`persist`: what was said in sessions, into a dataset's graph, for good."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.ids import meant
from sessiongraph.cli.options import AsJson, DryRun, Reextract, RetryFailed, UserName, acting, examples
from sessiongraph.cli.output import (
    Report,
    exit_code,
    fail,
    next_step,
    note,
    run,
    say,
    short,
    show_json,
    show_table,
    spent,
    warn,
)
from sessiongraph.cli.sessions import persisted_sessions
from sessiongraph.cli.wording import as_commands
from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.secret_masking import told
from sessiongraph.types import MAIN_DATASET, SESSION_NODE_SET, Usage, User

if TYPE_CHECKING:
    from sessiongraph.persistence.estimate import PersistEstimate
    from sessiongraph.persistence.persist import PersistReport, TurnOutcome


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph persist first",
            "sessiongraph persist --all --dataset demo",
            "sessiongraph persist first --whole --dataset archive",
            "sessiongraph persist --all --dry-run",
            after=f'Next: sessiongraph search "…" --node-set {SESSION_NODE_SET}',
        ),
    )(persist)


def persist(
    session_ids: Annotated[
        list[str] | None, typer.Argument(metavar="SESSION...", help="Their ids, or how these begin: sessions list.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", help="Only turns that belong there. Without it: each where it belongs."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every cached session of the user.")] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Copy the sessions' other turns into the dataset too.")
    ] = False,
    retry_failed: RetryFailed = False,
    reextract: Reextract = False,
    dry_run: DryRun = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Persist cached sessions into their datasets' graphs, so that they outlive the cache.

    A turn belongs to the dataset that was asked, or given; else to the only one that its answer cites; else to
    main_dataset. Only turns that are new, edited or rated otherwise are worked on, each exactly once.
    """
    if everything == bool(session_ids):
        raise InvalidInputError("Name the sessions to persist, or give --all: `sessiongraph sessions list` shows them.")
    if whole and dataset is None:
        raise InvalidInputError("--whole copies sessions into a dataset: name it with -d.")
    plan = run("Looking into the cache…", _plan(session_ids, dataset, whole, user))
    for note_ in plan.left:
        warn(note_)
    if dry_run:
        estimates = {
            name: run("Looking at what would be done…", plan.estimate(name, retry_failed, reextract))
            for name in plan.sessions
        }
        return _show_estimates(estimates, as_json)
    done = _persist_all(plan, retry_failed, reextract)
    if as_json:
        show_json(_summary(done))
    else:
        _show(done)
    was_incomplete = _warn(done.reports)
    for name, error in done.errors.items():
        fail(error, f"{name}: " if len(plan.sessions) > 1 else "")
    if done.errors and not done.reports:
        raise typer.Exit(max(map(exit_code, done.errors.values())))
    if done.errors or was_incomplete or (plan.left and not done.reports):
        raise typer.Exit(1)


def persist_where_they_belong(session_ids: list[str], user: str | None) -> bool:
    """Persist those sessions as the command does without options, and say so; whether nothing was left undone."""
    done = _persist_all(run("Looking into the cache…", _plan(session_ids, None, False, user)), False, False)
    for name, report in done.reports.items():
        say(f"{name}: {as_commands(str(report))}")
    was_incomplete = _warn(done.reports)
    for name, error in done.errors.items():
        fail(error, f"{name}: ")
    return not (done.errors or was_incomplete)


@dataclass(frozen=True)
class _Done:
    """What became of a plan: a report or an error for each dataset."""

    reports: "dict[str, PersistReport]"
    errors: dict[str, SessionGraphError]


def _persist_all(plan: "_Plan", retry_failed: bool, reextract: bool) -> _Done:
    """Persist into one dataset after the other; what fails in one stops no other."""
    done = _Done({}, {})
    for name in plan.sessions:
        where = f" into {name}" if len(plan.sessions) > 1 else ""
        try:
            work = partial(plan.persist, name, retry_failed, reextract)
            done.reports[name] = run(f"Persisting sessions{where}…", work)
        except SessionGraphError as error:
            done.errors[name] = error
    return done


@dataclass(frozen=True)
class _Plan:
    """Which sessions go into which dataset, by name, and what is to be said of turns that do not go along (`left`)."""

    owner: "User | None"
    sessions: dict[str, list[str]]
    whole: bool
    left: list[str]

    async def estimate(self, dataset: str, retry_failed: bool, reextract: bool) -> "PersistEstimate":
        from sessiongraph.api.estimate import estimate_persist
        from sessiongraph.default_client import default_services

        return await estimate_persist(
            default_services(),
            self.sessions[dataset],
            dataset,
            user=self.owner,
            retry_failed=retry_failed,
            reextract=reextract,
            whole=self.whole,
        )

    async def persist(self, dataset: str, retry_failed: bool, reextract: bool, progress: Report) -> "PersistReport":
        from sessiongraph.api.persist import persist_sessions
        from sessiongraph.default_client import default_services
        from sessiongraph.persistence.persist import PersistReport

        report = await persist_sessions(
            default_services(),
            self.sessions[dataset],
            dataset,
            user=self.owner,
            run_in_background=False,
            retry_failed=retry_failed,
            reextract=reextract,
            create=True,
            whole=self.whole,
            progress=progress,
        )
        assert isinstance(report, PersistReport)
        return report


async def _plan(session_ids: list[str] | None, dataset: str | None, whole: bool, user: str | None) -> _Plan:
    from sessiongraph.api.context import acting_user, permitted
    from sessiongraph.api.persist import homes
    from sessiongraph.default_client import default_services

    services = default_services()
    owner = await acting_user(services, await acting(user))
    cached = [it.session_id for it in await sessiongraph.sessions.list_sessions(user=owner)]
    ids, kept = session_ids or cached, defaultdict[str, list[str]](list)
    if not set(ids) <= set(cached):
        for it in await persisted_sessions(owner):
            kept[it.session_id].append(it.dataset)
        ids = list(dict.fromkeys(meant(session_id, {*cached, *kept}, "sessions") for session_id in ids))
    found = await homes(services, ids, owner)
    target = (await permitted(services, owner, dataset, "write")).key if dataset is not None else None
    if dataset is not None and whole:
        return _Plan(owner, {dataset: ids}, True, [])
    main = f"{owner.name}/{MAIN_DATASET}"
    names = {target: dataset} if target is not None and dataset is not None else {}
    sessions: dict[str, list[str]] = {}
    left: list[str] = []
    for session_id in ids:
        if session_id not in found and target is None and session_id in kept:
            for name in kept[session_id]:
                sessions.setdefault(name, []).append(session_id)
            continue
        # What the cache does not have may have been persisted before.
        counts = found.get(session_id, {target or main: 0})
        for key, count in counts.items():
            name = names.get(key, key.removeprefix(f"{owner.name}/"))
            if key and target in (None, key):
                sessions.setdefault(name, []).append(session_id)
            elif not key:
                left.append(
                    f"{count} turn(s) of session {session_id} belong to a dataset that is gone: "
                    f"`sessiongraph persist {session_id} --whole -d NAME` copies them."
                )
            else:
                left.append(
                    f"{count} turn(s) of session {session_id} belong to {name} and were left: `sessiongraph persist "
                    f"{session_id}` brings each where it belongs, --whole copies them into {dataset}."
                )
    return _Plan(owner, sessions, False, left)


def _warn(reports: "dict[str, PersistReport]") -> bool:
    """Say what was left undone; whether something was. What the reports warn of, the library has logged."""
    for name, report in reports.items():
        for session_id in report.missing:
            warn(f"Neither the cache nor {name} knows session {session_id}.")
        for session_id, reason in report.unread.items():
            warn(f"Session {session_id} could not be read from the cache: {reason}")
        if report.secrets:
            warn(f"In what was staged, {told(report.secrets)}.")
        if report.quarantined:
            warn(f"{len(report.quarantined)} turn(s) failed too often to be tried again unasked: give --retry-failed.")
        if report.dropped.total():
            from sessiongraph.graph_schema import dropped_by_schema

            note(dropped_by_schema(report.dropped))
        if report.stale:
            note(
                f"{report.stale} turn(s) are stale: --reextract extracts them anew, with --dry-run it tells the price."
            )
    return any(report.failed or report.missing or report.unread for report in reports.values())


def _show_estimates(estimates: "dict[str, PersistEstimate]", as_json: bool) -> None:
    if as_json:
        return show_json(_estimate_summary(estimates))
    for dataset, estimate in estimates.items():
        say(f"{dataset}: {estimate}")
        if estimate.turns:
            rows = [
                (it.session_id, it.turn_id, it.action, it.reason, "yes" if it.staged else "") for it in estimate.turns
            ]
            columns = ["session", "turn", "would", "why", "staged"]
            show_table(f"Turns, if persisted into {dataset}", columns, rows, whole="turn")
    note("Nothing was written, and no model was called.")


def _estimate_summary(estimates: "dict[str, PersistEstimate]") -> dict[str, Any]:
    """All datasets' estimates as one; each turn says into which it would go."""
    from sessiongraph.default_client import default_services

    found = list(estimates.values())
    costs = [estimate.cost for estimate in found]
    return {
        "model": found[0].model if found else default_services().llm.model,
        **{name: sum(getattr(it, name) for it in found) for name in ("calls", "prompt_tokens", "completion_tokens")},
        "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
        "turns": [{**asdict(turn), "dataset": name} for name, it in estimates.items() for turn in it.turns],
        "missing": [session_id for it in found for session_id in it.missing],
        "unread": {session_id: why for it in found for session_id, why in it.unread.items()},
    }


def _summary(done: _Done) -> dict[str, Any]:
    """All datasets' reports as one; each session says into which it went."""
    reports, found = done.reports, list(done.reports.values())
    counts = ("persisted", "skipped", "failed", "stale", "staged", "settled", "extracted", "seconds")
    return {
        **{name: sum(getattr(report, name) for report in found) for name in counts},
        "quarantined": sum(len(report.quarantined) for report in found),
        "dropped": sum((report.dropped for report in found), Counter()),
        "datasets": {name: report.run_id for name, report in reports.items()},
        "usage": asdict(sum((report.usage for report in found), Usage())),
        "sessions": [
            {**asdict(outcome), "dataset": name} for name, it in reports.items() for outcome in it.sessions.values()
        ],
        "missing": [session_id for it in found for session_id in it.missing],
        "unread": {session_id: why for it in found for session_id, why in it.unread.items()},
        "warnings": [warning for it in found for warning in it.warnings],
        "secrets": sum((it.secrets for it in found), Counter()),
        "errors": {name: str(error) for name, error in done.errors.items()},
    }


def _became(turn: "TurnOutcome") -> str:
    return f"{turn.disposition}, quarantined" if turn.quarantined else turn.disposition


def _show(done: _Done) -> None:
    if not done.reports and not done.errors:
        say("There is no turn to persist.")
    for dataset, report in done.reports.items():
        say(f"{dataset}: {as_commands(str(report))}")
        turns = [(id_, turn) for id_, outcome in report.sessions.items() for turn in outcome.turns]
        if turns:
            rows = [(id_, turn.turn_id, _became(turn), turn.reason, short(turn.run_id)) for id_, turn in turns]
            show_table(f"Turns in {dataset}", ["session", "turn", "became", "why", "by run"], rows, whole="turn")
            note(f"{spent(report.usage)}.")
            next_step(f"sessiongraph graph --dataset {dataset} --node-set {SESSION_NODE_SET}")
