"""What a user does in saying something: asks, tells, both, or greets; told for the one who answers. Pure.

Invariant: what cannot be told apart counts as asked: keywords ("Alice's job"), a bare topic, a request ("List the
projects."). A statement that is taken for a question gets an answer that does not fit it; a question that is taken for
a statement gets none. For whoever keeps what was told it is the other way round: `question_detection.only_asks`.
"""

import re
from typing import Literal
from unicodedata import category

from sessiongraph.languages import LANGUAGES, Language, language_of
from sessiongraph.question_detection import has_word, is_asked, is_question, sentences_of

SpeechAct = Literal["asks", "tells", "both", "greets"]
Greeting = Literal["greeting", "thanks", "assent"]

_MARKED = re.compile(r"[.!。！｡।॥۔።…\u1362]+[\"'»”’)\]]*\Z")
_WORDS = re.compile(r"[\w'’]+")
_FEWEST_MARKED = 3
# Scripts without spaces between words: some letters say as much as a few words.
_UNSPACED = frozenset(("zh", "ja", "th"))
_FEWEST_LETTERS = 4
# "No, Tuesday." and "Sorry, I meant Oslo": a correction, however short.
_CORRECTS = re.compile(
    r"(?:(?:oh|ah|oops|hm+|well|and|but|wait|yes|yeah),? )*"
    r"(?:no|nope|sorry|actually|correction|i mean|i meant|not|scratch that|strike that|forget that|rather|"
    r"nein|doch|entschuldigung|nicht|non|pardon|désolée?|en fait|perdón|en realidad|scusa|anzi|não|desculpa|aliás|"
    r"nee|eigenlijk|nie|przepraszam|нет|извини|извините|hayır|aslında|لا|عفوا|नहीं|不|不对|不對|不是|いや|いいえ|違う|아니)"
    r"(?:[,;:.!،，、。\s—–-]|\Z)",
    re.IGNORECASE,
)
# "When I was in Rome I met Anna" has a clause more than a question that began so.
_WHEN = re.compile(r"when (?:i|we|he|she|they|my)\b.*\s(?:i|we|he|she|they|my)\b", re.IGNORECASE)
_PARTS = re.compile(r"[,;!،，、！]")
_REMEMBER = re.compile(
    r"(?:please |bitte |s'il te plaît,? |por favor,? |per favore,? |请|請)?(?:remember|note|don't forget|keep in mind|"
    r"for the record|fyi|call me|remind me to|tell (?:him|her|them)|merk dir|notiere?|vergiss nicht|note que|notez|"
    r"retiens|n'oublie pas|recuerda|anota|no olvides|ricorda|annota|non dimenticare|lembre|anote|não esqueça|onthoud|"
    r"noteer|vergeet niet|zapamiętaj|zanotuj|запомни|запиши|не забудь|unutma|not al|"
    r"تذكر|سجل|याद रख|记住|記住|記得|记得|记下)",
    re.IGNORECASE,
)
_ASSENT = re.compile(
    r"(?:yes|yeah|yep|yup|no|nope|ok|okay|sure|alright|all right|right|fine|great|cool|nice|perfect|awesome|good|"
    r"got it|i see|wow|ja|nein|gut|klar|super|oui|non|d'accord|sí|si|vale|claro|va bene|sim|não|certo|nee|goed|prima|"
    r"tak|nie|dobrze|да|нет|хорошо|ладно|так|ні|добре|evet|hayır|tamam|ναι|όχι|εντάξει|نعم|لا|حسنا|כן|לא|בסדר|हाँ|हां|नहीं|"
    r"ठीक है|好|好的|是|是的|不|不是|对|對|嗯|はい|いいえ|うん|네|아니요|응|ครับ|ค่ะ|ใช่)"
    r"(?:[\s,.!。！،，、]+(?:yes|no|great|thing|good|ok|okay|then))*[\s.!。！]*\Z",
    re.IGNORECASE,
)
# What may follow a greeting without making it anything else: "Hi there, Anna!", "Thanks for your help".
_LETTERS = r"[^\W\u0e00-\u0e7f\u3040-\u9fff]"
_AFTER_GREETING = rf"(?:[\s,،]+(?:there|all|everyone|everybody|again))?(?:[\s,،]+{_LETTERS}+)?"
_AFTER_THANKS = rf"(?:(?:\s+[^\s,;:،\u3040-\u9fff]+){{0,6}}|[^\s,，、。我]{{0,8}}|[\s,،]+{_LETTERS}+)"
# How an English statement begins, or goes on after who it is about.
_PERSON = re.compile(
    r"(?:(?:and|but|so|well|also|because) )?"
    r"(?:i|im|ive|we|he|she|they|i'\w+|we'\w+|\w+'re|(?:it|that|there|here|this|these)(?:'s| is| are))\s",
    re.IGNORECASE,
)
# "Moved there in May": the "I" is left out.
_UNSAID = re.compile(
    r"(?:just )?(?:moved|went|got|started|quit|bought|sold|met|visited|joined|became|finished|saw|turned)(?: \S+){2,}",
    re.IGNORECASE,
)
_POSSESSED = re.compile(r"['’]s?\s")
_RELATIVE = re.compile(r"\b(?:who|where|which|what|that)\b", re.IGNORECASE)


