"""Faults meet the API as a program uses it: the fixtures are those of its own tests."""

from tests.sessiongraph.conftest import cache, endpoint, fill_home, ground, home, kept_homes, shared_dagster_home

__all__ = ["cache", "endpoint", "fill_home", "ground", "home", "kept_homes", "shared_dagster_home"]
