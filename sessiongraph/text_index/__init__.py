"""Full-text index: tokens, BM25 over passages, facts and whole documents, and bigrams."""
