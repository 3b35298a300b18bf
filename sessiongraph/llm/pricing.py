"""Tokens and US dollars that calls will come to before they are made, by litellm's tokenizer and map of prices.

What a call did cost belongs to `litellm_calls`. For any but an embedded model both functions load litellm, which takes
seconds; neither calls anyone.
"""

from sessiongraph.llm import litellm_runtime, local_calls


def count_tokens(model: str, text: str) -> int:
    """Tokens of `text`: as an embedded model counts them, else by the tokenizer that litellm brings along, which is
    near enough for any model."""
    if model.startswith("local/"):
        return local_calls.estimated_tokens([text])
    litellm_runtime.load()
    from litellm.litellm_core_utils.default_encoding import encoding

    # Spelled-out special tokens are what somebody said.
    return len(encoding.encode(text, disallowed_special=()))


def expected_cost(model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
    """US dollars for so many tokens; 0 for an embedded model, None where litellm knows no price."""
    if model.startswith("local/"):
        return 0.0
    litellm = litellm_runtime.load()
    try:
        prompt, completion = litellm.cost_per_token(
            model=model, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens
        )
    except Exception:
        # litellm raises one of several, by what it does not know: the provider, the model, its price.
        return None
    return float(prompt + completion)
