"""The embedded default models behind litellm: they need no key, no download and no network.

`local/extractive` (package `extractive`) extracts by dependency parse and answers by quoting; it is no LLM.
`local/wordllama` (module `wordllama`) embeds texts. `provider` registers both with litellm. What does not
belong here: prompts and their notation, retries, accounting (all in `sessiongraph.llm`).
"""


class LocalModels:
    """The embedded models, loaded when they are first used."""
