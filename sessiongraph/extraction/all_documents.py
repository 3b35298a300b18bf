"""All documents of an asset, as a build looks at them: it reads those to which something came since the last look, and
those of which something was left: what is unsettled, what has no vector and, where that is asked for, what is stale.

Invariant: what is due is a set difference, whether all documents are read or these. Whether a passage is settled is a
function of its document's rows, of the ledger's, of the code and of the extractor; whether it has a vector, of the
embedder too. Where none of these has changed since a look, nor has what it found (`kept_findings`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from sessiongraph.extraction.kept_findings import DocumentsFinding, KeptFinding, Look, documents_of
from sessiongraph.extraction.ledger import LedgerRow, Passage, Status
from sessiongraph.source_digest import source_digest
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.store.store_version import continues
from sessiongraph.types import PASSAGE_TABLES

# A hash of the rooms that say which passages there are, and how they stand.
_JUDGING_CODE = source_digest("extraction", "persistence", "prompts")
_VERDICTS = """
SELECT disposition, reason, count(*) FROM current_ledger
WHERE passage_id IN (SELECT passage_id FROM {table}) GROUP BY disposition, reason
"""


class AllDocuments:
    """One look at all documents of `asset` in `store`. Not safe to share between threads."""

    def __init__(self, store: GraphStore, asset: str, extractor: str, embedding_model: str) -> None:
        self._table = PASSAGE_TABLES[asset]

        def finding(name: str, other: str) -> DocumentsFinding:
            return DocumentsFinding(
                KeptFinding(store.findings, f"{name}_{self._table}", f"{_JUDGING_CODE} {other}"), self._table
            )

        self._unsettled, self._stale = finding("unsettled", extractor), finding("stale", extractor)
        self._unembedded = finding("unembedded", embedding_model)
        self._looks: dict[str, Look] = {}
        # To be read; None for all there are.
        self.documents: list[str] | None = None
        # How many passages are stale in documents that are not read.
        self.stale_in_others = 0

    def look(self, connection: StoreConnection, read_stale: bool) -> list[str] | None:
        """Say which documents must be read; None for all."""
        now = connection.version()
        self._looks = {
            "unsettled": self._unsettled.look(connection, now),
            "stale": self._stale.look(connection, now, again=read_stale),
            "unembedded": self._unembedded.look(connection, now),
        }
        self.documents = documents_of(self._looks.values())
        return self.documents

    def look_for_unembedded(self, connection: StoreConnection) -> list[str] | None:
        """The same where nothing but vectors matters."""
        self._looks = {"unembedded": (look := self._unembedded.look(connection, connection.version()))}
        self.documents = look.documents
        return self.documents

    def keep_statuses(self, passages: Iterable[Passage], statuses: Mapping[str, Status]) -> None:
        """Keep what there is to do for `passages`, which are those of the documents to be read."""
        of_documents = Counter((it.document_id, statuses[it.id]) for it in passages)
        open_, stale = Counter[str](), Counter[str]()
        for (document, status), count in of_documents.items():
            if status in ("due", "quarantined"):
                open_[document] += count
            elif status == "stale":
                stale[document] += count
        self._keep("unsettled", self._unsettled, open_)
        self.stale_in_others = sum(self._keep("stale", self._stale, stale).values()) - stale.total()

    def keep_unembedded(self, connection: StoreConnection, texts: Mapping[str, int]) -> None:
        """Keep how many `texts` of the documents to be read had no vector, by document; not after a `forget`."""
        if continues(connection, self._looks["unembedded"].version):
            self._keep("unembedded", self._unembedded, texts)

    def other_verdicts(
        self, connection: StoreConnection, ledger: Mapping[str, LedgerRow]
    ) -> Counter[tuple[str, str | None]]:
        """How many passages there are of each disposition and reason, but for those of `ledger`."""
        found = connection.execute(_VERDICTS.format(table=self._table)).fetchall()
        verdicts = Counter({(disposition, reason): count for disposition, reason, count in found})
        return verdicts - Counter((row.disposition, row.reason) for row in ledger.values())

    def _keep(self, name: str, finding: DocumentsFinding, found: Mapping[str, int]) -> dict[str, int]:
        look = self._looks[name]
        known = look.with_what_is_found(found, self.documents)
        finding.keep(look, known)
        return known
