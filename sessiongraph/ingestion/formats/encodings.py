"""Encodings of text files: told by a mark, by what the file declares, by UTF-8's own rules, or by how it reads.

Invariant: bytes are never made into letters on a guess. What reads well in two encodings, and differently, is refused.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.content import Notes

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]+")

_BOMS = (  # UTF-32 first: its little-endian mark starts with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# As browsers do: an old label means the superset that programs write under it.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_MULTI_BYTE = frozenset({"gb18030", "big5", "cp949", "euc_kr", "euc_jp", "cp932", "shift_jis"})
# What is taken where it reads well.
_TAKEN = _MULTI_BYTE | {
    *(f"cp125{number}" for number in range(9)),
    *("cp874", "koi8-r", "koi8-u"),
    *(f"iso8859-{number}" for number in (1, 2, 5, 7, 8, 9, 13)),
}
# What is never taken, being rare today, and speaks against another where it reads better.
_RIVALS = frozenset({"mac-roman", "cp437", "cp850", "cp852", "cp866", "iso8859-16"})
_SAMPLE_BYTES = 50_000

# Tried on sentences of thirty languages, each in the encodings that it is written in: below these, some are misread.
_LEAST, _LEAST_MULTI_BYTE = 0.04, 0.08
_AHEAD, _AHEAD_MULTI_BYTE = 1.05, 2.0
_WELL_AHEAD = 1.5
_LEAST_LETTERS = 6

_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]+")
# A symbol within a word, and an alphabet of its own there, are what letters look like in a wrong encoding.
_SYMBOL_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\w\s\x00-\x7f’‘·‐‑–—…](?=[^\W\d_])")
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI", "FEMININE", "MASCULINE", "MICRO"})
_UNUSED = frozenset({"Cc", "Cn", "Co", "Cs"})


def decoded(data: bytes, notes: Notes, declared: str | None = None) -> str:
    """`data` as text. `declared` is the encoding that the file names itself.

    Raises UnreadableDocumentError where no encoding, or more than one, makes sense of it.
    """
    if marked := next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None):
        return _no_binary(_strictly(data, marked))
    if (known := _known(declared)) in _MULTI_BYTE and (text := _tried(data, known)) is not None:
        return _no_binary(text)
    if b"\x1b" in data and (text := _escaped(data)) is not None:
        return text
    if wide := _wide_without_mark(data):
        return _no_binary(_strictly(data, wide))
    try:
        return _no_binary(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and _UTF8_SEQUENCE.search(data):
            notes.warn("its last character is cut off: the file may not be whole")
            return _no_binary(data[: error.start].decode("utf-8"))
        fault = error
    sample = _sample(data, fault.start)
    found = _candidates(sample)
    _refuse_mixed(sample, fault, found)
    if known and (text := _tried(data, known)) is not None:
        return _no_binary(text)
    encoding = _chosen(found)
    notes.warn(f"it does not say its encoding rightly and was read as {encoding}, which fits")
    return _no_binary(_strictly(data, encoding))


def _known(declared: str | None) -> str | None:
    """The codec of a label, None where that is no encoding of bytes with ASCII in it."""
    try:
        name = codecs.lookup(declared or "").name
        if not codecs.lookup(name)._is_text_encoding or "<".encode(name) != b"<":
            return None
    except (LookupError, UnicodeError):
        return None
    return None if name.startswith("utf") else _SUPERSETS.get(name, name)


def _tried(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _strictly(data: bytes, encoding: str) -> str:
    text = _tried(data, encoding)
    if text is None:
        raise _unknown()
    return text


def _no_binary(text: str) -> str:
    if len(text) - len(CONTROLS.sub("", text)) > len(text) / 4:
        raise _unknown()
    return text


def _unknown() -> UnreadableDocumentError:
    return UnreadableDocumentError("it is not text in a known encoding. Save it as UTF-8 and add that.")


def _escaped(data: bytes) -> str | None:
    """Text of the seven-bit encodings of Japanese and Korean mail."""
    for escape, encoding in ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp_2")):
        if escape in data and (text := _tried(data, encoding)) is not None:
            return text
    return None


def _wide_without_mark(data: bytes) -> str | None:
    """UTF-16 or UTF-32 of a script whose every other byte is zero, which no other text has."""
    head = data[:4096]
    for encoding, width, zeros in (
        *(("utf-32-le", 4, (1, 2, 3)), ("utf-32-be", 4, (0, 1, 2))),
        *(("utf-16-le", 2, (1,)), ("utf-16-be", 2, (0,))),
    ):
        if len(data) % width or len(head) < 2 * width:
            continue
        columns = [head[place::width] for place in range(width)]
        empty = [column.count(0) > 0.7 * len(column) for column in columns]
        if empty == [place in zeros for place in range(width)]:
            return encoding
    return None


def _refuse_mixed(sample: bytes, fault: UnicodeDecodeError, found: "list[_Candidate]") -> None:
    """Two files made one: some lines are UTF-8, others not. No line is both but by chance, in short ones of Chinese."""
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    whole = [line for line in lines if _tried(line, "utf-8") is not None]
    if not whole or (found and found[0].is_multi_byte and found[0].confidence > 0.3 and len(whole) < len(lines) / 2):
        return
    line = fault.object.count(b"\n", 0, fault.start) + 1
    raise UnreadableDocumentError(
        f"it holds text of two encodings: line {line} is not UTF-8, as others are. Save all of it as UTF-8."
    )


@dataclass
class _Candidate:
    """A reading of a sample: all `encodings` give the same `text`."""

    confidence: float
    text: str
    encodings: list[str]

    @property
    def is_multi_byte(self) -> bool:
        return not _MULTI_BYTE.isdisjoint(self.encodings)


def _chosen(found: list[_Candidate]) -> str:
    """The encoding of the likeliest. Raises UnreadableDocumentError where that is not clear."""
    taken = [encoding for encoding in found[0].encodings if encoding in _TAKEN] if found else []
    if not taken or found[0].confidence < _least(found):
        raise _unknown()
    if any(found[0].confidence < other.confidence * _lead(found[0], other) for other in found[1:]):
        raise UnreadableDocumentError(
            f"it does not say its encoding, and reads differently as {taken[0]} and as {found[1].encodings[0]}. "
            "Save it as UTF-8 and add that."
        )
    # Of encodings that read alike the one that has the most characters: others may stand beyond the sample.
    widest = min(taken, key=lambda encoding: not encoding.startswith("cp"))
    return _SUPERSETS.get(widest, widest)


def _least(found: list[_Candidate]) -> float:
    """How sure the likeliest must be. The commonest encoding need not be as sure where it is well ahead."""
    if found[0].is_multi_byte:
        return _LEAST_MULTI_BYTE
    ahead = all(found[0].confidence >= _WELL_AHEAD * other.confidence for other in found[1:])
    return _LEAST / 2 if "cp1252" in found[0].encodings and ahead else _LEAST


def _lead(best: _Candidate, other: _Candidate) -> float:
    if best.is_multi_byte or other.is_multi_byte:
        return _AHEAD_MULTI_BYTE
    return _AHEAD if not _TAKEN.isdisjoint(other.encodings) else 1.0


def _candidates(sample: bytes) -> list[_Candidate]:
    """The readings of `sample` that could be somebody's words, the likeliest first."""
    import chardet

    found: list[_Candidate] = []
    for guess in chardet.detect_all(sample, ignore_threshold=True):
        try:
            encoding = codecs.lookup(guess["encoding"] or "").name
        except LookupError:
            continue
        text = _begun(sample, encoding) if encoding in _TAKEN or encoding in _RIVALS else None
        if text is None or not _is_plausible(text, encoding):
            continue
        if same := next((it for it in found if it.text == text), None):
            same.encodings.append(encoding)
        else:
            found.append(_Candidate(guess["confidence"], text, [encoding]))
    return found


