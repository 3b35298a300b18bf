"""The calls of a client: who asks, may they, what is done, and what Dagster is told of it."""
