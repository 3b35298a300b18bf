"""`changes …`: the pages of what runs added to a dataset's graph, found and opened."""

import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, note, run, say, show_list
from sessiongraph.errors import InvalidInputError
from sessiongraph.types import MAIN_DATASET

app = typer.Typer(no_args_is_help=True, help="Pages of changes: what each run added, with its evidence.")


@dataclass(frozen=True)
class Page:
    """A page of what the run `run_id` of `asset` brought."""

    run_id: str
    asset: str
    made_at: datetime
    path: str


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
    if not webbrowser.open(Path(found[0].path).as_uri()):
        note("No browser was found here: open the file in one.")


async def _pages(dataset: str, user: str | None) -> list[Page]:
    from sessiongraph.changes.page_store import list_pages
    from sessiongraph.default_client import default_services

    reader = await acting(user)
    services = default_services()
    store = services.store(services.access.resolve(reader or services.access.default_user(), dataset, "read"))
    pages = [
        Page(path.stem, path.parent.name, datetime.fromtimestamp(path.stat().st_mtime, UTC), str(path.resolve()))
        for path in list_pages(store)
    ]
    return sorted(pages, key=lambda page: page.made_at, reverse=True)
