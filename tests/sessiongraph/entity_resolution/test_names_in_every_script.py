"""Names in every script: what a reader keeps apart stays apart, and what nobody sees makes no difference."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiongraph.entity_resolution.entity_resolver import EntityResolver, NameEvidence
from sessiongraph.entity_resolution.name_normalization import name_key, spelling_key

# Each group: names of different people or places, which differ in a mark or a letter alone.
DIFFERENT = {
    "devanagari": ["मीना", "मोना", "मुनि", "मन", "मनु", "मीनू"],
    "bengali": ["মিতা", "মাতা", "মতি", "মীতু", "মতো"],
    "tamil": ["கமலா", "கமல்", "கோமலி", "குமாலி", "கமலி"],
    "telugu": ["రాము", "రమ", "రీమ", "రోమి"],
    "thai": ["มาลี", "มาลัย", "เมาลี", "ม้าลี", "มาลิ", "มาลื"],
    "khmer": ["សុខា", "សខ", "សីខា", "សោខា"],
    "burmese": ["မြမြ", "မမ", "မိမိ", "မူမူ"],
    "japanese": ["はな", "ばな", "ぱな", "ハナ", "バナ", "花"],
    "chinese": ["王芳", "汪芳", "王方", "王芬"],
    "korean": ["김민수", "김민주", "김문수", "감민수"],
    "arabic": ["سمير", "سمر", "سمار", "سمرة", "سؤر", "سور"],
    "arabic points": ["عُمَر", "عَمْر"],
    "hebrew": ["דנה", "דינה", "דן", "דין"],
    "hebrew points": ["דָּן", "דֹּן", "דֵּן"],
    "cyrillic": ["Андрей", "Андреи", "Андрея", "Їжак", "Іжак"],
    "patronymics": ["Елена Сергеева", "Елена Сергеевна"],
    "greek": ["Νίκος", "Νίκης", "Νικός"],
    "arabic families": ["علي الحسيني", "علي الحسني"],
    "numbered": ["北京市第一人民医院", "北京市第二人民医院"],
    "initials": ["남궁 민수", "남 민수"],
    "given names": ["山田 太郎", "山 太郎"],
    "fathers": ["محمد بن سلمان", "محمد سلمان"],
}


def resolved(names: list[str], kind: str = "person") -> EntityResolver:
    """The names as they come in a dataset: all of one type, and each beside the same third name."""
    beside, keys = name_key("Utrecht"), [name_key(name) for name in names]
    evidence = {
        key: NameEvidence(frozenset((kind,)), frozenset((name,)), frozenset((beside,)))
        for key, name in zip(keys, names, strict=True)
    }
    found = EntityResolver()
    found.update({**evidence, beside: NameEvidence(frozenset(("place",)), frozenset(("Utrecht",)), frozenset(keys))})
    return found


@pytest.mark.parametrize("kind", ["person", "organization", "concept"])
@pytest.mark.parametrize("script", DIFFERENT)
def test_no_two_that_a_reader_keeps_apart_become_one(script: str, kind: str) -> None:
    names = DIFFERENT[script]
    assert len({name_key(name) for name in names}) == len(names)
    assert resolved(names, kind).merges == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("के. पी. शर्मा", "के.पी. शर्मा"),  # initials
        ("ರಾಜ್\u200cಕುಮಾರ್", "ರಾಜ್ಕುಮಾರ್"),  # a joiner that shapes a letter
        ("समीर\u200d", "समीर"),
        ("ｶﾞﾝﾀﾞﾑ", "ガンダム"),  # half-width
        ("葛\U000e0100城", "葛城"),  # a variant of a glyph
        ("محـــمد", "محمد"),  # drawn out
        ("สม\u200bชาย", "สมชาย"),  # where a line may break
        ("דנה\u200f", "דנה"),  # where a line runs
        ("ΑΝΝΑ", "Αννα"),
        ("ИВАН", "Иван"),
    ],
)
def test_what_nobody_sees_makes_no_other_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize("name", [name for names in DIFFERENT.values() for name in names] + ["Ngữ", "Zoë Åberg", "ΐος"])
def test_letters_taken_apart_are_the_same_name(name: str) -> None:
    assert name_key(unicodedata.normalize("NFD", name)) == name_key(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("plain", "pointed"),
    [
        ("محمد", "مُحَمَّد"),
        ("احمد", "أحمد"),
        ("דוד", "דָּוִד"),
        ("Семен", "Семён"),
        ("Иванов", "Ивано́в"),
        ("Γιαννης", "Γιάννης"),
    ],
)
def test_what_readers_leave_out_is_another_spelling_and_said_to_be(plain: str, pointed: str) -> None:
    assert name_key(plain) != name_key(pointed)
    assert [merge.rule for merge in resolved([plain, pointed]).merges] == ["spelling"]


def test_a_name_without_points_that_could_be_two_is_neither() -> None:
    assert resolved(["عُمَر", "عَمْر", "عمر"]).merges == []


def test_less_points_than_all_are_no_other_name() -> None:
    assert len(resolved(["مُحَمَّد", "محمّد", "محمد"]).merges) == 2


SCRIPTS = st.sampled_from(
    [(0x904, 0x94D), (0xE01, 0xE4E), (0x985, 0x9CD), (0xB85, 0xBCD), (0x621, 0x63A), (0x5D0, 0x5EA), (0x3041, 0x3096),
     (0x4E00, 0x4F00), (0xAC00, 0xAD00), (0x430, 0x44F), (0x3B1, 0x3C9)]
)  # fmt: skip


@given(SCRIPTS.flatmap(lambda ends: st.text(st.characters(min_codepoint=ends[0], max_codepoint=ends[1]), min_size=1)))
def test_a_key_is_stable_and_keeps_every_letter_with_its_marks(name: str) -> None:
    key = name_key(name)
    assert key == name_key(key) and name_key(unicodedata.normalize("NFD", name)) == key
    whole = unicodedata.normalize("NFKC", name).casefold()
    if unicodedata.category(whole[0])[0] == "L" and all(unicodedata.category(letter)[0] in "LM" for letter in whole):
        assert unicodedata.normalize("NFC", key) == unicodedata.normalize("NFC", whole)


# Keys that decisions are stored under.
@pytest.mark.parametrize(
    ("name", "key", "spelling"),
    [
        ("Café Zoë", "café zoë", "cafe zoe"), ("Łukasz Ørsted", "łukasz ørsted", "łukasz ørsted"),
        ("İstanbul", "i stanbul", "i stanbul"), ("Adẹ̀bayọ̀", "adẹ bayọ", "ade bayo"),
        ("Nguyễn Văn", "nguyễn văn", "nguyen van"),
        ("❤️ 1️⃣ Müller & Sons", "1 müller & sons", "1 muller and sons"), ("Straße", "strasse", "strasse"),
        ("D’Angelo", "d angelo", "d angelo"), ("J. R. R. Tolkien", "jrr tolkien", "jrr tolkien"),
    ],
)  # fmt: skip
def test_the_keys_of_latin_names_are_what_they_were(name: str, key: str, spelling: str) -> None:
    assert (name_key(name), spelling_key(name_key(name))) == (key, spelling)
