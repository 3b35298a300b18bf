"""Marks that part what a model thinks aloud from what it answers, in all the ways in which models write them.

Invariant: nothing that a mark says is thought is part of an answer, also where its other mark is missing: templates
open a thought that only the model closes, and an answer may be cut off before that.
"""

import re
from collections.abc import Iterator, Sequence

_TAG = r"(?:\w+:)?(?:think(?:ing)?|thoughts?|reasoning|reflection|analysis|scratchpad)"
_CLOSING = re.compile(
    rf"</\s*{_TAG}\s*>"  # DeepSeek, Qwen, GLM and most others
    r"|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|END_THINKING\|>|<unused95>"
    # gpt-oss, with and without its special tokens
    r"|<\|channel\|>\s*(?:final|commentary)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
    r"|\A\s*(?:assistant)?analysis(?=\W|[A-Z]).*assistant(?:final|commentary)"
    r"|\[BEGIN FINAL RESPONSE\]"
    r"|Here(?:'s| is) my thought process:.*?Here(?:'s| is) my response:"
    r"|^\.\.\.done thinking\.$",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_OPENING = re.compile(
    rf"<{_TAG}(?:\s[^<>]*)?>"
    r"|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|START_THINKING\|>|<unused94>"
    r"|<\|channel\|>\s*analysis[^<]*<\|message\|>"
    r"|Here(?:'s| is) my thought process:|\A\s*Thinking\.\.\.$",
    re.MULTILINE | re.IGNORECASE,
)
# What a server should have kept to itself at an answer's end, and what some models put around one.
_ENDING = re.compile(
    r"(?:<\|(?:end|return|call|im_end|eot_id|endoftext|END_RESPONSE)\|>|</s>|\[END FINAL RESPONSE\])\Z"
)
_WRAPPED = re.compile(
    r"(?:<(answer|final_answer|response|output)>(.*)</\1>|<\|START_RESPONSE\|>(.*))\Z", re.DOTALL | re.IGNORECASE
)
_QUOTES = "`'\"“‘«"
_CLOSING_QUOTES = "`'\"”’»"

Span = tuple[int, int]


def without_thinking(text: str) -> str:
    """What `text` answers: empty where it thinks, and then says nothing."""
    start, end = answer_span(text)
    answer = text[start:end].strip()
    while ending := _ENDING.search(answer):
        answer = answer[: ending.start()].rstrip()
    if wrapped := _WRAPPED.match(answer):
        answer = wrapped[2] or wrapped[3] or ""
    return answer.strip()


def answer_span(text: str, said: Sequence[Span] = ()) -> Span:
    """From the last mark that closes a thought until the next that opens one.

    Marks in quotes are spoken about, and so are those within the spans that are `said` in any case.
    """
    start = max(_ends(_CLOSING, text, said), default=0)
    return start, min((at for at, _ in _marks(_OPENING, text, said) if at >= start), default=len(text))


def _ends(mark: re.Pattern[str], text: str, said: Sequence[Span]) -> Iterator[int]:
    return (end for _, end in _marks(mark, text, said))


def _marks(mark: re.Pattern[str], text: str, said: Sequence[Span]) -> Iterator[Span]:
    for match in mark.finditer(text):
        start, end = match.span()
        before = _QUOTES.find(text[start - 1]) if start else -1
        quoted = before >= 0 and text[end : end + 1] == _CLOSING_QUOTES[before]
        if not quoted and not any(first < start and end <= last for first, last in said):
            yield start, end
