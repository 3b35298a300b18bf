"""What the graph is made with: session cache, graph store, LLM, embedder, access, and the types they hand out.

Floor 1: nothing here imports from `assets`, `orchestration` or `sessiongraph`.
"""
