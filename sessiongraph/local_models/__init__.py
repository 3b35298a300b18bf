"""The embedded models: they need no key, no download and no network.

`local/extractive` (package `extractive`) extracts by dependency parse and answers by quoting; it is no LLM.
`local/wordllama` (module `wordllama`) embeds texts; so does `local/e5-small` (module `e5_small`), which is an extra.
What does not belong here: prompts and their format (in `sessiongraph.prompts`), limits, timeouts and accounting (in
`sessiongraph.llm`).
"""

from typing import TYPE_CHECKING

from sessiongraph.settings import LOCAL_SENTENCE_EMBEDDER

if TYPE_CHECKING:
    import numpy as np


class LocalModels:
    """The embedded models, each loaded when it is first used. Thread-safe: any number of clients may share one."""

    def __init__(self) -> None:
        from sessiongraph.local_models.e5_small import E5Small
        from sessiongraph.local_models.extractive.likeness import WordVectors
        from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
        from sessiongraph.local_models.wordllama import WordLlama

        self._parser = SentenceParser()
        self._wordllama = WordLlama()
        self._word_vectors = WordVectors(self._wordllama.embed)
        self._e5_small = E5Small()

    def complete(self, message: str) -> str | None:
        """What `local/extractive` replies: an answer; an Extraction or Lessons as JSON; None where none is asked for.

        Raises SessionGraphError where the model's files are missing or are not those that were released.
        """
        from sessiongraph.local_models.extractive.answer import answer
        from sessiongraph.local_models.extractive.extract import extract
        from sessiongraph.local_models.extractive.lessons import lessons
        from sessiongraph.prompts.lessons_prompt import parse_session
        from sessiongraph.prompts.prompt_format import parse
        from sessiongraph.prompts.question_prompt import parse_question

        if (question := parse_question(message)) is not None:
            return answer(question, self._parser, self._word_vectors)
        if (turns := parse_session(message)) is not None:
            return lessons(turns).model_dump_json()
        windows = parse(message)
        return extract(windows, self._parser).model_dump_json() if windows else None

    def embed(self, model: str, texts: list[str], *, as_queries: bool) -> "np.ndarray":
        """The vectors that `model`, one of the two, gives `texts`: unit vectors, float32, (n, d).

        `local/e5-small` reads questions otherwise than passages.

        Raises ImportError where the package of the model is not installed.
        """
        if model == LOCAL_SENTENCE_EMBEDDER:
            return self._e5_small.embed(texts, as_queries=as_queries)
        return self._wordllama.embed(texts)

    def forget_texts(self) -> None:
        """Drop what is remembered of texts that were parsed."""
        self._parser.forget_texts()
        self._word_vectors.forget()
