"""Passages of staged turns: their windows, and the verdict on those that should not be in the graph.

Invariant: nothing that was told is dropped because of what was answered. What a user states is kept, in any language,
whatever the assistant said and however that is rated; of a question that got no answer, or a bad one, nothing is left
to keep.
Invariant: nothing is written for what was not said. Empty turns, questions without an answer or with a badly rated
one, and repeats of an earlier turn of the same session are skipped, with a reason. Pure, but for `read_turn_passages`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from sessiongraph.extraction.ledger import Passage
from sessiongraph.prompts.acknowledgement import is_acknowledgement
from sessiongraph.prompts.prompt_format import CONTEXT_PARTS, Part, Window, as_context, turn_parts
from sessiongraph.question_detection import only_asks
from sessiongraph.speech_acts import greeting_of
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import BAD_SCORE, DEFAULT_USER

UNANSWERED = "no answer was given"

# How answers begin that give none, after an apology or without one.
_APOLOGY = r"(?:(?:i'm |i am |we're )?(?:very |so )?(?:sorry|afraid)\b,?(?: but)?(?: that)? ?)?"
_NON_ANSWERS = (
    r"i (?:really |honestly |just |still )?(?:do not|don't|did not|didn't) know\b",
    r"i (?:do not|don't) have (?:any |enough |the |that )?(?:access|information|data|details|context|answer)",
    r"i (?:can't|cannot|can not|could not|couldn't|won't|am unable to|am not able to|'m unable to|'m not able to) "
    r"(?:help|assist|answer|find|provide|tell|say|do|comply|determine|access|discuss)\b",
    r"as an? (?:ai|large language|language)(?: language)? (?:model|assistant)\b",
    r"(?:there is |i found |i have )?no (?:relevant |available )?(?:information|answer|data|context)\b",
    r"(?:the |this )?(?:provided |given )?(?:context|sources?|documents?|text|information)(?: provided| given)? "
    r"(?:does not|doesn't|do not|don't) ",
    r"(?:unknown|no idea|not sure|n/?a|none)\W*\Z",
)
_NON_ANSWER = re.compile(rf"\W*{_APOLOGY}(?:{'|'.join(_NON_ANSWERS)})", re.IGNORECASE)
# The same in other languages, where it is all that is said.
_ALONE = (
    r"(?:(?:das )?(?:weiß|weiss) ich|ich (?:weiß|weiss)(?: es| das)?) (?:leider )?nicht|keine ahnung",
    r"(?:désolée?,? )?je ne sais pas|(?:mi dispiace,? )?non lo so|(?:desculpe,? )?(?:eu )?não sei",
    r"(?:lo siento,? )?no (?:lo )?sé|dat weet ik niet|ik weet het niet|nie wiem|bilmiyorum",
    r"(?:извините,? )?(?:я )?(?:этого )?не знаю|لا (?:أعرف|أعلم|أدري)|(?:मुझे )?(?:नहीं पता|पता नहीं)(?: है)?",
    r"(?:(?:抱歉|对不起|對不起)[，,]?)?我?不知道|(?:すみません、?)?(?:分|わ)かりません",
    r"(?:죄송하지만 )?(?:잘 )?(?:모르겠(?:습니다|어요)|(?:해당|관련|그) 정보가 없습니다)",
    r"das kann ich (?:dir |ihnen )?(?:leider )?nicht (?:sagen|beantworten)|"
    r"dazu (?:habe ich|liegen mir) (?:leider )?keine (?:informationen|angaben)(?: vor)?",
    r"(?:désolée?,? )?je n'ai (?:malheureusement )?(?:pas (?:cette|ces|d')|aucune )\s?informations?(?: à ce sujet)?",
    r"(?:lo siento,? )?no (?:tengo|dispongo de) (?:esa|esta|ninguna) información(?: al respecto)?",
    r"(?:mi dispiace,? )?non ho (?:queste|quest'|alcuna|informazioni a riguardo) ?informazion[ei]?",
    r"(?:desculpe,? )?não tenho (?:essa|esta|nenhuma) informação",
    r"dat kan ik (?:helaas )?niet (?:zeggen|beantwoorden)|daar heb ik geen informatie over",
    r"(?:niestety )?nie mam (?:takich|tych|żadnych) informacji|det vet jag (?:tyvärr )?inte|jag vet inte",
    r"det ved jeg (?:desværre )?ikke|jeg ved (?:det )?ikke|det vet jeg (?:dessverre )?ikke|jeg vet ikke|en tiedä",
    r"(?:к сожалению,? )?у меня нет (?:такой|этой) информации|(?:я )?не знаю,? к сожалению|(?:я )?не знаю",
    r"(?:на жаль,? )?(?:я )?не знаю|(?:λυπάμαι,? )?δεν (?:ξέρω|γνωρίζω)|bu konuda bilgim yok",
    r"(?:عذرا،? |آسف،? )?ليس لد[يى] (?:هذه|أي) (?:المعلومات|معلومات)|نمی‌?دانم|(?:מצטערת?,? )?(?:אני )?לא יוד(?:ע|עת)",
    r"(?:क्षमा करें,? )?(?:मेरे पास )?(?:यह|इसकी|ऐसी) जानकारी नहीं है|मैं नहीं (?:जानता|जानती)",
    r"(?:(?:抱歉|对不起|對不起|很抱歉)[，,]?)?我?(?:没有|沒有)(?:相关|相關|这方面的|這方面的)?(?:信息|資訊|资料|資料)",
    r"(?:申し訳(?:ありません|ございません)が?、?)?(?:その)?(?:情報(?:は|が)ありません|(?:分|わ)かりません)",
    r"(?:xin lỗi,? )?tôi không biết|(?:maaf,? )?saya tidak tahu|(?:ขอโทษ(?:ครับ|ค่ะ)? ?)?ไม่(?:ทราบ|รู้)(?:ครับ|ค่ะ)?",
)
_NON_ANSWER_ALONE = re.compile(rf"\W*(?:{'|'.join(_ALONE)})\W*\Z", re.IGNORECASE)
# Longer answers say something even when they begin so; so do those that go on with "but", and those that name
# somebody or a number that the question did not: people begin so too ("I don't know, Anna went to Rome with Bob").
_NON_ANSWER_CHARS = 240
_NAMED = re.compile(r"\b(?:[A-Z][\w-]+|\d\w*)")
_OPENERS = frozenset(
    re.findall(
        r"\w+",
        """
        ai as ask at can check could do does feel for he here how however if in is it let maybe may my no not or
        perhaps please she so sorry thank thanks that the there these they this to try unfortunately we what when where
        which who would you your
        """,
    )
)


@dataclass(frozen=True)
class StagedTurn:
    """The newest version of a turn that the dataset has."""

    passage_id: str
    document_id: str
    turn_id: str
    question: str
    answer: str
    created_at: datetime
    position: int
    score: int | None
    content_hash: str
    user_name: str | None
    utc_offset_minutes: int | None = None

    @property
    def said_at(self) -> datetime:
        """When it was said, by the clock of where it was."""
        return self.created_at + timedelta(minutes=self.utc_offset_minutes or 0)


def session_passages(turns: Sequence[StagedTurn]) -> list[Passage]:
    """The passages of one session's `turns`, in the order in which they were said."""
    passages: list[Passage] = []
    earlier_parts: list[Part] = []
    earlier_contents: set[str] = set()
    for turn in sorted(turns, key=attrgetter("created_at", "position", "turn_id")):
        parts = turn_parts(turn.question, turn.answer)
        skip = skip_reason(turn, earlier_contents)
        source, *former = _sources(turn)
        window = Window(source, tuple(earlier_parts[-CONTEXT_PARTS:]), parts)
        former_windows = tuple(replace(window, source=it) for it in former)
        passage = Passage(turn.passage_id, turn.document_id, window, skip, former_windows)
        if _is_rated_badly(turn):
            passage = _rated_badly(passage, turn)
        elif skip in (None, UNANSWERED) and is_non_answer(turn.answer, turn.question):
            passage = _unanswered(passage)
        elif skip is None and is_acknowledgement(turn.answer) and not only_asks(turn.question):
            passage = _told(passage)
        passages.append(passage)
        earlier_parts += as_context(parts)
        if skip is None and not _is_rated_badly(turn):
            earlier_contents.add(turn.content_hash)
    return passages


