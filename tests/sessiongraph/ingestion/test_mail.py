"""Mails are read as who wrote what and when: files of one and of many, and threads as they are pasted."""

import random

import pytest

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.parsing import parse_text
from tests.sessiongraph.ingestion.conftest import Read
from tests.sessiongraph.ingestion.test_transcripts import lines

QUOTED = ["## 2026-03-04", "[09:31] {name}: {words}", "## undated"]
THREADS = [
    ("Yes.", "On Wed, Mar 4, 2026 at 9:31 AM Ben Cole <b@x.org> wrote:", "Ben Cole", "Can we meet?"),
    ("Yes.", "On Mar 4, 2026, at 9:31 AM, Ben Cole wrote:", "Ben Cole", "Can we meet?"),
    ("Ja, passt.", "Am 04.03.2026 um 09:31 schrieb Ben Cole <b@x.org>:", "Ben Cole", "Treffen wir uns?"),
    ("Oui.", "Le mer. 4 mars 2026 à 09:31, Ben Cole <b@x.org> a écrit :", "Ben Cole", "On se voit ?"),
    ("Oui.", "Le mer. 4 mars 2026 à 09:31, Ben Cole <b@x.org> a\nécrit :", "Ben Cole", "On se voit ?"),
    ("Sí.", "El 4 de marzo de 2026 9:31, Ben Cole <b@x.org> escribió:", "Ben Cole", "¿Nos vemos?"),
    ("是的。", "Ben Cole <b@x.org> 于2026年3月4日周三 09:31写道：", "Ben Cole", "见面吗？"),
    ("はい。", "2026年3月4日(水) 9:31 田中 <b@x.org>:", "田中", "会えますか？"),
    ("Да.", "ср, 4 марта 2026 г. в 09:31, Бен Коул <b@x.org>:", "Бен Коул", "Встретимся?"),
]


@pytest.mark.parametrize(("reply", "attribution", "name", "words"), THREADS)
def test_a_pasted_thread_is_read_oldest_first(reply: str, attribution: str, name: str, words: str) -> None:
    document = parse_text(f"{reply}\n\n{attribution}\n> {words}\n")
    assert document.kind == "transcript"
    assert lines(document.text) == [*(line.format(name=name, words=words) for line in QUOTED), f"— {reply}"]


@pytest.mark.parametrize(
    "head",
    [
        "-----Original Message-----\nFrom: Ben Cole\nSent: Wednesday, March 4, 2026 9:31 AM\nTo: Anna\n"
        "Subject: Re: Trip",
        "________________________________\nVon: Ben Cole <b@x.org>\nGesendet: Mittwoch, 4. März 2026 09:31\nAn: Anna\n"
        "Betreff: Re: Trip",
        "De : Ben Cole <b@x.org>\nEnvoyé : mercredi 4 mars 2026 09:31\nÀ : Anna\nObjet : Re: Trip",
    ],
)
def test_what_stands_below_a_head_is_its_authors(head: str) -> None:
    document = parse_text(f"Ok\n\n{head}\n\nCan we meet?\n")
    assert lines(document.text) == [
        "# Subject: Re: Trip",
        "## 2026-03-04",
        "[09:31] Ben Cole: Can we meet?",
        "## undated",
        "— Ok",
    ]


def test_answers_between_quotes_are_the_writers_and_the_quotes_the_others() -> None:
    document = parse_text("On Mar 4, 2026, at 9:31 AM, Ben Cole wrote:\n> Tuesday?\nYes.\n> Where?\nAt mine.\n")
    assert lines(document.text)[1:] == [
        "[09:31] Ben Cole: Tuesday?",
        "[09:31] Ben Cole: Where?",
        "## undated",
        "— Yes.",
        "  At mine.",
    ]


def message(name: str, day: int, words: str, subject: str = "Move", more: str = "") -> str:
    return f"From: {name} <a@x.org>\nDate: {day:02d} Mar 2026 09:31:00 +0100\nSubject: {subject}\n{more}\n{words}\n"


ANSWER = message(
    "Anna Smith", 4, "I moved to Lyon.\n\nOn Tue, Mar 3, 2026 at 9:31 AM Ben <b@x.org> wrote:\n> Where to?"
)
THREAD = [
    "# Subject: Move",
    "## 2026-03-03",
    "[09:31] Ben: Where to?",
    "## 2026-03-04",
    "[09:31] Anna Smith: I moved to Lyon.",
]


def test_a_mail_is_read_with_what_it_quotes(read: Read) -> None:
    document = read("a.eml", ANSWER)
    assert (document.kind, lines(document.text)) == ("transcript", THREAD)


def test_a_mailbox_has_each_message_once_by_its_time(read: Read) -> None:
    asked = message("Ben", 3, "Where to?", "Re: Move")
    box = "".join(f"From x@x.org Tue Mar  3 08:00:00 2026\n{it}\n" for it in (ANSWER, asked))
    assert lines(read("a.mbox", box).text) == THREAD


def test_encoded_names_pages_and_attachments(read: Read) -> None:
    raw = (
        "From: =?utf-8?b?5p2O6Zu3?= <l@x.org>\nDate: Wed, 4 Mar 2026 09:31:00 +0800\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/html; charset=utf-8\n\n'
        "<p>我住在上海。</p>\n--b\nContent-Type: image/png\nContent-Disposition: attachment\n\nx\n--b--\n"
    )
    document = read("a.eml", raw)
    assert lines(document.text) == ["## 2026-03-04", "[09:31] 李雷: 我住在上海。"]
    assert document.warnings == ("1 attachment(s) left out",)


def test_bytes_in_an_encoding_that_is_not_named_rightly_are_read_and_told(read: Read) -> None:
    raw = message("Anna", 4, "Le café où j'habite, déjà vu.", more="Content-Type: text/plain; charset=nonsense\n")
    document = read("a.eml", raw.encode("cp1252"))
    assert "café" in document.text and "cp1252" in document.warnings[0]


@pytest.mark.timeout(40)
@pytest.mark.parametrize(
    "raw",
    [
        b"\n\n",
        b"From: " + b"a,<" * 300_000 + b"\nDate: x\n\n",
        b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\n\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)) + b"\nhello",
        random.Random(5).randbytes(200_000),
    ],
    ids=["nothing", "an address without end", "a subject without end", "parts within parts", "noise"],
)
@pytest.mark.parametrize("suffix", [".eml", ".mbox"])
def test_what_is_no_mail_is_refused(read: Read, suffix: str, raw: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match=f"a{suffix} cannot be read"):
        read(f"a{suffix}", raw)
