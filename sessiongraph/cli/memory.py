"""`memory …`: what was learned of sessions beside their facts."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.facts import evidence_of
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import note, run, show_json, show_list
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.api.memory import Profile

app = typer.Typer(no_args_is_help=True, help="What was learned of sessions: who speaks in them.")

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
