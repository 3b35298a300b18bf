"""Mail: messages of .eml and .mbox files, and threads as they are pasted, each message once and the oldest first.

What is quoted is read as its author's words, where a line says whose they are. Messages are left to Python's `email`;
threads are read here, since mail-parser-reply and email-reply-parser tell neither who wrote a quote nor when, miss the
lines of other languages, and are quadratic on long ones.
"""

import email
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from io import BytesIO
from itertools import islice
from typing import BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.encodings import decoded
from sessiongraph.ingestion.formats.html import read_html
from sessiongraph.ingestion.formats.text import faults_of, one_line, text_bytes
from sessiongraph.ingestion.transcripts.stamps import moment_in
from sessiongraph.ingestion.transcripts.utterances import Transcript, Utterance, name_of

_MOST_HEADER = 1000
_MOST_LINE = 300  # of what says who wrote what follows
_MOST_DEPTH = 40
_MOST_SUBJECTS = 5

_FROM = "From|Von|De|Da|Van|Od|Från|Fra|От|Від|Kimden|发件人|寄件者|差出人|보낸 사람|من"
_OTHER = (
    "Date|Sent|To|Cc|Subject|Datum|Gesendet|An|Betreff|Date|Envoyé(?: le)?|À|Objet|Fecha|Enviado(?: el)?|Para|Asunto|"
    "Data|Inviato|A|Oggetto|Enviada(?: em)?|Assunto|Verzonden|Aan|Onderwerp|Wysłano|Do|Temat|Skickat|Till|Ämne|"
    "Дата|Отправлено|Кому|Тема|Gönderildi|Kime|Konu|发送时间|日期|收件人|主题|送信日時|日付|宛先|件名|"
    "날짜|받는 사람|제목|"
    "Message-ID|Reply-To|MIME-Version|Content-Type|Received|In-Reply-To|Return-Path"
)
_SUBJECT = re.compile(
    r"(?:Subject|Betreff|Objet|Asunto|Oggetto|Assunto|Onderwerp|Temat|Тема|Konu|主题|件名|제목) ?[:：] ?(.+)"
)
_FIELD = re.compile(rf"[*]?(?P<from>{_FROM})?(?(from)|(?:{_OTHER})) ?[:：][*]? ?(?P<value>.*)")
_WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|napisał(?:\(a\)|a)?|pisze|skrev|yazdı|"
    r"написал(?:\(а\)|а)?|пишет|пише|написав|kirjoitti|napsal(?:\(a\)|a)?)(?!\w)|"
    r"写道|寫道|のメール|書きました|님이 작성|كتب|כתב"
)
_MAY_NAME = re.compile(r"[\d@]")
_ADDRESS = re.compile(r"[<\[(]?(?:mailto:)?([\w.+-]{1,64}@[\w.-]{1,190}\w)[>\])]*")
_ORIGINAL = re.compile(r"-{3,} ?[^\W\d_][\w ]{3,40}-{3,}\s*\Z|_{10,}\s*\Z")
_MBOX = re.compile(rb"(?:\A|\n\r?\n)From [^\n]{1,200}\d{4}[^\n]{0,20}\n")


def read_eml(file: BinaryIO, notes: Notes) -> Transcript:
    """A message, and what it quotes. Raises UnreadableDocumentError."""
    return _transcript([text_bytes(file)], notes)


def read_mbox(file: BinaryIO, notes: Notes) -> Transcript:
    """All messages of a mailbox, by their time. Raises UnreadableDocumentError."""
    return _transcript([raw for raw in _MBOX.split(text_bytes(file)) if raw.strip()], notes)