def _unanswered(passage: Passage) -> Passage:
    """`passage`, of a turn whose answer gives none: of what is kept, only the user's part is extracted from.

    Until 0.2 both were, and what a user states was told from what they ask by other rules.
    """
    if passage.skip:
        return replace(passage, former_skips=(None,))
    return replace(_told(passage), former_skips=(UNANSWERED,))


def _told(passage: Passage) -> Passage:
    """`passage`, of which only the user's part is extracted from: what was answered says nothing of its own."""
    wholes = (passage.window, *passage.former_windows)
    told = [_user_part(window) for window in wholes]
    return replace(passage, window=told[0], words=wholes[0].text, former_windows=(*told[1:], *wholes))


def _rated_badly(passage: Passage, turn: StagedTurn) -> Passage:
    """`passage`, of a badly rated turn: what the user told in it is kept, if anything, and the answer is not.

    Until 0.2 such turns were skipped whole. One that is in the graph whole was rated since, and is due.
    """
    verdict = f"rated {turn.score} of 5"
    if passage.skip:
        return replace(passage, former_skips=(verdict,))
    wholes = (passage.window, *passage.former_windows)
    told = [_user_part(window) for window in wholes]
    return replace(
        passage,
        window=told[0],
        former_windows=tuple(told[1:]),
        skipped_windows=tuple(window for window in wholes if window not in told),
        former_skips=(verdict,),
    )


