"""Incremental derivation of snapshots: a refresh costs what has changed in the store, not what is there.

Invariant: a snapshot is a function of the live evidence alone: after any commits it is equal to one that was read from
the beginning. Rows may be in another order, so nothing may depend on their numbers. That is ensured by deriving anew
from the evidence whatever the changes touch (`EntityTable.update_rows`, `FactTable.update_rows`), not by adding to and
subtracting from what was derived. Not safe to share between threads; the snapshots are.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from sessiongraph.columnar.growing_arrays import GrowingTable, sorted_unique
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.columnar.vectors import Array, GrowingVectors
from sessiongraph.entity_resolution.speaker_names import speaker_key
from sessiongraph.snapshots.adjacency import Adjacency, Rows, adjacency, saved_adjacency
from sessiongraph.snapshots.corrected_claims import CorrectedClaims
from sessiongraph.snapshots.entities import COLUMNS as entity_columns
from sessiongraph.snapshots.entities import EntityTable
from sessiongraph.snapshots.evidence import CLAIM_COLUMNS as claim_columns
from sessiongraph.snapshots.evidence import SOURCE_PRIORITY, EvidenceTables
from sessiongraph.snapshots.facts import COLUMNS as fact_columns
from sessiongraph.snapshots.facts import FactTable
from sessiongraph.snapshots.incremental_read import (
    Changes,
    Columns,
    read_changes,
    read_evidence,
    read_vectors,
)
from sessiongraph.snapshots.passages import COLUMNS as passage_columns
from sessiongraph.snapshots.passages import PassageTable
from sessiongraph.snapshots.snapshot import EntityKeys, Snapshot
from sessiongraph.snapshots.speakers import Speakers
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.store_version import StoreVersion, continues
from sessiongraph.text_index.document_bm25 import DocumentIndex
from sessiongraph.text_index.tokenizer import Tokenizer

# Removed texts that are kept until all is read anew: this many, or as many as there are present ones.
_MAX_REMOVED_TEXTS = 10_000


class SnapshotBuilder:
    """The derived state of one store, with the vectors of one embedding model, from which snapshots are made."""

    def __init__(self, embedding_model: str, tokenizer: Tokenizer) -> None:
        self._model, self._tokenizer = embedding_model, tokenizer
        self._version = StoreVersion()
        self._edges: Adjacency | None = None
        self._reset()

    def refresh(self, connection: StoreConnection) -> Snapshot:
        """Read what is new in the store behind `connection`. Where that fails, the next refresh reads all anew."""
        self.update(connection)
        return self._snapshot()

    def update(self, connection: StoreConnection) -> None:
        """As `refresh`, for whoever needs no snapshot."""
        now = connection.version()
        known = self._version
        if self._is_sparse or not continues(connection, known):
            self._reset()
            known = self._version
        try:
            changes = read_changes(connection, known.seq)
            self._derive(changes, read_evidence(connection, changes.passages))
            self._embed(read_vectors(connection, self._model, known.seq))
        except BaseException:
            self._reset()
            raise
        self._version = now

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many passages, entities and facts there are."""
        return len(self._passages.table), len(self._entities.table), len(self._facts.table)

    @property
    def version(self) -> StoreVersion:
        """How far the store was read."""
        return self._version

    def save(self, to: ArrayWriter) -> None:
        """Save all that was derived."""
        # Sorted as a whole: what was changed since counts as much as the rest from here on.
        adjacency(len(self._entities.table), *self._edge_rows()).save(to)
        self._corrections.save(to, "corrections")
        for part, name in self._parts():
            part.save(to, name)
        to.value("speakers", vars(self._speakers))
        to.value("version", self._version.as_json())

    def load(self, saved: SavedArrays) -> None:
        """Load what was saved into this builder, which must be new."""
        for name, value in saved.value("speakers").items():
            setattr(self._speakers, name, value)
        self._speakers.told = {user_id: tuple(names) for user_id, names in self._speakers.told.items()}
        for part, name in self._parts():
            part.load(saved, name)
        self._corrections.load(saved, "corrections", self._entities.keys)
        self._edges = saved_adjacency(saved, len(self._entities.table), *self._edge_rows())
        self._version = saved_version(saved)

    @property
    def nbytes(self) -> int:
        """Rough size in memory that is this process's own, of snapshots too: they share it."""
        edges = self._edges.nbytes if self._edges else 0
        return edges + sum(part.nbytes for part, _ in self._parts())

    def _parts(self) -> Iterator[tuple[Any, str]]:
        """What is derived, but for what is small or is made from the rest."""
        yield self._passages, "passages"
        yield self._evidence, "evidence"
        yield self._entities, "entities"
        yield self._facts, "facts"
        yield self._unused_vectors, "unused_vectors"

    def _reset(self) -> None:
        self._version = StoreVersion()
        self._speakers = Speakers()
        self._passages, self._evidence = PassageTable(self._tokenizer), EvidenceTables(self._speakers)
        self._corrections = CorrectedClaims(self._evidence)
        self._entities = EntityTable(self._evidence, self._corrections)
        self._facts = FactTable(self._evidence, self._entities, self._corrections, self._tokenizer)
        self._unused_vectors = GrowingVectors()
        self._edges = None

    @property
    def _is_sparse(self) -> bool:
        return any(
            max(len(texts.index), len(texts.vectors)) > 2 * len(texts.table) + _MAX_REMOVED_TEXTS
            for texts in (self._passages, self._facts)
        )

    def _derive(self, changes: Changes, batches: Iterable[tuple[Columns, Columns]]) -> None:
        passages, evidence, entities, facts = self._passages, self._evidence, self._entities, self._facts
        known = Speakers(**vars(self._speakers))
        self._speakers.know(changes.speakers)
        lost_keys, lost_facts = evidence.remove(*passages.remove(changes.changed_passages))
        added = passages.add(changes.passages, changes.node_sets)
        passages.tag(changes.node_sets)
        users = passages.users(added)
        keys, new_claims = (
            zip(*(evidence.add(*batch, added, users) for batch in batches), strict=True) if len(added) else ((), ())
        )
        if len(lost_keys) or any(map(evidence.is_told, new_claims)):
            self._speakers.tell(evidence.told_names(passages.table))
        relabelled, told_facts = evidence.relabel(self._speakers.relabelled_since(known), passages.table)
        corrections = self._corrections
        named, decisions = corrections.update(changes.words, changes.decisions)
        reresolved, affected = entities.resolve(
            sorted_unique(np.concatenate([lost_keys, relabelled, *keys, named])),
            decisions,
            {speaker_key(user_id): self._speakers.names(user_id) for user_id in self._speakers.renamed_since(known)},
        )
        reshown = corrections.resolve(reresolved, entities.keys)
        about = evidence.claims_to_reassign(reresolved, corrections.claims_to_reassign())
        claims = sorted_unique(np.concatenate([*new_claims, about]))
        had = evidence.claims["correction"][claims]
        assigned = facts.assign_claims(claims)
        mentioned = corrections.update_mentions(np.concatenate([had, evidence.claims["correction"][claims]]))
        mentioned = entities.keys[mentioned]
        affected = np.concatenate([affected, reshown, mentioned])
        renamed = entities.update_rows(sorted_unique(affected[affected >= 0]), passages.table)
        touched = sorted_unique(np.concatenate([lost_facts, told_facts, assigned, facts.facts_worded_by(renamed)]))
        gone = facts.update_rows(touched, passages.table)
        facts.update_supersession(touched, gone, renamed)
        facts.remove(gone)
        facts.update_entity_rows()
        evidence.update_entity_rows(entities.rows)

    def _embed(self, batches: Iterable[tuple[Array, Array]]) -> None:
        """Assign vectors to the texts that have none, from those kept unused so far and from `batches`."""
        passages, facts = (_MissingVectors(texts.table, texts.vectors) for texts in (self._passages, self._facts))
        for missing, other in ((passages, self._facts.vectors), (facts, self._passages.vectors)):
            missing.copy_from(self._unused_vectors)
            missing.copy_from(other)
        for hashes, vectors in batches:
            used = np.zeros(len(hashes), bool)
            for missing in (passages, facts):
                used |= missing.take(hashes, vectors)
            self._unused_vectors.add(hashes[~used], vectors[~used])
        for missing in (passages, facts):
            missing.assign()

    def _snapshot(self) -> Snapshot:
        passages, evidence, entities, facts = self._passages, self._evidence, self._entities, self._facts
        self._edges = edges = adjacency(len(entities.table), *self._edge_rows(), self._edges)
        passage_index = passages.index.view(passages.table.view("slot"))
        documents = passages.document_numbers()
        context_slots = passages.table.view("context_slot")
        context_rows = np.flatnonzero(context_slots >= 0)
        return Snapshot(
            passages=passages.table.frame(passage_columns),
            previous=passages.table.view("previous"),
            next=passages.table.view("next"),
            documents=documents,
            is_turn=passages.table.view("is_turn"),
            entities=entities.table.frame(entity_columns),
            entity_keys=EntityKeys(evidence.keys, entities.rows, self._speakers.keys_by_label),
            speaker_labels=self._speakers.labels,
            merges=entities.resolver.merges,
            facts=facts.table.frame(fact_columns),
            assistant_only=facts.table.view("priority") == SOURCE_PRIORITY["assistant"],
            adjacency=edges,
            mentions=evidence.mentions_frame(),
            claims=evidence.claims.frame(claim_columns),
            claim_keys=self._corrections.claim_keys(),
            retracted=self._corrections.retracted(entities.rows),
            entity_words=self._corrections.entity_words(),
            passage_vectors=passages.vectors.view(passages.table.view("vector"), passages.table.view("hash")),
            fact_vectors=facts.vectors.view(facts.table.view("vector"), facts.table.view("hash")),
            passage_index=passage_index,
            fact_index=facts.index.view(facts.table.view("slot")),
            document_index=DocumentIndex(passage_index, documents),
            context_index=passages.contexts.view(context_slots[context_rows]),
            context_rows=context_rows,
            nbytes=self.nbytes,
        )

    def _edge_rows(self) -> tuple[Rows, Rows]:
        """What the adjacency is made from: the mentions and the facts."""
        mentions, facts = self._evidence.mentions.view, self._facts.table.view
        return (
            (mentions("passage"), mentions("entity"), mentions("priority")),
            (facts("subject"), facts("object"), facts("priority")),
        )


