"""WhatsApp's chats, of iPhones and of Androids."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiongraph import sessions
from sessiongraph.errors import InvalidInputError
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import write_zip

IPHONE = """\
[13.03.24, 09:31:02] Anna: \u200eMessages and calls are end-to-end encrypted.
[13.03.24, 09:31:12] Anna: Where do you live now?
[13.03.24, 09:32:00] Ben: I moved to Lyon.
It is lovely.
[13.03.24, 09:33:00] Anna: \u200e<attached: 00000012-PHOTO-2024-03-13.jpg>
[13.03.24, 09:34:00] Anna: Like this? \u200e<This message was edited>
[13.03.24, 21:00:00] Anna: Good night!
[02.04.24, 08:00:00] Ben: I work at Acme.
"""
ANDROID = """\
13/03/2024, 09:30 - Messages and calls are end-to-end encrypted. Tap to learn more.
13/03/2024, 09:31 - Anna: Where do you live now?
13/03/2024, 09:31 - Ben: I moved to Lyon.
13/03/2024, 09:31 - Ben: IMG-20240313-WA0001.jpg (file attached)
13/03/2024, 09:32 - Carl: Lucky you, I live in Graz.
13/03/2024, 09:33 - Anna: This message was deleted
13/03/2024, 09:34 - Ben: <Media omitted>
"""


async def test_a_chat_of_an_iphone(import_file: Import, told: Told, tmp_path: Path):
    report = await import_file(write_zip(tmp_path / "WhatsApp Chat - Anna.zip", **{"_chat.txt": IPHONE}), me="Ben")
    assert report.format == "whatsapp" and [it.title for it in report.sessions] == ["Anna", "Anna"]
    march, april = (it.session_id for it in report.sessions)
    assert march == "whatsapp-Anna-2024-03" and await told(april) == [("I work at Acme.", "")]
    assert await told(march) == [
        ("", "Anna: Where do you live now?"),
        ("I moved to Lyon.\nIt is lovely.", "Anna: Like this?"),
        ("", "Anna: Good night!"),
    ]
    _, second, third = await sessions.get_turns(march)
    assert second.context == "attachment of Anna: 00000012-PHOTO-2024-03-13.jpg"
    assert third.created_at == datetime(2024, 3, 13, 21, 0, tzinfo=UTC)


async def test_a_group_of_an_android(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "WhatsApp Chat with Trip to Lyon (2).txt"
    path.write_text(ANDROID, encoding="utf-8")
    report = await import_file(path, me="Ben")
    (session,) = report.sessions
    assert session.title == "Trip to Lyon" and session.session_id.startswith("whatsapp-")
    assert await told(session.session_id) == [
        ("", "Anna: Where do you live now?"),
        ("I moved to Lyon.", "Carl: Lucky you, I live in Graz."),
    ]
    assert report.left_out["deleted message(s)"] == 1
    assert "WA0001.jpg" in ((await sessions.get_turns(session.session_id))[1].context or "")


async def test_imported_again_grown_and_deleted(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "WhatsApp Chat with Anna.txt"
    path.write_text(ANDROID.replace("This message was deleted", "I live in Bonn."), encoding="utf-8")
    first = await import_file(path, me="Ben")
    path.write_text(ANDROID + "13/03/2024, 09:40 - Ben: I work at Acme.\n", encoding="utf-8")
    grown = await import_file(path, me="Ben")
    assert (first.new, grown.new, grown.changed, grown.unchanged) == (2, 1, 1, 1)
    assert (await told("whatsapp-Anna-2024-03"))[1:] == [
        ("I moved to Lyon.", "Carl: Lucky you, I live in Graz."),
        ("I work at Acme.", ""),
    ]


async def test_who_one_is_must_be_said_rightly(import_file: Import, tmp_path: Path):
    path = tmp_path / "chat.txt"
    path.write_text(ANDROID, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="`add` reads the text of a chat as a transcript"):
        await import_file(path)
    with pytest.raises(InvalidInputError, match=r"nobody in chat.txt is named 'Benny': give another `me` \(Anna, Ben"):
        await import_file(path, me="Benny")


async def test_days_that_could_be_two_and_texts_that_are_no_chat(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "chat.txt"
    path.write_text("3/4/24, 09:31 - Anna: Where are you?\n3/4/24, 09:32 - Ben: In Lyon.\n", encoding="utf-8")
    report = await import_file(path, me="Ben")
    assert report.turns == 0 and report.left_out["message(s) of an unclear day"] == 2
    path.write_text("Dear diary, today I moved.", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"chat.txt is no export that is known \(it holds chat.txt"):
        await import_file(path, me="Ben")
    report = await import_file(path, me="Ben", format="whatsapp")
    assert report.unread == ["chat.txt: no chat of WhatsApp"]
