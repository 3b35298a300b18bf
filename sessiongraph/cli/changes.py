"""`changes …`: the pages of what runs added to a dataset's graph, found and opened."""

import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, note, run, say, show_list
from sessiongraph.errors import InvalidInputError
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.api.changes import ChangePage

app = typer.Typer(no_args_is_help=True, help="Pages of changes: what each run added, with its evidence.")


@app.command("list", epilog=examples("sessiongraph changes list --dataset demo"))
def list_(dataset: DatasetName = MAIN_DATASET, user: UserName = None, as_json: AsJson = False) -> None:
    """The pages that there are, the newest first."""
    show_list(
        run("Looking up pages…", _pages(dataset, user)),
        as_json,
        title=f"Changes of {dataset}",
        columns=["run", "asset", "made (UTC)"],
        row=lambda page: (page.run_id, page.asset, moment(page.made_at)),
        empty=f"Nothing has been added to {dataset} yet.",
        whole="run",
    )


@app.command("open", epilog=examples("sessiongraph changes open", "sessiongraph changes open 5f0c -d ada/notes"))
def open_(
    run_id: Annotated[
        str | None, typer.Argument(metavar="RUN", help="The run's id, or its beginning; without it, the newest.")
    ] = None,
    dataset: DatasetName = MAIN_DATASET,
    user: UserName = None,
) -> None:
    """Open a page in the browser, and print where it is."""
    pages = run("Looking up pages…", _pages(dataset, user))
    found = [page for page in pages if page.run_id.startswith(run_id or "")]
    if not found:
        raise InvalidInputError(
            f"There is no page of changes of {dataset}{f' by run {run_id}' if run_id else ''}: "
            f"sessiongraph changes list -d {dataset} shows those that there are."
        )
    say(found[0].path)
    if not webbrowser.open(run("Looking up the page…", _address(dataset, found[0], user))):
        note("No browser was found here: open the file in one.")


async def _pages(dataset: str, user: str | None) -> "list[ChangePage]":
    from sessiongraph.api.changes import change_pages
    from sessiongraph.default_client import default_services

    return await change_pages(default_services(), dataset, await acting(user))


async def _address(dataset: str, page: "ChangePage", user: str | None) -> str:
    from sessiongraph.api.changes import page_address
    from sessiongraph.default_client import default_services

    return await page_address(default_services(), dataset, page, await acting(user))