def saved_version(saved: SavedArrays) -> StoreVersion:
    """How far the store had been read when this was saved."""
    return StoreVersion.of_json(saved.value("version"))


class _MissingVectors:
    """The rows of a table that have no vector, and the hashes of their texts that `vectors` does not hold yet."""

    def __init__(self, table: GrowingTable, vectors: GrowingVectors) -> None:
        self._table, self._vectors = table, vectors
        self._rows = np.flatnonzero(table["vector"] < 0)
        hashes = sorted_unique(table["hash"][self._rows])
        self._hashes = hashes[vectors.find(hashes) < 0]

    def copy_from(self, other: GrowingVectors) -> None:
        """Copy the vectors that `other` holds."""
        numbers = other.find(self._hashes)
        there = numbers >= 0
        self._vectors.add(self._hashes[there], other.view(numbers[there], self._hashes[there])[:])
        self._hashes = self._hashes[~there]

    def take(self, hashes: Array, vectors: Array) -> Array:
        """Keep those of `vectors` that are missing; returns which: (n,) bool."""
        if not len(self._hashes):
            return np.zeros(len(hashes), bool)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        is_missing: Array = self._hashes[places] == hashes
        self._vectors.add(hashes[is_missing], vectors[is_missing])
        return is_missing

    def assign(self) -> None:
        self._table.put(self._rows, vector=self._vectors.find(self._table["hash"][self._rows]))
