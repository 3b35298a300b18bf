"""The graph store: one DuckDB file a dataset, its lock and its schema."""
