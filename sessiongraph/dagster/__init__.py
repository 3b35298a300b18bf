"""Dagster's side of the library: for the project's assets, for the Python API's events, and for assets of your own.

    import dagster as dg
    from sessiongraph.dagster import persist_dataset_sessions

    @dg.asset
    def chat_memory(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return persist_dataset_sessions(context, dataset_key="default_user/main_dataset")

One function an asset does its work in a run (`materialize_documents`, `materialize_knowledge_graph`,
`materialize_session_turns`, `materialize_session_knowledge`, `materialize_graph_checkpoint`,
`materialize_session_lessons`, `materialize_conflicts`, `materialize_speaker_profiles`);
`persist_dataset_sessions` does that of the third and the fourth, and `estimate_dataset_sessions` says what it would do.
Beside them stands what the API and the project share: keys, upstream keys and code versions (`asset_keys`),
`partitions`, column schemas, data versions, metadata, materializations, errors, and the run launcher that
`dagster.yaml` names. `private_api` alone imports Dagster's private modules.

Nothing of it knows the packages `assets`, `resources` and `orchestration`. Importing this loads nothing but names.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessiongraph.dagster.asset_columns import column_schema
    from sessiongraph.dagster.asset_keys import UPSTREAM, asset_key, code_version
    from sessiongraph.dagster.asset_runs import (
        estimate_dataset_sessions,
        materialize_documents,
        materialize_knowledge_graph,
        materialize_session_knowledge,
        materialize_session_turns,
        persist_dataset_sessions,
    )
    from sessiongraph.dagster.checkpoint_run import materialize_graph_checkpoint
    from sessiongraph.dagster.memory_runs import (
        materialize_conflicts,
        materialize_session_lessons,
        materialize_speaker_profiles,
    )
    from sessiongraph.dagster.partitions import datasets_partitions
    from sessiongraph.dagster.run_errors import errors_in_run_log

_WHERE = {
    "asset_keys": ("UPSTREAM", "asset_key", "code_version"),
    "asset_runs": (
        "estimate_dataset_sessions",
        "materialize_documents",
        "materialize_knowledge_graph",
        "materialize_session_knowledge",
        "materialize_session_turns",
        "persist_dataset_sessions",
    ),
    "asset_columns": ("column_schema",),
    "checkpoint_run": ("materialize_graph_checkpoint",),
    "memory_runs": ("materialize_conflicts", "materialize_session_lessons", "materialize_speaker_profiles"),
    "partitions": ("datasets_partitions",),
    "run_errors": ("errors_in_run_log",),
}
_MODULE_OF = {name: f"sessiongraph.dagster.{module}" for module, names in _WHERE.items() for name in names}

__all__ = [
    "UPSTREAM",
    "asset_key",
    "code_version",
    "column_schema",
    "datasets_partitions",
    "errors_in_run_log",
    "estimate_dataset_sessions",
    "materialize_conflicts",
    "materialize_documents",
    "materialize_graph_checkpoint",
    "materialize_knowledge_graph",
    "materialize_session_knowledge",
    "materialize_session_lessons",
    "materialize_session_turns",
    "materialize_speaker_profiles",
    "persist_dataset_sessions",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sessiongraph.dagster' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value
