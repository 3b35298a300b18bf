"""The commands as a person or a script meets them: what is printed where, exit codes, and what the help teaches."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from typer.main import get_command

import sessiongraph
from sessiongraph.cli import app
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.terminal import Done, Terminal, isolate

TEXT = "Alice moved to Paris in 2010. She works as a software engineer."


@pytest.fixture
def cli(tmp_path: Path) -> Terminal:
    """A terminal in a home where nothing is yet."""
    return Terminal(tmp_path)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal in whose home there are a document and a session of two turns, persisted. Tests only read it."""
    terminal = Terminal(tmp_path_factory.mktemp("demo"))
    for command in (
        ["add", TEXT, "-d", "demo", "--node-set", "people"],
        ["cognify", "-d", "demo"],
        ["search", "Where does Alice live?", "-d", "demo", "-s", "first"],
        ["search", "What does she do for work?", "-d", "demo", "-s", "first"],
        ["persist", "first", "-d", "demo"],
    ):
        assert terminal(*command).code == 0
    return terminal


@pytest.fixture
def remote(tmp_path: Path, openai_endpoint: OpenAIEndpoint) -> Terminal:
    """A terminal whose models are behind the test endpoint."""
    return Terminal(
        tmp_path,
        LLM_MODEL="openai/test",
        LLM_API_KEY="key",
        LLM_ENDPOINT=openai_endpoint.url,
        LLM_MAX_RETRIES="0",
        EMBEDDING_MODEL="openai/vectors",
        EMBEDDING_ENDPOINT=openai_endpoint.url,
        EMBEDDING_API_KEY="key",
        EMBEDDING_DIMENSIONS="64",
    )


def _commands(group: Any, *before: str) -> Iterator[list[str]]:
    """What does something, by all its words: groups are only what stands before."""
    for name, command in group.commands.items():
        yield from _commands(command, *before, name) if hasattr(command, "commands") else [[*before, name]]


def _is_one_error(done: Done) -> bool:
    return done.out == "" and done.err.startswith("Error: ") and done.err.count("\n") == 1


# Help


@pytest.mark.parametrize("command", [*_commands(get_command(app))], ids=" ".join)
def test_every_command_explains_itself_with_an_example(cli: Terminal, command: list[str]) -> None:
    done = cli(*command, "--help")

    assert done.code == 0
    assert f"sessiongraph {' '.join(command)}" in done.out.split("Example")[1]


def test_help_teaches_the_order_of_things(cli: Terminal) -> None:
    done = cli("--help")

    assert done.code == 0
    assert "add → cognify → search in a session → persist" in done.out
    tour = done.out.split("A first tour")[1]
    places = [tour.index(f"sessiongraph {command}") for command in ("add", "cognify", "search", "persist")]
    assert places == sorted(places)


def test_help_loads_nothing_heavy(project_root: Path) -> None:
    program = """
import sys
sys.argv = ["sessiongraph", "--help"]
from sessiongraph.cli import main
try:
    main()
except SystemExit:
    heavy = {"dagster", "litellm", "duckdb", "pandas", "numpy", "spacy", "networkx", "sqlalchemy", "redis", "pydantic"}
    print("LOADED:", sorted(heavy & set(sys.modules)))
"""
    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=project_root, capture_output=True, text=True, check=True
    )

    assert shown.stdout.splitlines()[-1] == "LOADED: []"


def test_the_version_is_that_of_the_installed_package(cli: Terminal) -> None:
    try:
        installed = metadata.version("sessiongraph")
    except metadata.PackageNotFoundError:
        pytest.skip("run from a checkout that is not installed")

    assert cli("--version").out == f"sessiongraph {installed}\n"


# The story


def test_the_story(cli: Terminal) -> None:
    added = cli("add", TEXT, "-d", "demo")
    assert "1 document(s) added to demo" in added.out
    assert "Next: sessiongraph cognify --dataset demo" in added.err
    assert "0 document(s) added to demo (0 characters), 1 there already." in cli("add", TEXT, "-d", "demo").out

    assert "Documents in the graph" in cli("cognify", "-d", "demo").out
    home = cli("search", "Where does Alice live?", "-d", "demo", "-s", "first")
    assert "Paris" in home.out.splitlines()[0]
    assert "Sources" in home.out and "chunk" in home.out
    work = cli("search", "What does she do for work?", "-d", "demo", "-s", "first")
    assert "software engineer" in work.out.splitlines()[0]

    persisted = cli("persist", "first", "-d", "demo")
    assert "2 turn(s) persisted (2 extracted now)" in persisted.out
    assert "2 turn(s) persisted (0 extracted now)" in cli("persist", "--all", "-d", "demo").out

    assert cli("sessions", "delete", "first", "--yes").code == 0
    remembered = cli("search", "Where does Alice live?", "-d", "demo", "-n", "user_sessions_from_cache")
    assert "Paris" in remembered.out
    assert "session first" in remembered.out


