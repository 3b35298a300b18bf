"""Calls of the chat model and the embedder that the settings name: through litellm, or to an embedded model directly."""
