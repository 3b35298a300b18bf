"""Session cognify: staged turns become graph, by the same code as documents."""
