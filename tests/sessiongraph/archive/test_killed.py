"""A process that is killed while it exports or imports leaves nothing that anybody sees, and what it left goes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sessiongraph.archive.conftest import Home

# Calls, and is killed by itself when it is told for the n-th time how far it is, or at the place that is named.
PROGRAM = """
import asyncio, os, signal, sys
from sessiongraph import SessionGraph, Settings
from sessiongraph.store.graph_store import GraphStore

home, call, file, when = sys.argv[1:]

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    if when == "placing":
        os.replace = kill  # what a path's `replace` calls
        import pathlib
        pathlib.Path.replace = lambda self, to: kill() if "datasets" in str(to) else os.rename(self, to)
    import sessiongraph.archive.load as load, sessiongraph.archive.export as export
    told = 0

    def count(function):
        def counted(*given):
            nonlocal told
            told += 1
            if str(told) == when:
                kill()
            return function(*given)
        return counted

    load._check_table = count(load._check_table)
    export._add = count(export._add)
    load.check_rows = kill if when == "checking" else load.check_rows
    async with SessionGraph(Settings(home=home)) as client:
        await (client.export_dataset("d", file) if call == "export" else client.import_dataset(file))

asyncio.run(main())
"""


def killed(project_root: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": str(project_root)},
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize("when", ["1", "5", "checking", "placing"])
async def test_a_killed_import_leaves_nothing_and_the_next_one_clears_up(
    exported: Path, new: Home, project_root: Path, when: str
) -> None:
    killed(project_root, str(new.path), "import", str(exported), when)
    assert len(new.left()) == 1
    # Killed between the last two steps, the dataset is there and empty: it is filled by the next.
    assert new.datasets() == (["default_user/d"] if when == "placing" else [])
    for dataset in await new.client.datasets.list():
        assert await new.client.documents.list(dataset.name) == []

    assert (await new.client.import_dataset(exported)).documents == 2
    assert new.left() == []
    assert len(await new.client.documents.list("d")) == 5


@pytest.mark.parametrize("when", ["1", "9"])
async def test_a_killed_export_leaves_no_archive_and_the_next_one_clears_up(
    old: Home, tmp_path: Path, project_root: Path, when: str
) -> None:
    killed(project_root, str(old.path), "export", str(tmp_path / "d.zip"), when)
    assert [name for name in os.listdir(tmp_path) if "d.zip" in name] == [".d.zip.partial"]
    await old.client.export_dataset("d", tmp_path / "d.zip")
    assert [name for name in os.listdir(tmp_path) if "d.zip" in name] == ["d.zip"]


def killed_after(project_root: Path, seconds: float, *arguments: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments, "never"],
        env={**os.environ, "PYTHONPATH": str(project_root)},
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(seconds)
        process.kill()


async def test_an_import_that_is_killed_at_any_time_can_be_made_again(
    exported: Path, new: Home, project_root: Path
) -> None:
    for seconds in (0.6, 0.9, 1.2, 1.6):
        killed_after(project_root, seconds, str(new.path), "import", str(exported))
        for dataset in await new.client.datasets.list():
            assert len(await new.client.documents.list(dataset.name)) in (0, 5)
            await new.client.datasets.delete(dataset.name)
    await new.client.import_dataset(exported)
    assert new.left() == []
    assert len(await new.client.documents.list("d")) == 5
