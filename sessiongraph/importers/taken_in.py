"""What a source of conversations is, from which an asset takes them in by itself, and what it gave."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessiongraph.services import Services
from sessiongraph.types import Dataset, User

if TYPE_CHECKING:
    from sessiongraph.importers.import_sessions import ImportReport


@dataclass
class TakenIn:
    """What sources gave: in how many `imports`, their turns by what became of them, how many secrets were masked.

    `failed` has what could not be taken, or not whole, by name, and why; `left_out` counts by kind.
    """

    imports: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    secrets: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, report: "ImportReport") -> None:
        self.imports += 1
        self.new += report.new
        self.changed += report.changed
        self.unchanged += report.unchanged
        self.withdrawn += report.withdrawn
        self.secrets += report.secrets
        self.left_out.update(report.left_out)


# Stages what belongs to the dataset of these sessions of a user's.
Stage = Callable[[User, Sequence[str]], Awaitable[None]]
# Takes what there is for a dataset into the cache, batch by batch, and has each staged before it lets go of where that
# came from; adds to what was taken. One that was killed goes on the next time: importing again adds nothing.
Source = Callable[[Services, Dataset, Stage, TakenIn], Awaitable[None]]
