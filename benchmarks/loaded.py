"""What processes load when they persist, search, forget and run jobs: imported by the one that others are forked from.

But for DuckDB, whose import starts a thread.
"""

from importlib import import_module

from sessiongraph.llm import litellm_runtime

for name in ("alembic", "networkx", "pandas", "orchestration.definitions"):
    import_module(name)
litellm_runtime.load()
