"""A question of unknown words is one that texts answer in other words."""

from math import log1p

import pytest

from sessiongraph.retrieval.known_words import known_share
from sessiongraph.text_index.bm25_index import BM25Index, BM25View
from sessiongraph.text_index.tokenizer import Tokenizer


def indexed(*texts: str) -> BM25View:
    index = BM25Index(Tokenizer())
    return index.view(index.add(texts))


def test_each_word_counts_by_how_rare_it_is() -> None:
    index = indexed("das Haus ist alt", "das Boot", "das Rad")
    das, haus, konzert = (log1p((3 - texts + 0.5) / (texts + 0.5)) for texts in (3, 1, 0))
    assert known_share([index], "das Haus") == 1
    assert known_share([index], "das Konzert") == pytest.approx(das / (das + konzert))
    assert known_share([index], "Haus Konzert Konzert") == pytest.approx(haus / (haus + konzert))


def test_nothing_known_is_none_and_nothing_asked_is_all() -> None:
    assert known_share([indexed("das Boot")], "Konzert") == 0
    assert known_share([indexed("das Boot")], "?!") == 1
    assert known_share([indexed()], "Konzert") == 0


def test_what_one_dataset_knows_is_known_to_a_search_of_two() -> None:
    assert known_share([indexed("Boot"), indexed("Rad")], "Boot Rad") == 1


def test_what_was_removed_is_known_no_more() -> None:
    index = BM25Index(Tokenizer())
    slots = index.add(["Boot", "Rad"])
    index.remove(["Rad"])
    assert known_share([index.view(slots[:1])], "Rad") == 0
