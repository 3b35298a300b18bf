"""Answers in languages that are not parsed: the sentence that shares most with the question, quoted.

Words that differ in their endings alone are one, as a question's often differ from its answer's; scripts without
spaces count by letters and pairs of them. What is rare among the sentences weighs most, what none of them says as much;
the words of asking weigh nothing.
"""

from collections.abc import Sequence
from itertools import pairwise, takewhile
from math import log

import regex

from sessiongraph.accent_folding import strip_accents
from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.about_self import newest_first
from sessiongraph.local_models.extractive.candidate_sentences import Candidate
from sessiongraph.prompts.question_prompt import NO_ANSWER

# The share of the question's weight that a sentence must hold.
_ENOUGH = 0.5
# Of two words that differ in their endings alone: how many letters, and what share of the longer, they begin with.
_BEGINNING, _SAME = 3, 0.7
_MINE = regex.compile(
    "mis?|nuestr[oa]s?|mein(?:e[mnrs]?)?|unser(?:e[mnrs]?)?|mon|ma|mes|notre|nos|mi[oa]|miei|mie|meus?|minhas?|mijn|onze"
    "|min[ae]?|mitt|мо[йяеиюемх]+|моего|моему|наш[аеиу]?|मेर[ाीे]"
)
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]+")
_ASKING = lexicon.words(
    """que cual cuales quien quienes donde cuando como cuanto cuantos cuanta cuantas por el la los las un una de del en
    a al es son soy era esta estoy mi mis me yo se y o con para tu te su hay fue
    was wo wann wie wer wen wem wessen warum wieso welche welcher welches welchen welchem wohin woher der die das den
    dem ein eine einen einem ist sind bin war hat habe ich mich mir mein meine meinen meinem meiner und oder in im am
    an zu zum zur von vom mit fur auf es wir uns unser unsere
    quoi qui quel quelle quels quelles ou quand comment combien pourquoi est ce qu j je m mon ma mes le les des du au
    aux et suis ai nous notre nos s l d
    che cosa chi dove come quanto quanti quale quali perche il lo gli i mio mia miei mie sono ho e ed di da nel nella
    o qual quais quem onde quando meu minha meus minhas eu os as um uma do na no em sou tenho
    wat waar wanneer hoe wie welke waarom het een mijn ik ben heb van op
    что где когда кто кого как какой какая какие сколько почему я мне меня мой моя мое мои в на и у
    ما ماذا اين متى من كيف كم هل لماذا اي في على الى هو هي انا
    क्या कहाँ कब कौन कैसे कितने कितना मैं मेरा मेरी मेरे है हूँ में का की के"""
)
_ASKING_UNSPACED = regex.compile(
    "什么|什麼|哪里|哪裡|哪儿|哪兒|哪个|哪天|哪|谁|誰|何时|時候|时候|几点|几|多少|多大|怎么|怎樣|怎样|为什么|吗|嗎|呢|是|的|了|在|我们|我|有|今年|现在|目前|最|名字"
    "|何|どこ|だれ|いつ|どう|どの|いくつ|ですか|ますか|ました|です|ます|私の|私|は|が|を|に|の|で|も|か|อะไร|ที่ไหน|เมื่อไร|ใคร"
)


def answer(question: str, found: Sequence[Candidate], asker: str | None) -> str:
    """The sentence of `found` that answers best, followed by " [n]", or NO_ANSWER. What others than `asker`, who asks
    about themselves, say of themselves is left out."""
    if asker is not None:
        found = [candidate for candidate in found if candidate.speaker in (asker, None)]
    said = [_units(candidate.quote) for candidate in found]
    owned = _owned(question)
    held = {unit: [_holds(units, unit) for units in said] for unit in _asked(question)}
    weights = {unit: log(1 + len(found) / max(sum(rows), 1)) for unit, rows in held.items()}
    total = sum(weights.values())
    shares = [sum(weights[unit] for unit in held if held[unit][row]) / total for row in range(len(found)) if total]
    scored = [
        (share, candidate)
        for share, candidate, units in zip(shares, found, said, strict=False)
        if share >= _ENOUGH and all(_holds(units, unit) for unit in owned)
    ]
    if not scored:
        return NO_ANSWER
    _, best = newest_first(scored, asker)[0]
    return f"{best.quote} [{best.number}]"


def _owned(question: str) -> frozenset[str]:
    """What `question` calls its asker's: "Schwester" of "meine Schwester"."""
    words = _WORD.findall(strip_accents(question.casefold()))
    return frozenset(noun for mine, noun in pairwise(words) if _MINE.fullmatch(mine) and noun not in _ASKING)


def _holds(units: frozenset[str], unit: str) -> bool:
    """Whether one of `units` is `unit`, but for its ending."""
    return unit in units or any(_differ_in_ending(unit, other) for other in units)


def _differ_in_ending(one: str, other: str) -> bool:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return same >= _BEGINNING and same >= _SAME * max(len(one), len(other))


def _asked(question: str) -> frozenset[str]:
    """What `question` asks for, without the words of asking."""
    folded = _ASKING_UNSPACED.sub(" ", strip_accents(question.casefold()))
    words = [word for word in _WORD.findall(folded) if word not in _ASKING]
    return _units(" ".join(words))


def _units(text: str) -> frozenset[str]:
    """The words of `text`; of scripts without spaces the letters and pairs of letters."""
    units: set[str] = set()
    for word in _WORD.findall(strip_accents(text.casefold())):
        for run in _UNSPACED.findall(word):
            units.update(run, (run[at : at + 2] for at in range(len(run) - 1)))
        if rest := _UNSPACED.sub("", word):
            units.add(rest)
    return frozenset(units)