def _user_part(window: Window) -> Window:
    return replace(window, parts=tuple(part for part in window.parts if part.role == "user"))


def _tells_nothing(question: str) -> bool:
    return only_asks(question) or greeting_of(question) in ("greeting", "thanks")


def _is_rated_badly(turn: StagedTurn) -> bool:
    return turn.score is not None and turn.score <= BAD_SCORE


def skip_reason(turn: StagedTurn, earlier_contents: set[str]) -> str | None:
    """Why `turn` should not be in the graph, or None; `earlier_contents` are hashes of what stands before it."""
    if not any(letter.isalnum() for letter in turn.question + turn.answer):
        return "empty"
    if _is_rated_badly(turn) and _tells_nothing(turn.question):
        return f"rated {turn.score} of 5"
    if is_non_answer(turn.answer, turn.question) and only_asks(turn.question):
        return UNANSWERED
    if turn.content_hash in earlier_contents:
        return "repeats an earlier turn"
    return None


def is_non_answer(answer: str, question: str = "") -> bool:
    """Whether `answer` only refuses or says that it does not know."""
    text = " ".join(answer.replace("’", "'").split())
    if len(text) > _NON_ANSWER_CHARS:
        return False
    if _NON_ANSWER_ALONE.match(text):
        return True
    match = _NON_ANSWER.match(text)
    if match is None:
        return False
    rest = text[match.end() :]
    known = _OPENERS.union(re.findall(r"\w+", question.lower()))
    return " but " not in rest.lower() and all(name.lower() in known for name in _NAMED.findall(rest))


def _sources(turn: StagedTurn) -> tuple[str, ...]:
    """What a model should know of where the turn was said: that it was a conversation, and what "yesterday" means.

    The first is how it is told now; until 0.2 it named the user, too, in full where namesakes had to be told apart.
    """
    if not turn.user_name or turn.user_name == DEFAULT_USER:
        return (_source(turn, None),)
    names = (None, turn.user_name.split("@")[0], turn.user_name)
    return tuple(_source(turn, name) for name in dict.fromkeys(names))


def _source(turn: StagedTurn, name: str | None) -> str:
    return f"conversation{f' with {name}' if name else ''}, {turn.said_at:%Y-%m-%d}"


def read_turn_passages(connection: StoreConnection, document_ids: Sequence[str] | None) -> list[Passage]:
    """The passages of the named sessions (by document id), or of all that the dataset knows."""
    rows = connection.execute(
        f"""SELECT passage_id, document_id, turn_id, question, answer, t.created_at, position, score,
            content_hash, user_name, utc_offset_minutes
        FROM (
            SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM turns
            {"WHERE document_id IN (SELECT unnest($1))" if document_ids is not None else ""}
        ) t JOIN documents d ON d.id = t.document_id WHERE nth = 1
        ORDER BY d.created_at, document_id""",
        None if document_ids is None else [list(document_ids)],
    ).fetchall()
    return [
        passage
        for _, session in groupby((StagedTurn(*row) for row in rows), key=attrgetter("document_id"))
        for passage in session_passages(list(session))
    ]
