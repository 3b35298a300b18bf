"""Words: tokens, their counts, BM25 over passages, facts and whole documents, and words that stand side by side."""
