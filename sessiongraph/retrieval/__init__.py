"""Questions to answers. The way of a question through the files, from `SessionGraph.search` to a score:

    api/search.py          search             who asks what of which datasets; the turn that is written at the end
    search_types.py        SEARCH_PLANS       for each type of search, the functions that retrieve and answer
    answer_strategies.py   answer_once, …     one search and one answer, or several of them
    query_context.py       retrieve           the query's embedding
    retrievers.py          passages_and_facts, …  which sources, the best of each in turn
    ranking.py             Ranking            one scale over all datasets
    passage_ranking.py     DatasetPassages    the sum of signals that a passage's score is
    fact_ranking.py        DatasetFacts       the same of a fact

The signals themselves are pure functions in files named after them (`hybrid_scoring`, `personalized_pagerank`, …), and
`ranking_weights` says how much each counts. A pronoun of a follow-up question is resolved before (`query_rewriting`).
"""
