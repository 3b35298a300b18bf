"""What is derived from a dataset's live evidence, kept so that a refresh costs what changed and not what is there.

Invariant: what a derivation shows is a function of the live evidence alone: after any commits it is what one that reads
the store from the beginning shows. Rows may stand in another order, so nothing may depend on their numbers.
It is kept by deriving from the evidence again whatever the changes touch (`Entities.show`, `Facts.show`), not by
adding to and subtracting from what was derived. Not safe to share between threads; the snapshots are.
"""

from collections.abc import Iterable

import duckdb
import numpy as np

from sessiongraph.columnar.growing_arrays import Table, sorted_distinct
from sessiongraph.columnar.vectors import Array, VectorHeap
from sessiongraph.snapshots.adjacency import Adjacency, adjacency
from sessiongraph.snapshots.entities import SHOWN as entity_columns
from sessiongraph.snapshots.entities import Entities
from sessiongraph.snapshots.evidence import CLAIMED as claim_columns
from sessiongraph.snapshots.evidence import MENTIONED as mention_columns
from sessiongraph.snapshots.evidence import STANDING, Evidence
from sessiongraph.snapshots.facts import SHOWN as fact_columns
from sessiongraph.snapshots.facts import Facts
from sessiongraph.snapshots.incremental_read import (
    Changes,
    Columns,
    Version,
    continues,
    read_changes,
    read_evidence,
    read_vectors,
    read_version,
)
from sessiongraph.snapshots.passages import SHOWN as passage_columns
from sessiongraph.snapshots.passages import Passages
from sessiongraph.snapshots.snapshot import EntityKeys, Snapshot

# What may be kept of texts that are no more, before all is read anew: this many, or as many as there are texts.
_SPARE_TEXTS = 10_000


