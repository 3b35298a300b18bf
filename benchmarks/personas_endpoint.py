"""An OpenAI-compatible endpoint that answers about `personas.json` as a real model would that follows its prompt.

Extraction: of each passage that is a persona's statement it gives the gold facts, and of others nothing. Facts about
who speaks are given under the name that the prompt reserves for the speaker (SPEAKER, in quotation marks); where the
prompt reserves none, they are left out, as it says.

Questions: the first source that is the gold turn of such a question, or a fact of it with the value, is answered with
that value and cited; where no source is, that nothing answers is what the prompt says to reply. It cannot tell who
asks, unless what it is given does: of two namesakes' sources, the first is taken.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.personas_data import Fact, Persona, Said
from sessiongraph.prompts.prompt_format import parse
from sessiongraph.prompts.question_prompt import NO_ANSWER, Source, parse_question
from tests.support.openai_endpoint import OpenAIEndpoint, Request

SPEAKER = "the user"


@contextmanager
def answering_for(personas: Sequence[Persona]) -> Iterator[None]:
    """The endpoint, running, and the settings that name it."""
    served = _ModelEndpoint(personas)
    os.environ |= {"LLM_MODEL": "openai/personas", "LLM_ENDPOINT": served.url, "LLM_API_KEY": "none"}
    with served.running():
        yield


class _ModelEndpoint(OpenAIEndpoint):
    def __init__(self, personas: Sequence[Persona]) -> None:
        super().__init__()
        self._turns = {_words(turn.text): turn for persona in personas for turn in persona.turns}

    def answer(self, request: Request) -> tuple[int, dict[str, str], Any]:
        messages = {message["role"]: message["content"] for message in request.body["messages"]}
        system, text = messages["system"], messages["user"]
        if question := parse_question(text):
            rewritten = system.startswith("Rewrite")
            content = question.text if rewritten else self._answer(question.text, question.sources)
        else:
            content = json.dumps(self._extraction(text, SPEAKER if f'"{SPEAKER}"' in system else None))
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        usage = {"prompt_tokens": len(text) // 4, "completion_tokens": len(content) // 4}
        usage["total_tokens"] = sum(usage.values())
        return 200, {}, {"id": "1", "object": "chat.completion", "created": 1, "choices": [choice], "usage": usage}

    def _extraction(self, prompt: str, speaker: str | None) -> dict[str, Any]:
        summaries: list[dict[str, Any]] = []
        facts: list[dict[str, Any]] = []
        entities: dict[str, list[int]] = {}
        for window in parse(prompt):
            first, part = next(iter(window.parts.items()))
            summaries.append({"passage": first, "text": " ".join(part.text.split())[:200]})
            for number, part in window.parts.items():
                turn = self._turns.get(_words(part.text)) if part.role == "user" else None
                for fact in _spoken(turn, speaker) if turn else ():
                    facts.append(_as_answer(fact, number))
                    for name in (fact.subject, fact.object):
                        entities.setdefault(name, [])
                        entities[name] = [*dict.fromkeys([*entities[name], number])]
        named = [
            {"name": name, "type": "Person" if name == speaker else "Concept", "description": "", "passages": numbers}
            for name, numbers in entities.items()
        ]
        return {"summaries": summaries, "entities": named, "facts": facts}

    def _answer(self, question: str, sources: Sequence[Source]) -> str:
        asked = [turn for turn in self._turns.values() if question in turn.asks]
        for number, source in enumerate(sources, start=1):
            for turn in asked:
                if _words(turn.text) in _words(source.text) or _states(source.text, turn, turn.asks[question]):
                    return f"{turn.asks[question][0]} [{number}]"
        return NO_ANSWER


def _spoken(turn: Said, speaker: str | None) -> list[Fact]:
    """The turn's facts with the speaker under that name; without one, those that are not about who speaks."""
    if speaker is None:
        return [fact for fact in turn.facts if "{I}" not in fact.subject + fact.object]
    return [
        replace(fact, subject=fact.subject.replace("{I}", speaker), object=fact.object.replace("{I}", speaker))
        for fact in turn.facts
    ]


def _as_answer(fact: Fact, number: int) -> dict[str, Any]:
    return {
        "subject": fact.subject,
        "relation": fact.relation,
        "object": fact.object,
        "statement": f"{fact.subject} {fact.relation} {fact.object}.",
        "valid_at": fact.valid_at,
        "passage": number,
    }


def _states(source: str, turn: Said, gold: list[str]) -> bool:
    """Whether `source` is a fact of `turn` with a gold value, whatever the speaker is called in it."""
    text = source.casefold()
    return any(
        fact.relation.casefold() in text
        and fact.object.replace("{I}", "").casefold() in text
        and any(value.casefold() in f"{text} {fact.valid_at or ''}" for value in gold)
        for fact in turn.facts
    )


def _words(text: str) -> str:
    return " ".join(text.casefold().split())
