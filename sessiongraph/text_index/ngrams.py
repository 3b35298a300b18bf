"""N-grams of letters, for words written without spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese; and for Korean.

Bigrams with single characters do about as well as a dictionary's words in Chinese (Nie, Gao, Zhang and Zhou, On the Use
of Words and N-grams for Chinese Information Retrieval, 2000). A Thai letter says less than a Chinese character, so that
trigrams stand beside bigrams there. Korean has spaces, and particles at the ends of its words, which bigrams leave off.
"""

import re
from collections.abc import Iterator, Sequence

import regex

from sessiongraph.writing_systems import INVISIBLE, LETTER_MARK

# Letters of scripts that write their words without spaces or with marks, and marks that are left of letters.
_NGRAMS_OR_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0590-\u1cff\u2d80-\u2dff\u3005-\ua71f\ua800-\uab2f\uab70-\ufaff\ufe20-\ufeff"
    "\U00010000-\U0001cfff\U00020000-\U000dffff]"
)
_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}ー"
_THAI = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = regex.compile(
    rf"(?V1)(?P<cjk>(?:[[{_CJK}]&&\p{{L}}]\p{{M}}*)+)|(?P<thai>(?:[[{_THAI}]&&\p{{L}}]\p{{M}}*)+)"
    rf"|(?P<korean>[\p{{Hangul}}&&\p{{L}}]+)"
    rf"|(?:[[\p{{L}}\p{{N}}_]--[{_CJK}{_THAI}\p{{Hangul}}]]|[[{_THAI}]&&\p{{N}}]|{LETTER_MARK})+"
)
_LETTER = regex.compile(r"\P{M}\p{M}*+")
_HAN, _KOREAN = regex.compile(r"\p{Han}"), regex.compile(r"\p{Hangul}")
_KOREAN_PARTICLE = re.compile("(?:은|는|이|가|을|를|에|의|와|과|로|도|만|에서|으로|에게|한테|까지|부터|이다|입니다)\\Z")


def has_ngrams_or_marks(folded: str) -> bool:
    """Whether `folded` holds more than the words that a pattern of letters finds."""
    return not folded.isascii() and _NGRAMS_OR_MARKS.search(folded) is not None


def words_and_ngrams(folded: str) -> list[str]:
    """The words of `folded` in their order, and for runs of words without spaces their n-grams."""
    return [token for tokens in tokens_of_words(folded) for token in tokens]


def tokens_of_words(folded: str) -> Iterator[list[str]]:
    """For each word of `folded`, and each run of words without spaces, what is indexed of it: one word, or n-grams."""
    for match in _TOKEN.finditer(INVISIBLE.sub("", folded)):
        run = match[0]
        if match["cjk"]:
            letters = _LETTER.findall(run)
            yield _ngrams(letters, 2) + [letter for letter in letters if len(letters) > 1 and _HAN.match(letter)]
        elif match["thai"]:
            letters = _LETTER.findall(run)
            yield _ngrams(letters, 2) + (_ngrams(letters, 3) if len(letters) > 2 else [])
        elif match["korean"]:
            stem = _KOREAN_PARTICLE.sub("", run)
            yield _ngrams(run, 2) + ([stem] if len(stem) == 1 < len(run) else [])
        else:
            yield [run]


def unspaced_runs(word: str) -> list[list[str]]:
    """The runs in `word` of letters that n-grams stand for, each as its letters with their marks."""
    if not has_ngrams_or_marks(word):
        return []
    return [_LETTER.findall(match[0]) for match in _TOKEN.finditer(word) if match.lastgroup]


def is_korean(letter: str) -> bool:
    return _KOREAN.match(letter) is not None


def _ngrams(letters: Sequence[str], length: int) -> list[str]:
    """The n-grams of `letters`, or all of them as one where there are fewer."""
    last = max(len(letters) - length, 0)
    return ["".join(letters[start : start + length]) for start in range(last + 1)]


# What a question is asked with, and says nothing of what it asks for.
STOP_NGRAMS = frozenset(
    words_and_ngrams(
        """
        的 了 是 在 吗 呢 我 你 他 她 们 和 与 有 会 谁 几 什么 什么时候 哪里 哪儿 哪个 哪天 怎么 怎么样 为什么 多少
        是谁 誰 何 誰ですか 何ですか ですか ますか でしたか ましたか でしょうか ません していますか するのは したのは
        いるのは のが には では とは から まで ありますか いますか どこに どこで いつ だれ なに なん どの どう
        どんな なぜ 누가 누구야 누구입니까 언제야 언제입니까 어디야 어디에서 어디 무엇을 무엇입니까 무슨 왜 뭐야
        몇 있어 있습니까
        """
    )
)
