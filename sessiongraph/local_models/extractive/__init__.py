"""The model `local/extractive`: spaCy's dependency parse, and rules that read entities, facts and answers off it.

Text flows one way. `text_blocks` cleans a passage into blocks; `spacy_pipeline` parses them; `name_types` weighs what
a parse tells of its names; `noun_phrases`, `clauses` and `fact_rules` read a parse; `sentence_parsing` keeps what one
text says, apart from any other; `coreference` puts names for its pronouns; `extract` makes an Extraction of windows
and `answer` quotes sentences. Invariant: a reading depends on its text alone, and what is made of a window on its
context and parts alone, never on what else a call holds.
"""
