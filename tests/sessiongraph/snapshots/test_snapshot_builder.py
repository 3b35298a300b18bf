"""A refresh shows what reading all would show: after any commits, in any steps, whatever they touch."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.entity_resolution.name_normalization import name_key
from sessiongraph.ids import text_id
from sessiongraph.snapshots.adjacency import Adjacency
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.duckdb_connection import DuckDBConnection
from sessiongraph.store.graph_store import Transaction
from sessiongraph.store.schema import SCHEMA
from sessiongraph.text_index.tokenizer import Tokenizer
from tests.support.evidence import Claim, Mention, put_turn, put_window
from tests.support.snapshots import load_snapshot

START = datetime(2024, 5, 8, 9)

names = st.sampled_from(
    [
        *("Alice", "Alice Smith", "alice's", "Alice Jones", "Bob", "Bob Stone", "Paris", "PARIS", "Lyon", "Acme"),
        *("the Acme", "the user", "The user", "the user's sister", "ana", "I"),
    ]
)
types = st.sampled_from(["", "Person", "person", "Place", "Organization"])
speakers = st.sampled_from(["document", "user", "assistant"])
relations = st.sampled_from(
    [
        *("lives in", "moved to", "works at", "left", "knows", "no longer knows", "also known as", "is located in"),
        *("is called", "has sister"),
    ]
)
statements = st.sampled_from(["One says so.", "Another wording.", "A third apple and a pear.", "The user does."])
mentions = st.tuples(names, types, st.sampled_from(["", "an engineer", "who likes tea", "of Paris"]), speakers)
claims = st.tuples(names, relations, names, statements, st.sampled_from([None, "2010", "2015-03"]), speakers)


@dataclass(frozen=True)
class Step:
    """Something that a commit does to the passage `number`; `evidence` is a window's, where it makes one."""

    kind: str
    number: int
    evidence: tuple[list[Mention], list[Claim]] = field(default=([], []))
    words: str = ""
    refreshed: bool = True
    said: tuple[str, str | None, str | None, str | None, str | None] = ("retract", None, None, None, None)
    saved: bool = False


kinds = ["document", "turn", "turn", "edit", "fail", "skip", "again", "tag", "embed", "embed", "forget"]
kinds += ["correct", "correct", "correct_entity"]
steps = st.builds(
    Step,
    st.sampled_from(kinds),
    st.integers(0, 3),
    st.tuples(st.lists(mentions, max_size=4), st.lists(claims, max_size=4)),
    st.lists(st.sampled_from(["apple", "pear", "plums", "Paris", "tea"]), min_size=1, max_size=5).map(" ".join),
    st.booleans(),
    st.tuples(
        st.sampled_from(["correct", "correct", "correct", "retract", "undo"]),
        st.sampled_from([None, "moved to", "works at", "likes"]),
        st.sampled_from([None, "Lyon", "Rome", "Alice", "Alice Smith", "the acme"]),
        st.sampled_from([None, "2009", "2012-01"]),
        st.sampled_from([None, "2011", "2018-05"]),
    ),
    st.sampled_from([False, False, True]),
)


