"""Assets: what is made, one file an asset.

    documents ─▶ knowledge_graph        session_cache ─▶ session_turns ─▶ session_knowledge

Each says how it looks in Dagster; its work is one call into `sessiongraph.dagster`. Where the
definitions are built, keys get the home's prefix, and what a model extracts the model's code version.
"""
