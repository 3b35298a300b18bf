"""What a reader sees: snapshots derived from a store's live evidence, kept up commit by commit."""
