"""Answers that leave out what their question says: "How much does shipping cost? 4.90 euros.", made whole.

An answer in the form of a fragment has the question's words as its other part (Merchant 2004, "Fragments and
ellipsis"). Nothing here needs a parse: only questions whose parts their words tell apart are read.
"""

import re

_QUESTION = re.compile(
    r"(?P<question>(?<![^\W\d_])[A-Z][^.?!]{3,120}\?)\s+(?P<answer>[^.?!\s](?:[^.?!]|[.](?=\w)){0,150}[.!])"
)
# What begins an answer that is whole, or that has a verb of its own.
_WHOLE = re.compile(
    r"(?:it|they|we|you|he|she|i|there|this|that|these|those|please|our|your|the|a|an|all|each|if|when|to)\b"
    r"|.*\b(?:is|are|was|were|has|have|had|will|can|cannot|may|must|should|do|does|did)\b",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"(?P<word>yes|no)\b[,.!]?", re.IGNORECASE)
_DOES = r"(?P<does>does|do|did) (?P<whose>[\w' -]+?) (?P<verb>{verbs})"
_VERBS = (
    "cost|take|last|weigh|hold|need|have|open|close|start|begin|end|leave|arrive|run|live|work|come|include|contain"
    "|use|offer|require|support|sell|accept|fit|serve|pay|meet|keep|store|rehearse|train"
)
_ASKS_AMOUNT = r"(?:how (?:much|long|far|often|many)|when|where|at what time|what time|what)"
_OF_VERB = re.compile(rf"{_ASKS_AMOUNT} {_DOES.format(verbs=_VERBS)}\?\Z", re.IGNORECASE)
_HOW_TO = re.compile(
    r"how (?:often|long|much|hot) (?:should|must|do|can|may) (?:i|we|you|one) (?P<verb>[a-z]+)"
    r" (?P<whose>(?:the|my|your|a|an) [\w -]+)\?\Z",
    re.IGNORECASE,
)
_OF_COUNTED = re.compile(
    r"how many (?P<things>[\w -]+?) (?P<does>does|do|did) (?P<whose>[\w' -]+?)"
    r" (?P<verb>have|need|hold|contain|include)\?\Z",
    re.IGNORECASE,
)
_STATES = (
    r"[a-z]+(?:ed|able|ible|proof|ful|less)"
    r"|built|made|held|sold|open|closed|free|born|found|written|kept|safe|waterproof"
)
_OF_STATE = re.compile(
    rf"(?:how (?:much|long|old|often|big|heavy)|when|where|who|what) (?P<be>is|are|was|were) "
    rf"(?P<whose>[\w' -]+?)(?: (?P<state>{_STATES}))?\?\Z",
    re.IGNORECASE,
)
_WHAT_IS = re.compile(r"(?:what|who) (?P<be>is|are|was|were) (?P<whose>[\w' -]+)\?\Z", re.IGNORECASE)
_NOUN_PHRASE = re.compile(
    r"(?:an?|the) (?!.*\b(?:is|are|was|were|has|have|had|will|can|cannot|may|must|should|do|does|did)\b)", re.IGNORECASE
)
_WHO = re.compile(
    r"who (?P<what>[a-z]+(?:s|ed)|made|wrote|built|won|led|ran|sold|drew|founded) (?P<whose>[\w' -]+)\?\Z",
    re.IGNORECASE,
)
_IS_IT = re.compile(
    rf"(?P<be>is|are|was|were) (?P<whose>(?:\w[\w'-]* ){{1,4}}?)(?P<state>(?:{_STATES}|suitable|available)\b[^?]*)\?\Z",
    re.IGNORECASE,
)
_DOES_IT = re.compile(
    rf"(?P<does>does|do|did) (?P<whose>(?:\w[\w'-]* ){{1,4}}?)(?P<verb>{_VERBS}) (?P<rest>[^?]+)\?\Z", re.IGNORECASE
)
_PERSONAL = re.compile(r"(?:i|we|you|he|she|it|they|there|my|your)\b", re.IGNORECASE)


def with_whole_answers(text: str) -> str:
    """`text`, whose answers that leave out what the question before them says are told in full."""
    return _QUESTION.sub(_whole, text)


def _whole(match: re.Match[str]) -> str:
    told = statement(match["question"], match["answer"])
    return match[0] if told is None else f"{match['question']} {told}"


def statement(question: str, answer: str) -> str | None:
    """What `answer` states together with `question`; None where it is whole by itself, or where that is not clear."""
    if yes_or_no := _YES_OR_NO.match(answer):
        told = _confirmed(question, yes_or_no["word"].lower() == "yes")
        rest = answer[yes_or_no.end() :].strip()
        return None if told is None else f"{told} {rest[:1].upper()}{rest[1:]}".strip()
    if (match := _WHAT_IS.match(question)) and _NOUN_PHRASE.match(answer):
        return _said(f"{match['whose']} {match['be']} {answer[:1].lower()}{answer[1:]}", match["whose"])
    if _WHOLE.match(answer):
        return None
    fragment = answer if answer[1:2].isupper() or answer[:1].isdigit() else answer[:1].lower() + answer[1:]
    if (match := _WHO.match(question)) and answer[:1].isupper():
        return _said(f"{answer[:-1]} {match['what']} {match['whose']}.")
    if match := _HOW_TO.match(question):
        return _said(f"{match['verb']} {match['whose']} {fragment}")
    if match := _OF_COUNTED.match(question):
        return _said(f"{match['whose']} {_inflected(match)} {fragment[:-1]} {match['things']}.", match["whose"])
    if match := _OF_VERB.match(question):
        return _said(f"{match['whose']} {_inflected(match)} {fragment}", match["whose"])
    if match := _OF_STATE.match(question):
        state = f"{match['state']} " if match["state"] else ""
        is_name = question.lower().startswith("who")
        return _said(f"{match['whose']} {match['be']} {state}{answer if is_name else fragment}", match["whose"])
    return None


def _confirmed(question: str, is_so: bool) -> str | None:
    denial = "" if is_so else "not "
    if match := _IS_IT.match(question):
        return _said(f"{match['whose']}{match['be'].lower()} {denial}{match['state']}.", match["whose"])
    if match := _DOES_IT.match(question):
        verb = _inflected(match) if is_so else f"{match['does'].lower()} not {match['verb']}"
        return _said(f"{match['whose']}{verb} {match['rest']}.", match["whose"])
    return None


def _inflected(match: re.Match[str]) -> str:
    """The verb of a question as its statement has it: "does it cost", "it costs"."""
    verb, does = match["verb"].lower(), match["does"].lower()
    if does == "do":
        return verb
    if does == "did":
        return f"did {verb}"
    return {"have": "has"}.get(verb, verb + ("es" if verb.endswith(("ss", "ch", "x")) else "s"))


def _said(text: str, whose: str = "") -> str | None:
    """`text` as a sentence; None where it is told of somebody whom the words do not name."""
    return None if _PERSONAL.match(whose) else text[:1].upper() + text[1:]