def test_status_leads_through_the_story(cli: Terminal) -> None:
    assert cli("status", "--json").json["next_steps"] == ['sessiongraph add "…" --dataset NAME']
    cli("add", TEXT, "-d", "demo")
    assert cli("status", "--json").json["next_steps"] == ["sessiongraph cognify --dataset default_user/demo"]
    cli("cognify")
    assert cli("status", "--json").json["next_steps"] == ['sessiongraph search "…" --session NAME']
    cli("search", "Where does Alice live?", "-d", "demo", "-s", "first")
    assert cli("status", "--json").json["next_steps"] == ["sessiongraph persist first --dataset demo"]
    cli("persist", "first", "-d", "demo")
    done = cli("status")
    assert "Next: sessiongraph search" in done.err
    assert "default_user/demo" in done.out and "sqlite, reachable" in done.out


def test_chat_is_a_session_that_ends_with_quit_or_the_input(demo: Terminal) -> None:
    done = demo("chat", "-s", "talk", "-d", "demo", stdin="Where does Alice live?\n\n/quit\nnever asked\n")

    assert done.code == 0
    assert "Paris" in done.out
    assert "never asked" not in done.out
    assert "Next: sessiongraph persist talk --dataset demo" in done.err
    assert len(demo("sessions", "show", "talk", "--json").json) == 1
    assert demo("chat", "-s", "silent", stdin="").code == 0


def test_chat_hears_what_is_told_before_there_is_any_graph_and_goes_on_after_a_question(cli: Terminal) -> None:
    said = ("Hello!", "Where do I live?", "I live in Bergen.", "Where do I live?", "I'm a nurse")
    done = cli("chat", "-s", "talk", stdin="\n".join(said) + "\n")
    assert done.code == 0
    assert "Noted: you live in Bergen." in done.out and "Noted: you're a nurse." in done.out
    assert done.err.count("no graph data") == 2 and "No sources" not in done.out + done.err
    assert "You live in Bergen" in done.out or "\nI live in Bergen." in done.out
    assert "4 turn(s) are in the cache" in done.err


def test_a_statement_in_no_session_is_said_to_be_lost(demo: Terminal) -> None:
    done = demo("search", "I live in Bergen.", "-d", "demo")
    assert "--session" in done.out and "Sources, which do not answer it" in done.out


def test_chat_goes_on_after_a_question_that_failed(remote: Terminal, openai_endpoint: OpenAIEndpoint) -> None:
    remote("add", TEXT)
    remote("cognify")
    openai_endpoint.fail(400, when="Where", times=1)

    done = remote("chat", "-s", "talk", stdin="Where is Alice?\nWho is Alice?\n")

    assert done.code == 0
    assert "Error: " in done.err
    assert "1 turn(s) are in the cache" in done.err


# What a program reads


def test_search_prints_json_alone(demo: Terminal) -> None:
    done = demo("search", "Where does Alice live?", "-d", "demo", "--json")

    result = done.json
    assert set(result) == {
        "query", "query_type", "answer", "claims", "citations", "context", "dataset", "answered", "rows", "turn_id",
        "usage", "warnings",
    }  # fmt: skip
    assert "Paris" in result["answer"]
    assert set(result["citations"][0]) == {
        "kind", "id", "text", "score", "dataset", "document_id", "name", "stated_by", "said_at", "session_id",
        "turn_id", "valid_at", "valid_until", "replaced", "wrong", "corrected_by", "corrected_at",
        "speaker", "answer_at",
    }  # fmt: skip
    assert result["citations"][0]["said_at"].endswith("+00:00")


def test_lists_print_json_alone(demo: Terminal) -> None:
    [dataset] = demo("datasets", "list", "--json").json
    assert set(dataset) == {"key", "name", "owner", "id", "allow_secrets"}
    assert dataset["key"] == "default_user/demo"
    assert [set(user) for user in demo("users", "list", "--json").json] == [{"id", "name"}]
    session = demo("sessions", "list", "--json").json[-1]
    assert session["session_id"] == "first" and session["turns"] == 2
    assert set(session) == {"user_id", "session_id", "turns", "last_activity", "expires_at"}
    turns = demo("sessions", "show", "first", "--json").json
    assert [turn["question"] for turn in turns] == ["Where does Alice live?", "What does she do for work?"]
    assert demo("datasets", "grants", "demo", "--json").json == []


