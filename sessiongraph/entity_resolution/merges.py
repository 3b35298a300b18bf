"""Merges of names: which means the entity of which, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Merge:
    """The reason why `key` means the entity of `into`."""

    key: str
    into: str
    rule: str
    because: str


class Merges(Sequence[Merge]):
    """Merges by their names, put in order when they are first asked for."""

    def __init__(self, by_entity: Mapping[str, list[Merge]]) -> None:
        self._by_entity = by_entity

    def __getitem__(self, place: Any) -> Any:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == list(other)

    @cached_property
    def _all(self) -> list[Merge]:
        merges = (merge for of_entity in self._by_entity.values() for merge in of_entity)
        return sorted(merges, key=lambda merge: (merge.key, merge.into))


def written_merges(merges: list[Merge]) -> list[tuple[str, ...]]:
    return [astuple(merge) for merge in merges]


def read_merges(saved: list[list[str]]) -> list[Merge]:
    return [Merge(*columns) for columns in saved]
