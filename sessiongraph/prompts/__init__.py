"""The prompts that texts travel in: windows to extract from, questions to answer, and the schema of an extraction."""
