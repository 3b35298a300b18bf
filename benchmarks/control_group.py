"""A control group of Linux for what a benchmark starts: what all of its processes cost together, and a limit of memory.

Made with the older interface where that is mounted, as in many containers, and with the newer one elsewhere, where
this was not tried. Needs root.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_ROOT = Path("/sys/fs/cgroup")
_OLDER = ("memory", "cpuacct")
_ENDING_SECONDS = 20


class ControlGroup:
    """The group `name`, which is made, with all that was written to it at `folders`."""

    def __init__(self, name: str, memory_bytes: int | None = None) -> None:
        self._is_older = (_ROOT / "memory").is_dir()
        self._folders = [_ROOT / of / name for of in _OLDER] if self._is_older else [_ROOT / name]
        for folder in self._folders:
            folder.mkdir()
        if memory_bytes is not None:
            limit = "memory.limit_in_bytes" if self._is_older else "memory.max"
            (self._folders[0] / limit).write_text(str(memory_bytes))

    def start(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
        """Start a process in the group; what it starts is in it, too."""

        def enter() -> None:
            for folder in self._folders:
                (folder / "cgroup.procs").write_text(str(os.getpid()))

        return subprocess.Popen(command, preexec_fn=enter, text=True, **options)

    @property
    def cpu_seconds(self) -> float:
        if self._is_older:
            return int((self._folders[1] / "cpuacct.usage").read_text()) / 1e9
        return self._told("cpu.stat")["usage_usec"] / 1e6

    @property
    def own_memory_mb(self) -> float:
        """What its processes hold that is no file's."""
        return self._told("memory.stat")["rss" if self._is_older else "anon"] / 1e6

    @property
    def written_mb(self) -> float:
        """What its processes, and those that they have waited for, had to be written to disks."""
        written = 0
        for process in self._processes():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                told = dict(line.split(": ") for line in Path(f"/proc/{process}/io").read_text().splitlines())
                written += int(told["write_bytes"]) - int(told["cancelled_write_bytes"])
        return written / 1e6

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
        return (self._folders[0] / "cgroup.procs").read_text().split()

    def _told(self, file: str) -> Mapping[str, int]:
        lines = (self._folders[0] / file).read_text().splitlines()
        return {name: int(value) for name, value in map(str.split, lines)}


@contextmanager
def control_group(name: str, memory_bytes: int | None = None) -> Iterator[ControlGroup]:
    group = ControlGroup(name, memory_bytes)
    try:
        yield group
    finally:
        group.end()
