"""Chats and meetings, in the shapes that people have them, are read as who said what and when; what may be anything
else stays as it is."""

import pytest

from sessiongraph.ingestion.parsing import parse_text
from tests.sessiongraph.ingestion.conftest import Read

DATES = "3/4/24"  # of which nobody knows the month


def lines(text: str) -> list[str]:
    """The lines of a transcript that are not blank, shorter to write down."""
    return [line for line in text.split("\n") if line]


# Of each shape: the text, and the lines of the transcript.
NAMES = [
    ("Anna: I moved to Lyon in May.\nBen: Great!", ["Anna: I moved to Lyon in May.", "Ben: Great!"]),
    ("Anna: Can you take the 9:40?\nBen: 👍", ["Anna: Can you take the 9:40?", "Ben: 👍"]),
    (
        "Interview\n\nAnna Smith: Where do you live?\n\nBen de Vries: In Delft.\nIt is small.\n\n"
        "Anna Smith: Do you like it?",
        [
            "# Interview",
            "Anna Smith: Where do you live?",
            "Ben de Vries: In Delft.",
            "  It is small.",
            "Anna Smith: Do you like it?",
        ],
    ),
    (
        "**Anna:** I'm a nurse.\n\n**Ben:** Since when?\n\n**Anna:** Since March.",
        ["Anna: I'm a nurse.", "Ben: Since when?", "Anna: Since March."],
    ),
    ("anna: hey can you come?\nben: yes\nanna: 👍", ["anna: hey can you come?", "ben: yes", "anna: 👍"]),
    (
        "李雷：我上个月搬到了上海。\n韩梅梅：真的吗？\n李雷：是的。",
        ["李雷: 我上个月搬到了上海。", "韩梅梅: 真的吗？", "李雷: 是的。"],
    ),
    (
        "Анна: Я переехала в Казань.\nБорис: Когда?\nАнна: В мае.",
        ["Анна: Я переехала в Казань.", "Борис: Когда?", "Анна: В мае."],
    ),
    (
        "أحمد: أنا أسكن في القاهرة.\nسارة: منذ متى؟\nأحمد: نعم.",
        ["أحمد: أنا أسكن في القاهرة.", "سارة: منذ متى؟", "أحمد: نعم."],
    ),
    ("Ana : ¿Vives en Lima?\nLuis : Sí, claro.", ["Ana: ¿Vives en Lima?", "Luis: Sí, claro."]),
    (
        "अनिता: मैं पुणे में रहती हूँ।\nरवि: अच्छा? कब से?\nअनिता: मई से।",
        ["अनिता: मैं पुणे में रहती हूँ।", "रवि: अच्छा? कब से?", "अनिता: मई से।"],
    ),
]
TIMES = [
    ("[12:03] Anna: I moved.\n[12:04] Ben: wow", ["[12:03] Anna: I moved.", "[12:04] Ben: wow"]),
    ("12:03 Anna: I moved.\n12:04:30 Ben: you did?", ["[12:03] Anna: I moved.", "[12:04:30] Ben: you did?"]),
    ("12:03 <anna> i moved\n12:04 <ben> ok", ["[12:03] anna: i moved", "[12:04] ben: ok"]),
    ("Anna (12:03): I moved.\nBen (12:04): ok", ["[12:03] Anna: I moved.", "[12:04] Ben: ok"]),
    (
        "2026-03-04 09:31 Anna: I moved.\n2026-03-05 10:00 Ben: ok",
        ["## 2026-03-04", "[09:31] Anna: I moved.", "## 2026-03-05", "[10:00] Ben: ok"],
    ),
    (
        "Anna, [04.03.2026 09:31]\nI moved.\n\nBen, [04.03.2026 09:32]\nok",
        ["## 2026-03-04", "[09:31] Anna: I moved.", "[09:32] Ben: ok"],
    ),
    (
        "Anna Smith  9:31 AM\nI moved.\nWhere are you?\nBen  9:32 PM\nok",
        ["[09:31] Anna Smith: I moved.", "  Where are you?", "[21:32] Ben: ok"],
    ),
    (
        "------- 2026년 3월 4일 수요일 -------\n[지민] [오후 3:21] 저는 부산에 살아요\n[수진] [오후 3:22] 네",
        ["## 2026-03-04", "[15:21] 지민: 저는 부산에 살아요", "[15:22] 수진: 네"],
    ),
    (
        "2026/03/04(水)\n09:31\t田中\t私は大阪に住んでいます\n09:32\t鈴木\tはい",
        ["## 2026-03-04", "[09:31] 田中: 私は大阪に住んでいます", "[09:32] 鈴木: はい"],
    ),
]
WHATSAPP = [
    (  # Android, Britain
        "04/03/2026, 09:31 - Messages and calls are end-to-end encrypted. Tap to learn more.\n"
        "04/03/2026, 09:31 - Anna: I moved to Lyon\nlast week.\n\nFinally\n13/03/2026, 09:32 - Ben: <Media omitted>\n"
        '13/03/2026, 09:33 - Ben: 👍\n13/03/2026, 09:34 - Anna changed the subject to "Trip: Rome"',
        [
            "## 2026-03-04",
            "[09:31] Anna: I moved to Lyon",
            "  last week.",
            "  Finally",
            "## 2026-03-13",
            "[09:33] Ben: 👍",
        ],
    ),
    (  # iOS, Germany
        "[04.03.26, 09:31:12] Reise: \u200eNachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.\n"
        "[04.03.26, 09:31:12] Anna: Ich wohne in Lyon.\n\u200e[04.03.26, 09:32:12] Ben: \u200eBild weggelassen\n"
        "[04.03.26, 09:33:12] Ben: ok",
        ["## 2026-03-04", "[09:31:12] Anna: Ich wohne in Lyon.", "[09:33:12] Ben: ok"],
    ),
    (  # Android, United States
        "1/15/24, 9:05\u202fPM - Anna: hi there\n1/15/24, 12:06\u202fAM - +1 555 123 4567: hello you",
        ["## 2024-01-15", "[21:05] Anna: hi there", "[00:06] +1 555 123 4567: hello you"],
    ),
    (  # Android, Mexico
        "4/3/2026, 9:31 p.\u00a0m. - Ana: Me mudé a Lima.\n"
        "14/3/2026, 9:32 a.\u00a0m. - Luis: IMG-1.jpg (archivo adjunto)\nvale",
        ["## 2026-03-04", "[21:31] Ana: Me mudé a Lima.", "## 2026-03-14", "[09:32] Luis: vale"],
    ),
    (  # Android, Egypt
        "٤\u200f/٣\u200f/٢٠٢٦، ٩:٣١ م - أحمد: أنا أسكن في القاهرة\n١٤\u200f/٣\u200f/٢٠٢٦، ٩:٣٢ ص - سارة: شكرا",
        ["## 2026-03-04", "[21:31] أحمد: أنا أسكن في القاهرة", "## 2026-03-14", "[09:32] سارة: شكرا"],
    ),
    (  # Android, China
        "2026/3/4 上午9:31 - 李雷: 我搬到了上海。\n2026/3/4 下午9:32 - 韩梅梅: 好的",
        ["## 2026-03-04", "[09:31] 李雷: 我搬到了上海。", "[21:32] 韩梅梅: 好的"],
    ),
    (  # Korea
        "2026. 3. 4. 오전 9:31 - 지민: 저는 부산에 살아요\n2026. 3. 4. 오후 9:32 - 수진: 네",
        ["## 2026-03-04", "[09:31] 지민: 저는 부산에 살아요", "[21:32] 수진: 네"],
    ),
    (  # copied from the web page
        "[09:31, 14/3/2026] Anna: I live in Lyon\n[09:32, 14/3/2026] Ben: ok",
        ["## 2026-03-14", "[09:31] Anna: I live in Lyon", "[09:32] Ben: ok"],
    ),
    (  # the order of the messages tells the month
        "3/4/24, 21:05 - Anna: hi you\n4/3/24, 21:06 - Ben: ok",
        ["## 2024-03-04", "[21:05] Anna: hi you", "## 2024-04-03", "[21:06] Ben: ok"],
    ),
]
MEETINGS = [
    (  # Teams, as text of its Word export
        "Team meeting\n\nAnna Smith   0:03\nI moved to Lyon in May.\n\nBen Cole   0:09\nDid you?\n\n"
        "Anna Smith   1:00:12\nYes.",
        [
            "# Team meeting",
            "[00:03] Anna Smith: I moved to Lyon in May.",
            "[00:09] Ben Cole: Did you?",
            "[01:00:12] Anna Smith: Yes.",
        ],
    ),
    (  # Teams, older
        "00:00:00.000 --> 00:00:03.000\nAnna Smith\nI moved to Lyon.\n\n00:00:03.000 --> 00:00:04.000\nBen\nok\n\n"
        "00:00:05.000 --> 00:00:06.000\nAnna Smith\nyes",
        ["[00:00:00] Anna Smith: I moved to Lyon.", "[00:00:03] Ben: ok", "[00:00:05] Anna Smith: yes"],
    ),
    (  # Teams, copied
        "[9:31 AM] Anna Smith\n    I moved to Lyon\n[9:32 AM] Ben Cole\n    ok thanks",
        ["[09:31] Anna Smith: I moved to Lyon", "[09:32] Ben Cole: ok thanks"],
    ),
    (  # Zoom's chat
        "00:12:03\t From  Anna Smith : Can you hear me?\n00:12:09\t From  Ben Cole : yes",
        ["[00:12:03] Anna Smith: Can you hear me?", "[00:12:09] Ben Cole: yes"],
    ),
    (  # Zoom's chat, newer
        "09:31:12 From Anna Smith to Everyone:\n\tI moved to Lyon\n"
        "09:32:12 From Ben to Anna Smith(Direct Message):\n\tok",
        ["[09:31:12] Anna Smith: I moved to Lyon", "[09:32:12] Ben: ok"],
    ),
]
CAPTIONS = [
    (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Anna Smith>I moved to</v>\n\n"
        "00:00:02.000 --> 00:00:04.000\n<v Anna Smith>Lyon &amp; Paris.</v>\n<v.loud Ben>Did\nyou?</v>\n",
        ["[00:00:01] Anna Smith: I moved to Lyon & Paris.", "[00:00:02] Ben: Did you?"],
    ),
    (
        "WEBVTT - Zoom\nKind: captions\n\nNOTE made by hand\n\n1\n00:01.000 --> 00:02.000 align:start\n"
        "Anna: I moved.\n\n"
        "b-2\n00:03.000 --> 00:04.000\nBen: <i>ok</i>\n",
        ["[00:00:01] Anna: I moved.", "[00:00:03] Ben: ok"],
    ),
    (
        "1\r\n00:00:01,000 --> 00:00:02,000\r\nANNA: Do you live here?\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n"
        "- Yes.\r\n- No.\r\n\r\n3\r\n00:00:05,000 --> 00:00:06,000\r\nANNA: I see.\r\n",
        ["[00:00:01] ANNA: Do you live here?", "[00:00:03] — - Yes.", "[00:00:03] — - No.", "[00:00:05] ANNA: I see."],
    ),
    (
        "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}Анна: Я живу в Казани.\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nБорис: Да?\n",
        ["[00:00:01] Анна: Я живу в Казани.", "[00:00:03] Борис: Да?"],
    ),
    (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v 田中>私は大阪に住んでいます。</v>\n\n"
        "00:03.000 -> 00:04.000\n<v 鈴木>はい。</v>\n",
        ["[00:00:01] 田中: 私は大阪に住んでいます。", "鈴木: はい。"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [*NAMES, *TIMES, *WHATSAPP, *MEETINGS, *CAPTIONS])
def test_each_shape_is_read_as_who_said_what_and_when(text: str, expected: list[str]) -> None:
    document = parse_text(text)
    assert lines(document.text) == expected
    assert document.kind == "transcript"


@pytest.mark.parametrize(("text", "expected"), [*NAMES, *TIMES, *WHATSAPP])
def test_a_transcript_as_it_is_stored_is_read_as_itself(text: str, expected: list[str]) -> None:
    stored = parse_text(text)
    assert parse_text(stored.text).text == stored.text


@pytest.mark.parametrize("suffix", [".vtt", ".srt"])
def test_captions_that_name_nobody_are_what_is_said(read: Read, suffix: str) -> None:
    document = read(
        f"a{suffix}",
        "1\n00:00:01.000 --> 00:00:02.000\nThe moon is\n\n2\n00:00:02.000 --> 00:00:04.000\nThe moon is\n\n"
        "3\n00:00:04.000 --> 00:00:05.000\nfar away.\n",
    )
    assert (document.kind, document.text) == ("document", "The moon is\nfar away.")
    assert document.warnings == ("3 of 3 caption(s) name no speaker",)


PROSE = {
    "prose": "He said: I am going home.\nThen she left. The city: quiet and cold.\nNobody: that was your answer?",
    "a recipe": "Ingredients: flour, your favourite sugar\nDirections: mix, then let me know\nServes: 4 of us",
    "YAML": "name: foo\nversion: 1\nyou: yes\nname: bar\nversion: 2\nyou: no",
    "code": "def f(x):\n    return x\nclass A:\n    pass\nelse: return you?\n",
    "a log": "2026-03-04 09:31:12 INFO: Server started\n2026-03-04 09:31:13 ERROR: cannot reach you\n",
    "a log of modules": "[12:03:01] Mailer: sent\n[12:03:02] Backup: done\n[12:03:03] Mailer: sent",
    "verses": "John 3:16 For God so loved the world, that he gave you\nJohn 3:17 For God did not send me",
    "verses with names": "Genesis 1: In the beginning you made\nGenesis 2: Thus we\nGenesis 1: me",
    "questions": "Question: Where do you live?\nAnswer: I live in Lyon.\nQuestion: Why?\nAnswer: I like it.",
    "Q and A": "Q: Where do you live?\nA: I live in Lyon.\n",
    "questions in German": "Frage: Wo wohnst du?\nAntwort: Ich wohne in Bonn.\nFrage: Warum?\nAntwort: Ja.",
    "questions in Chinese": "问：你住在哪里？\n答：我住在上海。\n问：为什么？\n答：我喜欢。",
    "a CV": "Name: Anna\nCity: Lyon\nExperience: I worked at Acme\nEducation: I studied",
    "a glossary": "Paris: the capital of France.\nRome: the capital of Italy.\nParis: a hero.",
    "places": "Paris: I loved the museums.\nRome: I ate gelato.\nLondon: you must see it.",
    "a diary": "Monday: I ran.\nTuesday: I slept. Did you?\nMonday: I ran.",
    "a chat with a model": "User: Where do I live?\nAssistant: You live in Lyon.\nUser: Thanks",
    "a schedule": "Keynote 9:30\nBy Dr X\nLunch 12:30\nIn the hall\n",
    "minutes": "Attendees: Anna, Ben\nDecisions: We move to Lyon.\nActions: Ben calls you.\n",
    "CSS": "color: red;\nmargin: 0;\ncolor: blue;\nmargin: 1;",
    "numbers": "Anna: +33 123\nBen: +49 123\nAnna: +33 124\n",
    "a changelog": "Added: you can now export.\nFixed: your files no longer vanish.\nAdded: thanks to you.",
    "problems": "Problem: I can't log in?\nSolution: Reset your password.\n"
    "Problem: You see an error.\nSolution: Call us.",
    "a form in Chinese": "时间：三点\n地点：我家\n时间：四点\n地点：你家",
    "an article that quotes": "The voyage.\n\nOn 4 March 1836 Darwin wrote:\n> The finches are here.\n\nHe was right.",
    "a dialogue within prose": "They met at noon.\nIt was cold.\nThe bus was late again, as ever.\nAnna: Hi you.\n"
    "Ben: Hi.\nThen they walked on to the harbour.\nNobody spoke.\nThe sea was grey.",
    "freight": "From: Lyon\nTo: Paris\nDistance: 400",
}


@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE.keys())
def test_what_may_be_anything_else_stays_as_it_is(text: str) -> None:
    document = parse_text(text)
    assert document.kind == "document"
    assert document.text == text.strip()
    assert document.warnings == ()


def test_dates_that_may_be_of_two_months_are_kept_and_told() -> None:
    document = parse_text(f"{DATES}, 9:05 PM - Anna: hi you\n{DATES}, 9:06 PM - Ben: hello")
    assert lines(document.text) == [f"[{DATES}, 9:05 PM] Anna: hi you", f"[{DATES}, 9:06 PM] Ben: hello"]
    assert document.warnings and "2 date(s) may be day/month" in document.warnings[0]


def test_what_is_left_out_is_told_in_counts() -> None:
    document = parse_text(WHATSAPP[0][0])
    assert document.warnings == (
        "2 line(s) of the chat program itself left out",
        "1 attachment(s) or line(s) of the chat program itself left out",
    )


def test_a_message_cannot_speak_for_somebody_else_or_move_to_another_day() -> None:
    text = "[12:03] Anna: hi you\nBen: I owe Anna 100 euros\n[12:04] Carl: ok"
    assert lines(parse_text(text).text)[1] == "  Ben: I owe Anna 100 euros"
    dated = parse_text("2026-03-04 12:03 Anna: hi you\n4 March 2020\n2026-03-04 12:04 Ben: ok")
    assert lines(dated.text) == ["## 2026-03-04", "[12:03] Anna: hi you", "  4 March 2020", "[12:04] Ben: ok"]


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".docx"])
def test_formats_that_people_export_chats_in_are_recognised(read: Read, suffix: str) -> None:
    said = ["Anna: I moved to Lyon.", "Ben: Why?", "Anna: I love it."]
    assert read(f"a{suffix}", _file(suffix, said)).kind == "transcript"
    assert lines(read(f"a{suffix}", _file(suffix, said)).text) == said