class Derivation:
    """The derived state of one store, for the vectors of one embedding model."""

    def __init__(self, embedding_model: str) -> None:
        self._model = embedding_model
        self._version = Version(0, None, ())
        self._forget()

    def refresh(self, connection: duckdb.DuckDBPyConnection) -> Snapshot:
        """Take in what the store behind `connection` has that was not read yet. Where that fails, all is read again."""
        now = read_version(connection)
        known = self._version
        if self._is_sparse or not continues(connection, known):
            self._forget()
            known = self._version
        try:
            changes = read_changes(connection, known.seq)
            self._derive(changes, read_evidence(connection, changes.passages))
            self._embed(read_vectors(connection, self._model, known.seq))
        except BaseException:
            self._forget()
            raise
        self._version = now
        return self._snapshot()

    @property
    def nbytes(self) -> int:
        """Rough size in memory, of snapshots too: they share it."""
        entities = self._entities.table.nbytes + self._entities.text_bytes
        joined = self._adjacency.nbytes if self._adjacency else 0
        return (
            self._passages.nbytes + self._evidence.nbytes + entities + self._facts.nbytes + self._spare.nbytes + joined
        )

    def _forget(self) -> None:
        self._version = Version(0, None, ())
        self._passages, self._evidence = Passages(), Evidence()
        self._entities = Entities(self._evidence)
        self._facts = Facts(self._evidence, self._entities)
        self._spare = VectorHeap()
        self._adjacency: Adjacency | None = None

    @property
    def _is_sparse(self) -> bool:
        return any(
            max(len(kind.index), len(kind.vectors)) > 2 * len(kind.table) + _SPARE_TEXTS
            for kind in (self._passages, self._facts)
        )

    def _derive(self, changes: Changes, found: Iterable[tuple[Columns, Columns]]) -> None:
        passages, evidence, entities, facts = self._passages, self._evidence, self._entities, self._facts
        lost_keys, lost_facts = evidence.remove(*passages.remove(changes.settled))
        added = passages.add(changes.passages, changes.node_sets)
        passages.tag(changes.node_sets)
        keys, new_claims = (
            zip(*(evidence.add(*batch, added) for batch in found), strict=True) if len(added) else ((), ())
        )
        reresolved, affected = entities.resolve(sorted_distinct(np.concatenate([lost_keys, *keys])), changes.decisions)
        renamed = entities.show(affected, passages.table)
        claims = sorted_distinct(np.concatenate([*new_claims, evidence.reclaim(reresolved)]))
        touched = sorted_distinct(np.concatenate([lost_facts, facts.claim(claims)]))
        gone = facts.show(touched, passages.table)
        facts.close(touched, gone, renamed)
        facts.remove(gone)
        facts.place()
        evidence.place(entities.rows)

    def _embed(self, batches: Iterable[tuple[Array, Array]]) -> None:
        """Give their vectors to the texts that have none: those of `batches`, and what came before it was needed."""
        kinds = (self._passages, self._facts)
        wanted = [_Wanted(kind.table, kind.vectors) for kind in kinds]
        for want, others in zip(
            wanted, ((self._spare, self._facts.vectors), (self._spare, self._passages.vectors)), strict=True
        ):
            for other in others:
                want.look_into(other)
        for hashes, vectors in batches:
            used = np.zeros(len(hashes), bool)
            for want in wanted:
                used |= want.take(hashes, vectors)
            self._spare.add(hashes[~used], vectors[~used])
        for want in wanted:
            want.assign()

    def _snapshot(self) -> Snapshot:
        passages, evidence, entities, facts = self._passages, self._evidence, self._entities, self._facts
        mentions, said = evidence.mentions, facts.table
        self._adjacency = adjacency(
            len(entities.table),
            (mentions.view("passage"), mentions.view("entity"), mentions.view("standing")),
            (said.view("subject"), said.view("object"), said.view("standing")),
            self._adjacency,
        )
        return Snapshot(
            passages=passages.table.frame(passage_columns),
            previous=passages.table.view("previous"),
            next=passages.table.view("next"),
            documents=passages.table.view("document"),
            is_turn=passages.table.view("is_turn"),
            entities=entities.table.frame(entity_columns),
            entity_keys=EntityKeys(evidence.keys, entities.rows),
            merges=entities.resolver.merges,
            facts=facts.table.frame(fact_columns),
            claimed=said.view("standing") == STANDING["assistant"],
            adjacency=self._adjacency,
            mentions=evidence.mentions.frame(mention_columns),
            claims=evidence.claims.frame(claim_columns),
            passage_vectors=passages.vectors.view(passages.table.view("vector"), passages.table.view("hash")),
            fact_vectors=facts.vectors.view(facts.table.view("vector"), facts.table.view("hash")),
            passage_index=passages.index.view(passages.table.view("slot")),
            fact_index=facts.index.view(facts.table.view("slot")),
            nbytes=self.nbytes,
        )


class _Wanted:
    """The rows of a table that have no vector, and the texts of which they would have one."""

    def __init__(self, table: Table, heap: VectorHeap) -> None:
        self._table, self._heap = table, heap
        self._rows = np.flatnonzero(table["vector"] < 0)
        hashes = sorted_distinct(table["hash"][self._rows])
        self._hashes = hashes[heap.find(hashes) < 0]

    def look_into(self, other: VectorHeap) -> None:
        """Take from `other` what it has."""
        numbers = other.find(self._hashes)
        there = numbers >= 0
        self._heap.add(self._hashes[there], other.view(numbers[there], self._hashes[there])[:])
        self._hashes = self._hashes[~there]

    def take(self, hashes: Array, vectors: Array) -> Array:
        """Take those `vectors` that are wanted: (n,) bool."""
        if not len(self._hashes):
            return np.zeros(len(hashes), bool)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        wanted = self._hashes[places] == hashes
        self._heap.add(hashes[wanted], vectors[wanted])
        return wanted

    def assign(self) -> None:
        self._table.put(self._rows, vector=self._heap.find(self._table["hash"][self._rows]))
