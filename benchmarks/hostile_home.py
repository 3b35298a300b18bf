"""A disk that is full, and a home that may not be written: a clear error, and nothing lost of what was there.

    python benchmarks/hostile_home.py

A full disk is one on which no file may grow beyond a limit, from one that lets nothing be written to one that lets the
last byte fail. Afterwards a normal run must bring the home to the state of an undisturbed one.
"""

import argparse
import ctypes
import os
import resource
import sys
from collections import Counter
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import benchmarks.crash_story as story
from benchmarks.crash_campaign import Campaign, campaign
from benchmarks.crash_children import in_child
from benchmarks.crash_faults import stores
from benchmarks.measure import write_figures
from tests.support.dataset_state import doubled

# An error of ours ends with its class and message; any other is a fault of the program.
OURS = "sessiongraph.errors."
_GROWING = ("grow", "forget session", "search")


def starve(made: Campaign, operation: story.Operation, limit: int) -> str:
    """Run `operation` where no file may grow beyond `limit` bytes; which error ended it."""
    what = f"files limited to {limit} bytes"
    with made.copy(operation.template) as home:
        ended = made.child(home, operation.work, limit=partial(_limit_files, limit))
        error = _named(made, operation, what, ended.error)
        found = in_child(lambda: made.in_home(home, lambda: [store.read(doubled) for store in stores().values()]))
        if found.error or any(found.value):
            made.failed(operation, what, found.error or f"rows twice: {found.value}")
        ended = made.child(home, operation.normal)
        if ended.error:
            made.failed(operation, what, f"the normal run: {ended.error}")
        else:
            made.compare(operation, what, home)
    return error


def lock_out(made: Campaign, operation: story.Operation) -> str:
    """Run `operation` where the home may be read, and nothing of it written; which error ended it."""
    what = "a home that is read-only"
    with made.copy(operation.template) as home:
        before = _contents(home)
        _set_writable(home, False)
        ended = made.child(home, operation.work, limit=_give_up_powers)
        _set_writable(home, True)
        error = _named(made, operation, what, ended.error)
        if _contents(home) != before:
            made.failed(operation, what, "something was written")
        made.child(home, operation.normal)
        made.compare(operation, what, home)
    return error


def limits(made: Campaign, steps: int) -> list[int]:
    """`steps` limits: from nothing, over the size of the largest file, to beyond what any operation needs."""
    largest = max(file.stat().st_size for file in (made.folder / "built").rglob("*.duckdb"))
    return [1 + largest * 5 // 4 * step // (steps - 1) for step in range(steps)]


def _named(made: Campaign, operation: story.Operation, what: str, error: str | None) -> str:
    last = error.strip().splitlines()[-1] if error else "no error"
    if error and not last.startswith(OURS):
        made.failed(operation, what, error)
    return last


def _limit_files(limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _give_up_powers() -> None:
    """Root may write whatever it likes: without capabilities it is an owner like any other, and can read what it must.

    Becoming another user would not do: that one may not be able to read the checkout.
    """
    if os.geteuid() == 0:
        # Version 3 of the header, this process; and two times no effective, permitted and inheritable capability.
        header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        if ctypes.CDLL(None, use_errno=True).capset(header, none):
            raise OSError(ctypes.get_errno(), "capset")


def _set_writable(home: Path, writable: bool) -> None:
    for path in (home, *home.rglob("*")):
        path.chmod((0o755 if writable else 0o555) if path.is_dir() else (0o644 if writable else 0o444))


def _contents(home: Path) -> dict[Path, bytes]:
    return {file.relative_to(home): file.read_bytes() for file in home.rglob("*") if file.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12, help="how many limits are tried")
    parser.add_argument("--kills", type=int, default=0, help="then kill so often, too: both need the same homes")
    parser.add_argument("--json", type=Path, help="where to write the figures of the kills")
    arguments = parser.parse_args()
    with campaign() as made:
        ends: Counter[str] = Counter()
        for operation in story.OPERATIONS:
            if operation.name in _GROWING:
                ends.update(starve(made, operation, limit).split(":")[0] for limit in limits(made, arguments.steps))
                ends.update([f"read-only: {lock_out(made, operation)}"])
        if arguments.kills:
            made.run(arguments.kills)
    for end, count in ends.most_common():
        print(f"{count:4}  {end}")
    print(*made.figures.failures, sep="\n")
    write_figures(arguments.json, vars(made.figures))
    print(f"lost {made.figures.lost}, doubled {made.figures.doubled}, failures {len(made.figures.failures)}")
    sys.exit(not made.figures.good)


if __name__ == "__main__":
    main()
