"""What somebody tells, said back to them: "I live in Bergen" as "Noted: you live in Bergen.".

Only English is turned round. Another language, a fragment, or a sentence that speaks to us, is quoted as it stands.
"""

import re

from sessiongraph.languages import language_of
from sessiongraph.local_models.extractive.parse_types import Pronoun, Sentence, rendered
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.acknowledgement import acknowledgement
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.speech_acts import has_verb

_LONGEST = 300
_PERSONS = (
    (r"\b(?:[Ii] am|[Ww]e are|[Ii] are)\b", "you are"),
    (r"\b(?:[Ii] was|[Ww]e were)\b", "you were"),
    (r"\bI wasn't\b", "you weren't"),
    (r"\bI'm\b|\bi'm\b|\b[Ii]m\b", "you're"),
    (r"\b(?:I|i|[Ww]e|me|us|Me)\b", "you"),
    (r"\b(?:[Mm]y|[Oo]ur)\b", "your"),
    (r"\b(?:mine|ours|Mine|Ours)\b", "yours"),
    (r"\bmyself\b", "yourself"),
    (r"\bourselves\b", "yourselves"),
)
_OPENERS = re.compile(
    r"\A(?:(?:actually|well|so|oh|and|but|sorry|wait|yes|no|remember that|note that),? )+(?!longer\b)", re.IGNORECASE
)
_ADDRESSED = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)
# Begins a sentence, and is no name.
_SMALL = re.compile(r"(?:The|A|An|He|She|It|They|This|That|These|Those|There|His|Her|Their|Its|Some|All|No|Both|One)\b")


def acknowledge(statement: str, parser: SentenceParser) -> str:
    """The acknowledgement of `statement`. Raises SessionGraphError where the pipeline cannot be loaded."""
    if language_of(statement) != "en" or len(statement) > _LONGEST:
        return acknowledgement(statement)
    [reading] = parser.read([Part("user", statement)])
    told = [_said_back(sentence) for sentence in reading.sentences] if reading.speaker is None else [None]
    sentences = [text for text in told if text is not None]
    if not sentences or len(sentences) < len(told):
        return acknowledgement(statement)
    first, *more = sentences
    return acknowledgement(statement, " ".join([first, *(text[:1].upper() + text[1:] for text in more)]))


def _said_back(sentence: Sentence) -> str | None:
    """`sentence` as it is said to who said it; None where it states nothing that is understood."""
    unsaid = {piece.at: ("you",) for piece in sentence.words if isinstance(piece, Pronoun) and not piece.text}
    text = _OPENERS.sub("", rendered(sentence.words, unsaid))
    if sentence.question or not (unsaid or has_verb(text, "en")) or (_ADDRESSED.search(text) and not unsaid):
        return None
    for said, back in _PERSONS:
        text = re.sub(said, back, text)
    if _SMALL.match(text):
        text = text[:1].lower() + text[1:]
    return text if text[-1:] in ".!…" else f"{text}."
