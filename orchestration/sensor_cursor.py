"""Cursors of sensors: what a tick leaves for the next one, as JSON.

Invariant: nothing is lost with it. One of another version, or garbage, is read as one that knows nothing yet.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Cursor(BaseModel):
    """A cursor of version 1; what else it holds belongs to its sensor, with a default for each field."""

    model_config = ConfigDict(strict=True, extra="forbid")

    version: int = Field(default=1, ge=1, le=1)

    @classmethod
    def read(cls, text: str | None) -> Self:
        """That in `text`, or a new one."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()
