"""What was found of all that a dataset holds, kept beside its store: the next process looks only at what came since.

Invariant: what is kept is derived, and may be lost. It counts for the store that it was found in alone, one that still
has every row that it had then (rows are only added, and `forget` deletes), and for the same `basis`: whatever else it
rests on, such as the code and the model. Where any of that differs, everything is looked at anew.
"""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

# In the dataset's folder.
FOLDER = "findings"
_COUNTED = ("documents", "chunks", "turns", "ledger", "windows", "mentions", "claims", "embeddings")
_NEWEST = "SELECT seq, run_id, committed_at::VARCHAR FROM commits ORDER BY seq DESC LIMIT 1"
_COMMIT = "SELECT seq, run_id, committed_at::VARCHAR FROM commits WHERE seq = {seq}"
# A turn has a row for each of its versions; a document is as it is from the beginning.
_TOUCHED = """
SELECT document_id FROM {table} WHERE seq > {since}
UNION SELECT document_id FROM {table} WHERE passage_id IN (SELECT passage_id FROM ledger WHERE seq > {since})
"""


@dataclass(frozen=True)
class Mark:
    """A store as it was at a commit: the commit's number, run and time, and how many rows each table had."""

    commit: list[Any]
    rows: list[int]

    @property
    def seq(self) -> int:
        return int(self.commit[0]) if self.commit else 0

    def holds(self, connection: "duckdb.DuckDBPyConnection") -> bool:
        """Whether the store behind `connection` still has all that it had then."""
        return _mark(connection, connection.execute(_COMMIT.format(seq=self.seq)).fetchall()) == self


def newest_mark(connection: "duckdb.DuckDBPyConnection") -> Mark:
    """The store behind `connection` as it is now."""
    return _mark(connection, connection.execute(_NEWEST).fetchall())


def _mark(connection: "duckdb.DuckDBPyConnection", found: list[Any]) -> Mark:
    """The store as it was at the commit that was `found`, or what is left of that."""
    commit = list(found[0]) if found else []
    until = commit[0] if commit else 0
    counts = (f"SELECT {n}, count(*) FROM {table} WHERE seq <= {until}" for n, table in enumerate(_COUNTED))
    return Mark(commit, [count for _, count in sorted(connection.execute(" UNION ALL ".join(counts)).fetchall())])


@dataclass(frozen=True)
class KeptFinding:
    """The finding called `name` on the dataset whose `folder` this is."""

    folder: Path
    name: str
    basis: str = ""

    def read(self, connection: "duckdb.DuckDBPyConnection") -> tuple[int, Any] | None:
        """The number of the commit up to which it goes, and what was found; None where nothing is kept that counts."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            mark, value = Mark(**kept["mark"]), kept["value"]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return (mark.seq, value) if kept.get("basis") == self.basis and mark.holds(connection) else None

    def keep(self, mark: Mark, value: Any) -> None:
        """Keep what was found in the store as of `mark`. To be called under the store's lock, or a `forget` might be
        followed by what it had removed.

        Whoever writes last is right, too: what is kept says how far it goes. Where it cannot be written, everything is
        looked at once more.
        """
        new = self._file.with_name(f".{self.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps({"basis": self.basis, "mark": vars(mark), "value": value}), encoding="utf-8")
            new.replace(self._file)

    @property
    def _file(self) -> Path:
        return self.folder / FOLDER / f"{self.name}.json"


@dataclass(frozen=True)
class Look:
    """Where to look: in the `documents`, or in all for None. `before` is what was found in documents until then."""

    mark: Mark
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

    def look(self, connection: "duckdb.DuckDBPyConnection", again: bool = True) -> Look:
        """What must be read: where something came since and, `again`, of what something was said."""
        mark, found = newest_mark(connection), self.kept.read(connection)
        if found is None:
            return Look(mark, None, {})
        since, before = found
        touched = connection.execute(_TOUCHED.format(table=self.table, since=since)).fetchall()
        return Look(mark, sorted({id_ for (id_,) in touched} | (set(before) if again else set())), before)

    def keep(self, look: Look, found: Mapping[str, int]) -> None:
        """Keep what there is to say of all documents as of `look`."""
        self.kept.keep(look.mark, dict(found))


def documents_of(looks: Collection[Look]) -> list[str] | None:
    """The documents that any of `looks` is about; None for all there are."""
    documents: set[str] = set()
    for look in looks:
        if look.documents is None:
            return None
        documents.update(look.documents)
    return sorted(documents)


def remove_findings(folder: Path) -> None:
    """Remove all that was found of the dataset whose `folder` this is: it names documents."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def code_version() -> str:
    """A hash of the package's source: what other code found of passages, which it may have read otherwise, is not
    relied on."""
    digest = hashlib.blake2b(digest_size=16)
    for file in _sources():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield from sorted(Path(__file__).parent.parent.rglob("*.py"))
