"""The resource `llm`: the language model and the embedding model."""

from typing import Any

import dagster as dg

from resources.fields import check_secret, given_settings

_SETTINGS = {
    "model": "llm_model",
    "endpoint": "llm_endpoint",
    "api_key": "llm_api_key",
    "max_concurrency": "llm_max_concurrency",
    "max_retries": "llm_max_retries",
    "timeout_seconds": "llm_timeout_seconds",
    "embedding_model": "embedding_model",
    "embedding_endpoint": "embedding_endpoint",
    "embedding_api_key": "embedding_api_key",
    "embedding_dimensions": "embedding_dimensions",
}


class LLMResource(dg.ConfigurableResource):
    """Settings of the models. Another `model` is another code version of what is extracted with it."""

    model: str | None = None
    endpoint: str | None = None
    api_key: str | None = None
    max_concurrency: int | None = None
    max_retries: int | None = None
    timeout_seconds: float | None = None
    embedding_model: str | None = None
    embedding_endpoint: str | None = None
    embedding_api_key: str | None = None
    embedding_dimensions: int | None = None

    def settings(self) -> dict[str, Any]:
        """The settings that are given, by the library's names."""
        return given_settings(self, _SETTINGS)

    def check_secrets(self) -> None:
        """Raise InvalidInputError where a secret is written out, instead of given as an EnvVar."""
        check_secret(self.api_key, "LLMResource.api_key", "LLM_API_KEY")
        check_secret(self.embedding_api_key, "LLMResource.embedding_api_key", "EMBEDDING_API_KEY")
