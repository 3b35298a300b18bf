"""Faults meet the API as a program uses it: the fixtures are those of its own tests."""

from tests.sessiongraph.conftest import cache, endpoint, ground, home, shared_dagster_home

__all__ = ["cache", "endpoint", "ground", "home", "shared_dagster_home"]
