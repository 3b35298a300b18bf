"""The four assets as Dagster runs them: what goes in, what stands in the graph, and what the run says of itself."""

import dagster as dg

from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import SESSION_NODE_SET
from tests.orchestration.conftest import MAIN, Project
from tests.support.secrets import AWS_KEY, PASSWORD

ALICE = "Alice Smith moved to Paris. Bob Jones works for Acme Corporation."


def node_names(project: Project) -> set[str]:
    return set(project.resources.snapshot(project.main_dataset()).entities["name"])


def test_documents_and_sessions_become_one_graph_and_an_unchanged_dataset_costs_no_call(project: Project) -> None:
    project.drop("people.txt", ALICE)
    project.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."), ("And Dan?", "I don't know."))

    first = project.run("build_memory")

    assert first.success
    assert {"Alice Smith", "Paris", "Carol Brown", "Berlin"} <= node_names(project)
    assert first.metadata["documents"]["added"] == 1
    assert first.metadata["session_turns"]["turns_staged"] == 2
    graph, knowledge = first.metadata["knowledge_graph"], first.metadata["session_knowledge"]
    assert (graph["persisted"], graph["llm_calls"], graph["cost_usd"]) == (1, 1, "unknown")
    assert graph["claims"] > 0 and graph["prompt_tokens"] > 0 and graph["embedding_tokens"] > 0
    assert knowledge["sources"] == [{"source": "default_user/s1", "persisted": 1, "skipped": 1, "failed": 0}]
    assert knowledge["reasons"] == [{"disposition": "skipped", "reason": "no answer was given", "passages": 1}]
    assert all(check.passed for check in first.checks.values()) and len(first.checks) == 26
    assert (knowledge["persisted_by_run"], knowledge["facts_added"], knowledge["entities_added"]) == (1, 1, 3)
    [page] = project.home.glob(f"datasets/*/changes/session_knowledge/{knowledge['operation']}.html")
    assert "Carol Brown" in page.read_text() and knowledge["operation"][:8] in knowledge["changes"]

    calls = len(project.endpoint.requests)
    again = project.run("build_memory")

    assert again.success and len(project.endpoint.requests) == calls
    assert again.metadata["session_knowledge"]["windows_extracted"] == 0
    assert again.metadata["session_knowledge"]["sources"] == []
    assert again.versions == first.versions


def test_an_edited_turn_replaces_what_it_said(project: Project) -> None:
    project.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    before = project.run("persist_sessions")
    project.resources.cache.update_turn(project.user.id, "s1", "s1-0", answer="Carol Brown lives in Madrid.")

    after = project.run("persist_sessions")

    assert "Madrid" in node_names(project) and "Berlin" not in node_names(project)
    assert after.versions["session_knowledge"] != before.versions["session_knowledge"]


def test_the_first_run_in_an_unused_home_makes_the_dataset_and_its_inbox(project: Project) -> None:
    ran = project.run("build_memory")

    assert ran.success and ran.metadata["documents"]["added"] == 0
    assert (project.home / "inbox" / MAIN).is_dir()
    assert ran.metadata["documents"]["inbox"] == str(project.home / "inbox" / MAIN)
    assert project.instance.get_dynamic_partitions("datasets") == [MAIN]
    assert project.resources.access.by_key(MAIN) is not None


def test_persisted_sessions_carry_their_node_set(project: Project) -> None:
    project.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))

    project.run("persist_sessions")

    passages = project.resources.snapshot(project.main_dataset()).passages
    assert [list(names) for names in passages["node_sets"]] == [[SESSION_NODE_SET]]


def test_what_the_inbox_gave_is_kept_by_document_id_and_what_cannot_be_read_is_put_aside(project: Project) -> None:
    project.drop("people.txt", ALICE)
    project.drop("broken.pdf", b"no pdf at all")

    ran = project.run("cognify")

    said = ran.metadata["documents"]
    assert (said["added"], said["failed"]) == (1, 1)
    assert said["failures"][0]["document"] == "broken.pdf" and "not a PDF" in said["failures"][0]["reason"]
    assert (project.home / "inbox" / MAIN / "rejected" / "broken.pdf").read_bytes() == b"no pdf at all"
    dataset = project.main_dataset()
    (kept,) = (project.resources.folder(dataset) / "files").iterdir()
    rows = project.resources.store(dataset).read(lambda con: con.execute("SELECT id, source FROM documents").fetchall())
    assert rows == [(kept.stem, str(kept))] and kept.read_text() == ALICE


def test_a_turn_goes_to_the_dataset_it_was_searched_in_and_else_to_the_main_one(project: Project) -> None:
    other = project.resources.access.create_dataset(project.user, "project_x")
    project.say("mixed", ("Where is Carol?", "Carol Brown is in Berlin."))
    project.say("inside", ("Where is Erin?", "Erin Green is in Rome."), dataset_id=other.id)

    main, inside = project.run("persist_sessions"), project.run("persist_sessions", key=other.key)

    assert main.metadata["session_turns"]["sessions"] == inside.metadata["session_turns"]["sessions"] == 1
    assert "Berlin" in node_names(project) and "Rome" not in node_names(project)
    assert set(project.resources.snapshot(other).entities["name"]) >= {"Erin Green", "Rome"}


