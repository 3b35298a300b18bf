"""Slack's export: who of them is the user is asked, and a month of a channel is a session."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiongraph import sessions
from sessiongraph.errors import InvalidInputError
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import slack, slack_message

NOON = 1_709_550_000  # 4 March 2024, 11:00 UTC


def ts(minutes: int) -> str:
    return f"{NOON + 60 * minutes}.000100"


TALK = [
    slack_message(ts(0), "U1", "I moved to <https://lyon.fr|Lyon> &amp; like it, <@U2>!"),
    slack_message(ts(1), "U2", "Great! <!here> look: <#C2|random>"),
    slack_message(ts(2), "U3", "Welcome."),
    slack_message(ts(3), "U1", "I work at Acme."),
]


async def test_a_channel_of_several_people(import_file: Import, told: Told, tmp_path: Path):
    report = await import_file(slack(tmp_path / "s.zip", **{"general__2024-03-04": TALK}), me="Ben Smith")
    assert report.format == "slack" and report.sessions[0].title == "#general"
    assert await told("slack-C1-2024-03") == [
        ("I moved to Lyon & like it, @Anna Jones!", "Anna Jones: Great! @here look: #random\n\nCarl: Welcome."),
        ("I work at Acme.", ""),
    ]
    first, _ = await sessions.get_turns("slack-C1-2024-03")
    assert first.created_at == datetime.fromtimestamp(NOON, UTC).replace(microsecond=100)
    assert str(first.created_at.utcoffset()) == "1:00:00"  # Berlin, in winter


@pytest.mark.parametrize("me", ["U1", "ben", "BENNY", "ben@example.org"])
async def test_one_is_known_by_any_of_ones_names(import_file: Import, tmp_path: Path, me: str):
    assert (await import_file(slack(tmp_path / "s.zip", **{"general__2024-03-04": TALK}), me=me)).new == 2


async def test_who_one_is_must_be_said(import_file: Import, tmp_path: Path):
    path = slack(tmp_path / "s.zip", **{"general__2024-03-04": TALK})
    with pytest.raises(InvalidInputError, match="chat among people: say which of them you are.*--me NAME"):
        await import_file(path)
    with pytest.raises(InvalidInputError, match="no user of the export is named 'Zoe'.*there are Anna Jones, Carl"):
        await import_file(path, me="Zoe")
    assert await sessions.list_sessions() == []


async def test_channels_of_others_are_left_out_and_direct_messages_are_not(
    import_file: Import, told: Told, tmp_path: Path
):
    path = slack(
        tmp_path / "s.zip",
        **{
            "random__2024-03-04": [slack_message(ts(0), "U2", "Lunch?")],
            "D1__2024-03-04": [slack_message(ts(0), "U2", "Are you in Lyon?")],
            "D1__2024-04-04": [slack_message(f"{NOON + 2_700_000}.5", "U1", "I am back.")],
        },
    )
    report = await import_file(path, me="ben")
    assert report.left_out == {"month(s) of channels in which ben says nothing": 1}
    assert await told("slack-D1-2024-03") == [("", "Anna Jones: Are you in Lyon?")]
    assert await told("slack-D1-2024-04") == [("I am back.", "")]


async def test_edited_deleted_and_odd_messages(import_file: Import, told: Told, tmp_path: Path):
    await import_file(slack(tmp_path / "s.zip", **{"general__2024-03-04": TALK}), me="ben")
    later = [
        slack_message(ts(0), "U1", "I moved to Nice.", edited={"user": "U1", "ts": ts(50)}),
        *TALK[1:3],
        slack_message(ts(3), "USLACKBOT", "This message was deleted.", subtype="tombstone", hidden=True),
        slack_message(ts(4), "U2", "<@U2> has joined the channel", subtype="channel_join"),
        slack_message("soon", "U2", "When?"),
        slack_message(ts(5), "U1", "", files=[{"id": "F1", "name": "plan.pdf"}]),
        {"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "build", "ts": ts(6), "text": "red"},
        7,
    ]
    report = await import_file(slack(tmp_path / "s2.zip", **{"general__2024-03-04": later}), me="ben")
    turns = await sessions.get_turns("slack-C1-2024-03")
    assert [(turn.question, turn.answer) for turn in turns] == [
        ("I moved to Nice.", "Anna Jones: Great! @here look: #random\n\nCarl: Welcome."),
        ("", "build: red"),
    ]
    assert turns[1].context == "attachment of benny: plan.pdf"
    assert (report.changed, report.withdrawn) == (1, 1)
    assert report.left_out == {"deleted message(s)": 1, "line(s) of Slack itself": 1}
    assert report.unread == [
        "general/2024-03-04.json, item 6: its ts is no time",
        "general/2024-03-04.json, item 9: no JSON object",
    ]
