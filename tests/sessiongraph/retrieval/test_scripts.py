"""Questions in every script: the names, speakers and dates in them are found as in English."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestration.checks.noise_entities import noise_reason
from sessiongraph.retrieval.answer_strategies import _overlaps
from sessiongraph.retrieval.entity_linking import find_entities
from sessiongraph.retrieval.mention_detection import WORD, MentionDetector
from sessiongraph.retrieval.query_decomposition import sub_questions
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.speaker_scoring import named_speaker_scores
from sessiongraph.retrieval.temporal_scoring import fact_time_scores
from sessiongraph.retrieval.time_expressions import DateRange
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.text_index.tokenizer import Tokenizer
from sessiongraph.types import Dataset
from tests.support.evidence import Evidence, put
from tests.support.snapshots import load_snapshot

NAMES = ["陈伟", "陈伟民", "鈴木", "민수", "สมชาย", "सीता", "सोता", "Лев", "福岡市立病院", "花"]


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    store = DuckDBStore(tmp_path / "graph.duckdb")
    put(store, Evidence("p", " ".join(NAMES), [(name, "Person", "", "document") for name in NAMES]))
    return Scope(Dataset("d", "d", "u", "u"), store.read(lambda connection: load_snapshot(connection, "model")))


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("陈伟养了什么？", ["陈伟"]),
        ("陈伟民和陈伟是谁？", ["陈伟民", "陈伟"]),
        ("鈴木さんは福岡市立病院で働いていますか", ["鈴木", "福岡市立病院"]),
        ("민수는 어디에 살아?", ["민수"]),
        ("강민수는 어디에 살아?", []),
        ("พี่สมชายอยู่ที่ไหน", ["สมชาย"]),
        ("सीता कहाँ रहती है?", ["सीता"]),
        ("Где живёт Лев?", ["Лев"]),
        ("花见在哪里", []),
        ("花 在哪里", ["花"]),
    ],
)
def test_the_names_in_a_question_are_found_also_where_no_spaces_part_them(
    scope: Scope, question: str, names: list[str]
) -> None:
    assert [scope.snapshot.entities["name"].iloc[row] for row in find_entities(scope.snapshot, question)] == names


@pytest.mark.parametrize("name", ["सीता", "सोता", "Лев", "สมชาย", "陈伟"])
def test_a_name_without_capitals_is_a_mention_in_an_english_question(scope: Scope, name: str) -> None:
    assert [mention.text for mention in MentionDetector([scope]).mentions(f"Where does {name} work?")] == [name]


@pytest.mark.parametrize("word", ["रीमा", "สมชาย", "শর্মিলা", "தமிழ்", "O’Brien", "AT&T", "Zoë", "x-ray", "c++"])
def test_a_word_is_one_with_its_marks(word: str) -> None:
    assert [match[0] for match in WORD.finditer(f"({word})!")] == [word]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("रीमा: चाय तैयार है।\nरोमा: ठीक है।", "रीमा चाय"),
        ("李娜：猫很可爱。\n王芳：是的。", "李娜 猫"),
        ("สมชาย: แมวหิว\nมาลี: ใช่", "สมชาย แมว"),
        ("Ана: Чай готов.\nБоб: Да.", "Ана чай"),
        ("Ana: Tea is ready.\nBob: Yes.", "Ana tea"),
    ],
)
def test_who_speaks_a_line_is_known_by_name(text: str, question: str) -> None:
    scores = named_speaker_scores([text, "nothing of it"], question, Tokenizer())
    assert scores.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Where do रीमा and रोमा live?", ["Where do रीमा live?", "Where do रोमा live?"]),
        (
            "Where do Élise, Øyvind and Лев live?",
            ["Where do Élise live?", "Where do Øyvind live?", "Where do Лев live?"],
        ),
        ("Where do 陈伟 and 李娜 live?", ["Where do 陈伟 live?", "Where do 李娜 live?"]),
    ],
)
def test_a_question_about_several_names_is_one_for_each(question: str, parts: list[str]) -> None:
    assert sub_questions(question) == parts


@pytest.mark.parametrize(
    ("start", "end", "is_true"),
    [
        (None, "2024-03", True),  # some day of March
        (None, "2024", True),
        (None, "2024-02", False),
        ("2024-03", None, True),
        ("2024-03-20", None, False),
        ("2023", "2024-03-11T09:00", True),
        ("soon", "44 BC", False),
    ],
)
def test_a_month_contains_its_days_where_a_question_names_them(
    start: str | None, end: str | None, is_true: bool
) -> None:
    days = DateRange(date(2024, 3, 10), date(2024, 3, 12))
    assert _overlaps(start, end, None, days) == is_true
    facts = pd.DataFrame({"valid_at": [start], "valid_until": [end]})
    assert (fact_time_scores(facts, np.array([0]), days)[0] > 0) == is_true


@pytest.mark.parametrize(
    "name",
    ["श्री कृष्ण जन्माष्टमी समारोह समिति", "เชียงใหม่", "தமிழ்நாடு மின்சார வாரியம்", "ประเทศไทย", "မြန်မာနိုင်ငံ", "부산광역시"],
)
def test_a_name_is_no_noise_for_its_marks(name: str) -> None:
    assert noise_reason(name, "Organization") is None
