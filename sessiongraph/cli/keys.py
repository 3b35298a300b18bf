"""`users key …`: the keys by which the service knows whose a request is."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, examples
from sessiongraph.cli.output import moment, note, run, say, show_json, show_list

if TYPE_CHECKING:
    from sessiongraph.access.keys import ApiKey

app = typer.Typer(
    no_args_is_help=True,
    help="API keys of a user, for `sessiongraph serve`.",
    epilog=examples("sessiongraph users key create ana@example.com"),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


@app.command(
    epilog=examples(
        "sessiongraph users key create ana@example.com",
        "sessiongraph users key create ana@example.com --scope read --days 30",
    )
)
def create(
    name: Name,
    scope: Annotated[str, typer.Option("--scope", help="read: ask and list. write: put in too. admin: share too.")] = (
        "write"
    ),
    days: Annotated[int | None, typer.Option("--days", help="How long it is good. Without it: until revoked.")] = None,
    as_json: AsJson = False,
) -> None:
    """A new key of the user, which is printed once. From the first one on, the service serves nobody without one."""

    async def work() -> "tuple[ApiKey, str]":
        return await sessiongraph.users.create_key(await sessiongraph.users.get(name), scope=scope, days=days)

    made, key = run("Creating…", work())
    if as_json:
        return show_json({**_as_json(made), "key": key})
    say(key)
    note(f"Key {made.id} of {name} ({made.scope}). It is shown this once: keep it, and send it as")
    note("  Authorization: Bearer KEY")


@app.command("list", epilog=examples("sessiongraph users key list ana@example.com"))
def list_(name: Name, as_json: AsJson = False) -> None:
    """The user's keys: their ids, what they may do, and until when. Never the keys themselves."""

    async def work() -> "list[ApiKey]":
        return await sessiongraph.users.list_keys(await sessiongraph.users.get(name))

    show_list(
        run("Looking up keys…", work()),
        as_json,
        title=f"Keys of {name}",
        columns=["key", "scope", "state", "created (UTC)", "expires (UTC)"],
        row=lambda key: (key.id, key.scope, key.state, moment(key.created_at), moment(key.expires_at)),
        empty=f"{name} has no key. Make one: sessiongraph users key create {name}",
        whole="key",
        json=_as_json,
    )


@app.command(epilog=examples("sessiongraph users key revoke ana@example.com 3f2a91c04b7d"))
def revoke(
    name: Name, key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `users key list` shows it.")]
) -> None:
    """End a key, at once and for good."""

    async def work() -> "ApiKey":
        return await sessiongraph.users.revoke_key(await sessiongraph.users.get(name), key_id)

    run("Revoking…", work())
    say(f"Key {key_id} of {name} is revoked.")


def _as_json(key: "ApiKey") -> dict[str, object]:
    return {
        "id": key.id,
        "user": key.user.name,
        "scope": key.scope,
        "state": key.state,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }
