"""A copy of a home, whole although the project runs on: `python3 backup.py HOME TARGET`. Needs nothing but Python.

A dataset's file is whole between two commits: it is copied under the store's own lock, shared, so that readers go on
and a writer waits for the time of the copy. SQLite's files are copied by its own backup. Sessions are copied
first and users and grants last: what is persisted meanwhile is in both copies, and every dataset has its owner.
"""

import fcntl
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def back_up(home: Path, target: Path) -> None:
    """Copy `home` to `target`, which must not exist yet; under its name it appears when it is whole."""
    if target.exists():
        sys.exit(f"{target} is there already: name a new folder.")
    if not (home / "access.sqlite").is_file():
        sys.exit(f"{home} is no home of sessiongraph: there is no access.sqlite in it.")
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    unfinished.chmod(0o700)
    sqlite_files = [home / "sessions.sqlite", *(home / "dagster").rglob("*.db")]
    for file in filter(Path.is_file, sqlite_files):
        _copy_sqlite(file, unfinished / file.relative_to(home))
    for name in ("dagster.yaml", "workspace.yaml"):
        if (home / "dagster" / name).is_file():
            shutil.copy2(home / "dagster" / name, unfinished / "dagster" / name)
    for dataset in sorted((home / "datasets").glob("*/")):
        _copy_dataset(dataset, unfinished / dataset.relative_to(home))
    if (home / "inbox").is_dir():
        shutil.copytree(home / "inbox", unfinished / "inbox")
    _copy_sqlite(home / "access.sqlite", unfinished / "access.sqlite")
    unfinished.rename(target)


def _copy_dataset(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    with (source / "graph.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        # With its log, where a writer that was killed left one: DuckDB plays it back.
        for file in source.glob("graph.duckdb*"):
            shutil.copy2(file, target / file.name)
        for folder in filter(Path.is_dir, (source / "files", source / "changes")):
            shutil.copytree(folder, target / folder.name)


def _copy_sqlite(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    back_up(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
