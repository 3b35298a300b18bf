"""The model `local/extractive`: spaCy's dependency parse, and rules that read entities, facts and answers off it.

Text flows one way. `texts` cleans a passage into blocks; `model` parses them; `phrases`, `clauses` and `facts`
read a parse; `reading` keeps what one text says, apart from any other; `coreference` puts names for its pronouns;
`extract` makes an Extraction of windows and `answer` quotes sentences. Invariant: a reading depends on its text
alone, and what is made of a window on its context and parts alone, never on what else a call holds.
"""
