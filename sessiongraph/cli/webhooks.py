"""`webhooks …`: who is told, by HTTP, of what was persisted, failed and was forgotten."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, note, run, say, show_json, show_list, warn
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.access.webhooks import Webhook
    from sessiongraph.delivery.sending import Attempt

app = typer.Typer(no_args_is_help=True, help="Webhooks: who is told of what happens in a dataset.")

Id = Annotated[str, typer.Argument(metavar="ID", help="As `webhooks list` shows it.")]


@app.command(
    epilog=examples(
        "sessiongraph webhooks create https://example.com/hook --dataset work",
        "sessiongraph webhooks create https://example.com/hook --event passages.failed",
        after="What is sent, and how its signature is checked: docs/webhooks.md",
    )
)
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted to, by https.")],
    dataset: DatasetName = MAIN_DATASET,
    event: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="NAME", help="Only this event; may be repeated. Without it: all."),
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Have a URL told of what happens in a dataset from now on. The secret that signs it is printed once."""

    async def work() -> "tuple[Webhook, str]":
        return await sessiongraph.webhooks.create(url, dataset, events=event, user=await acting(user))

    made, secret = run("Creating…", work())
    if as_json:
        return show_json({"webhook": made, "secret": secret})
    say(secret)
    note(f"Webhook {made.id} of {made.dataset}. Its secret is shown this once: the receiver checks signatures with it.")
    note(f"Next: sessiongraph webhooks test {made.id}")


@app.command("list", epilog=examples("sessiongraph webhooks list"))
def list_(user: UserName = None, as_json: AsJson = False) -> None:
    """The user's webhooks, and how they fare. Never their secrets."""

    async def work() -> "list[Webhook]":
        return await sessiongraph.webhooks.list(user=await acting(user))

    show_list(
        run("Looking up webhooks…", work()),
        as_json,
        title="Webhooks",
        columns=["webhook", "dataset", "url", "events", "state", "last delivered (UTC)", "last error"],
        row=lambda it: (
            it.id,
            it.dataset,
            it.url,
            ", ".join(it.events),
            _state(it),
            moment(it.delivered_at),
            it.last_error,
        ),
        empty="There is no webhook yet. Make one: sessiongraph webhooks create URL",
        whole="webhook",
    )


@app.command(epilog=examples("sessiongraph webhooks test 3f2a91c04b7d"))
def test(webhook_id: Id, user: UserName = None, as_json: AsJson = False) -> None:
    """Send a test event now. Where it is received, a webhook that failed is tried again at once."""

    async def work() -> "Attempt":
        return await sessiongraph.webhooks.test(webhook_id, user=await acting(user))

    attempt = run("Sending…", work())
    if as_json:
        show_json(attempt)
    elif attempt.error is None:
        say(f"Received (HTTP {attempt.status}).")
    else:
        warn(f"Not received: {attempt.error}.")
    if attempt.error is not None:
        raise typer.Exit(1)


@app.command(epilog=examples("sessiongraph webhooks delete 3f2a91c04b7d"))
def delete(webhook_id: Id, user: UserName = None) -> None:
    """Delete a webhook: it is told nothing more."""

    async def work() -> None:
        await sessiongraph.webhooks.delete(webhook_id, user=await acting(user))

    run("Deleting…", work())
    say(f"Webhook {webhook_id} was deleted.")


def _state(hook: "Webhook") -> str:
    return hook.state if hook.failing_since is None else f"{hook.state} since {moment(hook.failing_since)}"
