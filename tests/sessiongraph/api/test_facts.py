"""A person's word on a fact: listed, shown and answered as such, in place whatever is built anew, taken back, gone."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import sessiongraph
from sessiongraph import datasets, documents, entities, facts, sessions, users
from sessiongraph.api.fact_records import Fact
from sessiongraph.default_client import default_services
from tests.sessiongraph.api.test_graph_and_forget import words_on_disk
from tests.sessiongraph.conftest import FillHome
from tests.support.terminal import Terminal

ALICE = "Alice Novak moved to Paris in 2010. She works as a nurse."
BOB = "Bob Marsh works at Acme Labs. Bob founded Zeta Corp."


async def two_people() -> None:
    await sessiongraph.add([ALICE, BOB], dataset_name="d")
    await sessiongraph.cognify("d")


@pytest.fixture
async def dataset(fill_home: FillHome) -> str:
    await fill_home(two_people)
    return "d"


async def the(query: str, dataset: str = "d", **given: Any) -> Fact:
    """The one fact that has these words."""
    found = await facts.list(dataset, query=query, **given)
    assert len(found) == 1, [fact.statement for fact in found]
    return found[0]


async def asked(question: str) -> sessiongraph.SearchResult:
    (result,) = await sessiongraph.search(question, datasets=["d"])
    return result


# What is listed.


async def test_a_fact_is_listed_with_its_parts_its_sources_and_an_id_short_enough_to_type(dataset: str) -> None:
    await sessions.add_turn("s", "Where does Carla live?", "Carla Zanetti lives in Lima.")
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset=dataset)
    paris, lima = await the("Paris"), await the("Lima")
    shown = (paris.subject, paris.relation, paris.object, paris.statement, paris.valid_at, paris.valid_until)
    assert shown == ("Alice Novak", "moved to", "Paris", "Alice Novak moved to Paris in 2010.", "2010", None)
    assert (len(paris.short_id), paris.id.startswith(paris.short_id)) == (7, True)
    assert (paris.stated_by, paris.corrected_by, paris.retracted) == ("document", None, False)
    ((source, turn),) = [(paris.sources[0], lima.sources[0])]
    assert (source.turn_id, source.stated_by, source.statement) == (None, "document", paris.statement)
    assert (turn.session_id, turn.turn_id is not None, turn.stated_by) == ("s", True, "assistant")


async def test_facts_are_listed_by_entity_by_words_and_up_to_a_limit(dataset: str) -> None:
    assert {fact.subject for fact in await facts.list(dataset, entity="bob")} == {"Bob Marsh"}
    assert [fact.object for fact in await facts.list(dataset, query="nurse")] == ["nurse"]
    assert len(await facts.list(dataset, limit=2)) == 2 < len(await facts.list(dataset))
    with pytest.raises(sessiongraph.InvalidInputError, match="no entity called 'Nobody'"):
        await facts.list(dataset, entity="Nobody")


# What a correction does.


async def test_a_corrected_object_is_shown_and_answered_and_the_passage_not_quoted(dataset: str) -> None:
    fact = await facts.correct(dataset, (await the("Paris")).short_id, object="Rome")
    assert (fact.object, fact.statement) == ("Rome", "Alice Novak moved to Rome (2010).")
    assert (fact.stated_by, fact.corrected_by) == ("correction", "default_user") and fact.corrected_at is not None
    assert [(source.statement, source.replaced) for source in fact.sources] == [(ALICE.split(". ")[0] + ".", True)]
    result = await asked("Where does Alice live?")
    assert result.answer == fact.statement
    assert (result.citations[0].stated_by, result.citations[0].corrected_by) == ("correction", "default_user")
    assert f"as corrected by default_user on {fact.corrected_at:%Y-%m-%d}" in result.context
    assert "wrong, as a person says: Alice Novak moved to Paris in 2010." in result.context
    assert "Paris" not in {fact.object for fact in await facts.list(dataset, include_superseded=True)}


async def test_a_corrected_object_is_an_entity_like_any_other(dataset: str) -> None:
    await facts.correct(dataset, (await the("Paris")).id, object="Roma")
    await sessiongraph.add(["Rome is in Italy."], dataset_name=dataset)
    await sessiongraph.cognify(dataset)
    await entities.same(dataset, "Roma", "Rome")
    graph = await sessiongraph.graph(dataset)
    (rome,) = [(id_, node) for id_, node in graph.nodes(data=True) if "Roma" in (node["name"], *node["aliases"])]
    assert {rome[1]["name"], *rome[1]["aliases"]} == {"Roma", "Rome"}
    moved = [edge for *_, edge in graph.in_edges(rome[0], data=True) if edge["relation"] == "moved to"]
    assert [(edge["corrected_by"], edge["evidence"][0]["corrected"]) for edge in moved] == [("default_user", True)]


async def test_a_right_date_and_an_end_are_answered_with(dataset: str) -> None:
    moved = await facts.correct(dataset, (await the("Paris")).id, valid_at=date(2012, 3, 1))
    assert (moved.valid_at, moved.statement) == ("2012-03-01", "Alice Novak moved to Paris (2012-03-01).")
    ended = await facts.correct(dataset, (await the("Acme")).id, valid_until="2020-05")
    assert (ended.valid_until, ended.statement, ended.stated_by) == (
        "2020-05",
        "Bob Marsh works at Acme Labs.",
        "document",
    )
    assert (await asked("Where did Bob Marsh work?")).answer == "Bob Marsh works at Acme Labs. (until 2020-05)"
    assert not await facts.list(dataset, query="Acme")
    both = await facts.correct(dataset, ended.id, relation="leads")
    assert (both.relation, both.valid_until) == ("leads", "2020-05"), "what is not given stays"


async def test_a_retracted_fact_is_neither_listed_nor_said_until_that_is_taken_back(dataset: str) -> None:
    wrong = await facts.retract(dataset, (await the("Zeta")).short_id)
    assert (wrong.retracted, wrong.corrected_by) == (True, "default_user")
    assert not await facts.list(dataset, query="Zeta")
    assert not (await asked("Who founded Zeta Corp?")).answered
    nurse = await facts.retract(dataset, (await the("nurse")).id)
    assert not (await asked("What does Alice do for work?")).answered, "'She works as a nurse.' says the same"
    listed = await facts.list(dataset, include_superseded=True)
    assert {fact.id for fact in listed if fact.retracted} == {wrong.id, nurse.id}
    assert [fact.id for fact in await facts.undo(dataset, wrong.short_id)] == [wrong.id]
    assert (await asked("Who founded Zeta Corp?")).answer == "Bob founded Zeta Corp."


async def test_an_undone_correction_leaves_what_the_passage_states(dataset: str) -> None:
    before = await the("Paris")
    corrected = await facts.correct(dataset, before.id, object="Rome", valid_until="2015")
    (again,) = await facts.undo(dataset, corrected.id)
    assert again == before
    assert "Rome" not in {node["name"] for _, node in (await sessiongraph.graph(dataset)).nodes(data=True)}


async def test_a_correction_of_what_a_person_corrected_is_about_the_same_passage(dataset: str) -> None:
    rome = await facts.correct(dataset, (await the("Paris")).id, object="Rome")
    oslo = await facts.correct(dataset, rome.id, object="Oslo")
    assert oslo.object == "Oslo"
    paris = await facts.correct(dataset, oslo.id, object="Paris")
    assert (paris.statement, paris.corrected_by) == ("Alice Novak moved to Paris in 2010.", None)


async def test_of_two_facts_that_differ_by_their_dates_alone_one_is_corrected(dataset: str) -> None:
    await sessiongraph.add(["In 2019 Alice Novak moved to Paris."], dataset_name=dataset)
    await sessiongraph.cognify(dataset)
    first, second = sorted(await facts.list(dataset, query="Paris"), key=lambda fact: fact.valid_at or "")
    await facts.retract(dataset, second.id)
    assert [fact.id for fact in await facts.list(dataset, query="Paris")] == [first.id]


async def test_a_passage_that_says_it_right_is_quoted_as_before(dataset: str) -> None:
    await sessiongraph.add(["Alice Novak moved to Rome in 2010."], dataset_name=dataset)
    await sessiongraph.cognify(dataset)
    wrong = await the("Paris", include_superseded=True)
    fact = await facts.correct(dataset, wrong.id, object="Rome")
    assert (fact.statement, fact.stated_by) == ("Alice Novak moved to Rome in 2010.", "document")
    assert [source.replaced for source in fact.sources].count(True) == 1


# What it outlives, and what it does not.


async def test_a_correction_stays_when_all_is_extracted_anew_and_names_are_merged(
    dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await facts.correct(dataset, (await the("Paris")).id, object="Rome")
    await facts.retract(dataset, (await the("Zeta")).id)
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    report = await sessiongraph.cognify(dataset, reextract=True)
    assert report[dataset].extracted == 2
    await sessiongraph.add(["Bobby Marsh founded Zeta Corp. Ali moved to Paris in 2010."], dataset_name=dataset)
    await sessiongraph.cognify(dataset)
    await entities.same(dataset, "Bobby Marsh", "Bob Marsh")
    await entities.same(dataset, "Ali", "Alice Novak")
    assert {fact.object for fact in await facts.list(dataset, entity="Alice Novak")} == {"Rome", "nurse"}
    assert not await facts.list(dataset, query="Zeta")
    assert (await asked("Where does Alice live?")).answer == "Alice Novak moved to Rome (2010)."


async def test_a_correction_that_quotes_what_is_forgotten_goes_with_it(dataset: str, home: Path) -> None:
    kept = await facts.correct(dataset, (await the("Acme")).id, object="Acme Works")
    secret = await sessiongraph.add(["Bob Marsh visited Zanzibar in May 2011."], dataset_name=dataset)
    await sessiongraph.cognify(dataset)
    await facts.correct(dataset, (await the("Zanzibar")).id, valid_at="2012")
    await entities.correct(dataset, "Zanzibar", type="Island")
    assert words_on_disk(home, "zanzibar")
    await sessiongraph.forget(dataset, document_id=secret.document_ids[0])
    assert words_on_disk(home, "zanzibar", "Zanzibar") == []
    assert kept in await facts.list(dataset, entity="Acme Works"), "what was said of other facts stands"


async def test_what_a_forgotten_user_corrected_is_as_the_passages_state_it(dataset: str, home: Path) -> None:
    ann = await users.create("ann")
    await datasets.grant(dataset, ann, "write")
    key = f"{(await sessiongraph.get_default_user()).name}/{dataset}"
    fact = await facts.correct(key, (await the("Paris")).id, object="Roquebrune", user=ann)
    await entities.correct(key, "Bob", name="Rodolfo Marsh", user=ann)
    assert fact.corrected_by == "ann"
    await sessiongraph.forget(dataset, user=ann)
    assert (await the("Paris")).corrected_by is None
    assert words_on_disk(home, "Roquebrune", "roquebrune", "Rodolfo") == []


# Who may, and what is refused.


async def test_correcting_needs_the_permission_to_write_and_listing_that_to_read(dataset: str) -> None:
    ann, fact = await users.create("ann"), await the("Paris")
    key = f"{(await sessiongraph.get_default_user()).name}/{dataset}"
    await datasets.grant(dataset, ann, "read")
    assert len(await facts.list(key, user=ann)) == 4
    for refused in (facts.correct(key, fact.id, object="Rome", user=ann), facts.retract(key, fact.id, user=ann)):
        with pytest.raises(sessiongraph.PermissionDeniedError):
            await refused
    with pytest.raises(sessiongraph.PermissionDeniedError):
        await entities.correct(key, "Bob", type="Robot", user=ann)
    assert (await the("Paris")).id == fact.id


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Say what is right"),
        ({"object": "  "}, "object is empty"),
        ({"object": "x" * 201}, "201 characters"),
        ({"object": "Ro\x1bme"}, "control characters"),
        ({"object": "…"}, "no name"),
        ({"object": 7}, "is a string"),
        ({"object": "alice novak"}, "what the fact is about"),
        ({"object": "PARIS"}, "says so already"),
        ({"relation": "Moved  to", "valid_at": "2010"}, "says so already"),
        ({"valid_at": "May 2010"}, "YYYY-MM-DD"),
        ({"valid_at": "2010-02-30"}, "YYYY-MM-DD"),
        ({"valid_at": "2010-5"}, "YYYY-MM-DD"),
        ({"valid_at": ""}, "YYYY-MM-DD"),
        ({"valid_until": "2009"}, "cannot have ended in 2009"),
    ],
)
async def test_what_cannot_be_right_is_refused_before_anything_is_written(
    dataset: str, given: dict[str, Any], message: str
) -> None:
    fact = await the("Paris")
    with pytest.raises(sessiongraph.InvalidInputError, match=message):
        await facts.correct(dataset, fact.id, **given)
    assert await the("Paris") == fact


async def test_ids_that_name_no_fact_or_several_and_words_said_twice_are_refused(dataset: str) -> None:
    fact = await the("Paris")
    for id_, message in (("0000000", "has no fact"), ("ab", "too short"), ("", "too short"), (7, "a string")):
        with pytest.raises(sessiongraph.InvalidInputError, match=message):
            await facts.retract(dataset, id_)
    with pytest.raises(sessiongraph.InvalidInputError, match="nothing to take back"):
        await facts.undo(dataset, fact.id)
    await facts.retract(dataset, fact.id)
    for again in (facts.retract(dataset, fact.id), facts.correct(dataset, fact.id, object="Rome")):
        with pytest.raises(sessiongraph.InvalidInputError, match=r"retracted fact .* facts\.undo"):
            await again


async def test_an_id_from_before_leads_to_the_fact_as_it_is_now_and_changes_nothing(dataset: str) -> None:
    """A link was kept, or a page stayed open, while the fact was corrected, corrected again and taken back."""
    paris = await the("Paris")
    rome = await facts.correct(dataset, paris.id, object="Rome")
    lima = await facts.correct(dataset, rome.id, object="Lima", valid_at="2011")
    for id_ in (paris.id, paris.short_id, rome.id):
        assert await facts.get(dataset, id_) == lima
        with pytest.raises(sessiongraph.InvalidInputError, match=f"is {lima.short_id} now: 'Alice Novak moved to Lima"):
            await facts.retract(dataset, id_)
    wrong = await facts.retract(dataset, lima.id)
    assert [await facts.get(dataset, id_) for id_ in (rome.id, lima.id, paris.id)] == [wrong] * 3
    await facts.undo(dataset, wrong.id)
    assert await facts.get(dataset, lima.id) == paris
    founder = await the("Zeta")
    assert await entities.same(dataset, "Bob Marsh", "Alice Novak")
    merged = await the("Zeta")
    assert merged.id != founder.id and await facts.get(dataset, founder.id) == merged
    for document in await documents.list(dataset):
        await sessiongraph.forget(dataset, document_id=document.id)
    with pytest.raises(sessiongraph.InvalidInputError, match="edited or forgotten"):
        await facts.get(dataset, paris.id)


async def test_an_id_that_begins_several_facts_names_them(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessiongraph.api.fact_records._LEAST_DIGITS", 0)
    with pytest.raises(sessiongraph.InvalidInputError, match="4 facts begin with '': "):
        await facts.retract(dataset, "")


# Entities.


async def test_an_entity_s_right_type_and_name_are_shown_and_found_until_taken_back(dataset: str) -> None:
    async def bob() -> tuple[str, str, list[str]]:
        nodes = [node for _, node in (await sessiongraph.graph(dataset)).nodes(data=True)]
        (found,) = [node for node in nodes if "Bob Marsh" in (node["name"], *node["aliases"])]
        return found["name"], found["type"], found["aliases"]

    assert await entities.correct(dataset, "Bob", type="Robot", name="Robert Marsh")
    assert not await entities.correct(dataset, "Bob", type="Robot"), "what is so already is not written again"
    assert await bob() == ("Robert Marsh", "Robot", ["Bob", "Bob Marsh"])
    assert {fact.subject for fact in await facts.list(dataset, entity="Robert Marsh")} == {"Robert Marsh"}
    assert "Acme" in ((await asked("Where does Robert Marsh work?")).answer or "")
    assert await entities.correct(dataset, "Robert Marsh", name="Rob Marsh")
    (said,) = await entities.corrections(dataset)
    assert (said.type, said.name, said.corrected_by) == ("Robot", "Rob Marsh", "default_user")
    assert await entities.undo(dataset, "Rob Marsh") and not await entities.undo(dataset, "Bob")
    assert await bob() == ("Bob Marsh", "Person", ["Bob"])


async def test_a_right_name_that_another_entity_has_makes_them_one_unless_they_were_kept_apart(dataset: str) -> None:
    await entities.keep_apart(dataset, "Bob Marsh", "Alice Novak")
    with pytest.raises(sessiongraph.InvalidInputError, match=r"entities\.same"):
        await entities.correct(dataset, "Bob Marsh", name="Alice Novak")
    await entities.correct(dataset, "Zeta Corp.", name="Acme Labs")
    assert {fact.object for fact in await facts.list(dataset, entity="Acme Labs")} == {"Acme Labs"}
    assert len(await facts.list(dataset, entity="Acme Labs")) == 2
    for wrong in ({}, {"type": ""}, {"name": "x" * 201}, {"name": "!"}):
        with pytest.raises(sessiongraph.InvalidInputError):
            await entities.correct(dataset, "Alice", **wrong)
    with pytest.raises(sessiongraph.InvalidInputError, match="Nobody"):
        await entities.correct(dataset, "Nobody", type="Person")


# Where else it shows.


async def test_a_correction_is_a_materialization_with_a_page_and_a_data_version() -> None:
    await two_people()  # now: Dagster tells what came last
    dataset, instance = "d", default_services().dagster_instance

    def page() -> str:
        made = default_services().settings.home.glob("datasets/*/changes/knowledge_graph/*.html")
        return max(made, key=lambda it: it.stat().st_mtime_ns).read_text()

    def newest() -> dg.AssetMaterialization:
        event = instance.get_latest_materialization_event(dg.AssetKey("knowledge_graph"))
        assert event is not None and event.asset_materialization is not None
        return event.asset_materialization

    before = newest()
    fact = await facts.correct(dataset, (await the("Paris")).id, object="Rome")
    corrected = newest()
    assert corrected.metadata["corrections"].value == 1
    assert "Alice Novak moved to Rome (2010)." in page() and "as corrected by default_user" in page()
    assert "corrected · document" in page()
    await facts.undo(dataset, fact.id)
    tags = [(one.tags or {})["dagster/data_version"] for one in (before, corrected, newest())]
    assert tags[0] == tags[2] != tags[1]
    await facts.retract(dataset, (await the("Zeta")).id)
    assert "<s><bdi>Bob founded Zeta Corp.</bdi></s>" in page()


def test_the_command_line_lists_corrects_retracts_and_takes_back(tmp_path: Path) -> None:
    cli = Terminal(tmp_path)
    assert cli("add", ALICE, BOB, "-d", "demo").code == 0 and cli("cognify", "-d", "demo").code == 0
    (moved,) = cli("facts", "list", "Paris", "-d", "demo", "--json").json
    id_ = moved["short_id"]
    assert id_ in cli("facts", "list", "-d", "demo", "-e", "Alice Novak").out
    told = cli("facts", "correct", id_, "--object", "Rome", "--since", "2012-05", "-d", "demo")
    assert "Corrected: Alice Novak moved to Rome (2012-05)." in told.out and "facts undo" in told.err
    table = cli("facts", "list", "-d", "demo").out
    assert "corrected by default_user" in table and "Rome" in table and "Paris" not in table
    searched = cli("search", "Where does Alice live?", "-d", "demo").out
    assert "Rome" in searched and "corrected by default_user" in searched
    (rome,) = cli("facts", "list", "Rome", "-d", "demo", "--json").json
    graphml = tmp_path / "demo.graphml"
    assert cli("graph", "-d", "demo", "--graphml", str(graphml)).code == 0
    assert "Alice Novak moved to Rome" in graphml.read_text() and "corrected_by" in graphml.read_text()
    assert "As it was: Alice Novak moved to Paris" in cli("facts", "undo", rome["short_id"], "-d", "demo").out
    assert "Retracted" in cli("facts", "retract", id_, "-d", "demo").out
    again = cli("facts", "retract", id_, "-d", "demo")
    assert again.code == 2 and "facts undo" in again.err
    assert "retracted by" in cli("facts", "list", "--all", "-d", "demo").out
    assert cli("facts", "list", "Paris", "-d", "demo").out == ""
    assert cli("entities", "correct", "Zeta Corp.", "--type", "Company", "-d", "demo").code == 0
    assert "Company" in cli("entities", "corrections", "-d", "demo").out
    assert "is what its sources say" in cli("entities", "undo", "Zeta Corp.", "-d", "demo").out


async def test_what_else_a_wrong_sentence_states_is_told_without_it() -> None:
    await sessiongraph.add(["Alice Novak moved to Paris with Bob Marsh in 2010."], dataset_name="d")
    await sessiongraph.cognify("d")
    told = {fact.object: fact for fact in await facts.list("d")}
    assert len({fact.statement for fact in told.values()}) == 1 < len(told), "both have the sentence as their words"
    await facts.retract("d", told["Paris"].id)
    assert all("Paris" not in fact.statement for fact in await facts.list("d"))
    await facts.undo("d", told["Paris"].id)
    assert {fact.object: fact for fact in await facts.list("d")} == told