def test_an_empty_list_is_json_too(cli: Terminal) -> None:
    for command in (["roles", "list"], ["tenants", "list"], ["datasets", "list"], ["sessions", "list"]):
        assert cli(*command, "--json").json == []


def test_an_empty_list_says_how_to_begin(cli: Terminal) -> None:
    for command in (["roles", "list"], ["tenants", "list"], ["datasets", "list"], ["sessions", "list"]):
        done = cli(*command)
        assert done.out == "" and done.err


def test_reports_print_json_alone(demo: Terminal) -> None:
    [cognified] = demo("cognify", "-d", "demo", "--json").json
    assert (cognified["dataset"], cognified["persisted"], cognified["extracted"]) == ("demo", 1, 0)
    persisted = demo("persist", "first", "-d", "demo", "--json").json
    assert (persisted["persisted"], persisted["skipped"], persisted["failed"]) == (2, 0, 0)
    [session] = persisted["sessions"]
    assert [turn["disposition"] for turn in session["turns"]] == ["persisted", "persisted"]
    assert demo("add", TEXT, "-d", "demo", "--json").json["known"] == 1


def test_the_graph_is_shown_as_counts_facts_and_graphml(demo: Terminal) -> None:
    overview = demo("graph", "-d", "demo", "--json").json
    assert overview["entities"] >= 3 and overview["node_sets"]["people"] == overview["entities"]
    facts = demo("graph", "-d", "demo", "--table", "--json").json
    assert {("Alice", "Paris")} <= {(fact["subject"], fact["object"]) for fact in facts}
    assert {piece["turn_id"] for fact in facts for piece in fact["evidence"]} > {None}
    assert "Alice moved to Paris in 2010." in demo("graph", "-d", "demo", "--table").out
    assert "Most connected entities" in demo("graph", "-d", "demo").out

    written = demo("graph", "-d", "demo", "--graphml", "demo.graphml")

    assert written.code == 0 and written.out == ""
    graph = nx.read_graphml(demo.home / "demo.graphml", force_multigraph=True)
    assert len(graph) == overview["entities"] and graph.number_of_edges() == overview["facts"]
    evidence = [json.loads(fact["evidence"]) for *_, fact in graph.edges(data=True)]
    assert all(piece["document_id"] for pieces in evidence for piece in pieces)


def test_the_context_is_printed_as_a_model_would_get_it(demo: Terminal) -> None:
    done = demo("search", "Where does Alice live?", "-d", "demo", "--only-context")

    assert "[1] " in done.out
    assert "Sources" not in done.out


def test_types_are_taken_in_any_case(demo: Terminal) -> None:
    done = demo("search", "Paris", "-d", "demo", "-t", "chunks_lexical", "-k", "1", "--json")

    assert done.json["answer"] is None
    assert len(done.json["citations"]) == 1


def test_a_search_is_narrowed_by_options(demo: Terminal) -> None:
    """What was added without metadata, and today, fits where neither is asked for."""
    for options, is_found in (
        (["--kind", "document", "--said-since", "2024", "--of-user", "default_user"], True),
        (["--of-session", "nowhere"], False),
        (["--said-until", "1999-12"], False),
        (["--metadata", '{"year": {"gte": 2024}}'], False),
    ):
        done = demo("search", "Paris", "-d", "demo", "-t", "chunks", "--json", *options)
        assert bool(done.json["citations"]) is is_found, options


# What comes in


def test_a_file_needs_no_dot_before_it(cli: Terminal) -> None:
    (cli.home / "notes.md").write_text("Bob lives in Lyon.")
    folder = cli.home / "more"
    folder.mkdir()
    (folder / "a.txt").write_text("Carol lives in Nice.")
    (folder / "b.bin").write_bytes(b"\0")

    done = cli("add", "notes.md", "more")

    assert "2 document(s) added" in done.out
    assert "Warning: Left out b.bin" in done.err


def test_what_of_a_file_was_not_read_is_said(cli: Terminal) -> None:
    (cli.home / "ships.csv").write_text("ship,port\nAsta,Visby\nDora\n")
    (cli.home / "page.html").write_text("<p>Asta sails.</p><p hidden>Dora does not.</p>")

    done = cli("add", "ships.csv", "page.html")

    assert "2 document(s) added" in done.out
    said = " ".join(done.err.split())
    assert "Warning: ships.csv: 1 row(s) do not have 2 cells" in said
    assert "Warning: page.html: 1 part(s) that a reader of the page does not see left out." in said