def _begun(sample: bytes, encoding: str) -> str | None:
    """`sample`, which may end within a character."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None


def _sample(data: bytes, fault: int) -> bytes:
    """The lines that are not ASCII alone, that at `fault` first; a line break is one byte in every encoding here."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    lines: list[bytes] = []
    size = 0
    for start in (fault, 0):
        while size < _SAMPLE_BYTES and (high := _HIGH.search(data, start)):
            stop = data.find(b"\n", high.start()) + 1 or len(data)
            lines.append(data[data.rfind(b"\n", 0, high.start()) + 1 : stop][:_SAMPLE_BYTES])
            size += len(lines[-1])
            if start == fault and fault:
                break
            start = stop
    return b"".join(lines)[:_SAMPLE_BYTES]


def _is_plausible(text: str, encoding: str) -> bool:
    """Whether no word of `text` looks like one read in a wrong encoding."""
    if any(unicodedata.category(character) in _UNUSED and character not in "\t\n\f\r" for character in set(text)):
        return False
    if encoding in _MULTI_BYTE:
        return True
    foreign = [character for character in text if not character.isascii()]
    if not any(map(str.isalpha, foreign)):  # symbols alone: no language speaks for an encoding that is rare today
        return encoding in ("cp1252", "iso8859-1")
    if len(foreign) < _LEAST_LETTERS and not all(
        _alphabet(letter) == "LATIN" for letter in foreign if letter.isalpha()
    ):
        return False
    return not any(_is_odd_word(word) for word in set(text.split()) if not word.isascii())


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]


def _is_odd_word(word: str) -> bool:
    if any(not unicodedata.category(sign[0]).startswith("M") for sign in _SYMBOL_IN_WORD.finditer(word)):
        return True
    for before, after in pairwise(word):
        if (before + after).isascii() or not (before.isalpha() and after.isalpha()):
            continue
        if len({_alphabet(before), _alphabet(after)} & _ALPHABETS) > 1 or (before.islower() and after.isupper()):
            return True
    return False
