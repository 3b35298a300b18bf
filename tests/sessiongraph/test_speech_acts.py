"""What is asked and what is told, as users of many languages write: a statement is heard, and no question is lost."""

import pytest

from sessiongraph.languages import language_of
from sessiongraph.speech_acts import greeting_of, speech_act

TELLS = [
    "her name is Eva btw",
    "our tenant, Mr. Lind, wants to leave",
    "moved there in may with my brother",
    "im vegan and i dont drink",
    "Please call me Tom.",
    "I live in Bergen.",
    "i live in utrecht now",
    "I'm a nurse",
    "I'm allergic to penicillin",
    "my sister is Eva",
    "We’ve sold the house!",
    "the spare key is with Mrs Halvorsen",
    "Hi! I live in Bergen.",
    "Hi, I'm Anna.",
    "Thanks, I moved to Oslo.",
    "no, it's Tuesday",
    "No, Tuesday.",
    "sorry, I meant Oslo",
    "not Bergen but Stavanger",
    "actually we moved",
    "we don't live there any more",
    "scratch that",
    "Remember that Tobias is allergic to penicillin.",
    "Remind me to call Anna",
    "When I was in Rome I met Anna",
    "Will moved to Rome",
    "What I like is jazz.",
    "Anna moved.",
    "alice lives in paris",
    "The meeting is on Monday.",
    "You said you'd call me.",
    "Ich wohne in Bergen.",
    "ich wohne in Bergen",
    "Mein Bruder Tobias zieht im März nach Bremen.",
    "Nein, am Dienstag.",
    "J'habite à Lyon.",
    "j'habite à Lyon maintenant",
    "Ma sœur s'appelle Eva",
    "Vivo en Madrid.",
    "soy enfermera",
    "Mi hermana vive en Roma.",
    "No vivo en Madrid",
    "Abito a Torino.",
    "Sono un'infermiera",
    "Moro em Lisboa.",
    "minha irmã se chama Ana",
    "Ik woon in Utrecht.",
    "ik ben verpleegkundige",
    "Mieszkam w Krakowie.",
    "mieszkam w Krakowie od maja",
    "Я живу в Москве.",
    "я живу в Москве",
    "Меня зовут Анна",
    "Мой брат переехал в Казань",
    "Я живу в Києві і працюю вчителем.",
    "Μένω στην Αθήνα.",
    "Η Άννα μένει στην Αθήνα",
    "Ben İzmir'de yaşıyorum",
    "Can Yılmaz İzmir'e taşındı.",
    "أنا أعيش في القاهرة.",
    "أعيش في القاهرة",
    "אני גר בחיפה",
    "מיכאל אלרגי לפניצילין",
    "मैं दिल्ली में रहता हूँ।",
    "मैं दिल्ली में रहता हूँ",
    "我住在上海。",
    "我对青霉素过敏",
    "我妹妹在北京工作",
    "我的生日是五月三号",
    "私は東京に住んでいます。",
    "東京に住んでいます",
    "내 동생은 부산에 살아",
    "저는 서울에 살아요.",
    "저는 간호사입니다",
    "ฉันแพ้เพนิซิลลิน",
    "Jag bor i Uppsala",
    "Jeg bor i Aarhus.",
    "Tôi sống ở Hà Nội",
    "Saya tinggal di Bandung",
    "你好，我住在上海",
    "من در تهران زندگی می\u200cکنم",
    "Asun Tampereella ja työskentelen sairaalassa.",
]


