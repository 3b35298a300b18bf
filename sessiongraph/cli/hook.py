"""`hook …`: what a coding agent starts by itself when something happens in it.

Claude Code's contract, https://code.claude.com/docs/en/hooks: JSON on stdin; 0 is well, 2 would keep the agent from
ending its turn, any other code shows stderr to the user and goes on; at the end of a session there are 1.5 seconds.

Invariants: never 2, but for an option without its value, which typer itself refuses; stdout stays empty; whoever calls
waits for the start of a process, never for the import, which that does. What it has to say, the next call passes on.
The folder that the agent works in is anybody's: its `.env` is not read, and no memory begins there unasked.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from sessiongraph.cli.options import UserName, acting, examples
from sessiongraph.cli.output import fail, run, warn
from sessiongraph.errors import InvalidInputError, SessionGraphError, StoreBusyError

app = typer.Typer(no_args_is_help=True, help="Started by a coding agent: what is said to it comes in by itself.")

_DatasetName = Annotated[
    str | None,
    typer.Option(
        "--dataset", "-d", metavar="NAME", help="Where the turns belong. Without it: the user's main_dataset."
    ),
]
_HOME = "SESSIONGRAPH_HOME"
_LOG, _LOCK = "claude_code_hook.log", "claude_code_hook.lock"
# A hook's JSON is a few hundred bytes; Claude's last message may be in it.
_MOST_READ = 16_000_000
_PATIENCE_SECONDS = 60


@app.command(
    "claude-code",
    epilog=examples(
        "sessiongraph hook claude-code --dataset work", after="For ~/.claude/settings.json: docs/service.md"
    ),
    # What typer refuses, it refuses with 2.
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def claude_code(context: typer.Context, dataset: _DatasetName = None, user: UserName = None) -> None:
    """Take what is new in the transcript of a Claude Code session into the cache, in the background.

    For the hooks Stop, PreCompact and SessionEnd, whose JSON is read from stdin.
    """
    try:
        if context.args:
            raise InvalidInputError(f"There is no {context.args[0]!r:.60}: see sessiongraph hook claude-code --help.")
        home, transcript = _home(), _transcript(sys.stdin.buffer.read(_MOST_READ))
        if not transcript.is_file():
            return  # nothing has been said yet
        home.mkdir(parents=True, exist_ok=True)
        said = _said_before(home / _LOG)
        _start_import(home, transcript, dataset, user)
    except (SessionGraphError, OSError) as error:
        fail(error if isinstance(error, SessionGraphError) else InvalidInputError(str(error)), "memory: ")
        raise typer.Exit(1) from None
    if said:
        warn(f"When the transcript was last taken into memory: {said}")
        raise typer.Exit(1)


@app.command("import", hidden=True, epilog=examples("sessiongraph hook import ~/.claude/projects/app/5e55.jsonl"))
def import_(transcript: Path, dataset: _DatasetName = None, user: UserName = None) -> None:
    """The import itself, one at a time: of two, the later one has read more."""
    import portalocker

    async def work() -> None:
        import sessiongraph

        await sessiongraph.sessions.import_file(
            transcript, user=await acting(user), dataset=dataset, format="claude-code"
        )

    try:
        with portalocker.Lock(_home() / _LOCK, "a", timeout=_PATIENCE_SECONDS):
            run("Importing…", work())
    except portalocker.LockException:
        raise StoreBusyError("Another import still goes on: the next one takes what is missing.") from None


def _home() -> Path:
    """The home, which has to be named: each folder that an agent works in would get one of its own."""
    given = os.environ.get(_HOME, "")
    home = Path(given).expanduser()
    if not given or not home.is_absolute():
        raise InvalidInputError(
            f'Set {_HOME} to the whole path of the memory\'s folder, under "env" in ~/.claude/settings.json.'
        )
    return home


def _transcript(body: bytes) -> Path:
    """The file that a hook's JSON names."""
    try:
        path = json.loads(body)["transcript_path"]
    except (ValueError, TypeError, KeyError, RecursionError):
        path = None
    if not isinstance(path, str) or not path or "\0" in path:
        raise InvalidInputError(
            "stdin holds no JSON of a hook with a transcript_path: Claude Code starts this command."
        )
    return Path(path).expanduser().absolute()


def _said_before(log: Path) -> str:
    """What the last import had to say, on one line: nothing, where all was well."""
    try:
        return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-500:]
    except FileNotFoundError:
        return ""


def _start_import(home: Path, transcript: Path, dataset: str | None, user: str | None) -> None:
    """Start the import in a session of its own, which the end of the agent does not end."""
    options = [*(["--dataset", dataset] if dataset else []), *(["--user", user] if user else [])]
    with (home / _LOG).open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "sessiongraph.cli", "hook", "import", *options, "--", str(transcript)],
            cwd=home,
            env={**os.environ, _HOME: str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
