"""Snapshots: what a reader sees of a dataset, derived from its live evidence and updated commit by commit."""
