"""What the user told in the session at hand and no graph has yet: sources beside those of the graphs.

So whoever tells something and asks for it a turn later is answered from it, persisted or not. Pure.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from sessiongraph.ids import session_document_id, turn_passage_id
from sessiongraph.prompts.first_person import asks_about_self
from sessiongraph.question_detection import only_asks
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Scope
from sessiongraph.speech_acts import greeting_of
from sessiongraph.text_index.bm25_index import BM25Index
from sessiongraph.text_index.tokenizer import Tokenizer
from sessiongraph.types import Turn

_MAX_TURNS = 5


def told_turns(turns: Iterable[Turn]) -> list[Turn]:
    """Those of `turns` in which the user states something."""
    return [turn for turn in turns if not only_asks(turn.question) and greeting_of(turn.question) is None]


def best_told(turns: Sequence[Turn], query: str, scopes: Sequence[Scope], tokenizer: Tokenizer) -> list[Turn]:
    """Of `turns`, the _MAX_TURNS that bear on `query` and are no passages of `scopes`, best first.

    They share words with it; to a question about its asker, whatever was told last may be the answer.
    """
    new = _not_in(turns, scopes)
    if not new:
        return []
    index = BM25Index(tokenizer)
    scores = index.view(index.add([turn.question for turn in new])).scores(query)
    latest_first = np.arange(len(new))[::-1]
    ranked = latest_first[np.argsort(-scores[::-1], kind="stable")]
    about_self = asks_about_self(query)
    return [new[row] for row in ranked[:_MAX_TURNS] if scores[row] > 0 or about_self]


def told_citation(turn: Turn, dataset_key: str, speaker: str) -> Citation:
    """What the user told in `turn` as a source, whatever was answered."""
    document_id = session_document_id(turn.user_id, turn.session_id)
    return Citation(
        kind="turn",
        id=turn_passage_id(document_id, turn.turn_id),
        text=turn.question,
        score=0.0,
        dataset=dataset_key,
        document_id=document_id,
        name=turn.session_id,
        stated_by="conversation",
        said_at=turn.created_at,
        session_id=turn.session_id,
        turn_id=turn.turn_id,
        speaker=speaker,
    )


def _not_in(turns: Sequence[Turn], scopes: Sequence[Scope]) -> list[Turn]:
    """Those of `turns` that none of `scopes` has as a passage."""
    passages = [turn_passage_id(session_document_id(turn.user_id, turn.session_id), turn.turn_id) for turn in turns]
    there = {
        passage_id
        for scope in scopes
        for passage_id in scope.snapshot.passages["id"][scope.snapshot.passages["id"].isin(passages)]
    }
    return [turn for turn, passage_id in zip(turns, passages, strict=True) if passage_id not in there]