def test_sessions_of_everyone_who_may_write_are_taken_and_of_nobody_else(project: Project) -> None:
    access = project.resources.access
    shared = access.create_dataset(project.user, "shared")
    ana, eve = access.create_user("ana"), access.create_user("eve")
    access.grant(shared, ana, "write", by=project.user)
    access.grant(shared, eve, "read", by=project.user)
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."), user=ana, dataset_id=shared.id)
    project.say("s1", ("Where is Mallory?", "Mallory Black is in Rome."), user=eve, dataset_id=shared.id)

    ran = project.run("persist_sessions", key=shared.key)

    assert [row["source"] for row in ran.metadata["session_knowledge"]["sources"]] == ["ana/s1"]


def test_named_sessions_are_taken_with_all_their_turns_and_unknown_ones_are_reported(project: Project) -> None:
    other = project.resources.access.create_dataset(project.user, "project_x")
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."), dataset_id=other.id)
    project.say("s2", ("Where is Erin?", "Erin Green is in Rome."))
    wanted = [{"user": "default_user", "session_id": name} for name in ("s1", "nope")]

    ran = project.run("persist_sessions", sessions=wanted)

    assert ran.metadata["session_turns"]["missing_sessions"] == [{"session": "default_user/nope"}]
    assert "Berlin" in node_names(project) and "Rome" not in node_names(project)


def test_one_failing_turn_fails_its_check_and_the_next_run_mends_it(project: Project) -> None:
    project.say("good", ("Where is Carol?", "Carol Brown is in Berlin."))
    project.say("bad", ("Where is Mallory?", "Mallory Black is in Rome."))
    project.endpoint.reply("no JSON", when="Mallory Black is in")

    ran = project.run("persist_sessions")

    check = ran.checks["session_knowledge:no_failed_turns"]
    assert ran.success and not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    assert check.metadata["failed"].value == 1
    assert "Berlin" in node_names(project) and "Rome" not in node_names(project)
    (reason,) = ran.metadata["session_knowledge"]["reasons"]
    assert reason["disposition"] == "failed" and "gave no valid Extraction" in reason["reason"]

    project.endpoint.heal()
    mended = project.run("persist_sessions")

    assert mended.checks["session_knowledge:no_failed_turns"].passed and "Rome" in node_names(project)


def test_no_event_holds_a_word_of_what_was_said_even_where_the_model_quotes_it(project: Project) -> None:
    project.drop("people.txt", "Zanzibar Quux knows the codeword.")
    project.say("good", ("Where is Carol?", "Carol Brown is in Berlin."))
    project.say("bad", ("Where is Xylophone Fred?", "Xylophone Fred is in Timbuktu."), ("Thanks!", "I don't know."))
    project.endpoint.reply("", when="Xylophone Fred is in", refusal="I won't say where (if at all) Xylophone Fred is")

    reported = project.run("build_memory").reported

    assert "refused to answer" in reported
    for word in ("Zanzibar", "codeword", "Carol", "Berlin", "Xylophone", "Timbuktu", "Thanks"):
        assert word not in reported


def test_a_graph_with_evidence_that_nobody_stated_fails_the_check_and_the_run(project: Project) -> None:
    project.drop("people.txt", ALICE)
    project.run("cognify")
    store: GraphStore = project.resources.store(project.main_dataset())
    window = store.read(lambda con: con.execute("SELECT id FROM windows").fetchall())[0][0]
    store.write("test", "test", lambda tx: tx.delete("windows", "id", [window]))

    ran = project.run("cognify")

    check = ran.checks["knowledge_graph:evidence_is_complete"]
    assert not ran.success and not check.passed
    assert check.metadata["persisted_without_window"].value == 1


def test_a_run_masks_what_the_inbox_gives_and_keeps_no_file_with_a_secret(project: Project) -> None:
    project.drop("keys.md", f"{ALICE}\n\nHer key is {AWS_KEY}. Her password is {PASSWORD}.")
    project.drop("people.txt", ALICE)

    ran = project.run("cognify")

    assert ran.success and ran.metadata["documents"]["secrets_masked"] == 2
    assert {"document": "keys.md", "warning": "2 secrets were masked (AWS Access Key, password)"} in (
        ran.metadata["documents"]["warned"]
    )
    files = project.home / "datasets" / project.main_dataset().id / "files"
    [kept] = [path for path in files.iterdir() if "[secret: password]" in path.read_text()]
    assert kept.suffix == ".txt" and len(list(files.iterdir())) == 2
    secrets = (AWS_KEY.encode(), PASSWORD.encode())
    assert not [
        path for path in project.home.rglob("*") if path.is_file() and any(s in path.read_bytes() for s in secrets)
    ]
    assert not [
        secret for secret in (AWS_KEY, PASSWORD) if secret in str([it.body for it in project.endpoint.requests])
    ]

    project.drop("again.md", f"{ALICE}\n\nHer key is {AWS_KEY}. Her password is {PASSWORD}.")
    assert project.run("cognify").metadata["documents"]["known"] == 1


def test_a_run_copies_no_secret_into_a_dataset_that_does_not_allow_it(project: Project) -> None:
    access = project.resources.access
    vault = access.create_dataset(project.user, "vault")
    access.update_dataset(vault, project.user, allow_secrets=True)
    project.say(
        "s1", ("Where is Carol?", f"Carol Brown lives in Berlin. Her password is {PASSWORD}."), dataset_id=vault.id
    )

    ran = project.run("persist_sessions", sessions=[{"user": project.user.id, "session_id": "s1"}])

    assert ran.success and ran.metadata["session_turns"]["secrets_masked"] == 1
    assert PASSWORD not in str([it.body for it in project.endpoint.requests])
    assert project.run("persist_sessions", key=vault.key).metadata["session_turns"]["secrets_masked"] == 0
    assert PASSWORD in str([it.body for it in project.endpoint.requests])