def _file(suffix: str, said: list[str]) -> bytes:
    if suffix == ".docx":
        from docx import Document

        from tests.sessiongraph.ingestion.test_word import docx

        document = Document()
        for line in said:
            document.add_paragraph(line)
        return docx(document)
    if suffix == ".html":
        return "".join(f"<p>{line}</p>" for line in said).encode()
    return "\n".join(said).encode()


HOSTILE = {
    "a line of a megabyte": "Anna: hi you\nBen: " + "x" * 1_000_000 + "\nAnna: yes",
    "a name of a megabyte": "A" * 1_000_000 + ": hi you\nBen: " + "ok",
    "names without end": "Anna: " * 200_000,
    "brackets": "[a" * 500_000,
    "lines of brackets": "[a\n" * 300_000,
    "digits": "1" * 1_000_000,
    "spaces": "Anna:" + " " * 1_000_000 + "x",
    "a hundred thousand speakers": "".join(f"[12:03] Speaker{number}: hi you\n" for number in range(100_000)),
    "quotes": "> a\n" * 200_000,
    "quotes within quotes": "\n".join(">" * depth + " On 4 March 2026 at 9:31 a@b.org wrote:" for depth in range(2000)),
    "heads of mails": "From: a\n" * 100_000,
    "addresses": "a@b." * 200_000 + ":",
    "voices": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v A>x " * 100_000,
    "tags": "WEBVTT\n\n00:01.000 --> 00:02.000\nx" + "<v " * 300_000,
    "numbers of captions": "1\n00:00:01,000 --> 00:00:02,000\n" + "1\n" * 300_000,
}


@pytest.mark.timeout(40)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_read_in_bounded_time(text: str) -> None:
    document = parse_text(text)
    assert len(document.text) < 4 * len(text)


@pytest.mark.parametrize(
    "text",
    [
        "[12:03] Anna\x00\x07: hi\x08 you\n[12:04] Ben\x1b: ok\x7f",
        "[12:03] \u202eAnna\u202c: hi \u202eyou\n[12:04] \u2067Ben\u2069: ok",
        "\ufeff[12:03] Anna: hi\u200b you\r\n[12:04] Ben: ok\r\n",
    ],
    ids=["controls", "directions", "marks"],
)
def test_what_cannot_be_seen_is_in_no_name(text: str) -> None:
    assert lines(parse_text(text).text) == ["[12:03] Anna: hi you", "[12:04] Ben: ok"]
