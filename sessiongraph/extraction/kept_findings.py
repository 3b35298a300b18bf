"""What was found of all that a dataset holds, kept beside its store: the next process looks only at what came since.

Invariant: what is kept is derived, and may be lost. It counts for the store that it was found in alone, one that still
has every row that it had then (`StoreVersion`), and for the same `basis`: whatever else it rests on, such as the code
and the model. Where any of that differs, everything is looked at anew. `GraphStore.rewrite` removes all of it.
"""

import json
import os
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessiongraph.store.store_version import StoreVersion, continues

if TYPE_CHECKING:
    from sessiongraph.store.connection import StoreConnection

# A turn has a row for each of its versions; a document is as it is from the beginning.
_TOUCHED = """
SELECT document_id FROM {table} WHERE seq > {since}
UNION SELECT document_id FROM {table} WHERE passage_id IN (SELECT passage_id FROM ledger WHERE seq > {since})
"""


@dataclass(frozen=True)
class KeptFinding:
    """The finding called `name` in `folder`, the store's `findings`."""

    folder: Path
    name: str
    basis: str = ""

    def read(self, connection: "StoreConnection", now: StoreVersion) -> tuple[StoreVersion, Any] | None:
        """Up to which version it goes, and what was found; None where nothing is kept that counts for the store, which
        is at version `now`."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            version, value = StoreVersion.of_json(kept["version"]), kept["value"]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        counts = kept.get("basis") == self.basis and (version == now or continues(connection, version))
        return (version, value) if counts else None

    def keep(self, version: StoreVersion, value: Any) -> None:
        """Keep what was found in the store as of `version`. To be called under the store's lock, or a `forget` might be
        followed by what it had removed.

        Whoever writes last is right, too: what is kept says how far it goes. Where it cannot be written, everything is
        looked at once more.
        """
        new = self._file.with_name(f".{self.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            new.parent.mkdir(parents=True, exist_ok=True)
            kept = {"basis": self.basis, "version": version.as_json(), "value": value}
            new.write_text(json.dumps(kept), encoding="utf-8")
            new.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.name}.json"


@dataclass(frozen=True)
class Look:
    """Where to look: in the `documents`, or in all for None. `before` is what was found in documents until then."""

    version: StoreVersion
    documents: list[str] | None
    before: Mapping[str, int]

    def with_what_is_found(self, found: Mapping[str, int], read: list[str] | None) -> dict[str, int]:
        """What there is to say of all documents, where `found` is that of those that were `read` (None: of all)."""
        if read is None:
            return dict(found)
        known = set(read)
        return {id_: count for id_, count in self.before.items() if id_ not in known} | dict(found)


@dataclass(frozen=True)
class DocumentsFinding:
    """How many passages there are in which documents of which something is to be said; of the others, nothing is.

    The passages are those of `table`: chunks or turns.
    """

    kept: KeptFinding
    table: str

    def look(self, connection: "StoreConnection", now: StoreVersion, again: bool = True) -> Look:
        """What must be read of the store, at version `now`: where something came since and, `again`, of what something
        was said."""
        found = self.kept.read(connection, now)
        if found is None:
            return Look(now, None, {})
        version, before = found
        touched: list[tuple[str]] = []
        if version != now:
            touched = connection.execute(_TOUCHED.format(table=self.table, since=version.seq)).fetchall()
        return Look(now, sorted({id_ for (id_,) in touched} | (set(before) if again else set())), before)

    def keep(self, look: Look, found: Mapping[str, int]) -> None:
        """Keep what there is to say of all documents as of `look`."""
        self.kept.keep(look.version, dict(found))


def documents_of(looks: Collection[Look]) -> list[str] | None:
    """The documents that any of `looks` is about; None for all there are."""
    documents: set[str] = set()
    for look in looks:
        if look.documents is None:
            return None
        documents.update(look.documents)
    return sorted(documents)
