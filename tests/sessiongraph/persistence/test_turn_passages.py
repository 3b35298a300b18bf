"""Which turns become knowledge, with what said before them, and which are kept out, and why."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sessiongraph.extraction.ledger import LedgerRow, passage_status, window_id
from sessiongraph.ids import content_id
from sessiongraph.persistence.non_answers import is_non_answer
from sessiongraph.persistence.turn_passages import StagedTurn, session_passages, skip_reason
from sessiongraph.prompts.prompt_format import CONTEXT_PARTS, Part, Window

NOON = datetime(2024, 5, 8, 12)


def turn(question: str, answer: str, minute: int = 0, **fields: object) -> StagedTurn:
    made = StagedTurn(
        passage_id=f"p{minute}",
        document_id="d",
        turn_id=f"t{minute}",
        question=question,
        answer=answer,
        created_at=NOON + timedelta(minutes=minute),
        position=minute,
        score=None,
        content_hash=content_id(question, answer),
        user_name="ana@example.com",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        "I don't know.",
        "I don’t know",
        "  I honestly don't know. ",
        "**I don't know.**",
        '"I do not know."',
        "I'm sorry, but I can't help with that.",
        "Sorry, I cannot answer that question.",
        "As an AI language model, I do not have personal opinions.",
        "I don't have access to that information.",
        "I'm sorry, I don't have any details on that. Is there anything else I can help with?",
        "Unknown",
        "N/A",
        "None.",
        "No idea!",
        "Not sure.",
        "The provided context does not mention it.",
        "The text doesn't say.",
        "I don't know: nothing in the sources answers this.",
        "I'm afraid I don't have that information.",
        "There is no information about that in the sources.",
        "I could not find any information about Alice. Could you tell me more?",
        "I am unable to provide that. Please ask your doctor.",
    ],
)
def test_an_answer_that_gives_none_is_kept_out(answer: str) -> None:
    assert is_non_answer(answer, "Where does Alice live?")
    assert skip_reason(turn("Where does Alice live?", answer), set()) == "no answer was given"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Alice lives in Paris.",
        "No, Alice lives in Rome.",
        "I'm sorry to hear that! Bob moved to Rome.",
        "Sorry for the delay: the meeting is on Monday.",
        "I'm afraid Alice left Acme in 2010.",
        "I don't know Alice, but Bob lives in Rome.",
        "I don't know, but it is raining where she lives.",
        "I don't know whether she will come, Anna invited her to Rome.",
        "I don't know. Alice lives in Paris, I think.",
        "I don't know. Bob does.",
        "I couldn't find the keys, so Bob drove me to Lyon.",
        "I can't do Tuesday; Wednesday at 3pm works.",
        "I can't say, somewhere near 75011.",
        "I don't have any siblings.",
        "I didn't know that Alice moved to Paris!",
        "No data was lost when Acme moved to Berlin.",
        "The text does not wrap because Bob deleted the style sheet.",
        "None of them left Acme.",
        "Unknown Pleasures is an album by Joy Division.",
        "Noneuclidean geometry.",
        "I don't know where to begin. " + "she has lived in many towns and loved all of them. " * 5,
    ],
)
def test_an_answer_that_says_something_is_kept_however_it_begins(answer: str) -> None:
    assert not is_non_answer(answer, "Where does Alice live?")


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Where does Alice live?", "no answer was given"),
        ("What do I own?", "no answer was given"),
        ("Could we ask where our dog is?", "no answer was given"),
        ("I moved to Lyon. Where is Bob?", None),
        ("My sister is Eva", None),
        ("We’ve sold the house!", None),
        ("the spare key is with Mrs Halvorsen", None),
        ("我对青霉素过敏。", None),
        ("他住在哪里？", "no answer was given"),
    ],
)
def test_what_a_user_states_counts_even_where_no_answer_was_given(question: str, reason: str | None) -> None:
    assert skip_reason(turn(question, "I don't know."), set()) == reason


@pytest.mark.parametrize(("question", "answer"), [("", ""), (" \n", "\t"), ("?", "…"), ("", "😀")])
def test_a_turn_without_a_word_is_empty(question: str, answer: str) -> None:
    assert skip_reason(turn(question, answer), set()) == "empty"


def test_one_side_is_enough() -> None:
    assert skip_reason(turn("", "Alice lives in Paris."), set()) is None
    assert skip_reason(turn("Alice lives in Paris.", ""), set()) is None


@pytest.mark.parametrize(
    ("score", "reason"), [(1, "rated 1 of 5"), (2, "rated 2 of 5"), (3, None), (5, None), (None, None)]
)
def test_a_bad_rating_keeps_a_turn_out(score: int | None, reason: str | None) -> None:
    assert skip_reason(turn("Where?", "In Paris.", score=score), set()) == reason


def test_a_repeat_is_kept_out_but_not_of_a_turn_that_was_itself_kept_out() -> None:
    said = ("Where is Alice?", "In Paris.")
    passages = session_passages([turn(*said, 0), turn(*said, 1), turn("And Bob?", "In Rome.", 2), turn(*said, 3)])
    assert [it.skip for it in passages] == [None, "repeats an earlier turn", None, "repeats an earlier turn"]
    passages = session_passages([turn(*said, 0, score=1), turn(*said, 1)])
    assert [it.skip for it in passages] == ["rated 1 of 5", None]


def test_turns_stand_in_the_order_in_which_they_were_said_whatever_their_order_of_writing() -> None:
    late, early = turn("late", "x", 9, position=1), turn("early", "x", 1, position=2)
    same = [turn("second", "x", 5, position=4), turn("first", "x", 5, position=3)]
    passages = session_passages([late, *same, early])
    assert [it.window.parts[0].text for it in passages] == ["early", "first", "second", "late"]


def test_a_turn_takes_what_was_said_before_along_but_nothing_said_after() -> None:
    turns = [turn(f"question {n}", f"answer {n}", n) for n in range(12)]
    passages = session_passages(turns)
    assert passages[0].window.context == ()
    assert passages[1].window.context == (Part("user", "question 0"), Part("assistant", "answer 0"))
    assert len(passages[11].window.context) == CONTEXT_PARTS
    assert passages[11].window.context[-1] == Part("assistant", "answer 10")
    assert [it.window for it in session_passages(turns[:5])] == [it.window for it in passages[:5]]


def test_a_model_is_told_when_it_was_said_and_not_by_whom() -> None:
    """Whoever says "I" is told by their id: a name in the window would make it due where the name changes."""
    (named,), (nobody,) = (
        session_passages([turn("q", "a")]),
        session_passages([turn("q", "a", user_name="default_user")]),
    )
    assert named.window.source == nobody.window.source == "conversation, 2024-05-08"
    former = {window.source.split(",")[0] for window in named.former_windows}
    assert former == {"conversation with ana", "conversation with ana@example.com"}
    assert nobody.former_windows == ()


def test_nothing_but_what_was_said_is_in_a_window() -> None:
    (passage,) = session_passages([turn("Where is Alice?", "In Paris.")])
    assert passage.window.text == "Where is Alice?\nIn Paris."


@pytest.mark.parametrize(
    ("minutes", "day"),
    [(None, "2024-05-08"), (9 * 60, "2024-05-08"), (13 * 60, "2024-05-09"), (-12 * 60 - 30, "2024-05-07")],
)
def test_today_is_the_day_where_it_was_said(minutes: int | None, day: str) -> None:
    [passage] = session_passages([turn("q", "a", utc_offset_minutes=minutes)])
    assert passage.window.source.endswith(day)


@pytest.mark.parametrize(
    "answer", ["Weiß ich leider nicht.", "Je ne sais pas", "No lo sé.", "Я не знаю.", "我不知道。"]
)
def test_a_question_that_got_no_answer_is_kept_out_in_other_languages_too(answer: str) -> None:
    assert skip_reason(turn("他住在哪里？", answer), set()) == "no answer was given"
    assert skip_reason(turn("他住在哪里？", f"{answer} Anna wohnt in Bonn."), set()) is None
    assert skip_reason(turn("我住在上海。", answer), set()) is None


def test_of_what_was_told_and_got_no_answer_only_what_was_told_is_extracted_from() -> None:
    told, after = session_passages([turn("Tobias left Bonn.", "I don't know."), turn("And Eva?", "In Rome.", 1)])
    assert told.window.parts == (Part("user", "Tobias left Bonn."),)
    assert told.text == "Tobias left Bonn.\nI don't know."  # as it is shown and searched
    assert after.window.context == (Part("user", "Tobias left Bonn."), Part("assistant", "I don't know."))


def test_what_an_earlier_version_kept_out_or_took_whole_is_stale_and_not_due() -> None:
    (passage,) = session_passages([turn("Tobias left Bonn.", "I don't know.")])
    whole = replace(passage.window, parts=(*passage.window.parts, Part("assistant", "I don't know.")))
    for verdict in (("skipped", "no answer was given"), ("persisted", None)):
        row = LedgerRow(window_id(whole, "v"), "v", *verdict, run_id="run")
        assert passage_status(passage, row, "v") == "stale"
    (rated,) = session_passages([turn("Tobias left Bonn.", "I don't know.", score=1)])
    assert passage_status(rated, LedgerRow(window_id(whole, "v"), "v", "persisted", None, "run"), "v") == "due"


def test_a_bad_rating_is_about_the_answer_and_what_the_user_told_stays() -> None:
    rated, after = session_passages([turn("I left Bonn.", "You live in Bonn!", score=1), turn("And Eva?", "Rome.", 1)])
    assert rated.skip is None
    assert rated.window.parts == (Part("user", "I left Bonn."),)
    assert rated.text == "I left Bonn."  # the answer is neither shown nor searched
    assert after.window.context[0] == Part("user", "I left Bonn.")


@pytest.mark.parametrize("question", ["Where is Bonn?", "Danke!", "Thanks", "Hi there", ""])
def test_of_a_badly_rated_turn_in_which_nothing_was_told_nothing_stays(question: str) -> None:
    assert skip_reason(turn(question, "You live in Bonn!", score=2), set()) == "rated 2 of 5"


def test_a_badly_rated_turn_that_was_skipped_whole_is_stale_and_one_that_is_in_the_graph_is_due() -> None:
    (rated,) = session_passages([turn("I left Bonn.", "You live in Bonn!", score=1)])
    (whole,) = session_passages([turn("I left Bonn.", "You live in Bonn!")])

    def status(window: Window, *verdict: str | None) -> str:
        row = LedgerRow(window_id(window, "v"), "v", verdict[0] or "", verdict[1], run_id="run")
        return passage_status(rated, row, "v")

    assert status(whole.window, "skipped", "rated 1 of 5") == "stale"
    assert status(whole.window, "persisted", None) == "due"
    assert status(rated.window, "persisted", None) == "settled"
    assert passage_status(whole, LedgerRow(window_id(rated.window, "v"), "v", "persisted", None, "run"), "v") == "due"


def test_a_repeat_of_what_was_rated_badly_is_kept_whole() -> None:
    said = ("I left Bonn.", "You live in Bonn!")
    first, again = session_passages([turn(*said, 0, score=1), turn(*said, 1)])
    assert (first.skip, again.skip, len(again.window.parts)) == (None, None, 2)


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("I live in Bonn.", "Noted: you live in Bonn."),
        ("Ich wohne in Bonn.", "Notiert: Sie wohnen in Bonn."),
        ("我住在上海。", "已记下：你住在上海。"),
        ("Asun Tampereella.", "✓ «Asun Tampereella.»"),
    ],
)
def test_an_acknowledgement_is_no_evidence(told: str, answer: str) -> None:
    (passage,) = session_passages([turn(told, answer)])
    assert passage.window.parts == (Part("user", told),)
    assert passage.text == f"{told}\n{answer}"
    whole = replace(passage.window, parts=(Part("user", told), Part("assistant", answer)))
    row = LedgerRow(window_id(whole, "v"), "v", "persisted", None, run_id="run")
    assert passage_status(passage, row, "v") == "stale"


def test_an_answer_to_a_question_is_evidence_however_it_begins() -> None:
    (passage,) = session_passages([turn("Where does Anna live?", "Noted: Anna lives in Bonn.")])
    assert len(passage.window.parts) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "Das kann ich leider nicht sagen.",
        "Dazu liegen mir keine Informationen vor.",
        "Je n'ai pas cette information.",
        "No tengo esa información.",
        "Non ho queste informazioni.",
        "Não tenho essa informação.",
        "Dat kan ik niet beantwoorden.",
        "Nie mam takich informacji.",
        "Det vet jag tyvärr inte.",
        "Det ved jeg desværre ikke.",
        "У меня нет такой информации.",
        "Не знаю, к сожалению.",
        "Δεν γνωρίζω.",
        "ليس لدي هذه المعلومات.",
        "אני לא יודע.",
        "मेरे पास यह जानकारी नहीं है।",
        "抱歉，我没有相关信息。",
        "申し訳ありませんが、わかりません。",
        "해당 정보가 없습니다.",
        "Tôi không biết.",
        "Saya tidak tahu.",
        "ไม่ทราบค่ะ",
        "Bu konuda bilgim yok.",
    ],
)
def test_a_non_answer_is_one_in_other_languages_too_where_it_is_all_that_is_said(answer: str) -> None:
    assert is_non_answer(answer)
    assert skip_reason(turn("Wo wohnt Anna?", answer), set()) == "no answer was given"
    assert not is_non_answer(f"{answer} Anna wohnt in Bonn.")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("¿Dónde vive Ana?", "Lo siento, pero no encuentro información sobre Ana en el contexto proporcionado."),
        ("¿Dónde vive Ana?", "El contexto proporcionado no menciona dónde vive Ana."),
        ("Wo wohnt Ana?", "Es tut mir leid, aber ich habe keine Informationen darüber, wo Ana wohnt."),
        ("Wo wohnt Ana?", "Im bereitgestellten Kontext wird nicht erwähnt, wo Ana wohnt."),
        ("Où habite Ana ?", "Je n'ai pas d'informations sur l'endroit où habite Ana."),
        ("Où habite Ana ?", "Je ne sais pas, désolé."),
        ("Dove vive Ana?", "Mi dispiace, ma non ho informazioni su dove vive Ana."),
        ("Onde mora Ana?", "Não encontrei informações sobre onde Ana mora."),
        ("Waar woont Ana?", "Ik heb helaas geen informatie over waar Ana woont."),
        ("Gdzie mieszka Ana?", "Niestety nie mam informacji o tym, gdzie mieszka Ana."),
        ("Где живёт Ана?", "К сожалению, у меня нет информации о том, где живёт Ана."),
        ("Ana nerede yaşıyor?", "Üzgünüm, Ana hakkında bilgim yok."),
        ("安娜住在哪里？", "根据提供的上下文，没有提到安娜住在哪里。"),
        ("安娜住在哪里？", "抱歉，我没有关于安娜住处的信息。"),
        ("安娜住在哪里？", "我不知道，抱歉。"),
        ("アナはどこに住んでいますか？", "アナの住所に関する情報はありません。"),
        ("아나는 어디에 살아요?", "아나가 어디에 사는지 알 수 없습니다."),
        ("أين تعيش آنا؟", "عذراً، لا أعرف."),
        ("आना कहाँ रहती है?", "क्षमा करें, मेरे पास इसकी जानकारी नहीं है।"),
        ("Where does Ana live?", "Based on the provided context, I don't know."),
        ("Where does Ana live?", "As an AI, I do not have access to that."),
        ("Where does Ana live?", "I'm not able to find that in the documents."),
        ("Where does Ana live?", "It is not mentioned where Ana lives."),
    ],
)
def test_what_goes_on_with_the_question_is_still_no_answer(question: str, answer: str) -> None:
    assert skip_reason(turn(question, answer), set()) == "no answer was given"


@pytest.mark.parametrize(
    "answer",
    [
        "Das kann ich sagen: Anna wohnt in Bonn.",
        "No tengo hermanos.",
        "Non ho queste chiavi.",
        "Я не знаю Анну, но Борис живёт в Риме.",
        "我没有相关信息的备份，在柜子里。",
        "Je n'ai pas cette voiture.",
        "Je ne sais pas nager.",
        "No sé, creo que Marta.",
        "Lo siento mucho por Ana.",
        "Der Text steht nicht im Katalog, sondern im Archiv.",
        "Le texte ne sera pas publié avant 2025.",
        "不是我，是Bob。",
        "それは田中さんです。",
    ],
)
def test_what_only_begins_like_one_is_an_answer(answer: str) -> None:
    assert not is_non_answer(answer)
