"""What a model thinks aloud is never its answer, however it is marked; what it only speaks about is."""

import pytest

from sessiongraph.llm.thinking import without_thinking

THOUGHT = "The user asks about Oslo. Perhaps Bergen?"
MARKED = {
    "both tags": f"<think>{THOUGHT}</think>Oslo.",
    "the closing tag alone": f"{THOUGHT}\n</think>\n\nOslo.",
    "words before the opening tag": f"Let me see. <think>{THOUGHT}</think> Oslo.",
    "several thoughts": f"<think>{THOUGHT}</think>Bergen. <think>No, wait.</think>Oslo.",
    "another name": f"<thinking>{THOUGHT}</thinking>Oslo.",
    "reasoning": f"<reasoning>{THOUGHT}</reasoning>\nOslo.",
    "capitals and attributes": f'<Think depth="2">{THOUGHT}</ THINK >Oslo.',
    "Seed": f"<seed:think>{THOUGHT}</seed:think>Oslo.",
    "Magistral": f"[THINK]{THOUGHT}[/THINK]Oslo.",
    "Kimi": f"◁think▷{THOUGHT}◁/think▷Oslo.",
    "Command": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>Oslo.<|END_RESPONSE|>",
    "MedGemma": f"<unused94>thought\n{THOUGHT}<unused95>Oslo.",
    "Granite": f"Here is my thought process:\n{THOUGHT}\nHere is my response:\nOslo.",
    "Apriel": f"{THOUGHT}\n[BEGIN FINAL RESPONSE]\nOslo.\n[END FINAL RESPONSE]",
    "Ollama's command": f"Thinking...\n{THOUGHT}\n...done thinking.\n\nOslo.",
    "gpt-oss": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|channel|>final<|message|>Oslo.<|return|>",
    "gpt-oss without its tokens": f"analysis{THOUGHT}assistantfinalOslo.",
    "an answer in tags": f"<think>{THOUGHT}</think>\n<answer>Oslo.</answer>",
    "a closing tag that the thought quotes": f"<think>It ends with `</think>`. {THOUGHT}</think>Oslo.",
    "nothing at all": "Oslo.",
    "a token at the end": "Oslo.<|im_end|>",
}


@pytest.mark.parametrize("how", MARKED)
def test_only_the_answer_is_left(how: str) -> None:
    assert without_thinking(MARKED[how]) == "Oslo."


@pytest.mark.parametrize(
    "cut_off",
    [
        f"<think>{THOUGHT}",
        f"<|channel|>analysis<|message|>{THOUGHT}",
        f"[THINK] {THOUGHT}",
        f"Thinking...\n{THOUGHT}",
        f"{THOUGHT}</think>",
        f"<think>{THOUGHT}</think><think>{THOUGHT}",
    ],
)
def test_a_thought_without_an_answer_is_none(cut_off: str) -> None:
    assert without_thinking(cut_off) == ""


@pytest.mark.parametrize(
    "answer",
    [
        "The tag is `</think>`, and it closes `<think>`.",
        'Close it with "</think>".',
        "I think that the analysis is final.",
        "A <thinker> and a [thought].",
        "Sie heißt „Denken“ – 思考.",
    ],
)
def test_what_is_spoken_about_stays(answer: str) -> None:
    assert without_thinking(answer) == answer
