"""Secrets in what is said and written: keys, tokens, passwords, private keys and card numbers, found and masked.

A secret is told by what it looks like (`secret_patterns`, private keys, logins in URLs, card numbers by their checksum)
or by what it is called ("my password is …", `API_KEY=…`), and then only where it does not look like a word. A text
without a secret is left as it is, to the letter; masking what is masked changes nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sessiongraph.metadata import Metadata
from sessiongraph.types import Turn

# A start and an end in a text, and what kind of secret stands there.
_Span = tuple[int, int, str]


@dataclass(frozen=True)
class Masked:
    """A text in which secrets are replaced by "[secret: kind]", and how many of which kind there were."""

    text: str
    counts: Counter[str] = field(default_factory=Counter)


def mask(text: str) -> Masked:
    """`text` without its secrets."""
    [masked], counts = mask_together([text])
    return Masked(masked, counts)


def mask_together(texts: Sequence[str]) -> tuple[list[str], Counter[str]]:
    """`texts` without their secrets, and how many of which kind there were.

    What is a secret in one of them is masked in all: an answer may repeat the password without calling it one.
    """
    found = [_distinct(_spans(text)) for text in texts]
    if not any(found):
        return list(texts), Counter()
    values = {
        text[start:end].strip(): kind
        for text, spans in zip(texts, found, strict=True)
        for start, end, kind in spans
        if end - start >= _SHORTEST_REPEATED
    }
    masked: list[str] = []
    counts: Counter[str] = Counter()
    for text, spans in zip(texts, found, strict=True):
        spans = _distinct([*spans, *_repetitions(text, values)])
        counts.update(kind for _, _, kind in spans)
        masked.append(_replaced(text, spans))
    return masked, counts


def mask_with_metadata(
    texts: Sequence[str], metadata: Metadata | None
) -> tuple[list[str], Metadata | None, Counter[str]]:
    """`texts` and the values of `metadata` without their secrets, and how many of which kind there were.

    A value is read as what its key calls it: of {"password": "…"} it is one.
    """
    entries = list(_entries(metadata, "")) if metadata else []
    masked, counts = mask_together([*texts, *entries])
    values = iter(zip(entries, masked[len(texts) :], strict=True))
    return masked[: len(texts)], _rebuilt(metadata, "", values) if metadata else None, counts


def _entries(value: Any, key: str) -> Iterator[str]:
    """The scalars in `value`, each behind its key, as texts."""
    if isinstance(value, Mapping):
        for name, held in value.items():
            yield from _entries(held, name)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from _entries(held, key)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield f"{key}: {value}"


def _rebuilt(value: Any, key: str, entries: Iterator[tuple[str, str]]) -> Any:
    """`value` with its scalars as the `entries`, before and after, say in their order."""
    if isinstance(value, Mapping):
        return {name: _rebuilt(held, name, entries) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_rebuilt(held, key, entries) for held in value]
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return value
    before, after = next(entries)
    return value if before == after else after.removeprefix(f"{key}: ")


def mask_turn(turn: Turn) -> tuple[Turn, Counter[str]]:
    """`turn` without the secrets in anything that is said in it, and how many of which kind there were."""
    (question, answer, context, feedback), metadata, counts = mask_with_metadata(
        [turn.question, turn.answer, turn.context or "", turn.feedback or ""], turn.metadata
    )
    if not counts:
        return turn, counts
    masked = replace(
        turn,
        question=question,
        answer=answer,
        context=None if turn.context is None else context,
        feedback=None if turn.feedback is None else feedback,
        metadata=metadata,
    )
    return masked, counts


def told(counts: Counter[str]) -> str:
    """`counts` in words, such as "2 secrets were masked (AWS Access Key, password)"; "" for none."""
    number = counts.total()
    kinds = ", ".join(sorted(counts))
    return f"{number} secret{'s were' if number > 1 else ' was'} masked ({kinds})" if number else ""


_SHORTEST_REPEATED = 6


def _replaced(text: str, spans: Iterable[_Span]) -> str:
    parts, place = [], 0
    for start, end, kind in spans:
        parts += [text[place:start], f"[secret: {kind}]"]
        place = end
    return "".join([*parts, text[place:]])


def _repetitions(text: str, values: dict[str, str]) -> Iterator[_Span]:
    for value, kind in values.items():
        for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text):
            yield match.start(), match.end(), kind


def _distinct(spans: Iterable[_Span]) -> list[_Span]:
    """`spans` in their order, without those that overlap one that begins before them or is longer."""
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda it: (it[0], -it[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _spans(text: str) -> Iterator[_Span]:
    yield from _private_keys(text)
    yield from _logins(text)
    yield from _cards(text)
    yield from _keys(text)
    yield from _named(text)


_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:(?!-----).)*-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|(?:\s*[A-Za-z0-9+/=]{16,})*)",
    re.DOTALL,
)


def _private_keys(text: str) -> Iterator[_Span]:
    if "PRIVATE KEY" in text:
        for match in _PRIVATE_KEY.finditer(text):
            yield *match.span(), "Private Key"


_LOGIN = re.compile(r"://[^\s/?#@:]{0,100}:([^\s/?#@]{1,200})@")


def _logins(text: str) -> Iterator[_Span]:
    if "://" in text:
        for match in _LOGIN.finditer(text):
            if not _PLACEHOLDER.match(match[1]):
                yield *match.span(1), "password"


# Whole or in the groups that are printed on cards, of issuers whose numbers have that length.
_CARD = re.compile(
    r"(?<![\w.,/+-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3\d{3}([ -]?)\d{6}\2\d{4,5})(?![\w/-]|[.,]\d)", re.ASCII
)
_ISSUER = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14}|35\d{14}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
)


def _cards(text: str) -> Iterator[_Span]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUER.fullmatch(digits) and _has_luhn_checksum(digits):
            yield *match.span(), "card number"


def _has_luhn_checksum(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


# Shorter than this is no key that is told by its looks alone, nor is one without a digit.
_LONG_RUN = re.compile(r"[A-Za-z0-9_+/=.:-]{20,}")
_DIGIT = re.compile(r"\d")
# The patterns say how a key begins; some are longer than they say.
_REST = re.compile(r"[A-Za-z0-9_+/=-]*")


def _keys(text: str) -> Iterator[_Span]:
    if not any(map(_DIGIT.search, _LONG_RUN.findall(text))):
        return
    from sessiongraph.secret_patterns import PATTERNS

    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if not (start and text[start - 1].isalnum()) and _DIGIT.search(match[0]):
                yield start, _REST.match(text, end).end(), kind  # type: ignore[union-attr]


# What secrets are called, and so are passwords in the languages that are written here most.
_PASSWORD_WORDS = (
    r"pass(?:word|wd|code|phrase)|pwd|(?<=_)pass|passwort|kennwort|contraseña|clave|mot de passe|mdp|senha"
    r"|palavra-passe|parola(?: d'ordine)?|wachtwoord|lösenord|passord|adgangskode|salasana|hasło|heslo|jelszó|şifre"
    r"|пароль|пароля|كلمة (?:المرور|السر|مرور|سر)|الرقم السري|पासवर्ड"
)
_PIN_WORDS = r"pin(?:[ -]?(?:code|number|nummer))?|código pin|code pin|пин(?:-код)?"
_KEY_WORDS = (
    r"(?:api|access|secret|client|auth|encryption|signing|master)[ _-]?(?:key|secret|token)|secret|token|bearer"
    r"|credentials?|api-schlüssel|clave (?:de )?api|clé api|ключ api|api-ключ|токен|apikey"
)
_CJK_WORDS = r"密码|密碼|口令|パスワード|暗証番号|비밀번호|密钥|令牌"
# "for the guest wifi", "del wifi", "от вайфая": what it opens.
_FOR = (
    r"\s+(?:for|of|to|on|at|from|del?|para|für|fürs|vom|zum|du|pour|voor|van|til|för|от|для|к|do|da|na|per|لـ|ل)"
    r"(?:\s+[\w'’.-]{1,30}){1,4}?"
)
_IS = (
    r"(?:\s*[:=：]+\s*|\s*(?:->|=>|[–—])\s*"
    r"|\s+(?:is|was|are|lautet|ist|war|es|era|est|était|é|è|to|auf|zu|как|это|er|är|jest|je|هي|هو|है)"
    r"(?:\s+(?:now|still|just|jetzt|nun|ahora|maintenant|agora|теперь|set to|changed to))?\s*:?\s+)"
)
_QUOTED = r"[\"'“”„«‘`](?P<quoted>[^\"'“”«»’`\n]{4,100})[\"'“”»’`]"
_BARE = r"(?P<bare>[^\s\"'“”„«»<>\[\](){},;`，。；、！？]{4,200})"
_NAMED = re.compile(
    rf"(?<![^\W_])(?P<word>(?P<password>{_PASSWORD_WORDS})|(?P<pin>{_PIN_WORDS})|(?P<key>{_KEY_WORDS}))(?![^\W_])[\"']?"
    rf"(?P<joint>{_FOR}{_IS}|{_IS}|\s+)(?:{_QUOTED}|{_BARE})",
    re.IGNORECASE,
)
_CJK_NAMED = re.compile(
    rf"(?P<word>{_CJK_WORDS})(?P<joint>\s*(?:是|为|為|は|[:：=]|가|는|은)?\s*)[\"'“「『]?(?P<bare>[!-~]{{4,64}})"
)
# What of these a text must hold, to be looked at more closely: plain searches take a tenth of the time.
_PARTS_OF_NAMES = (
    "pass|pwd|kennwort|contraseña|clave|mot de|mdp|senha|palavra|parola|wachtwoord|lösen|adgang|salasana|hasło|heslo"
    "|jelszó|şifre|парол|كلمة|الرقم|पासवर्ड|pin|пин|key|secret|token|bearer|credential|schlüssel|clé api|ключ|токен"
    f"|{_CJK_WORDS}"
)
_NAMES = tuple(_PARTS_OF_NAMES.split("|"))
# Letters that a pattern takes for an i when case does not count.
_PLAIN_I = str.maketrans("İı", "ii")


def _named(text: str) -> Iterator[_Span]:
    folded = text.translate(_PLAIN_I).casefold() if not text.isascii() else text.lower()
    if not any(name in folded for name in _NAMES):
        return
    for match in _NAMED.finditer(text):
        group = "quoted" if match["quoted"] else "bare"
        start = match.start(group)
        value = match[group] if group == "quoted" else match[group].rstrip(".:?…\\")
        kind = "password" if match["password"] else "PIN" if match["pin"] else "token"
        if _is_secret(value, kind, match["joint"], group == "quoted"):
            yield start, start + len(value), kind
    for match in _CJK_NAMED.finditer(text):
        value = match["bare"].rstrip(".,:;?\"')")
        if _is_secret(value, "password", match["joint"] or " ", False):
            yield match.start("bare"), match.start("bare") + len(value), "password"


_LETTER = re.compile(r"[^\W\d_]")
# What stands where a secret would: an example, a variable, a mask, code that reads one.
_PLACEHOLDER = re.compile(
    r"[</\[{$%*]|x{3,}|your|my[_-]|example|(?:pass(?:word)?|pwd|secret|token|user)\b|.*[({]|https?:", re.I
)
# Words of the field that have digits in them; versions; times of day and amounts.
_TERM = re.compile(
    r"(?:sha|md|base|utf|aes|rsa|rc|hs|rs|es|ed|pbkdf|argon|oauth|totp|2fa|mp|ipv|http|win|python|v)-?_?\d+[\w./-]*$"
    r"|v?\d+(?:[.,:/-]\d+)*(?:[a-z%€$]{0,3})$|\d+-[^\W\d_]+$|[^\W\d_]{1,3}-\d{1,3}$|\w+/\w+$|(?:cl|gpt|o)\d+\w*$",
    re.IGNORECASE,
)


def _is_secret(value: str, kind: str, joint: str, quoted: bool) -> bool:
    """Whether `value`, which stands where a secret would be told, is one and no word of the sentence."""
    if len(value) < 4 or _PLACEHOLDER.match(value):
        return False
    if kind == "PIN":
        return bool(re.fullmatch(r"\d{4,8}", value))
    is_told = bool(joint.strip())
    if kind == "password" and is_told and re.fullmatch(r"\d{4,16}", value):
        return True
    if _TERM.match(value) and not quoted:
        return False
    has_letter, has_digit = bool(_LETTER.search(value)), bool(_DIGIT.search(value))
    if kind == "token":
        return has_letter and has_digit and len(value) >= (8 if is_told else 16)
    if has_letter and has_digit:
        return is_told or len(value) >= 6
    has_mark = bool(re.search(r"[!@#$%^*+=?~|]", value[:-1]))
    return is_told and ((has_letter and has_mark) or quoted)
