"""`facts …`: what a dataset knows, fact by fact, and a person's word on one that is wrong."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, note, run, say, show_json, show_list
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.api.fact_records import Conflict, Fact

app = typer.Typer(
    no_args_is_help=True,
    help="Facts: listed with their sources, corrected, retracted; and those that contradict each other.",
)

FactId = Annotated[str, typer.Argument(metavar="FACT", help="The fact's id, or the first digits of it: see list.")]


@app.command(
    "list",
    epilog=examples("sessiongraph facts list -d demo --entity Alice", "sessiongraph facts list moved -d demo --all"),
)
def list_(
    dataset: DatasetName = MAIN_DATASET,
    query: Annotated[str | None, typer.Argument(metavar="WORDS", help="Only facts that have any of these.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", "-e", metavar="NAME", help="Only facts about this.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those too that are over, or that were retracted.")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="COUNT", help="How many at the most.")] = 100,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """What is known: each fact with its id, who states it and who corrected it."""

    async def work() -> "list[Fact]":
        who = await acting(user)
        return await sessiongraph.facts.list(
            dataset, entity=entity, query=query, include_superseded=every, limit=limit, user=who
        )

    found = run("Looking up facts…", work())
    show_list(
        found,
        as_json,
        title=f"Facts of {dataset}",
        columns=["id", "subject", "relation", "object", "when", "statement", "by", "evidence"],
        row=lambda fact: (
            fact.short_id,
            fact.subject,
            fact.relation,
            fact.object,
            _when(fact),
            fact.statement,
            _by(fact),
            evidence_of(fact),
        ),
        empty=f"No such fact. Without WORDS and --entity, all are listed: sessiongraph facts list -d {dataset} --all",
        whole="id",
    )
    if found and not as_json:
        note(f"A wrong one? sessiongraph facts retract FACT -d {dataset}, or correct: see sessiongraph facts --help")


@app.command(epilog=examples("sessiongraph facts conflicts -d demo"))
def conflicts(
    dataset: DatasetName = MAIN_DATASET,
    limit: Annotated[int, typer.Option("--limit", metavar="COUNT", help="How many at the most.")] = 100,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Facts that contradict each other, and of which none closes another: you say which are right."""

    async def work() -> "list[Conflict]":
        return await sessiongraph.facts.conflicts(dataset, limit=limit, user=await acting(user))

    found = run("Looking for contradictions…", work())
    if as_json:
        return show_json(found)
    facts = [(number, it, fact) for number, it in enumerate(found, start=1) for fact in it.facts]
    show_list(
        facts,
        as_json,
        title=f"What {dataset} says in more ways than can be so",
        columns=["", "of", "about", "id", "statement", "by", "evidence"],
        row=lambda row: (
            row[0],
            row[1].subject,
            row[1].about,
            row[2].short_id,
            row[2].statement,
            _by(row[2]),
            evidence_of(row[2]),
        ),
        empty=f"No facts of {dataset} contradict each other.",
        whole="id",
    )
    if found:
        note(
            f"Which is right? sessiongraph facts retract FACT -d {dataset}; or facts correct FACT --until DATE, "
            '--object NAME. Where both are: facts correct FACT --relation "also …".'
        )


@app.command(
    epilog=examples(
        "sessiongraph facts correct 55b2bce --object Rome -d demo",
        "sessiongraph facts correct 1f19a86 --until 2020-05 -d demo",
    )
)
def correct(
    fact: FactId,
    dataset: DatasetName = MAIN_DATASET,
    object_: Annotated[str | None, typer.Option("--object", metavar="NAME", help="The right object.")] = None,
    relation: Annotated[str | None, typer.Option("--relation", metavar="WORDS", help="The right relation.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="Since when it holds.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="When it ended.")] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Say what is right of a fact; what is not given stays. Dates are YYYY, YYYY-MM or YYYY-MM-DD."""

    async def work() -> "Fact":
        return await sessiongraph.facts.correct(
            dataset,
            fact,
            object=object_,
            relation=relation,
            valid_at=since,
            valid_until=until,
            user=await acting(user),
        )

    found = run("Correcting…", work())
    if as_json:
        return show_json(found)
    say(f"Corrected: {_told(found)}")
    note(f"Not so? sessiongraph facts undo {found.short_id} -d {dataset}")


@app.command(epilog=examples("sessiongraph facts retract 258296c -d demo"))
def retract(fact: FactId, dataset: DatasetName = MAIN_DATASET, user: UserName = None, as_json: AsJson = False) -> None:
    """Say that a fact is wrong: it is no longer shown, nor quoted as true."""

    async def work() -> "Fact":
        return await sessiongraph.facts.retract(dataset, fact, user=await acting(user))

    found = run("Retracting…", work())
    if as_json:
        return show_json(found)
    say(f"Retracted: {_told(found)}")
    note(f"Not so? sessiongraph facts undo {found.short_id} -d {dataset}")


@app.command(epilog=examples("sessiongraph facts undo 258296c -d demo"))
def undo(fact: FactId, dataset: DatasetName = MAIN_DATASET, user: UserName = None, as_json: AsJson = False) -> None:
    """Take back what was last said of a fact: it is again as its sources state it. `list --all` shows all ids."""

    async def work() -> "list[Fact]":
        return await sessiongraph.facts.undo(dataset, fact, user=await acting(user))

    found = run("Taking back…", work())
    if as_json:
        return show_json(found)
    for each in found:
        say(f"As it was: {_told(each)}")


def _told(fact: "Fact") -> str:
    return f"{fact.statement} ({fact.short_id}{f', {_when(fact)}' if _when(fact) else ''})"


def _when(fact: "Fact") -> str:
    until = f"until {fact.valid_until}" if fact.valid_until else ""
    return "never" if fact.retracted else " ".join(filter(None, (fact.valid_at, until)))


def _by(fact: "Fact") -> str:
    said = "retracted by" if fact.retracted else "corrected by"
    corrected = f"{said} {fact.corrected_by}\n{moment(fact.corrected_at)}" if fact.corrected_by else ""
    return "\n".join(filter(None, ("" if fact.stated_by == "correction" else fact.stated_by, corrected)))


def evidence_of(fact: "Fact") -> str:
    """Where a fact is stated, a line each."""
    places = (
        f"session {source.session_id}, turn {source.turn_id}" if source.turn_id else f"document {source.document_id}"
        for source in fact.sources
    )
    return "\n".join(dict.fromkeys(places))
