"""The command line as a test uses it: in this process, so that models load once, with nobody at the terminal."""

import io
import json
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sessiongraph.settings import Settings

# How a terminal is told to print in bold, or in a colour.
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class _Screen(io.StringIO):
    """What is printed to a terminal."""

    def isatty(self) -> bool:
        return True


class Terminal:
    """Runs commands in `home`, which is the working directory too; `environment` holds for every one.

    Output goes into a pipe or, with `columns`, to a terminal that has so many.
    """

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = environment

    def __call__(self, *arguments: str, stdin: str = "", columns: int | None = None, **environment: str) -> Done:
        from sessiongraph.cli import main

        out, err = io.StringIO() if columns is None else _Screen(), io.StringIO()
        if columns is not None:
            environment["COLUMNS"] = str(columns)
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            isolate(patch, self.home)
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["sessiongraph", *arguments])
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            with pytest.raises(SystemExit) as ended:
                main()
        return Done(int(ended.value.code or 0), _STYLE.sub("", out.getvalue()), err.getvalue())


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Work in `home` alone: no setting of whoever runs the tests counts."""
    for name in (*Settings.model_fields, "dagster_home", "columns"):
        patch.delenv(name.upper(), raising=False)
    patch.setenv("SESSIONGRAPH_HOME", str(home / "home"))
    patch.chdir(home)
