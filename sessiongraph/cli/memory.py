"""`memory …`: what was learned of sessions beside their facts: profiles of who speaks, and what sessions teach."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.facts import evidence_of
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, note, run, say, show_json, show_list
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.api.memory import Profile, SessionLesson
    from sessiongraph.persistence.lessons_estimate import LearnEstimate
    from sessiongraph.persistence.session_lessons import LessonsReport

app = typer.Typer(no_args_is_help=True, help="What was learned of sessions: who speaks, what they teach.")

Limit = Annotated[int, typer.Option("--limit", metavar="COUNT", help="How many at the most.")]


@app.command(epilog=examples("sessiongraph memory profiles -d demo", "sessiongraph memory profiles Ragna -d demo"))
def profiles(
    speaker: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this speaker's.")] = None,
    dataset: DatasetName = MAIN_DATASET,
    limit: Limit = 100,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """What stands about who speaks in sessions: who they are, what they prefer and plan."""

    async def work() -> "list[Profile]":
        return await sessiongraph.memory.profiles(dataset, speaker=speaker, limit=limit, user=await acting(user))

    found = run("Looking up profiles…", work())
    if as_json:
        return show_json(found)
    show_list(
        [(it.speaker, aspect, fact) for it in found for aspect, facts in it.aspects.items() for fact in facts],
        as_json,
        title=f"Who speaks in sessions of {dataset}",
        columns=["speaker", "aspect", "id", "statement", "evidence"],
        row=lambda line: (line[0], line[1], line[2].short_id, line[2].statement, evidence_of(line[2])),
        empty=f"Nothing stands about anybody who speaks in sessions of {dataset}.",
        whole="id",
    )
    if found:
        note(f"A wrong one? sessiongraph facts retract FACT -d {dataset}, or correct: see sessiongraph facts --help")


@app.command(epilog=examples("sessiongraph memory lessons -d demo", "sessiongraph memory lessons -d demo --kind open"))
def lessons(
    dataset: DatasetName = MAIN_DATASET,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Only decided, open, corrected or worked.")
    ] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="Only of this session.")] = None,
    limit: Limit = 100,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """What sessions teach: what was decided, what is open, what was corrected, what worked; each with its turns."""

    async def work() -> "list[SessionLesson]":
        return await sessiongraph.memory.lessons(
            dataset, kind=kind, session_id=session, limit=limit, user=await acting(user)
        )

    show_list(
        run("Looking up lessons…", work()),
        as_json,
        title=f"What sessions of {dataset} teach",
        columns=["kind", "lesson", "said", "evidence"],
        row=lambda it: (
            it.kind,
            it.text,
            moment(it.said_at),
            "\n".join(f"session {it.session_id}, turn {turn_id}" for turn_id in it.turn_ids),
        ),
        empty=f"None yet: sessiongraph memory learn -d {dataset} reads the sessions of which something is new.",
    )


@app.command(
    epilog=examples("sessiongraph memory learn -d demo", "sessiongraph memory learn -d demo --relearn --dry-run")
)
def learn(
    dataset: DatasetName = MAIN_DATASET,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Those too that failed too often.")] = False,
    relearn: Annotated[
        bool, typer.Option("--relearn", help="Those too from before, or read by another model or version.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be read, and what it costs.")] = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Read sessions of which something is new for what they teach: one call of the model each."""

    async def estimate() -> "LearnEstimate":
        return await sessiongraph.memory.estimate_learn(
            dataset, retry_failed=retry_failed, relearn=relearn, user=await acting(user)
        )

    if dry_run:
        estimated = run("Looking at what would be done…", estimate())
        return show_json(estimated) if as_json else say(f"{dataset}: {estimated}")

    async def work() -> "LessonsReport":
        return await sessiongraph.memory.learn(
            dataset, retry_failed=retry_failed, relearn=relearn, user=await acting(user)
        )

    report = run("Reading sessions…", work())
    if as_json:
        return show_json(report)
    say(str(report))
    for name, reason in report.failed.items():
        note(f"{name}: {reason}")
    if report.lessons:
        note(f"sessiongraph memory lessons -d {dataset} shows them.")
