"""Anything that can happen to sessions and datasets, in any order, against a plain model of what should come of it.

A real cache and real stores (SQLite and DuckDB, Redis and PostgreSQL), the embedded extractor behind real HTTP. After
each persist and each forget a dataset must be what a single undisturbed run builds of the same turns and documents.
SOAK_SECONDS goes on for as long.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sessiongraph.database.engine import Database
from sessiongraph.entity_resolution.name_normalization import name_key
from sessiongraph.errors import LLMFailedError, SessionsNotFoundError
from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.extraction.corrections import ENTITIES, FACTS, fact_row
from sessiongraph.forgetting import Target, forget
from sessiongraph.ids import new_id, session_document_id, turn_passage_id
from sessiongraph.ingestion.ingest import document_id, ingest
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.local_models import LocalModels
from sessiongraph.persistence.persist import persist_sessions
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.session_cache import open_session_cache
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.settings import Settings
from sessiongraph.snapshots.checkpoint import make_checkpoint
from sessiongraph.snapshots.corrections import FactKey
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.store.postgres_store import PostgresStore
from sessiongraph.text_index.tokenizer import Tokenizer
from tests.conftest import RedisServer
from tests.reliability.reference_model import (
    POISON,
    USER,
    ReferenceCache,
    ReferenceDataset,
    Said,
    build_undisturbed,
    correct,
    document,
    in_order,
    may_fail,
    turn,
    verdicts,
)
from tests.support.dataset_state import DatasetState, doubled, read_opened_state, read_state
from tests.support.openai_endpoint import OpenAIEndpoint

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
DATASETS, SESSIONS = ("d1", "d2"), ("s1", "s2", "s3")
_BEGIN = datetime(2024, 5, 6, tzinfo=UTC)

people = st.sampled_from(["Alice Novak", "Alice", "Bob Marsh", "Carla Zanetti", "she"])
places = st.sampled_from(["Paris", "Oslo", "Acme Labs", POISON])
facts = st.builds("{} {} {}.".format, people, st.sampled_from(["lives in", "works at", "moved to"]), places)
answers = st.one_of(facts, facts, facts, st.sampled_from(["I don't know.", "", "Yes."]))
questions = st.one_of(st.builds("Where is {}?".format, people), st.sampled_from(["", "And then?"]))
minutes = st.integers(0, 600)
words = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["correct", "correct", "correct", "retract", "undo"]),
        "relation": st.sampled_from([None, "moved to"]),
        "object": st.sampled_from(["Rome", "Oslo", "Alice Novak", None]),
        "valid_until": st.sampled_from([None, None, "2020"]),
    }
)
names = st.sampled_from(["d1", "d1", "d2"])  # more often into the one that has most
Expire = Callable[[str], None]


class Machine(RuleBasedStateMachine):
    """`cache`, `expire` and `endpoint` are set by the test, for they outlive an example; `new_store` makes one in a
    folder."""

    new_store: Callable[[Path], GraphStore]
    cache: SessionCache
    expire: Expire
    endpoint: OpenAIEndpoint
    config: Settings

    def __init__(self) -> None:
        super().__init__()
        self.cache.clear()
        self.endpoint.heal()
        self.llm, self.embedder = LLM(self.config), Embedder(self.config)
        self.folder = tempfile.TemporaryDirectory()
        self.stores = {name: self.new_store(Path(self.folder.name) / name) for name in DATASETS}
        self.said = ReferenceCache()
        self.given = {name: ReferenceDataset() for name in DATASETS}
        self.count = 0
        self.failing = False

    def teardown(self) -> None:
        self.folder.cleanup()

    # What happens to sessions.

    # Few rules, each with many cases: hypothesis leaves whole rules out of an example.

    @initialize(turns=st.lists(st.tuples(questions, facts, minutes), min_size=4, max_size=6))
    def begin(self, turns: list[tuple[str, str, int]]) -> None:
        """No example goes by with next to nothing said, or nothing persisted that could change."""
        self.say("s1", turns[:4])
        self.say("s2", [*turns[4:], ("Where is she?", "She lives in Rome.", 599)])
        for session_id, session in self.said.sessions.items():
            self.given["d1"].stage(session_id, session)
        self._persist("d1", ["s1", "s2"])

    @rule(session_id=st.sampled_from(SESSIONS), turns=st.lists(st.tuples(questions, answers, minutes), min_size=1))
    def say(self, session_id: str, turns: list[tuple[str, str, int]]) -> None:
        """Also what was said before other turns that are there already."""
        for question, answer, minute in turns[:4]:
            self.count += 1
            moment = _BEGIN + timedelta(minutes=minute, seconds=self.count)
            self._put(session_id, f"turn-{self.count}", Said(question, answer, moment))

    def _change(self, data: st.DataObject, how: str) -> None:
        if how == "say again":  # a turn that was deleted, or expired, is there once more
            key = data.draw(st.sampled_from(sorted(self.said.ever)))
            return self._put(*key, self.said.ever[key])
        session_id, turn_id = self._some_turn(data)
        if how == "delete":
            assert self.cache.delete_turn(USER.id, session_id, turn_id)
            return self.said.drop(session_id, turn_id)
        given = {"answer": data.draw(answers)} if how == "edit" else {"score": data.draw(st.integers(1, 5))}
        assert self.cache.update_turn(USER.id, session_id, turn_id, **given) is not None
        self.said.put(session_id, turn_id, replace(self.said.sessions[session_id][turn_id], **given))

    @precondition(lambda self: self.said.sessions)
    @rule(data=st.data(), how=st.sampled_from(["delete", "expire", "clear"]))
    def end_session(self, data: st.DataObject, how: str) -> None:
        session_id, _ = self._some_turn(data)
        if how == "delete":
            assert self.cache.delete_session(USER.id, session_id)
        elif how == "expire":
            type(self).expire(session_id)
        else:
            assert self.cache.clear(USER.id) == len(self.said.sessions)
            self.said.sessions.clear()
        self.said.sessions.pop(session_id, None)
        assert self.cache.get_turns(USER.id, session_id) == []

    def _set_model(self, state: str) -> None:
        """It works, or fails for some texts: by an error, or by refusing."""
        self.endpoint.heal()
        self.failing = state != "works"
        if state == "status":
            self.endpoint.fail(500, when=POISON)
        elif state == "refusal":
            self.endpoint.reply("", when=POISON, refusal="I will not.")

    # What happens to datasets.

    @rule(
        name=names,
        sessions=st.one_of(st.just(set(SESSIONS)), st.sets(st.sampled_from(SESSIONS), min_size=1)),
        changes=st.lists(st.sampled_from(["edit", "rate", "delete", "say again"]), min_size=2, max_size=4),
        model=st.sampled_from(["works", "works", "works", "status", "refusal"]),
        data=st.data(),
    )
    def persist(self, name: str, sessions: set[str], changes: list[str], model: str, data: st.DataObject) -> None:
        """After some changes to what was said, with a model that works, or fails for some of it."""
        for how in changes:
            if self.said.sessions:
                self._change(data, how)
        self._set_model(model)
        given, ids = self.given[name], sorted(sessions)
        before = self._state(name)
        known = [id_ for id_ in ids if id_ in self.said.sessions or id_ in given.sessions]
        for id_ in known:
            if id_ in self.said.sessions:
                given.stage(id_, self.said.sessions[id_])
        try:
            report = self._persist(name, ids)
        except SessionsNotFoundError:
            assert not known
            return
        assert report.failure is None or (self.failing and isinstance(report.failure, LLMFailedError))
        assert sorted(report.sessions) == known
        self._check(name, before)
        if known and not self.failing:
            calls = len(self.endpoint.requests)
            again = self._persist(name, ids)
            assert (again.staged, again.settled, again.extracted) == (0, 0, 0)
            assert len(self.endpoint.requests) == calls, "an unchanged persist asked a model"

    @rule(name=names, then=st.sampled_from(["keep", "keep", "break", "remove"]))
    def make_checkpoint(self, name: str, then: str) -> None:
        """What is opened must show the same, however it was left, now and after all that comes."""
        store = self.stores[name]
        if not store.exists:
            return
        made = make_checkpoint(store, self.embedder.identity, Tokenizer())
        assert made is not None
        [folder] = store.checkpoints.iterdir()
        if then == "break":
            manifest = folder / "manifest.json"
            manifest.write_text(manifest.read_text()[:100])
        elif then == "remove":
            shutil.rmtree(folder)
        assert (read_opened_state(store, self.embedder.identity) is None) == (then != "keep")
        self._check_opened(name, self._state(name))

    @rule(name=names, texts=st.lists(facts, min_size=1, max_size=3))
    def add_document(self, name: str, texts: list[str]) -> None:
        before = self._state(name)
        text = " ".join(texts)
        if text not in self.given[name].documents:
            self.given[name].documents.append(text)
        store = self.stores[name]
        self._run(ingest(store, [document(text)], user=USER, node_sets=[], run_id="add"))
        self._run(chunk_documents(store, "add"))
        self._cognify(name)
        self._check(name, before)

    @rule(name=names, word=words, of_entity=st.booleans(), data=st.data())
    def correct(self, name: str, word: dict[str, str | None], of_entity: bool, data: st.DataObject) -> None:
        """A person's word on what some passage says, or on an entity that it names."""
        claims = self._claims(name)
        if not claims:
            return
        key = data.draw(st.sampled_from(claims))
        key = key._replace(valid_at=None)
        about = {"key": key.subject, "type": word["relation"], "name": None}
        right = {column: value for column, value in word.items() if column != "action"}
        table, row = (ENTITIES, about) if of_entity else (FACTS, fact_row(key, str(word["action"]), **right))
        before = self._state(name)
        correct(self.stores[name], table, row)
        self.given[name].corrections.append((table, row))
        self._check(name, before)

    def _read(self, name: str, query: str) -> list[tuple[Any, ...]]:
        return self.stores[name].read(lambda con: con.execute(query).fetchall())

    def _claims(self, name: str) -> list[FactKey]:
        """What passages say, or said before they were edited."""
        said = self._read(name, "SELECT subject, relation, object FROM claims")
        return sorted({FactKey(name_key(one), it.casefold(), name_key(other), "") for one, it, other in said})

    def _keep_founded(self, name: str) -> None:
        """Of the corrections those stand, after something was forgotten, that are about what is left."""
        given, claims = self.given[name], {key[:3] for key in self._claims(name)}
        facts = [row for table, row in given.corrections if table == FACTS]
        kept = [row for row in facts if (row["subject_key"], row["relation"], row["object_key"]) in claims]
        names = "SELECT name FROM mentions UNION SELECT subject FROM claims UNION SELECT object FROM claims"
        named = {name_key(name) for (name,) in self._read(name, names)}
        named |= {name_key(row["new_object"]) for row in kept if row["new_object"] is not None}
        given.corrections = [(table, row) for table, row in given.corrections if row in kept or row.get("key") in named]
        counts = [self._read(name, f"SELECT count(*) FROM {table}")[0][0] for table in (FACTS, ENTITIES)]
        assert counts == [len(kept), len(given.corrections) - len(kept)]

    @precondition(lambda self: any(given.sessions or given.documents for given in self.given.values()))
    @rule(data=st.data(), whole=st.booleans())
    def forget(self, data: st.DataObject, whole: bool) -> None:
        """A document, a session or a turn; what the cache still has of it comes back with the next persist."""
        things = [(name, "document", text) for name, given in self.given.items() for text in given.documents]
        things += [(name, "session", id_) for name, given in self.given.items() for id_ in given.sessions]
        name, kind, thing = data.draw(st.sampled_from(things))
        given, session = self.given[name], session_document_id(USER.id, thing)
        if kind == "document":
            given.documents.remove(thing)
            target = Target([document_id(thing)])
        elif whole:
            del given.sessions[thing]
            target = Target([session])
        else:
            turn_id = data.draw(st.sampled_from(sorted(given.sessions[thing])))
            given.forget_turn(thing, turn_id)
            target = Target(passage_ids=[turn_passage_id(session, turn_id)])
        done = forget(self.stores[name], target, "forget", "x")
        self._keep_founded(name)
        if done.affected:
            self._cognify(name, done.affected)
        self._check(name, None)

    def _put(self, session_id: str, turn_id: str, said: Said) -> None:
        self.cache.put_turns([turn(session_id, turn_id, said)])
        self.said.put(session_id, turn_id, said)

    def _some_turn(self, data: st.DataObject) -> tuple[str, str]:
        return data.draw(st.sampled_from(sorted(self.said.turns())))

    def _run(self, work: Any) -> Any:
        self.llm.forget_answers()
        self.embedder.forget_answers()
        return asyncio.run(work)

    def _persist(self, name: str, ids: list[str]) -> Any:
        retry = {"retry_failed": not self.failing}
        store = self.stores[name]
        return self._run(
            persist_sessions(self.cache, store, self.llm, self.embedder, USER, ids, run_id="persist", **retry)
        )

    def _cognify(self, name: str, sessions: list[str] | None = None) -> None:
        """Build documents or, where `sessions` are given, what they are left with."""
        plan, asset = (read_chunk_passages, "knowledge_graph") if sessions is None else (read_turn_passages, "x")
        models, retry = (self.llm, self.embedder), not self.failing
        chosen = {"document_ids": sessions, "run_id": "build", "asset": asset, "retry_failed": retry}
        report = self._run(build_knowledge(self.stores[name], *models, plan, **chosen))
        assert report.failure is None or (self.failing and isinstance(report.failure, LLMFailedError))

    def _state(self, name: str) -> DatasetState:
        return read_state(self.stores[name], self.embedder.identity)

    # What must hold.

    def _check(self, name: str, before: DatasetState | None) -> None:
        found, given = self._state(name), self.given[name]
        assert self.stores[name].read(doubled) == {}
        self._check_opened(name, found)
        wanted = self._undisturbed(name)
        failed = {row[0] for row in found.ledger if row[6] == "failed"}
        self._check_ledger(found, given, failed)
        if failed or self.failing:
            live = dict(row[:2] for row in found.windows)
            assert _of_others(found.windows, failed) == _of_others(wanted.windows, failed)
            assert {row[:6] for row in found.ledger} == {row[:6] for row in wanted.ledger}
            if before is not None:
                stood = dict(row[:2] for row in before.windows)
                assert all(live.get(passage) == stood.get(passage) for passage in failed)
        else:
            assert found.differences(wanted) == {}

    def _check_opened(self, name: str, found: DatasetState) -> None:
        opened = read_opened_state(self.stores[name], self.embedder.identity)
        assert opened is None or opened.differences(found) == {}

    def _check_ledger(self, found: DatasetState, given: ReferenceDataset, failed: set[str]) -> None:
        """Every turn once, at its latest words, with the verdict of the model's own rules."""
        rows = {row[0]: row for row in found.ledger}
        assert len(rows) == len(found.ledger)
        for session_id, session in given.sessions.items():
            for (turn_id, said), verdict in zip(in_order(session), verdicts(session).values(), strict=True):
                passage = turn_passage_id(session_document_id(USER.id, session_id), turn_id)
                _, _, *row = rows.pop(passage)
                assert row[:3] == [said.question, said.answer, said.score]
                if passage in failed:
                    assert verdict[0] == "persisted" and may_fail(session, turn_id)
                else:
                    assert tuple(row[4:6]) == verdict
        assert all(row[2] is None for row in rows.values()), "turns that nobody gave"

    def _undisturbed(self, name: str) -> DatasetState:
        faults, self.endpoint._faults = self.endpoint._faults, []
        with tempfile.TemporaryDirectory() as folder:
            made = build_undisturbed(Path(folder) / "graph.duckdb", self.given[name], self.llm, self.embedder)
            state = read_state(self._run(made), self.embedder.identity)
        self.endpoint._faults = faults
        return state


