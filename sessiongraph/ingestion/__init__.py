"""Ingestion: from what `add()` or a person put in, to documents stored once by content."""
