"""What is typed into a chat besides questions, ids by their beginnings, and what is listed."""

from pathlib import Path

import pytest

from sessiongraph.cli import status
from tests.support.terminal import Terminal

TEXT = "Alice moved to Paris in 2010. She works as a software engineer."


@pytest.fixture
def cli(tmp_path: Path) -> Terminal:
    """A terminal in a home with one document in the graph."""
    terminal = Terminal(tmp_path)
    assert terminal("add", TEXT, "-d", "demo", "--said-at", "2020-05-04").code == 0
    assert terminal("cognify", "-d", "demo").code == 0
    return terminal


def test_no_command_of_a_chat_is_a_turn(cli: Terminal) -> None:
    typed = ["/help", "/more", "/rate 3", "/edit answer x", "/sources", "/unknown word", "/etc/hosts", "//slash?"]

    done = cli("chat", "-s", "talk", "-d", "demo", stdin="\n".join([*typed, "/quit"]))

    assert done.code == 0
    assert [turn["question"] for turn in cli("sessions", "show", "talk", "--json").json] == ["/slash?"]
    assert done.err.count("Nothing was asked yet") == 4
    assert "There is no /unknown." in done.err and "There is no /etc/hosts." in done.err


def test_an_answer_is_rated_edited_looked_into_and_persisted(cli: Terminal) -> None:
    rated = ["/rate 6", "/rate 4 fine", "/edit answer Alice lives in Lyon."]
    typed = ["Where does Alice live?", *rated, "/more 2", "/more", "/persist", "/quit"]

    done = cli("chat", "-s", "talk", "-d", "demo", stdin="\n".join(typed))

    assert done.code == 0
    assert "/rate takes a number" in done.err and "/more takes a source's number" in done.err
    [turn] = cli("sessions", "show", "talk", "--json").json
    assert (turn["score"], turn["feedback"], turn["answer"]) == (4, "fine", "Alice lives in Lyon.")
    assert "demo: 1 session(s): 1 turn(s) persisted" in done.out
    assert "turn(s) are in the cache" not in done.err
    [session] = cli("sessions", "list", "--persisted", "--json").json
    assert (session["session_id"], session["dataset"], session["persisted"]) == ("talk", "demo", 1)

    later = cli("chat", "-s", "talk", "-d", "demo", stdin="/rate 1\n")  # the last turn, of the chat before
    assert "kept out of the graph" in later.out and "Next: sessiongraph persist talk" in later.err


def test_the_beginning_of_an_id_is_enough_where_it_can_mean_only_one(cli: Terminal) -> None:
    for text in ("Bob lives in Lyon.", "Carol lives in Nice.", "Dora lives in Visby."):
        cli("add", text, "-d", "demo")
    found = cli("documents", "list", "-d", "demo", "--json").json
    assert (found[0]["said_on"], found[0]["persisted"], found[1]["passages"]) == ("2020-05-04", 1, 0)
    [bob] = [it["id"] for it in found if it["characters"] == len("Bob lives in Lyon.")]
    for name in ("monday-1", "monday-2", "tuesday"):
        cli("search", "Where does Alice live?", "-d", "demo", "-s", name)

    assert cli("documents", "show", bob[:8], "-d", "demo", "--json").json["text"] == "Bob lives in Lyon."
    assert cli("forget", "-d", "demo", "--document", bob[:8], "--yes").code == 0
    assert bob not in [it["id"] for it in cli("documents", "list", "-d", "demo", "--json").json]
    assert "Session tuesday" in cli("sessions", "show", "tues").out

    several = cli("sessions", "show", "mond")
    assert several.code == 2 and several.out == ""
    assert "monday-1, monday-2" in several.err
    assert cli("persist", "mond").code == 2
    assert "1 turn(s) persisted" in cli("persist", "tues").out
    [turn] = cli("sessions", "show", "tuesday", "--json").json
    done = cli("forget", "-d", "demo", "-s", "tues", "--turn", turn["turn_id"][:8], "--yes", "--json").json
    assert (done["turns"], done["cached_turns"]) == (1, 1)


def test_an_id_that_is_there_is_never_taken_for_the_beginning_of_another(cli: Terminal) -> None:
    for name in ("first", "first-2"):
        cli("search", "Where does Alice live?", "-d", "demo", "-s", name)
    cli("persist", "first")
    cli("sessions", "delete", "first", "--yes")

    done = cli("persist", "first")  # of which only the dataset knows any more

    assert "1 turn(s) persisted (0 extracted now)" in done.out
    assert "first-2" not in done.out + done.err