def read_thread(text: str) -> Transcript | None:
    """The messages of a thread that was pasted; None where `text` is none, which must be sure."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not any(_begins_quote(lines, at) for at in range(len(lines))):
        return None
    found = [it for it in _messages(lines, _Author(None, None, None)) if it.words]
    if not any(it.speaker for it in found):
        return None
    subject = next((match[1] for line in lines if (match := _SUBJECT.match(line[:_MOST_LINE]))), None)
    return Transcript(tuple(_once(found, ())), f"Subject: {one_line(subject)}" if subject else "")


@dataclass(frozen=True)
class _Author:
    name: str | None
    day: date | None
    time: str | None


def _transcript(raws: Sequence[bytes], notes: Notes) -> Transcript:
    own: list[tuple[Utterance, list[Utterance]]] = []
    subjects: dict[str, None] = {}
    attachments = 0
    with faults_of("mail"):
        for raw in raws:
            message = email.message_from_bytes(raw)
            words, others = _body(message, notes)
            attachments += others
            author = _Author(_sender(message), *_sent(message))
            *quoted, top = _messages(words.split("\n"), author)
            own.append((top, quoted))
            if subject := re.sub(r"(?i)\A(?:(?:re|fwd?|aw|wg|tr|rv)\s*:\s*)+", "", _header(message, "Subject")):
                subjects.setdefault(subject)
    if attachments:
        notes.warn(f"{attachments} attachment(s) left out")
    found = list(_once([it for top, quoted in own for it in (*quoted, top)], [top for top, _ in own]))
    if not found:
        raise UnreadableDocumentError("it holds no message with words. Open it in a mail program, and save it again.")
    ordered = sorted(found, key=_moment) if all(it.day for it in found) else found
    return Transcript(tuple(ordered), "\n".join(f"Subject: {subject}" for subject in islice(subjects, _MOST_SUBJECTS)))


def _moment(utterance: Utterance) -> tuple[str, str]:
    return str(utterance.day), utterance.time or ""


def _header(message: Message, name: str) -> str:
    value = str(message.get(name) or "")[:_MOST_HEADER]
    try:
        return one_line(str(make_header(decode_header(value))))
    except (LookupError, UnicodeError, ValueError, email.errors.HeaderParseError):
        return one_line(value)


def _sender(message: Message) -> str | None:
    name, address = parseaddr(_header(message, "From"))
    return name_of(name or address.partition("@")[0]) or None


def _sent(message: Message) -> tuple[date | None, str | None]:
    """Day and time by the clock of where it was sent."""
    try:
        sent: datetime = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, None
    return sent.date(), f"{sent:%H:%M}"


def _body(message: Message, notes: Notes) -> tuple[str, int]:
    """What the message says, as plain text where it has that; and how many of its parts are left out."""
    parts = [part for part in message.walk() if not part.is_multipart()]
    inline = [part for part in parts if part.get_content_disposition() != "attachment"]
    texts = [part for part in inline if part.get_content_type() == "text/plain"]
    pages = [part for part in inline if part.get_content_type() == "text/html"]
    if texts:
        read = [decoded(_payload(part), notes, part.get_content_charset()) for part in texts]
    else:
        read = [read_html(BytesIO(_payload(part)), notes) for part in pages if _payload(part).strip()]
    words = "\n\n".join(read).replace("\r\n", "\n").replace("\r", "\n")
    return words, len(parts) - len(texts) - len(pages)


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _messages(lines: Sequence[str], author: _Author, depth: int = 0) -> list[Utterance]:
    """What `author` writes in `lines`, last, and before it what is quoted there, the oldest first."""
    own: list[str] = []
    quoted: list[Utterance] = []
    by = _Author(None, None, None)
    at = 0
    while at < len(lines):
        begun = _begins_quote(lines, at) if depth < _MOST_DEPTH else None
        if begun is not None:
            by, at = begun
            rest, at = _quoted(lines, at)
            quoted += _messages(rest, by, depth + 1)
        elif lines[at].startswith(">") and depth < _MOST_DEPTH:
            rest, at = _quoted(lines, at)
            quoted += _messages(rest, by, depth + 1)
        else:
            if not _ORIGINAL.match(lines[at][:_MOST_LINE]):
                own.append(lines[at])
            at += 1
    words = "\n".join(own).partition("\n-- \n")[0].strip()
    return [*quoted, Utterance(author.name, words, author.day, author.time)]


def _quoted(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """The lines from `at` that are quoted, without the mark of it, and where they end: all, where none has a mark."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    end = at
    while end < len(lines) and lines[end].startswith(">"):
        end += 1
    if end == at:
        return list(lines[at:]), len(lines)
    return [line[1:].removeprefix(" ") for line in lines[at:end]], end


def _begins_quote(lines: Sequence[str], at: int) -> tuple[_Author, int] | None:
    """Who wrote what follows the line `at` (or its two, or a head of fields), and where that begins."""
    line = lines[at][:_MOST_LINE]
    if (head := _FIELD.match(line)) and head["from"]:
        return _head(lines, at)
    for count in (1, 2):
        whole = " ".join(lines[at : at + count])[: 2 * _MOST_LINE].strip()
        if whole.endswith((":", "：")) and _MAY_NAME.search(whole) and (author := _attributed(whole)):
            follows = next((it for it in lines[at + count : at + count + 3] if it.strip()), "")
            if _ADDRESS.search(whole) or (author.time and follows.startswith(">")):
                return author, at + count
    return None


def _head(lines: Sequence[str], at: int) -> tuple[_Author, int] | None:
    """The author in a head of three fields or more (From, Sent, To, Subject), and where the message begins."""
    end = at
    day = time = None
    while end < len(lines) and (field := _FIELD.match(lines[end][:_MOST_LINE])):
        if day is None:
            day, time, _ = moment_in(field["value"])
        end += 1
    value = _FIELD.match(lines[at][:_MOST_LINE])
    if end - at < 3 or value is None:
        return None
    return _Author(_name(value["value"]), day, time), end


def _attributed(line: str) -> _Author | None:
    """Who wrote when, as a line such as "On 4 March 2026 at 9:31, Ben Cole <ben@x.org> wrote:" says."""
    wrote, address = _WROTE.search(line), _ADDRESS.search(line)
    day, time, end = moment_in(line)
    if not (wrote and (day or address)) and not (day and address):
        return None
    if address:
        before = line[: address.start()]
        name = before[end:] if end <= len(before) else before
        if wrote and wrote.end() <= address.start():
            name = line[wrote.end() : address.start()]
        return _Author(_name(name) or name_of(address[1].partition("@")[0]), day, time)
    assert wrote is not None
    after = line[wrote.end() :].strip(" :：")
    return _Author(_name(after or line[end : wrote.start()]), day, time)


def _name(text: str) -> str | None:
    address = _ADDRESS.search(text)
    name = name_of(_ADDRESS.sub("", text).strip(" ,;.，、<>\"'于於"))
    return name or (name_of(address[1].partition("@")[0]) if address else None)


def _once(messages: Sequence[Utterance], whole: Sequence[Utterance]) -> Iterator[Utterance]:
    """`messages` that say something, each once; of what is quoted too, the `whole` message that stands there itself."""
    kept = {one_line(it.words): it for it in reversed(messages) if it.words} | {one_line(it.words): it for it in whole}
    return (it for it in messages if it.words and kept[one_line(it.words)] is it)