class Store:
    """A store in memory, to which steps are committed. A passage's windows are numbered as they come."""

    def __init__(self, connection: StoreConnection) -> None:
        self.connection = connection
        self._seq = 0
        self._windows: dict[int, list[str]] = {}

    def commit(self, step: Step) -> None:
        self._seq += 1
        tx = Transaction(self.connection, self._seq)
        getattr(self, f"_{step.kind}")(tx, step)
        when = START + timedelta(days=self._seq)
        self.connection.execute(
            "INSERT INTO commits VALUES (?, ?, 'a', ?, NULL)", [self._seq, f"run-{self._seq}", when]
        )

    def _document(self, tx: Transaction, step: Step) -> None:
        if step.number not in self._windows:
            tx.insert("documents", [self._row(step, kind="document", text=step.words, session_id=None)])
            id_ = f"p{step.number}"
            tx.insert("chunks", [{"passage_id": id_, "document_id": f"d{step.number}", "start": 0, "stop": 99}])
            self._extracted(tx, step)

    def _turn(self, tx: Transaction, step: Step) -> None:
        if step.number not in self._windows:
            # Three turns are of one session, which is there before some of them.
            session = f"s{step.number % 2}"
            if not self.connection.execute("SELECT 1 FROM documents WHERE id = ?", [session]).fetchall():
                # Two namesakes, who are told apart as soon as the dataset knows both.
                user = {"user_id": f"u{session}", "user_name": "ana" if session == "s0" else "ana@south.example"}
                row = self._row(step, id=session, kind="session", text=None, session_id=session) | user
                tx.insert("documents", [row])
            self._said(tx, step)
            self._extracted(tx, step)

    def _edit(self, tx: Transaction, step: Step) -> None:
        if self._is_turn(step):
            self._said(tx, step)
            self._extracted(tx, step)

    def _fail(self, tx: Transaction, step: Step) -> None:
        if step.number in self._windows:
            self._settled(tx, step, "nothing", "failed")

    def _skip(self, tx: Transaction, step: Step) -> None:
        if step.number in self._windows:
            self._settled(tx, step, self._windows[step.number][-1], "skipped")

    def _again(self, tx: Transaction, step: Step) -> None:
        if step.number in self._windows:
            self._settled(tx, step, self._windows[step.number][0])

    def _tag(self, tx: Transaction, step: Step) -> None:
        tx.insert("node_sets", [{"document_id": f"d{step.number}", "name": name} for name in step.words.split()[:2]])

    def _embed(self, tx: Transaction, step: Step) -> None:
        texts = {step.words, *(statement for *_, statement, _, _ in step.evidence[1])}
        known = {id_ for (id_,) in self.connection.execute("SELECT text_id FROM embeddings").fetchall()}
        new = sorted(text for text in texts if text_id(text) not in known)
        rows = [{"text_id": text_id(text), "model": "model", "vector": vector(text).tobytes()} for text in new]
        tx.insert("embeddings", rows)

    def _correct(self, tx: Transaction, step: Step) -> None:
        """A word on a fact that some claim states or has stated, of its date alone or of any."""
        claimed = "SELECT DISTINCT subject, relation, object, coalesce(valid_at, '') FROM claims ORDER BY ALL"
        if found := self.connection.execute(claimed).fetchall():
            subject, relation, object_, valid_at = found[(step.number + len(step.words)) % len(found)]
            key = {"subject_key": name_key(subject), "relation": " ".join(relation.casefold().split())}
            key |= {"object_key": name_key(object_), "of_valid_at": valid_at if step.number % 2 else None}
            names = ("action", "new_relation", "new_object", "new_valid_at", "new_valid_until")
            said = dict(zip(names, step.said, strict=True))
            tx.insert("fact_corrections", [key | said | {"user_id": "u", "user_name": "ana"}])

    def _correct_entity(self, tx: Transaction, step: Step) -> None:
        mentioned = self.connection.execute("SELECT DISTINCT name FROM mentions ORDER BY name").fetchall()
        if mentioned:
            (name,) = mentioned[(step.number + len(step.words)) % len(mentioned)]
            row = {"key": name_key(name), "type": step.said[1], "name": step.said[2]}
            tx.insert("entity_corrections", [row | {"user_id": "u", "user_name": "ana"}])

    def _forget(self, tx: Transaction, step: Step) -> None:
        for table in ("ledger", "turns", "chunks"):
            tx.delete(table, "passage_id", [f"p{step.number}"])
        tx.delete("documents", "id", [f"d{step.number}"])
        self._windows.pop(step.number, None)

    def _is_turn(self, step: Step) -> bool:
        found = self.connection.execute("SELECT 1 FROM turns WHERE passage_id = ?", [f"p{step.number}"]).fetchall()
        return bool(found)

    def _row(self, step: Step, **values: Any) -> dict[str, Any]:
        row = {"id": f"d{step.number}", "name": "a name", "source": None, "user_id": "u", "user_name": "ana"}
        return row | {"created_at": START} | values

    def _said(self, tx: Transaction, step: Step) -> None:
        id_, session = f"p{step.number}", f"s{step.number % 2}"
        # Some are said at one moment.
        put_turn(tx, id_, step.words, "", START + timedelta(minutes=step.number // 3), session, step.number)

    def _extracted(self, tx: Transaction, step: Step) -> None:
        window = f"w{step.number}-{self._seq}"
        self._windows.setdefault(step.number, []).append(window)
        put_window(tx, window, *step.evidence)
        self._settled(tx, step, window)

    def _settled(self, tx: Transaction, step: Step, window: str, disposition: str = "persisted") -> None:
        row = {"passage_id": f"p{step.number}", "window_id": window, "extractor": "x", "disposition": disposition}
        tx.insert("ledger", [row | {"reason": None}])


def vector(text: str) -> np.ndarray:
    """A vector of its own for each text."""
    return np.random.default_rng(len(text) + ord(text[0])).standard_normal(4).astype("<f4")


@contextmanager
def opened() -> Iterator[Store]:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute(SCHEMA)
        yield Store(DuckDBConnection(connection))
    finally:
        connection.close()


def shown(found: Snapshot) -> dict[str, Any]:
    """All that a snapshot shows, by ids: nothing of the order in which it came."""
    passages, entities, facts = (
        frame["id"].to_numpy(object) for frame in (found.passages, found.entities, found.facts)
    )
    neighbours = {
        name: [None if row < 0 else passages[row] for row in rows.tolist()]
        for name, rows in (("previous", found.previous), ("next", found.next))
    }
    frames = {
        "passages": found.passages.assign(**neighbours, together=_together(passages, found.documents)),
        "entities": found.entities,
        "facts": found.facts.assign(
            subject=entities[found.facts["subject"]],
            object=entities[found.facts["object"]],
            assistant_only=found.assistant_only,
        ),
        "mentions": found.mentions.assign(
            entity=entities[found.mentions["entity"]], passage=passages[found.mentions["passage"]]
        ),
        "claims": found.claims.assign(fact=facts[found.claims["fact"]], passage=passages[found.claims["passage"]]),
    }
    rows = {name: sorted(map(repr, frame.to_dict("records"))) for name, frame in frames.items()}
    keys = {key: entities[row] for key, row in found.entity_keys.items()}
    joined = {"edges": _edges(found.adjacency, passages, entities), "mentioned": _mentioned(found, entities)}
    joined["retracted"] = sorted(
        repr(replace(it, subject=entities[it.subject], object=entities[it.object], passage=passages[it.passage]))
        for it in found.retracted
    )
    words = [found.claim_keys.correction_of(claim) for claim in range(len(found.claims))]
    joined["words"] = sorted(map(repr, zip(facts[found.claims["fact"]], words, strict=True)))
    labels = {"labels": dict(found.speaker_labels)}
    return rows | joined | labels | {"keys": keys, "merges": sorted(map(repr, found.merges))}


def _edges(graph: Adjacency, passages: np.ndarray, entities: np.ndarray) -> dict[tuple[str, str], float]:
    """The weights between who stands next to whom."""
    sources, targets, weights = graph.edges_of(np.arange(len(graph.degrees)))
    summed: Counter[tuple[int, int]] = Counter()
    for source, target, weight in zip(sources.tolist(), targets.tolist(), weights.tolist(), strict=True):
        summed[source, target] += weight
    return {
        tuple((entities if node % 2 else passages)[node // 2] for node in edge): weight  # type: ignore[misc]
        for edge, weight in summed.items()
        if weight
    }


def _mentioned(found: Snapshot, entities: np.ndarray) -> dict[str, float]:
    return dict(zip(entities, found.adjacency.mention_degrees.tolist(), strict=True))


def _together(passages: np.ndarray, documents: np.ndarray) -> list[str]:
    return [min(passages[documents == document]) for document in documents.tolist()]


def scored(found: Snapshot) -> dict[str, dict[str, list[float]]]:
    """What searches go by, by ids."""
    asked = np.array([1, 2, 3, 4], np.float32)
    result = {}
    for name, ids, index, vectors in (
        ("passages", found.passages["id"], found.passage_index, found.passage_vectors),
        ("facts", found.facts["id"], found.fact_index, found.fact_vectors),
    ):
        dense = vectors @ asked if vectors.shape[1] else np.zeros(len(ids))
        signals = [
            index.scores("apple pear"),
            index.scores("Paris tea said May"),
            index.bigram_scores("Paris tea apple pear"),
            dense,
        ]
        result[name] = dict(zip(ids, np.array(signals).T.tolist(), strict=True))
    return result


def saved_and_loaded(builder: SnapshotBuilder) -> SnapshotBuilder:
    """What another process has that opens what this one saved."""
    with tempfile.TemporaryDirectory() as folder:
        writer = ArrayWriter(Path(folder))
        builder.save(writer)
        writer.finish({})
        loaded = SnapshotBuilder("model", Tokenizer())
        loaded.load(SavedArrays(Path(folder)))
    return loaded


def check(store: Store, builder: SnapshotBuilder) -> None:
    found, expected = builder.refresh(store.connection), load_snapshot(store.connection, "model")
    assert shown(found) == shown(expected)
    for kind, by_id in scored(expected).items():
        assert scored(found)[kind] == {id_: pytest.approx(values, rel=1e-4, abs=1e-5) for id_, values in by_id.items()}


ALICE = ([("Alice", "Person", "", "user")], [("Alice", "lives in", "Paris", "One says so.", None, "user")])
ALICE_SMITH = (
    [("Alice Smith", "Person", "an engineer", "document")],
    [("Alice Smith", "lives in", "Paris", "Another wording.", None, "document")],
)
KNOWS, KNOWS_NO_LONGER = (([], [("Alice", relation, "Bob", "So it is.", None, "user")]) for relation in (
    "knows", "no longer knows"
))  # fmt: skip


def test_a_name_that_comes_later_moves_what_was_claimed_before_and_gives_it_back() -> None:
    """A merge makes two facts one; undoing it makes them two again, without reading the old evidence anew."""
    with opened() as store:
        builder = SnapshotBuilder("model", Tokenizer())
        counts = []
        for step in (Step("turn", 0, ALICE), Step("document", 1, ALICE_SMITH), Step("skip", 1), Step("again", 1)):
            store.commit(step)
            check(store, builder)
            found = builder.refresh(store.connection)
            counts.append((len(found.entities), len(found.facts), len(found.claims)))
        assert counts == [(2, 1, 1), (2, 1, 2), (2, 1, 1), (2, 1, 2)]
        assert found.entities["name"].tolist().count("Alice Smith") == 1


def test_what_is_said_of_one_entity_by_two_names_comes_back_when_they_are_two() -> None:
    """A claim of an entity and itself is no fact, until its names mean two."""
    names = ([("Alice", "Person", "", "user")], [("Acme", "knows", "the Acme", "She does.", None, "user")])
    with opened() as store:
        builder = SnapshotBuilder("model", Tokenizer())
        store.commit(Step("turn", 0, names))
        check(store, builder)
        for step in (Step("document", 1, ALICE_SMITH), Step("turn", 2, ALICE), Step("skip", 1), Step("again", 1)):
            store.commit(step)
            check(store, builder)


def test_closed_facts_open_again_when_what_closed_them_goes() -> None:
    """Until when a fact held depends on facts of other passages, which come and go in refreshes of their own."""
    # Whose names are there already: only the facts change.
    both = ([("Bob", "Person", "", "user"), ("Lyon", "Place", "", "user"), ("Paris", "Place", "", "user")], [])
    lyon = ([], [("Bob", "moved to", "Lyon", "She does.", "2015-03", "user")])
    paris = ([], [("Bob", "lives in", "Paris", "One says so.", "2010", "user")])
    with opened() as store:
        builder = SnapshotBuilder("model", Tokenizer())
        closed = []
        for step in (Step("turn", 2, both), Step("turn", 0, paris), Step("turn", 1, lyon), Step("skip", 1)):
            store.commit(step)
            check(store, builder)
            closed.append(int(builder.refresh(store.connection).facts["valid_until"].notna().sum()))
        assert closed == [0, 0, 1, 0]


def test_a_vector_that_came_before_it_was_needed_is_found_when_it_is() -> None:
    with opened() as store:
        builder = SnapshotBuilder("model", Tokenizer())
        for step in (
            Step("embed", 0, words="apple"),
            Step("document", 0, words="apple"),
            Step("turn", 1, words="apple"),
        ):
            store.commit(step)
            check(store, builder)
        assert np.asarray(builder.refresh(store.connection).passage_vectors).any(axis=1).all()


@settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=2, max_size=12))
@example([Step("turn", 0), Step("turn", 2), Step("skip", 0), Step("again", 0)])
@example([Step("document", 0, words="apple"), Step("tag", 0, words="tea"), Step("embed", 0, words="apple")])
@example([Step("document", 0, ALICE), Step("document", 1, ALICE), Step("document", 2, ALICE_SMITH), Step("skip", 0)])
@example([Step("turn", 0, words="apple"), Step("edit", 0, words="pear"), Step("again", 0), Step("forget", 0)])
@example([Step("turn", 0, KNOWS), Step("turn", 2, KNOWS_NO_LONGER), Step("forget", 2)])
def test_a_refreshed_snapshot_is_the_one_that_reading_all_gives(history: list[Step]) -> None:
    with opened() as store:
        builder = SnapshotBuilder("model", Tokenizer())
        for step in history:
            store.commit(step)
            if step.refreshed:
                check(store, builder)
            if step.saved:
                builder = saved_and_loaded(builder)
        check(store, builder)