def test_an_entity_is_shown_by_a_name_or_an_id(cli: Terminal) -> None:
    [alice] = [it for it in cli("entities", "list", "-d", "demo", "--json").json if it["name"] == "Alice"]

    shown = cli("entities", "show", "alice", "-d", "demo").out

    assert "Alice moved to Paris in 2010." in shown and alice["id"] in shown
    assert cli("entities", "show", alice["id"][:8], "-d", "demo", "--json").json["name"] == "Alice"
    assert cli("entities", "show", alice["id"][:2], "-d", "demo").code == 2
    nobody = cli("entities", "show", "Nobody", "-d", "demo")
    assert nobody.code == 2 and "sessiongraph entities list" in nobody.err


def test_a_turn_alone_is_deleted(cli: Terminal) -> None:
    for question in ("Where does Alice live?", "What does she do for work?"):
        cli("search", question, "-d", "demo", "-s", "first")
    turns = cli("sessions", "show", "first", "--json").json

    assert cli("sessions", "delete", "first", "--turn", turns[0]["turn_id"][:8], "--yes").code == 0

    assert [turn["turn_id"] for turn in cli("sessions", "show", "first", "--json").json] == [turns[1]["turn_id"]]


# Several datasets, some of which fail


def test_persisting_goes_on_after_a_dataset_that_fails_and_then_fails(cli: Terminal) -> None:
    cli("users", "create", "ana")
    cli("datasets", "grant", "demo", "ana", "read")
    cli("datasets", "grant", "demo", "ana", "write")
    cli("add", "Bob lives in Lyon.", "-d", "own", "-u", "ana")
    cli("cognify", "-d", "own", "-u", "ana")
    cli("search", "Where does Alice live?", "-d", "default_user/demo", "-s", "mixed", "-u", "ana")
    cli("search", "Where does Bob live?", "-d", "own", "-s", "mixed", "-u", "ana")
    cli("datasets", "revoke", "demo", "ana", "write")

    done = cli("persist", "mixed", "-u", "ana")

    assert done.code == 1
    assert "own: 1 session(s): 1 turn(s) persisted" in done.out
    assert "Error: default_user/demo: " in done.err and "`sessiongraph datasets grant" in done.err
    again = cli("persist", "--all", "-u", "ana", "--json")
    assert again.code == 1
    assert list(again.json["errors"]) == ["default_user/demo"] and list(again.json["datasets"]) == ["own"]


def test_what_others_can_read_from_now_on_is_warned_of_once(cli: Terminal) -> None:
    cli("users", "create", "ana")
    cli("datasets", "create", "shared")
    cli("datasets", "grant", "shared", "ana", "read")
    cli("search", "Where does Alice live?", "-d", "demo", "-s", "first")

    done = cli("persist", "first", "--whole", "-d", "shared")

    assert done.code == 0
    assert done.err.count("which ana may not read") == 1
    assert "Warning: 1 turn(s)" in done.err and "`sessiongraph forget --dataset shared --session ID" in done.err


# What status counts


def test_status_counts_what_is_stale_or_says_at_least(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"LLM_MODEL": "openai/other", "LLM_API_KEY": "k"}
    [now] = cli("status", "--json").json["datasets"]
    [changed] = cli("status", "--json", **other).json["datasets"]
    assert (now["stale"], now["stale_is_exact"]) == (0, True)
    assert (changed["stale"], changed["stale_is_exact"]) == (1, True)

    monkeypatch.setattr(status, "_FEW_PASSAGES", 0)

    assert "at least 1" in cli("status", **other).out


def test_what_is_told_of_oneself_is_heard_persisted_and_known_also_under_a_new_name(cli: Terminal) -> None:
    told = cli("chat", "-s", "me", "-d", "demo", stdin="I live in Bergen.\nmy sister is called Astrid\n/persist\n/quit")
    assert "Noted: you live in Bergen." in told.out and "I don't know" not in told.out
    assert cli("sessions", "delete", "me", "--yes").code == 0

    assert "Bergen" in cli("search", "Where do I live?", "-d", "demo").out
    assert "Astrid" in cli("search", "What's my sister called?", "-d", "demo").out
    cli("chat", "-s", "name", "-d", "demo", stdin="My name is Ragna.\n/persist\n/quit")
    shown = cli("entities", "show", "Ragna", "-d", "demo")
    assert "Bergen" in shown.out and "Astrid" in shown.out
