"""Calls of the chat model and the embedder of the settings: through litellm, or of an embedded model directly."""
