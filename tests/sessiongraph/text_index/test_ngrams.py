"""Words where no spaces part them, and words in the forms of their language: found as in English."""

import numpy as np
import pytest

from sessiongraph.text_index.bm25_index import ANSERINI, BM25Index
from sessiongraph.text_index.tokenizer import Tokenizer

# By language: texts, each with a question that it alone answers.
ASKED = {
    "english": [
        ("The vet of our parrot is Doctor Hsu.", "Who is the vet?"),
        ("The lamp in the cellar is broken.", "What is broken in the cellar?"),
        ("Lena learns the cello.", "What does Lena learn?"),
        ("The ferry leaves at six.", "When does the ferry leave?"),
        ("Salt makes my uncle cough.", "What makes my uncle cough?"),
        ("The roof was painted blue.", "What colour is the roof?"),
    ],
    "chinese": [
        ("我们鹦鹉的兽医是徐大夫。", "兽医是谁？"),
        ("地下室的灯坏了。", "灯怎么了？"),
        ("丽娜在学大提琴。", "丽娜学什么乐器？"),
        ("渡轮六点开船。", "渡轮几点开？"),
        ("叔叔吃盐会咳嗽。", "叔叔为什么咳嗽？"),
        ("屋顶刷成了蓝色。", "屋顶是什么颜色？"),
    ],
    "japanese": [
        ("うちのオウムの獣医は徐先生です。", "獣医は誰ですか"),
        ("地下室の電灯が壊れています。", "電灯はどこが壊れましたか"),
        ("レナはチェロを習っています。", "チェロを習うのは誰？"),
        ("フェリーは六時に出港します。", "フェリーはいつ出ますか"),
        ("叔父は塩で咳が出ます。", "咳が出るのは誰ですか"),
        ("屋根は青く塗られました。", "屋根の色は？"),
    ],
    "thai": [
        ("สัตวแพทย์ของนกแก้วคือหมอสวี", "สัตวแพทย์คือใคร"),
        ("หลอดไฟในห้องใต้ดินเสีย", "หลอดไฟเสียที่ไหน"),
        ("เลนาเรียนเชลโล", "ใครเรียนเชลโล"),
        ("เรือข้ามฟากออกหกโมง", "เรือข้ามฟากออกกี่โมง"),
        ("ลุงไอเพราะเกลือ", "ลุงไอเพราะอะไร"),
        ("หลังคาทาสีน้ำเงิน", "หลังคาสีอะไร"),
    ],
    "lao": [
        ("ໝໍສັດຂອງນົກແກ້ວແມ່ນທ່ານຊູ", "ໝໍສັດແມ່ນໃຜ"),
        ("ໄຟໃນຫ້ອງໃຕ້ດິນເພ", "ໄຟເພຢູ່ໃສ"),
        ("ເລນາຮຽນກີຕາ", "ໃຜຮຽນກີຕາ"),
        ("ເຮືອອອກຫົກໂມງ", "ເຮືອອອກຈັກໂມງ"),
        ("ລຸງໄອຍ້ອນເກືອ", "ລຸງໄອຍ້ອນຫຍັງ"),
        ("ຫຼັງຄາທາສີຟ້າ", "ຫຼັງຄາສີຫຍັງ"),
    ],
    "khmer": [
        ("ពេទ្យសត្វគឺលោកស៊ូ", "ពេទ្យសត្វជានរណា"),
        ("ភ្លើងក្នុងបន្ទប់ក្រោមដីខូច", "ភ្លើងខូចនៅឯណា"),
        ("លេណារៀនហ្គីតា", "នរណារៀនហ្គីតា"),
        ("សាឡាងចេញម៉ោងប្រាំមួយ", "សាឡាងចេញម៉ោងប៉ុន្មាន"),
        ("ពូក្អកដោយសារអំបិល", "ពូក្អកដោយសារអ្វី"),
        ("ដំបូលលាបពណ៌ខៀវ", "ដំបូលពណ៌អ្វី"),
    ],
    "korean": [
        ("앵무새의 수의사는 서 박사다.", "수의사가 누구야?"),
        ("지하실의 전등이 고장 났다.", "전등은 어디가 고장이야?"),
        ("레나는 첼로를 배운다.", "첼로는 누가 배워?"),
        ("연락선은 여섯 시에 떠난다.", "연락선이 언제 떠나?"),
        ("삼촌은 소금에 기침한다.", "삼촌이 왜 기침해?"),
        ("지붕을 파랗게 칠했다.", "지붕은 무슨 색이야?"),
    ],
}


