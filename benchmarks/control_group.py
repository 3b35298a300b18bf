"""A control group of Linux for what a benchmark starts: what all of its processes cost together, and a limit of memory.

Processes and their CPU time are counted by the newer interface, which is mounted by itself or, beside the older one, as
`unified`; what they hold and write is told by /proc. The limit is set where the controller of memory is: seen to work
with the older interface, and not tried with the newer one. Needs root.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_ROOT = Path("/sys/fs/cgroup")
_ENDING_SECONDS = 20


class ControlGroup:
    """The group `name`, which is made, and has at most so much memory, pages of files included."""

    def __init__(self, name: str, memory_bytes: int | None = None) -> None:
        newer = next(root for root in (_ROOT, _ROOT / "unified") if (root / "cgroup.procs").exists())
        self._folder = newer / name
        self._folders = [self._folder]
        if memory_bytes is not None and (_ROOT / "memory").is_dir():
            self._folders.append(_ROOT / "memory" / name)
        for folder in self._folders:
            folder.mkdir()
        if memory_bytes is None:
            return
        if len(self._folders) > 1:
            (self._folders[1] / "memory.limit_in_bytes").write_text(str(memory_bytes))
        else:
            (newer / "cgroup.subtree_control").write_text("+memory")
            (self._folder / "memory.max").write_text(str(memory_bytes))

    def start(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
        """Start a process in the group; what it starts is in it, too."""

        def enter() -> None:
            for folder in self._folders:
                (folder / "cgroup.procs").write_text(str(os.getpid()))

        return subprocess.Popen(command, preexec_fn=enter, text=True, **options)

    @property
    def cpu_seconds(self) -> float:
        told = dict(line.split() for line in (self._folder / "cpu.stat").read_text().splitlines())
        return int(told["usage_usec"]) / 1e6

    @property
    def own_memory_mb(self) -> float:
        """What its processes hold that is no file's; what several share counts once."""
        return sum(it.get("Pss_Anon", 0) for it in self._told_of_each("smaps_rollup")) * 1024 / 1e6

    @property
    def written_mb(self) -> float:
        """What its processes, and those that they have waited for, had to be written to disks."""
        return sum(it["write_bytes"] - it["cancelled_write_bytes"] for it in self._told_of_each("io")) / 1e6

    def end(self) -> None:
        """End what still runs in it, and remove it."""
        deadline = time.monotonic() + _ENDING_SECONDS
        while (running := self._processes()) and time.monotonic() < deadline:
            for process in running:
                with suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
            time.sleep(0.05)
        for folder in self._folders:
            folder.rmdir()

    def _processes(self) -> list[str]:
        return (self._folder / "cgroup.procs").read_text().split()

    def _told_of_each(self, file: str) -> Iterator[dict[str, int]]:
        """The numbers in that file of /proc, of each process."""
        for process in self._processes():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
                words = (line.split(":") for line in lines if ": " in line)
                yield {name: int(value.split()[0]) for name, value in words}


@contextmanager
def control_group(name: str, memory_bytes: int | None = None) -> Iterator[ControlGroup]:
    group = ControlGroup(name, memory_bytes)
    try:
        yield group
    finally:
        group.end()
