"""Dagster's storage in the home: what a project's `dagster.yaml` names, so that `dg dev` keeps its history there too.

A path in that file stands for one folder, whatever SESSIONGRAPH_HOME says; these look where that is when they are
opened, and need no configuration.
"""

from typing import Any

from sessiongraph.dagster.private_api import DagsterSqliteStorage, LocalArtifactStorage, LocalComputeLogManager
from sessiongraph.dagster_home import own_dagster_home
from sessiongraph.settings import load_settings


class HomeStorage(DagsterSqliteStorage):
    """Runs, events and ticks."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "HomeStorage":
        return cls.from_local(_folder(), inst_data)


class HomeArtifactStorage(LocalArtifactStorage):
    """What runs hand to each other."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "HomeArtifactStorage":
        return cls(_folder(), inst_data)


class HomeComputeLogs(LocalComputeLogManager):
    """What runs print."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "HomeComputeLogs":
        return cls(f"{_folder()}/storage", inst_data=inst_data)


def _folder() -> str:
    return str(own_dagster_home(load_settings().home))