def test_stdin_is_a_document(cli: Terminal) -> None:
    assert "1 document(s) added" in cli("add", "-", stdin="Bob lives in Lyon.").out


def test_a_mistyped_path_does_not_become_a_document(cli: Terminal) -> None:
    done = cli("add", "notse.md")

    assert done.code == 2
    assert _is_one_error(done)
    assert cli("datasets", "list", "--json").json == []


def test_what_was_said_is_shown_as_it_is(cli: Terminal) -> None:
    said = "[red]not red[/red] :smile: \x1b]0;owned\x07 \x1b[31m \u202edne"
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, cli.home)
        asyncio.run(sessiongraph.sessions.add_turn("first", said, "[/] is no tag."))

    done = cli("sessions", "show", "first")

    assert "[red]not red[/red] :smile:" in " ".join(done.out.split())
    assert "[/] is no tag." in done.out
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out)
    assert not {"\x1b", "\x07", "\u202e"} & set(cli("sessions", "show", "first", "--json").out)


def test_a_terminal_without_all_letters_still_shows_the_rest(cli: Terminal, project_root: Path) -> None:
    encoding = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(project_root)}
    environment = {**os.environ, **encoding, "SESSIONGRAPH_HOME": str(cli.home)}
    program = "from sessiongraph.cli import main; main()"
    command = [sys.executable, "-c", program, "datasets", "list"]

    done = subprocess.run(command, cwd=cli.home, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "sessiongraph add" in done.stderr


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["search", "Where?", "-d", "nowhere"], 1, "nowhere"),
        (["search", "   "], 2, "QUESTION"),
        (["search", "Where?"], 1, "no graph data"),
        (["search", "Where?", "-k", "0"], 2, "--top-k"),
        (["search", "Where?", "-s", "../up"], 2, "session id"),
        (["search", "Where?", "--said-since", "soon"], 2, "--said-since"),
        (["search", "Where?", "--valid-since", "2021", "--valid-until", "2020"], 2, "--valid-since"),
        (["search", "Where?", "--kind", "turn"], 2, "kinds"),
        (["search", "Where?", "--metadata", "{"], 2, "JSON"),
        (["search", "Where?", "--max-tokens", "9"], 2, "--only-context"),
        (["add", "Some text.", "--metadata", "[1]"], 2, "JSON object"),
        (["chat", "-s", "../up"], 2, "session id"),
        (["add", "   "], 2, "without a letter"),
        (["add", "Some text.", "-d", ".up"], 2, "dataset name"),
        (["add", "Some text.", "-u", "nobody"], 2, "nobody"),
        (["cognify"], 1, "no documents"),
        (["persist"], 2, "--all"),
        (["persist", "first", "--all"], 2, "--all"),
        (["persist", "first"], 1, "first"),
        (["sessions", "show", "first"], 1, "first"),
        (["sessions", "delete", "first", "--yes"], 1, "first"),
        (["datasets", "delete", "nowhere", "--yes"], 1, "nowhere"),
        (["datasets", "grant", "nowhere", "nobody", "read"], 2, "nobody"),
        (["users", "create", "../up"], 2, "user name"),
        (["graph"], 1, "no graph data"),
        (["graph", "--graphml", "nowhere/graph.graphml"], 2, "no folder"),
        (["forget", "-d", "nowhere", "--yes"], 1, "nowhere"),
        (["forget", "-d", "main_dataset", "--turn", "t", "--yes"], 2, "--session"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_errors_are_one_line_on_stderr(cli: Terminal, arguments: list[str], code: int, said: str) -> None:
    done = cli(*arguments)

    assert done.code == code
    assert _is_one_error(done), done
    assert said in done.err


def test_usage_errors_are_code_2(cli: Terminal) -> None:
    assert cli("serch").code == 2
    assert cli("search", "Where?", "--type", "psychic").code == 2
    assert cli("forget").code == 2
    assert cli("datasets", "grant", "demo", "ana", "everything").code == 2


def test_settings_that_are_wrong_are_named(cli: Terminal) -> None:
    done = cli("status", CACHE_PORT="many")

    assert done.code == 2
    assert _is_one_error(done) and "CACHE_PORT" in done.err


def test_what_nobody_expected_keeps_its_traceback(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(**_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(sessiongraph.users, "list", broken)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(RuntimeError, match="a defect"):
        patch.setattr(sys, "argv", ["sessiongraph", "users", "list"])
        app(["users", "list"])


def test_a_model_that_refuses_is_an_error_and_not_a_traceback(
    remote: Terminal, openai_endpoint: OpenAIEndpoint
) -> None:
    remote("add", TEXT)
    openai_endpoint.fail(401)

    done = remote("cognify")

    assert done.code == 1
    assert _is_one_error(done)


def test_what_failed_in_part_is_shown_and_is_code_1(remote: Terminal, openai_endpoint: OpenAIEndpoint) -> None:
    remote("add", TEXT, "Bob lives in Lyon.", "-d", "demo")
    openai_endpoint.fail(400, when="Lyon")

    done = remote("cognify", "-d", "demo", "--json")

    assert done.code == 1
    [report] = done.json
    assert (report["persisted"], report["failed"]) == (1, 1)
    assert "Warning: Passage" in done.err
    openai_endpoint.heal()
    assert remote("cognify", "-d", "demo").code == 0


def test_sessions_that_are_unknown_are_named_while_others_persist(demo: Terminal) -> None:
    done = demo("persist", "first", "unknown", "-d", "demo")

    assert done.code == 1
    assert "2 turn(s) persisted" in done.out
    assert "Warning: " in done.err and "unknown" in done.err


def test_an_answer_comes_with_a_warning_where_the_cache_is_down(demo: Terminal) -> None:
    down = {"CACHE_BACKEND": "redis", "CACHE_PORT": "1"}

    done = demo("search", "Where does Alice live?", "-d", "demo", "-s", "first", **down)

    assert done.code == 0
    assert "Paris" in done.out
    assert "Warning: " in done.err
    status = demo("status", **down)
    assert status.code == 0
    assert "redis at 127.0.0.1:1" in status.out
    assert demo("sessions", "list", **down).code == 1


def test_sessions_say_that_caching_is_off(demo: Terminal) -> None:
    done = demo("persist", "first", "-d", "demo", CACHING="false")

    assert done.code == 1
    assert "CACHING=true" in done.err
    assert demo("status", "--json", CACHING="false").json["cache"] == "off"


# Whose it is, and what is gone


def test_nothing_is_destroyed_without_a_yes(demo: Terminal) -> None:
    for command in (
        ["sessions", "delete", "first"],
        ["datasets", "delete", "demo"],
        ["forget", "-d", "demo", "-s", "first"],
    ):
        done = demo(*command)
        assert done.code == 2
        assert "--yes" in done.err
    assert demo("sessions", "show", "first").code == 0


def test_forgetting_takes_out_a_turn_a_session_and_everything(cli: Terminal) -> None:
    cli("add", TEXT, "-d", "demo")
    cli("cognify", "-d", "demo")
    cli("chat", "-s", "first", "-d", "demo", stdin="Where does Alice live?\nWhat does she do for work?\n")
    [session] = cli("persist", "first", "-d", "demo", "--json").json["sessions"]

    one = cli("forget", "-d", "demo", "-s", "first", "--turn", session["turns"][0]["turn_id"], "--yes", "--json").json
    assert (one["turns"], one["cached_turns"]) == (1, 1)
    assert "1 turn(s)" in cli("forget", "-d", "demo", "-s", "first", "--yes").out
    assert cli("search", "Alice", "-d", "demo", "-n", "user_sessions_from_cache").code == 1
    assert "Paris" in cli("search", "Where does Alice live?", "-d", "demo").out
    assert cli("forget", "-d", "demo", "--yes").code == 0
    assert cli("graph", "-d", "demo").code == 1


def test_a_dataset_is_shared_and_taken_back(cli: Terminal) -> None:
    cli("add", TEXT, "-d", "demo")
    cli("cognify", "-d", "demo")
    assert cli("users", "create", "ana@example.com").code == 0
    assert cli("users", "create", "ana@example.com").code == 2
    ask = ["search", "Where does Alice live?", "-d", "default_user/demo", "-u", "ana@example.com"]
    assert cli(*ask).code == 1

    assert cli("datasets", "grant", "demo", "ana@example.com", "read").code == 0
    assert "Paris" in cli(*ask).out
    assert cli("datasets", "grants", "demo", "--json").json == [{"user": "ana@example.com", "permission": "read"}]
    assert cli("add", "Bob lives in Lyon.", "-d", "default_user/demo", "-u", "ana@example.com").code == 1

    assert cli("datasets", "revoke", "demo", "ana@example.com", "read").code == 0
    assert cli(*ask).code == 1
    assert cli("datasets", "delete", "demo", "--yes").code == 0
    assert cli("datasets", "list", "--json").json == []
