"""`datasets schema …`: the types, relations and instructions that a dataset's graph is held to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, UserName, acting, examples
from sessiongraph.cli.output import note, run, say, show_json

if TYPE_CHECKING:
    from sessiongraph.graph_schema import GraphSchema

app = typer.Typer(no_args_is_help=True, help="Schemas of one's own: types, relations, names, instructions.")

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Its name, or owner/name.")]
_THEN = "What is in the graph stays as it is, and is stale: cognify and persist with --reextract read it anew, and with"


@app.command("set", epilog=examples("sessiongraph datasets schema set work schema.yaml"))
def set_(
    name: Name,
    file: Annotated[Path, typer.Argument(help="YAML; or RDF and OWL: .ttl, .owl, .rdf, .xml, .nt, .jsonld.")],
    user: UserName = None,
) -> None:
    """Hold what is extracted from now on to a schema."""

    async def work() -> bool:
        return await sessiongraph.datasets.set_schema(name, file, user=await acting(user))

    if not run("Reading…", work()):
        return say(f"{name} has that schema already.")
    say(f"{name} has a schema of its own.")
    note(f"{_THEN} --dry-run they tell the price.")


@app.command(epilog=examples("sessiongraph datasets schema show work > schema.yaml"))
def show(name: Name, user: UserName = None, as_json: AsJson = False) -> None:
    """The schema as YAML, as `set` takes it."""

    async def work() -> "GraphSchema | None":
        return await sessiongraph.datasets.get_schema(name, user=await acting(user))

    schema = run("Looking up…", work())
    if as_json:
        return show_json(schema and schema.model_dump(mode="json"))
    if schema is None:
        return note(f"{name} has no schema of its own: sessiongraph datasets schema set {name} FILE gives it one.")
    import yaml

    fields = schema.model_dump(mode="json", exclude_defaults=True)
    typer.echo(yaml.safe_dump(fields, allow_unicode=True), nl=False)


@app.command(epilog=examples("sessiongraph datasets schema remove work"))
def remove(name: Name, user: UserName = None) -> None:
    """Take the schema away."""

    async def work() -> bool:
        return await sessiongraph.datasets.set_schema(name, None, user=await acting(user))

    removed = run("Removing…", work())
    say(f"{name} has no schema of its own{' any more' if removed else ''}.")
