"""The graph store: one DuckDB file a dataset, its lock, its schema, and the snapshot that readers see."""
