"""The external asset `session_cache`: observed, and made by no run."""

import dagster as dg

session_cache = dg.AssetSpec(
    "session_cache",
    group_name="sessions",
    owners=["team:sessiongraph"],
    kinds={"python"},
    description="""Turns as they are said, until they expire: SQLite, or Redis with CACHE_BACKEND=redis.

Written by `sessiongraph.search(session_id=…)` and `sessions.add_turn`, outside of any run. The sensor `new_sessions`
observes how many turns wait to be persisted, for how long, and when the first of them expires.""",
)
