"""What is made: four software-defined assets, each beside the plain steps that make it.

    documents ─▶ knowledge_graph        session_turns ─▶ session_knowledge

Floor 2: imports from `resources` alone. `asset.py` of each folder is the thin Dagster side; everything else
knows nothing of Dagster, so that the Python API, the CLI and the runs take the same steps.
"""