def speech_act(text: str) -> SpeechAct:
    """Whether `text` asks (or cannot be told), tells something, does both, or only greets, thanks or assents."""
    said = [sentence for sentence in sentences_of(text) if has_word(sentence)]
    if not said:
        return "greets" if any(category(letter) == "So" for letter in text) else "asks"
    code = language_of(text)
    acts = {_act(sentence, code) for sentence in said}
    if not acts.isdisjoint(("asks", "both")):
        return "asks" if acts.isdisjoint(("tells", "both")) else "both"
    return "tells" if "tells" in acts else "greets"


def corrects(sentence: str) -> bool:
    """Whether `sentence` begins as one does that puts right what was said before: "No, Tuesday", "I meant Oslo"."""
    return bool(_CORRECTS.match(sentence))


def greeting_of(text: str) -> Greeting | None:
    """What kind of pleasantry `text` is, and nothing beside, in whichever language; None for anything else."""
    kinds = [_greeting(part) for part in _PARTS.split(text) if has_word(part)]
    whole = _greeting(text)
    return whole or (kinds[-1] if kinds and all(kinds) else None)


def _greeting(text: str) -> Greeting | None:
    words = text.strip()
    if _ASSENT.match(words):
        return "assent"
    for language in LANGUAGES.values():
        if re.fullmatch(rf"(?:{language.thanks}){_AFTER_THANKS}\W*", words, re.IGNORECASE):
            return "thanks"
        if re.fullmatch(rf"(?:{language.greeting}){_AFTER_GREETING}\W*", words, re.IGNORECASE):
            return "greeting"
    return None


def _act(sentence: str, code: str | None) -> SpeechAct:
    if is_asked(sentence):
        return "asks" if is_question(sentence) else "both"
    if greeting_of(sentence):
        return "greets"
    if _REMEMBER.match(sentence):
        return "tells"
    if _requests(sentence, code):
        return "asks"
    if corrects(sentence):
        return "tells"
    if is_question(sentence):
        return "asks"
    words = sum(1 for _ in _WORDS.finditer(sentence))
    if code in _UNSPACED and len(sentence) >= _FEWEST_LETTERS:
        words = _FEWEST_MARKED
    if _MARKED.search(sentence):
        return "tells" if words >= _FEWEST_MARKED or (words > 1 and not _POSSESSED.search(sentence)) else "asks"
    if _opens(sentence, code) and not _WHEN.match(sentence):
        return "asks"
    return "tells" if words > 1 and has_verb(sentence, code) else "asks"


def _requests(sentence: str, code: str | None) -> bool:
    """Whether `sentence` asks for something as one tells somebody to do something."""
    if code and LANGUAGES[code].requests_end:
        before = "" if code in ("ja", "ko") else r"(?<!\w)"
        return bool(re.search(rf"{before}(?:{LANGUAGES[code].request})\W*\Z", sentence, re.IGNORECASE))
    # Too few words to tell the language by may be one.
    return any(re.match(it.request, sentence, re.IGNORECASE) for it in LANGUAGES.values() if not it.requests_end)


def _opens(sentence: str, code: str | None) -> bool:
    """Whether `sentence` opens as a question does."""
    return any(re.match(rf"(?:{it.asking})(?!\w)", sentence, re.IGNORECASE) for it in _languages(code))


def has_verb(sentence: str, code: str | None) -> bool:
    """Whether `sentence`, in the language `code`, has a word that states."""
    if code is None:
        return False
    tells = rf"(?<!\w)(?:{LANGUAGES[code].tells})(?![\w'])"
    if code != "en":
        return bool(re.search(tells if code not in _UNSPACED else LANGUAGES[code].tells, sentence, re.IGNORECASE))
    if _PERSON.match(sentence) or _UNSAID.match(sentence):
        return True
    # "Customer needs" and "places where Alice works" are topics.
    verb = re.search(rf"(?<=[\w'\",] ){tells}(?=\W+\w)", sentence.replace("’", "'"), re.IGNORECASE)
    return verb is not None and not _RELATIVE.search(sentence[: verb.start()])


def _languages(code: str | None) -> list[Language]:
    return [LANGUAGES[code]] if code else list(LANGUAGES.values())
