"""Cognify: from passages to evidence. Chunking, extraction, and the commit that both graph assets share."""