@pytest.mark.parametrize("language", ASKED)
def test_a_question_finds_first_the_text_that_answers_it_among_those_of_all_languages(language: str) -> None:
    texts = [text for asked in ASKED.values() for text, _ in asked]
    index = BM25Index(Tokenizer(), bigrams=True)
    view = index.view(index.add(texts))
    for text, question in ASKED[language]:
        scores = view.scores(question, ANSERINI)
        assert texts[int(np.argmax(scores))] == text and view.bigram_scores(text)[texts.index(text)] > 0


@pytest.mark.parametrize(
    ("word", "text"),
    [("猫", "黒猫がいます"), ("茶", "我喜欢喝茶"), ("책", "책을 읽었다"), ("ยา", "หมอสั่งยาให้"), ("ネコ", "このネコは")],
)
def test_one_short_word_is_found(word: str, text: str) -> None:
    index = BM25Index(Tokenizer())
    assert index.view(index.add(["nothing of it", text])).scores(word)[1] > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("рыбаки", "рыбаками"), ("деревня", "деревне"), ("красивого", "красивый"),
        ("θάλασσα", "θάλασσας"), ("ΔΡΌΜΟΣ", "δρόμοι"), ("μηχανή", "μηχανές"),
        ("المدرسة", "مدرسة"), ("مهندسون", "مهندس"), ("كُتُب", "كتب"),
        ("लड़कियाँ", "लड़की"), ("किताबों", "किताब"), ("घरों", "घर"),
        ("நாய்கள்", "நாய்"), ("மரங்கள்", "மரங்களை"),
        ("Ելենան", "Ելենա"),
    ],
)  # fmt: skip
def test_forms_of_a_word_are_one_in_the_language_of_the_script(one: str, other: str) -> None:
    tokenizer = Tokenizer()
    assert tokenizer.stems(one) == tokenizer.stems(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("राम", "रीमा"),
        ("รัก", "ราก"),
        ("বল", "বালি"),
        ("かき", "がき"),
        ("майка", "маика"),
        ("דוד", "דודה"),
        ("سور", "سوار"),
    ],
)
def test_words_that_differ_in_a_mark_are_two(one: str, other: str) -> None:
    tokenizer = Tokenizer()
    assert tokenizer.stems(one) != tokenizer.stems(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iPhone手机2024年", ["iphon", "手机", "手", "机", "2024", "年"]),
        ("नमस्ते दुनिया 😀", ["नमस्त", "दुनिय"]),
        ("Dogs and 猫", ["dog", "and", "猫"]),
        ("пёс и café", ["пес", "и", "cafe"]),
        ("บ้าน", ["บ้า", "าน", "บ้าน"]),
        ("، 。 ฿ ・", []),
    ],
)
def test_a_text_of_several_scripts_is_split_where_they_meet(text: str, words: list[str]) -> None:
    assert Tokenizer().stems(text) == words


def test_texts_that_came_and_went_leave_no_trace_in_any_script() -> None:
    texts = [text for asked in ASKED.values() for text, _ in asked]
    index, fresh = BM25Index(Tokenizer(), bigrams=True), BM25Index(Tokenizer(), bigrams=True)
    slots = np.concatenate([index.add(texts[start : start + 5]) for start in range(0, len(texts), 5)])
    index.remove(texts[::2])
    found, expected = index.view(slots[1::2]), fresh.view(fresh.add(texts[1::2]))
    for asked in ASKED.values():
        for _, question in asked:
            np.testing.assert_allclose(found.scores(question), expected.scores(question), rtol=1e-5)
            np.testing.assert_allclose(found.bigram_scores(question), expected.bigram_scores(question), rtol=1e-5)
