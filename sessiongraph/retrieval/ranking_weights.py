"""Weights of the signals that passages and facts are ranked by, and limits on what is compared exactly."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RankingWeights:
    """How much each signal counts. Unless said otherwise in standard deviations: all scores are sums of z-scores.

    The defaults were chosen on development questions of LoCoMo and MuSiQue. `benchmarks/retrieval.py` measures what
    each is worth (`benchmarks/results/retrieval.md`); `benchmarks/results/held_out.md` says what they find when chosen
    without the questions that they are measured on.
    """

    # The share of the vectors in the mean of z-scores of vectors and words, of passages and of facts: 0 to 1.
    passage_vector_share: float = 0.45
    fact_vector_share: float = 0.5
    # A bigram that a passage shares with the question, beside its two words: in units of BM25.
    bigrams: float = 0.5
    # For a turn, the scores of the turns before and after it; for a passage, the best score in its document or session,
    # and the BM25 score of that as a whole.
    neighbours: float = 0.35
    best_of_document: float = 0.4
    document_words: float = 0.4
    # For having been said by whom the question names or, if it asks about its asker, by that user; and for being of the
    # time that it is about.
    speaker: float = 1.0
    time: float = 1.5
    # The graph counts by how much the best fact's z-score exceeds that of the best of as many by chance, times this.
    chance_factor: float = 4 / 3
    # Times that: for the passage that the walk through the graph reaches most, and against one that covers no more of
    # the question than the best passage does.
    graph_walk: float = 3.0
    redundancy: float = 0.5
    # For a fact about an entity that the question names; against what only an assistant stated, and a superseded fact.
    named_entity: float = 1.0
    assistant_penalty: float = 0.25
    superseded_penalty: float = 0.5


@dataclass(frozen=True)
class ExactLimits:
    """Of more than `texts` passages or facts, only `candidates` have their vectors compared exactly."""

    texts: int = 100_000
    candidates: int = 4_000


DEFAULT_WEIGHTS = RankingWeights()
DEFAULT_LIMITS = ExactLimits()
# So many of the best, at least, are looked at one by one for what is not known of all: who said it, and when.
_MIN_CANDIDATES = 50


def candidate_count(top_k: int) -> int:
    """How many of a dataset's best are looked at one by one, where the best `top_k` of all are asked for."""
    return max(_MIN_CANDIDATES, 2 * top_k)
