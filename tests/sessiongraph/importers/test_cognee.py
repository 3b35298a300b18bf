"""cognee's session cache, as cognee 1.6.5 wrote it: its adapters made the files (a day of ours in place of theirs)."""

import json
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from sessiongraph import datasets, persist_sessions_in_knowledge_graph_pipeline, sessions, users
from sessiongraph.errors import CacheUnavailableError, InvalidInputError
from sessiongraph.types import User
from tests.conftest import RedisServer

ANA, BEN = "8f14e45f-ceea-467f-a3e1-b3bd5c7e7c9d", "45c48cce-2e2d-4fbd-a1aa-1c2d3e4f5a6b"
LYON, WHERE = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
AS_USERS = {ANA: "ana", BEN: "ben"}
Source = Callable[[str], str]


@pytest.fixture
def source(tmp_path: Path, redis_server: RedisServer) -> Source:
    """Where cognee's cache of a kind lies."""
    with tarfile.open(Path(__file__).parents[2] / "fixtures" / "cognee_1_6_5.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")

    def place(kind: str) -> str:
        if kind != "redis":
            return str(tmp_path / {"sqlite": "cache.db", "diskcache": "sessions_db", "files": "later"}[kind])
        client = redis.Redis(port=redis_server.port)
        client.flushall()
        for key, entries in json.loads((tmp_path / "redis.json").read_text()).items():
            client.rpush(key, *entries)
        client.close()
        return f"redis://{redis_server.host}:{redis_server.port}/0"

    (tmp_path / "later").mkdir()
    with sqlite3.connect(tmp_path / "later" / "cache.sqlite3") as later:  # as cognee's later file cache makes it
        later.execute("CREATE TABLE cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, expire_at REAL)")
        for key, entries in json.loads((tmp_path / "redis.json").read_text()).items():
            later.execute("INSERT INTO cache VALUES (?, ?, NULL)", (key, f"[{','.join(entries)}]"))
        later.execute("INSERT INTO cache VALUES ('agent_sessions:x:gone', '[]', 1.0)")
    later.close()
    return place


@pytest.fixture
async def people() -> dict[str, User]:
    return {name: await users.create(name) for name in ("ana", "ben")}


@pytest.mark.parametrize("kind", ["redis", "sqlite", "diskcache", "files"])
async def test_sessions_come_over_with_ids_times_context_and_ratings_and_once(
    source: Source, people: dict[str, User], kind: str
) -> None:
    place = source(kind)
    reports = await sessions.import_cognee(place, as_users=AS_USERS)
    assert {name: (it.new, it.unread_count) for name, it in reports.items()} == {"ana": (3, 0), "ben": (1, 0)}
    assert reports["ana"].left_out == {"session(s) of agents' traces": 1}

    lyon, where = await sessions.get_turns("chat:1", user=people["ana"])
    assert (lyon.turn_id, lyon.question, lyon.answer) == (LYON, "I moved to Lyon.", "Noted.")
    assert f"{lyon.created_at:%Y-%m-%d}" == "2026-03-04" and lyon.context == " ".join(["Ana lives in Paris."] * 3)
    assert (where.turn_id, where.context, where.score, where.feedback) == (WHERE, None, 5, "quick")
    (tea,) = await sessions.get_turns("default_session", user=people["ben"])
    assert tea.question == "I like tea." and (tea.context or "").startswith("long long")
    assert [it.session_id for it in await sessions.list_sessions(user=people["ana"])] != []

    again = await sessions.import_cognee(place, as_users=AS_USERS)
    assert all((it.new, it.changed, it.unchanged) == (0, 0, it.turns) for it in again.values())


async def test_what_grew_was_edited_or_rated_since_comes_after_also_when_the_cache_is_empty(
    source: Source, people: dict[str, User], tmp_path: Path
) -> None:
    place, ana = source("sqlite"), people["ana"]
    await sessions.import_cognee(place, as_users={ANA: "ana"}, dataset="work")
    await persist_sessions_in_knowledge_graph_pipeline(
        user=ana, session_ids=["chat:1"], dataset="work", run_in_background=False, create=True
    )
    await sessions.clear(user=ana)
    with sqlite3.connect(tmp_path / "cache.db") as cognee:
        rows = cognee.execute("SELECT seq, payload FROM cache_qa_entries WHERE session_id = 'chat:1'").fetchall()
        lyon = {**json.loads(rows[0][1]), "question": "I moved to Nice."}
        rated = {**json.loads(rows[1][1]), "feedback_score": 1}
        grown = {**lyon, "qa_id": "new", "question": "I like jam.", "time": "2026-03-05T10:00:00+02:00"}
        for (seq, _), entry in zip(rows, (lyon, rated), strict=True):
            cognee.execute("UPDATE cache_qa_entries SET payload = ? WHERE seq = ?", (json.dumps(entry), seq))
        cognee.execute(
            "INSERT INTO cache_qa_entries (user_id, session_id, qa_id, payload) VALUES (?, 'chat:1', 'new', ?)",
            (ANA, json.dumps(grown)),
        )
    cognee.close()

    report = (await sessions.import_cognee(place, as_users={ANA: "ana"}, dataset="work"))["ana"]

    told = {it.session_id: (it.new, it.changed, it.unchanged) for it in report.sessions}
    assert told["chat:1"] == (1, 2, 0)
    turns = await sessions.get_turns("chat:1", user=ana)
    assert [(it.question, it.score) for it in turns] == [
        ("I moved to Nice.", None),
        ("Where does Ana live?", 1),
        ("I like jam.", None),
    ]
    assert turns[2].created_at.isoformat() == "2026-03-05T10:00:00+02:00"
    assert report.left_out["session(s) of users who were not named"] == 1