ASKS = [
    "Where does Alice live?",
    "where does alice live",
    "Tell me about Anna",
    "Tell me about Anna.",
    "List the projects",
    "List projects.",
    "Alice's job",
    "Alice's job.",
    "project deadlines",
    "Alice Paris job",
    "the meeting on Monday",
    "customer needs",
    "places where Alice works",
    "capital of France",
    "Bergen",
    "Bergen.",
    "my sister's wedding",
    "who is bob",
    "I'd like to know where Alice lives.",
    "i wonder where Bob is",
    "Please summarize what we know about Acme.",
    "Remind me where the key is",
    "What about Bob",
    "Erzähl mir von Anna.",
    "Zeig mir alle Projekte",
    "Annas Beruf",
    "Wo wohnt Tobias",
    "Parle-moi d'Anna.",
    "liste des projets",
    "Où habite Anna ?",
    "Háblame de Ana.",
    "dime dónde vive Ana",
    "Dimmi dove vive Anna.",
    "Me diga onde mora Ana",
    "Vertel me over Anna.",
    "Opowiedz mi o Annie.",
    "Расскажи мне об Анне.",
    "работа Анны",
    "Где живёт Анна",
    "Πες μου για την Άννα.",
    "Bana Anna'yı anlat.",
    "أخبرني عن آنا.",
    "ספר לי על אנה",
    "अन्ना के बारे में बताओ",
    "告诉我安娜住在哪里。",
    "介绍一下安娜",
    "安娜的工作",
    "他住在哪里？",
    "谁是安娜",
    "アンナについて教えてください。",
    "アンナの仕事",
    "アンナはどこに住んでいますか",
    "안나에 대해 알려줘",
    "안나의 직업",
    "안나는 어디에 살아?",
    "บอกฉันเกี่ยวกับแอนนา",
    "???",
    "Alice Novak",
    "Acme Labs 1999",
    "everything about Carla Rossi",
]


BOTH = [
    "I moved to Lyon. Where is Bob?",
    "My sister Anna moved to Lyon, do you know a hotel there?",
    "Mi hermana vive en Roma. ¿Dónde vive Bob?",
    "我住在上海，附近有医院吗？",
    "Ich wohne in Bonn. Wo wohnt Tobias?",
    "Remember that I'm vegan. Tell me about Anna.",
]


GREETS = [
    "Hi",
    "Hello!",
    "Hello there",
    "Hi Anna!",
    "Good morning",
    "Thanks!",
    "Thank you so much for your help",
    "ok",
    "Great, thanks!",
    "bye",
    "yes",
    "No",
    "👍",
    "Danke schön",
    "Guten Morgen!",
    "Merci beaucoup",
    "Hola",
    "gracias",
    "Привет!",
    "спасибо",
    "你好",
    "谢谢",
    "谢谢你的帮助",
    "こんにちは",
    "ありがとうございます",
    "안녕하세요",
    "شكرا",
    "שלום",
    "नमस्ते",
    "ขอบคุณครับ",
    "Merhaba",
]


@pytest.mark.parametrize("text", TELLS)
def test_a_statement_tells(text: str) -> None:
    assert speech_act(text) == "tells"


@pytest.mark.parametrize("text", ASKS)
def test_what_may_be_a_question_asks(text: str) -> None:
    assert speech_act(text) == "asks"


@pytest.mark.parametrize("text", BOTH)
def test_a_statement_with_a_question_does_both(text: str) -> None:
    assert speech_act(text) == "both"


@pytest.mark.parametrize("text", GREETS)
def test_a_pleasantry_neither_asks_nor_tells(text: str) -> None:
    assert speech_act(text) == "greets"


@pytest.mark.parametrize("text", ["", "…", "???"])
def test_what_has_no_word_tells_nothing(text: str) -> None:
    assert speech_act(text) == "asks"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I live in Bergen.", "en"),
        ("Ich wohne in Bergen.", "de"),
        ("J'habite à Lyon.", "fr"),
        ("Vivo en Madrid con mi hermana.", "es"),
        ("我住在上海", "zh"),
        ("東京に住んでいます", "ja"),
        ("저는 서울에 살아요.", "ko"),
        ("Я живу в Москве.", "ru"),
        ("Я живу в Києві.", "uk"),
        ("Ben İzmir'de yaşıyorum", "tr"),
        ("أعيش في القاهرة", "ar"),
        ("Asun Tampereella.", None),
    ],
)
def test_a_language_is_told_by_its_script_or_its_common_words(text: str, code: str | None) -> None:
    assert language_of(text) == code


def test_kinds_of_pleasantries() -> None:
    assert [greeting_of(text) for text in ("Hi Anna!", "Great, thanks!", "ok", "Hi, I moved")] == [
        "greeting",
        "thanks",
        "assent",
        None,
    ]
