"""Claude Code's sessions: what was typed and said, and all the rest as context."""

from pathlib import Path

from sessiongraph import sessions
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import said, step, write_lines, write_zip

SNAPSHOT = {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}, "isSnapshotUpdate": False}


async def test_prompts_answers_and_the_steps_between(import_file: Import, told: Told, tmp_path: Path):
    call = [{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "a.py"}}]
    result = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": said("print(1)")}]
    path = write_lines(
        tmp_path / "5e55.jsonl",
        {"type": "summary", "summary": "Fix the login", "leafUuid": "a2"},
        SNAPSHOT,
        step("u1", None, "user", "Fix the login in a.py."),
        step("a1", "u1", "assistant", [{"type": "thinking", "thinking": "Hm."}, *said("I read it.")], 1),
        step("a1b", "a1", "assistant", call, 1),
        step("r1", "a1b", "user", result, 2),
        step("a2", "r1", "assistant", said("It is fixed."), 3),
        step("u2", "a2", "user", [*said("I use Postgres."), {"type": "image", "source": {"data": "AAAA"}}], 4),
    )
    report = await import_file(path)
    assert report.format == "claude-code" and report.sessions[0].title == "Fix the login"
    assert await told("claude-code-5e55") == [
        ("Fix the login in a.py.", "I read it.\n\nIt is fixed."),
        ("I use Postgres.", ""),
    ]
    first, second = await sessions.get_turns("claude-code-5e55")
    assert first.context == 'title: Fix the login\ncall of Read: {"file_path": "a.py"}\nresult: print(1)'
    assert second.context == "attachment of user: image"
    assert report.left_out == {"block(s) of the model's thinking": 1, "line(s) of Claude Code itself": 1}


async def test_who_goes_back_has_said_only_the_last(import_file: Import, told: Told, tmp_path: Path):
    talk = (
        step("u1", None, "user", "I use Postgres."),
        step("a1", "u1", "assistant", said("Good."), 1),
        step("u2", "a1", "user", "Write it in Rust.", 2),
        step("a2", "u2", "assistant", said("Rust it is."), 3),
        step("u3", "a2", "user", "And tests.", 4),
    )
    path = tmp_path / "s.jsonl"
    await import_file(write_lines(path, *talk))
    back = (step("u2b", "a1", "user", "Write it in Go.", 5), step("a2b", "u2b", "assistant", said("Go it is."), 6))
    report = await import_file(write_lines(path, *talk, *back))
    assert (report.new, report.changed, report.withdrawn) == (0, 1, 1)
    assert await told("claude-code-5e55") == [("I use Postgres.", "Good."), ("Write it in Go.", "Go it is.")]


async def test_parallel_calls_are_no_branches(import_file: Import, told: Told, tmp_path: Path):
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "Read", "input": {}} for n in (1, 2)]
    results = [[{"type": "tool_result", "tool_use_id": f"t{n}", "content": f"file {n}"}] for n in (1, 2)]
    await import_file(
        write_lines(
            tmp_path / "s.jsonl",
            step("u1", None, "user", "Compare the files."),
            step("a1", "u1", "assistant", calls[:1], 1),
            step("a2", "a1", "assistant", calls[1:], 1),
            step("r1", "a1", "user", results[0], 2),
            step("r2", "a2", "user", results[1], 2),
            step("a3", "r2", "assistant", said("They differ."), 3),
        )
    )
    assert await told("claude-code-5e55") == [("Compare the files.", "They differ.")]
    (turn,) = await sessions.get_turns("claude-code-5e55")
    assert "result: file 1\nresult: file 2" in (turn.context or "")


async def test_what_nobody_typed_is_context(import_file: Import, told: Told, tmp_path: Path):
    await import_file(
        write_lines(
            tmp_path / "s.jsonl",
            step("m", None, "user", "Caveat: the messages below were generated.", isMeta=True),
            step("c", "m", "user", "<command-name>/clear</command-name>"),
            step("u", "c", "user", "I use Postgres.<system-reminder>Todo list is empty.</system-reminder>", 1),
            step("i", "u", "user", said("[Request interrupted by user]"), 2),
            step("e", "i", "assistant", said("API Error: 500"), 3, isApiErrorMessage=True),
            step("s", "e", "user", "This session is being continued from …", 4, isCompactSummary=True),
            {"type": "system", "subtype": "compact_boundary", "sessionId": "5e55", "uuid": "b", "parentUuid": None},
        )
    )
    assert await told("claude-code-5e55") == [("I use Postgres.", "")]


async def test_a_folder_of_sessions_with_agents_and_damaged_lines(import_file: Import, told: Told, tmp_path: Path):
    folder = tmp_path / "projects" / "-home-ben-app"
    folder.mkdir(parents=True)
    write_lines(folder / "1.jsonl", step("u1", None, "user", "I use Postgres."), '{"type": "user", "mess', "[1]")
    write_lines(folder / "agent-1.jsonl", step("g1", None, "user", "Search the code.", isSidechain=True))
    write_lines(folder / "2.jsonl", step("u1", None, "user", "I use Redis.", sessionId="5e56"), {"type": "user"})
    report = await import_file(tmp_path / "projects")
    assert await told("claude-code-5e55") == [("I use Postgres.", "")]
    assert await told("claude-code-5e56") == [("I use Redis.", "")]
    assert report.left_out["step(s) of agents within a session"] == 1
    assert report.unread == [
        "-home-ben-app/1.jsonl, line 2: no valid JSON",
        "-home-ben-app/1.jsonl, line 3: no JSON object",
    ]


async def test_a_zip_of_sessions(import_file: Import, told: Told, tmp_path: Path):
    line = '{"type":"user","sessionId":"5e55","uuid":"u1","parentUuid":null,"message":{"content":"Hi, I am Ben."}}'
    await import_file(write_zip(tmp_path / "z.zip", **{"a__s.jsonl": line}))
    assert await told("claude-code-5e55") == [("Hi, I am Ben.", "")]