def _of_others(rows: list[tuple[Any, ...]], passages: set[str]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] not in passages]


def _new_store_in(database: Database | None) -> Callable[[Path], GraphStore]:
    """Makes stores of datasets of their own, in `database` or in files."""

    def new_store(folder: Path) -> GraphStore:
        return DuckDBStore(folder / "graph.duckdb") if database is None else PostgresStore(database, new_id(), folder)

    return new_store


def _expire_in_sqlite(path: Path) -> Expire:
    def expire(session_id: str) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE sessions SET expires_at = 1 WHERE session_id = ?", (session_id,))
        connection.close()

    return expire


def _expire_in_redis(server: RedisServer) -> Expire:
    def expire(session_id: str) -> None:
        import redis

        with redis.Redis(server.host, server.port) as connection:
            for key in connection.keys(f"*{session_id}*"):
                connection.pexpire(key, 0)

    return expire


@pytest.mark.timeout(0 if SOAK_SECONDS else 600)
@pytest.mark.parametrize("backend", ["sqlite", "redis"])
def test_any_history_ends_as_an_undisturbed_one(
    backend: str, tmp_path: Path, openai_endpoint: OpenAIEndpoint, request: pytest.FixtureRequest
):
    names = {"llm_model": "openai/test", "embedding_model": "openai/test", "llm_max_retries": 0}
    urls = {"llm_endpoint": openai_endpoint.url, "embedding_endpoint": openai_endpoint.url}
    if backend == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        where: dict[str, Any] = {"cache_backend": "redis", "cache_host": server.host, "cache_port": server.port}
        expire, database = _expire_in_redis(server), request.getfixturevalue("postgres")
        new_store = _new_store_in(database)
    else:
        where, expire = {}, _expire_in_sqlite(tmp_path / "sessions.sqlite")
        new_store = _new_store_in(None)
    config = Settings(_env_file=None, **names, **urls, **where).model_copy(update={"home": tmp_path})
    models = LocalModels()
    openai_endpoint.extract = lambda prompt: json.loads(models.complete(prompt) or "{}")
    cache = open_session_cache(config)
    given = {"cache": cache, "expire": expire, "endpoint": openai_endpoint, "config": config}
    machine = type("MachineOnce", (Machine,), {**given, "new_store": staticmethod(new_store)})
    profile = settings(
        max_examples=6,
        stateful_step_count=15,
        deadline=None,
        derandomize=not SOAK_SECONDS,
        database=None,
        # A failing history is printed as it was found, or made shorter where there is time for it.
        phases=(Phase.generate, Phase.shrink) if SOAK_SECONDS else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    ends = time.monotonic() + SOAK_SECONDS
    try:
        while True:
            run_state_machine_as_test(machine, settings=profile)
            if time.monotonic() >= ends:
                break
    finally:
        cache.close()
