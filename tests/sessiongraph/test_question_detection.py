"""Telling from asking, as users of many languages write: what is told must never be taken for a question."""

import pytest

from sessiongraph.question_detection import only_asks


@pytest.mark.parametrize(
    "text",
    [
        "Where does Alice live?",
        "where does alice live",
        "Where does Dr. Smith live?",
        "In Paris, where is Bob?",
        "Where is Bob? And Carol?",
        "Is Alice in Rome?\nAnd Bob?",
        "Could we ask where our dog is?",
        "who is bob",
        "Wo wohnt Tobias?",
        "Wo wohnt Tobias",
        "Où habite Anna ?",
        "¿Dónde vive Ana?",
        "dónde vive Ana",
        "Где живёт Анна",
        "Πού μένει η Άννα;",
        "Որտե՞ղ է ապրում Աննան։",
        "أين تسكن آنا؟",
        "आना कहाँ रहती है?",
        "他住在哪里？",
        "谁是安娜",
        "アンナはどこに住んでいますか",
        "???",
        "",
    ],
)
def test_a_question_asks(text: str) -> None:
    assert only_asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Remember that Tobias is allergic to penicillin.",
        "the spare key is with Mrs Halvorsen",
        "i live in utrecht now",
        "I moved to Lyon. Where is Bob?",
        "My sister Anna moved to Lyon, do you know a hotel there?",
        "Where is Bob?\nI am in Rio",
        "When I was in Rome I met Anna",
        "Will moved to Rome",
        "May is my daughter",
        "Can Yılmaz İzmir'e taşındı",
        "Mein Bruder Tobias zieht im März nach Bremen.",
        "Wo ich wohne ist es schön",
        "Mi hermana vive en Roma. ¿Dónde vive Bob?",
        "como te dije Ana vive en Roma",
        "Η Άννα μένει στην Αθήνα.",
        "מיכאל אלרגי לפניצילין",
        "ฉันแพ้เพนิซิลลิน",
        "내 동생은 부산에 살아",
        "我对青霉素过敏",
        "我住在上海，附近有医院吗？",
    ],
)
def test_what_is_told_does_not_ask(text: str) -> None:
    assert not only_asks(text)
