"""What lines say by where they stand: the rows of a table, fields ("Price: 9 euros"), and a list below its heading.

Nothing here needs a parse. What a list's heading says of its items is read in `list_headings`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sessiongraph.local_models.extractive import field_words
from sessiongraph.local_models.extractive.elliptical_answers import with_whole_answers
from sessiongraph.local_models.extractive.list_headings import Heading, heading_of

_MARK = re.compile(r"\s*(?:[-*+•–]\s+|\d{1,3}[.)]\s+|>\s*)")
_TITLE_MARK = re.compile(r"\s*#{1,6}\s+")
_FIELD = re.compile(r"\s*([A-Z0-9][^:|.!?;]{0,38}?):\s+(\S[^?|]{0,90}?)\s*\Z")
# "Sizes: S to XXL. Price: 189 euros.": fields at the end of a paragraph, or that are all of it.
_INLINE = re.compile(r"(?:\A|(?<=[.!?] ))([A-Z][a-z][\w -]{1,30}): ((?:[^.:!?]|\.(?=\d))+)(?:\.(?= )|\.?\Z)")
_ROW = re.compile(r"\s*[^:;|]{1,40}: [^;|]+(?:; [^:;|]{1,40}: [^;|]+)+\.?\s*\Z")
_RULE = re.compile(r"[\s|:-]+\Z")
_EMPTY = frozenset(("", "-", "–", "—", "none", "n/a", "?"))
# A cell or a value holds no sentence.
_WORDS = 10
# A label of what follows, which is prose: "Decision: we drop the app."
_LABEL = re.compile(
    r"(?:\A|(?<=[.!?] ))(?:decisions?|decided|agreed|reasons?|notes?|actions?|proposals?|status"
    r"|next steps?|outcome|risks?|step \d+|q|a|question|answer):\s+",
    re.IGNORECASE,
)
# What the rest of a paragraph is about, before it: "Safety: there were two accidents."
_TOPIC = re.compile(
    r"(?!(?:I|We|You|He|She|They|It|This|That|There)\b)([A-Z][\w'-]*(?: [\w'-]+){0,4}): (?=\S+ \S+ \S.*[.!?]\Z)"
)
_TO_DO = re.compile(r"([A-Z][\w'-]*(?: [A-Z][\w'-]*)?) to (?=[a-z]+\b)(?!the\b)")
# What a mail ends with, before lines that say who wrote it.
_CLOSING = re.compile(
    r"\s*(?:(?:kind|best|warm|with best|many) )?"
    r"(?:regards|wishes|greetings|thanks|best|love|cheers|ciao|sincerely|yours|yours (?:sincerely|faithfully|truly))"
    r",?\s*\Z",
    re.IGNORECASE,
)
_PROSE = re.compile(r"[.!?]\Z|\b(?:is|are|was|were|will|has been|have been|can|must|may|should)\b|,\s\w+ \w+ \w+ \w+")


@dataclass(frozen=True)
class Stated:
    """That `subject` stands in `relation` to `object`. No subject: whom the text around it is about."""

    subject: str
    relation: str
    object: str


@dataclass(frozen=True)
class Line:
    """A line as it stands, with what it states, and the types of the names in it."""

    text: str
    facts: tuple[Stated, ...] = ()
    types: tuple[tuple[str, str], ...] = ()


Block = str | Line


def blocks_of(text: str) -> list[Block]:
    """Tables, fields and lists of `text` as lines, and the rest of it as blocks of prose."""
    reader = _Reader()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        at += reader.take(lines, at)
    reader.end_prose()
    return reader.blocks


@dataclass
class _Reader:
    """Blocks as they are found: `prose` are the lines that wait for the end of their paragraph."""

    blocks: list[Block] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    title: str | None = None

    def take(self, lines: Sequence[str], at: int) -> int:
        """Reads what starts at line `at`; returns how many lines that are."""
        line = lines[at]
        if table := _run(lines, at, lambda it: len(_cells(it)) > 1):
            rows = [it for it in table if not _RULE.match(it)]
            if len(rows) > 1 and len({len(_cells(it)) for it in rows}) == 1:
                self._add(list(_table(rows)))
                return len(table)
        if items := _run(lines, at, _MARK.match):
            self._list([_MARK.sub("", it, count=1).strip() for it in items])
            return len(items)
        fields = _run(lines, at, _is_field)
        if len(fields) > 1:
            self._fields(fields)
        elif _ROW.match(line):
            self._add([_record(line, [_field(it) for it in line.strip(" .").split("; ")])])
        elif _TITLE_MARK.match(line):
            self._title(_TITLE_MARK.sub("", line, count=1).strip())
        elif len(fields) == 1 and _is_attendance(_field(line)[0].lower()):
            self._add([_inline(line.strip(), *_field(line))])
        elif not line.strip():
            self.end_prose()
        else:
            self.prose.append(line)
            return 1
        return max(1, len(fields))

    def end_prose(self) -> None:
        if self.prose and _CLOSING.match(self.prose[0]):
            self.blocks += [line.strip() for line in self.prose]
            self.prose = []
        text = " ".join(" ".join(self.prose).split())
        if _is_title(self.prose):
            self.title = text
        elif text:
            self.title = None
        self.prose = []
        if text:
            asked = self._asked()
            told = with_whole_answers(f"{asked} {_LABEL.sub('', text)}".strip())
            self.blocks += _prose_and_fields(told)

    def _asked(self) -> str:
        """The question that heads what follows, which is taken to it."""
        last = self.blocks[-1] if self.blocks else None
        if not isinstance(last, str) or not last.endswith("?") or last.count("?") > 1:
            return ""
        self.blocks.pop()
        return last

    def _add(self, lines: Sequence[Block]) -> None:
        self.end_prose()
        self.blocks += lines

    def _title(self, text: str) -> None:
        self._add([text])
        self.title = text

    def _heading(self) -> Heading | None:
        """The heading of what starts here: the line before it, or the title of its part."""
        if self.prose and not _is_title(self.prose):
            self.end_prose()
            return None
        text = self.prose.pop() if self.prose else self.title
        self.end_prose()
        if text is None:
            return None
        if text == self.title and self.blocks and self.blocks[-1] == text:
            self.blocks.pop()
        self.blocks.append(Line(text))
        return heading_of(text)

    def _list(self, items: Sequence[str]) -> None:
        heading = self._heading()
        for item in items:
            fields = _field(item) if _FIELD.match(item) and _is_field(item) else None
            if fields is not None and heading is not None:
                self.blocks.append(_line(item, *heading.field(*fields)))
            elif (done := _TO_DO.match(item)) is not None:
                self.blocks.append(f"{done[1]} will {item[done.end() :]}")
            elif heading is not None and (said := heading.sentence(item)) is not None:
                self.blocks.append(said)
            elif heading is None or _PROSE.search(item) or len(item.split()) > _WORDS:
                self.blocks.append(item)
            else:
                self.blocks.append(_line(item, *heading.item(item)))

    def _fields(self, lines: Sequence[str]) -> None:
        heading = self._heading()
        pairs = [_field(line) for line in lines]
        if heading is None or heading.is_record([key for key, _ in pairs]):
            self._add([_record("\n".join(line.strip() for line in lines), pairs, heading)])
        else:
            lines_of = zip(lines, pairs, strict=True)
            self._add([_line(line.strip(), *heading.field(*pair)) for line, pair in lines_of])


def _run(lines: Sequence[str], at: int, fits: Callable[[str], object]) -> list[str]:
    """The lines from `at` on that fit."""
    found: list[str] = []
    for line in lines[at:]:
        if not line.strip() or not fits(line):
            break
        found.append(line)
    return found


def _is_title(lines: Sequence[str]) -> bool:
    text = lines[0].strip() if len(lines) == 1 else ""
    return bool(text) and text[-1] not in ".!?," and len(text.split()) <= _WORDS


def _is_field(line: str) -> bool:
    match = _FIELD.match(line)
    if match is None or _LABEL.match(line.strip()) or len(match[1].split()) > 5:
        return False
    return len(match[2].split()) <= _WORDS and not re.search(r"[a-z]\.(?: |\Z)", match[2])


def _field(line: str) -> tuple[str, str]:
    key, _, value = line.strip().partition(": ")
    return key.strip(), value.strip()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _table(rows: Sequence[str]) -> Iterator[Line]:
    head = _cells(rows[0])
    yield Line(rows[0].strip())
    for row in rows[1:]:
        yield _record(row.strip(), list(zip(head, _cells(row), strict=True)), is_row=True)


def _record(
    text: str, fields: Sequence[tuple[str, str]], heading: Heading | None = None, *, is_row: bool = False
) -> Line:
    """What fields say of one thing: which one the first names, else its heading or the text around it."""
    facts: list[Stated] = []
    (key, value), *others = fields
    if heading is not None:
        subject = next((value for key, value in fields if key.lower() == "name"), None)
        if subject is not None:
            facts.append(Stated(subject, "is", heading.text.lower()))
        subject, others = subject or heading.subject, [it for it in fields if it[0].lower() != "name"]
    elif value.isdecimal() and key:
        subject = f"{key} {value}"
    elif not is_row and key.lower() in field_words.MEASURES and not field_words.type_of(key):
        subject, others = "", list(fields)
    else:
        subject = value
    facts += [
        Stated(subject, f"has {key.lower() if key[1:].islower() or ' ' in key else key}", value)
        if key.lower() not in field_words.FIELD_PREPOSITIONS
        else Stated(subject, f"is {key.lower()}", value)
        for key, value in others
        if key and value.lower() not in _EMPTY
    ]
    return _line(text, facts, field_words.types_of(fields))


def _line(text: str, facts: "Sequence[Stated] | Sequence[tuple[str, str, str]]", types: dict[str, str]) -> Line:
    stated = tuple(it if isinstance(it, Stated) else Stated(*it) for it in facts)
    return Line(text, stated, tuple(types.items()))


def _prose_and_fields(text: str) -> list[Block]:
    """A paragraph, and the fields that end it or are all of it."""
    found = [*_INLINE.finditer(text)]
    keys = [match[1].lower() for match in found]
    if not found or not (len(found) > 1 or keys[0] in field_words.MEASURES or _is_attendance(keys[0])):
        return _topic_and_rest(text)
    start, end = found[0].start(), found[-1].end()
    are_together = all(a.end() + 1 == b.start() for a, b in pairwise(found))
    if not are_together or (start > 0 and end < len(text)):
        return [text]
    before, after = text[:start].strip(), text[end:].strip()
    fields = [_inline(match[0], match[1], match[2]) for match in found]
    return [*([before] if before else []), *fields, *([after] if after else [])]


def _topic_and_rest(text: str) -> list[Block]:
    topic = _TOPIC.match(text)
    return [Line(topic[1]), text[topic.end() :]] if topic else [text]


def _inline(text: str, key: str, value: str) -> Line:
    if not _is_attendance(key.lower()):
        return _line(text, [Stated("", f"has {key.lower()}", value.strip())], {})
    names = [name for name in re.split(r",\s+|\s+and\s+", value) if name]
    is_absent = key.lower().startswith("absent")
    told = [
        Stated(name, "is absent from", "meeting") if is_absent else Stated("meeting", "attended by", name)
        for name in names
    ]
    return _line(text, told, dict.fromkeys(names, "Person"))


def _is_attendance(key: str) -> bool:
    return bool(key) and key.split()[0] in field_words.ATTENDANCE
