"""Notes that a reader takes beside the text: what it left out or may have misread, and the day that the file gives."""

from dataclasses import dataclass, field
from datetime import date


@dataclass
class Notes:
    """`warnings` say in counts what was left out or may be misread, never in words of the file.

    `said_on` is the day that the file itself says it is of.
    """

    warnings: list[str] = field(default_factory=list)
    said_on: date | None = None

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)
