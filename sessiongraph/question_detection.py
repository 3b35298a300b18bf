"""Telling from asking: whether what a user said asks and tells nothing, in the languages of the world. Pure.

Invariant: what cannot be told apart counts as told. A question that is taken for a statement costs a little noise, as
models find nothing stated in it; a statement that is taken for a question is lost.
"""

import re

from sessiongraph.writing_systems import FULL_STOPS as _ENDS
from sessiongraph.writing_systems import QUESTION_MARKS as _MARKS

# In Armenian and Spanish a question mark stands within the sentence.
_INNER_MARKS = "՞¿"
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")
_ABBREVIATION = re.compile(r"\b(?:mrs?|ms|dr|prof|st|no|vs|e\.g|i\.e|z\.b|hr|fr|sra?)\.\Z", re.IGNORECASE)
# A full stop ends a sentence before white space, another end wherever it stands.
_SENTENCE = re.compile(rf"[^\n]*?(?:[{_MARKS}{_ENDS[1:]}]+|\.+(?=\s|\Z)|(?=\n)|\Z)")
_CLAUSES = re.compile(r"[,;:—–，、；：،؛]|\s-\s")
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff'’])*|\d+")
# Scripts that write no spaces between words: some letters there say as much as a few words elsewhere.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_FEWEST_WORDS, _FEWEST_UNSPACED = 3, 4

# How a question begins that has no mark. Only what no statement begins with: "when I was ten", "Will moved to Rome" and
# "como te dije" state.
_BE_OR_DO = r"(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|am|may|might)"
_PRONOUN = r"(?:you|we|they|he|she|it|i|there|this|that|anyone|anybody|someone)"
_UNMARKED = re.compile(
    "|".join(
        (
            rf"(?:and |but |so )?(?:where|when|why|how|what|which)(?:'s|’s|'re|’re| {_BE_OR_DO})\b",
            r"(?:and |but |so )?who(?:m|se)?\b",
            r"how (?:many|much|long|old|far|often|come)\b",
            r"what (?:time|day|year|kind|sort|colou?r)\b",
            rf"(?:does|did)\b|(?:is|are|was|were|do|can|could|will|would|should|have|has|may) {_PRONOUN}\b",
            r"(?:wer|wen|wem|wohin|woher|warum|wieso|weshalb|welche[rsmn]?)\b",
            r"(?:wo|wann|wie|was) (?:ist|sind|war|waren|hat|haben|heißt|heißen|wohnt|wohnen|lebt|leben|kommt|geht)\b",
            r"(?:qui est|qu'est-ce|est-ce|pourquoi|quels?|quelles?|où (?:est|sont|habite|vit)|comment s'appelle)\b",
            r"(?:quién|quiénes|qué|dónde|cuándo|cómo|cuáles?|cuántos?|cuántas?|por qué)\b",
            r"(?:chi è|che cosa|cos'è|dov'è|dove (?:è|sono|vive|abita)|quando (?:è|arriva|parte))\b",
            r"(?:quem é|o que é|onde (?:é|está|mora|vive|fica)|por que|qual é)\b",
            r"(?:waar (?:is|zijn|woont)|wie is|wat is|wanneer is|waarom|hoe heet)\b",
            r"(?:кто|где|когда|почему|зачем|откуда|куда|сколько|какой|какая|какие)\b",
            r"(?:gdzie|kto|kiedy|dlaczego|czy)\b",
            r"(?:هل|أين|متى|لماذا|ماذا|كم)\s",
            r"(?:क्या|कौन|कहाँ|कब|क्यों)\s",
        )
    ),
    re.IGNORECASE,
)
_UNMARKED_UNSPACED = re.compile(
    r"\A(?:谁|誰|什么|什麼|哪|为什么|為什麼|怎么|怎麼|几点|幾點|どこ|なぜ)|(?:吗|嗎|呢|ですか|ますか)\Z"
)


def only_asks(text: str) -> bool:
    """Whether each sentence of `text` is a question. One without a word neither asks nor tells."""
    return all(is_question(sentence) for sentence in sentences_of(text) if has_word(sentence))


def has_word(text: str) -> bool:
    """Whether `text` has a word or a number."""
    return bool(_WORD.search(text))


def sentences_of(text: str) -> list[str]:
    """The sentences of `text`, each with the marks that end it."""
    # Unicode's own normal form of the Greek question mark is a semicolon.
    if _GREEK.search(text):
        text = text.replace(";", "\u037e")
    sentences = [""]
    for match in _SENTENCE.finditer(text):
        # "Where does Dr. Smith live?" is one.
        if _ABBREVIATION.search(sentences[-1]):
            sentences[-1] += match[0]
        else:
            sentences.append(match[0])
    return [sentence.strip() for sentence in sentences]


def is_asked(sentence: str) -> bool:
    """Whether `sentence` is marked as a question."""
    return (bool(sentence) and sentence[-1] in _MARKS) or any(mark in sentence for mark in _INNER_MARKS)


def is_question(sentence: str) -> bool:
    """Whether `sentence` asks, and tells nothing beside."""
    if is_asked(sentence):
        # "My sister moved to Lyon, do you know a hotel there?" tells something too.
        return not any(_may_tell(clause) for clause in _CLAUSES.split(sentence)[:-1])
    if sentence[-1] in _ENDS or _CLAUSES.search(sentence):
        return False
    return bool(_UNMARKED.match(sentence) or _UNMARKED_UNSPACED.search(sentence))


def _may_tell(clause: str) -> bool:
    """Whether a part of a question may state something by itself."""
    clause = clause.strip()
    if any(mark in clause for mark in _INNER_MARKS) or _UNMARKED.match(clause):
        return False
    return len(_UNSPACED.findall(clause)) >= _FEWEST_UNSPACED or len(_WORD.findall(clause)) >= _FEWEST_WORDS