async def test_an_import_of_words_keeps_a_rating_that_the_dataset_alone_has(source: Source, tmp_path: Path) -> None:
    await users.create("ana")
    ana, place = await users.get("ana"), source("sqlite")
    await sessions.import_cognee(place, as_users={ANA: "ana"})
    await sessions.add_feedback("chat:1", LYON, score=4, user=ana)
    dataset = await datasets.create("main_dataset", user=ana)
    await persist_sessions_in_knowledge_graph_pipeline(
        user=ana, session_ids=["chat:1"], dataset=dataset.name, run_in_background=False, create=True
    )
    await sessions.clear(user=ana)
    report = (await sessions.import_cognee(place, as_users={ANA: "ana"}))["ana"]
    assert (report.new, report.changed) == (1, 0)  # of the session that was not persisted
    with sqlite3.connect(tmp_path / "cache.db") as cognee:
        cognee.execute(
            "UPDATE cache_qa_entries SET payload = replace(payload, 'Lyon.', 'Nice.') WHERE qa_id = ?", [LYON]
        )
    cognee.close()
    await sessions.import_cognee(place, as_users={ANA: "ana"})
    assert [(it.question, it.score) for it in await sessions.get_turns("chat:1", user=ana)] == [("I moved to Nice.", 4)]


async def test_several_users_are_never_mixed_up_unasked(source: Source) -> None:
    with pytest.raises(InvalidInputError, match=rf"several users: {ANA} \(2\), {BEN} \(1\).*--as-user ID=NAME"):
        await sessions.import_cognee(source("sqlite"))
    with pytest.raises(InvalidInputError, match="cognee has no session of zoe"):
        await sessions.import_cognee(source("sqlite"), as_users={"zoe": "default_user"})
    with pytest.raises(InvalidInputError, match="nobody"):
        await sessions.import_cognee(source("sqlite"), as_users={ANA: "nobody"})
    assert await sessions.list_sessions() == []


async def test_what_is_no_cache_or_not_as_cognee_writes_it_is_named(
    source: Source, tmp_path: Path, redis_server: RedisServer
) -> None:
    (tmp_path / "notes.db").write_text("no database at all, whatever it is called, and long enough to be read")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE cache (id INTEGER)")
    other.close()
    for place, why in (
        ("nowhere.db", "no cache of cognee's"),
        ("notes.db", "no SQLite file"),
        ("other.db", "no session cache of cognee's"),
    ):
        with pytest.raises(InvalidInputError, match=why):
            await sessions.import_cognee(str(tmp_path / place))
    with pytest.raises(CacheUnavailableError, match="cognee's Redis at 127.0.0.1:1 cannot be read") as failed:
        await sessions.import_cognee("redis://ana:hunter2secret@127.0.0.1:1/0")
    assert "hunter2" not in str(failed.value)

    place = source("redis")
    client = redis.Redis(port=redis_server.port)
    client.delete(f"agent_sessions:{BEN}:default_session")
    client.rpush(
        f"agent_sessions:{ANA}:chat:1", "no JSON", '{"question": 3}', '{"question": "I like rye.", "answer": ""}'
    )
    client.set(f"agent_sessions:{ANA}:text", "no list")
    client.close()
    report = (await sessions.import_cognee(place))["default_user"]
    assert report.new == 4 and report.unread_count == 3
    assert any("entry 4: its question is no text" in it for it in report.unread)


async def test_a_file_cache_reads_no_file_outside_of_it(
    source: Source, people: dict[str, User], tmp_path: Path
) -> None:
    place = source("diskcache")
    (tmp_path / "secret.val").write_text('[{"question": "I am a secret.", "answer": "", "qa_id": "s"}]')
    with sqlite3.connect(Path(place) / "cache.db") as cache:
        cache.execute("UPDATE Cache SET filename = '../secret.val', mode = 3 WHERE key LIKE 'agent_sessions:%'")
    cache.close()
    report = (await sessions.import_cognee(place, as_users={ANA: "ana"}))["ana"]
    assert report.new == 0 and report.unread_count == 2
