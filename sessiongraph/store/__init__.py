"""The graph store: what a dataset's rows are, and what keeps them: a DuckDB file, or tables in PostgreSQL."""
