"""The cache keeps what is in use, and no more than it may."""

from sessiongraph.llm.lru_cache import RecentlyUsed


def test_what_was_used_least_recently_goes_first() -> None:
    kept: RecentlyUsed[int] = RecentlyUsed(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)
    kept.clear()
    assert kept.get("a") is None
