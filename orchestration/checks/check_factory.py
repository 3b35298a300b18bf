"""How a check is made: what is looked at, what is found, and one Dagster op an asset that runs all of its checks.

Each evaluation stands for one dataset, as the assets do, so that one dataset's failures are not hidden by another's
success. Invariant: figures and reasons never hold a word of what was said; an event cannot be made to forget.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import dagster as dg
import duckdb

from resources.graph import GraphStoreResource, SessionCacheResource
from sessiongraph.dagster.metadata import without_quotes
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.types import Dataset

if TYPE_CHECKING:
    from sessiongraph.snapshots.snapshot import Snapshot

T = TypeVar("T")
Figures = dict[str, int | float | str]


@dataclass
class Looked:
    """What a check may look at: the store of `dataset`, the graph derived from it, the cache, what runs have said."""

    asset: dg.AssetKey
    dataset: Dataset
    graph: GraphStoreResource
    cache: SessionCacheResource
    instance: dg.DagsterInstance

    @property
    def passages(self) -> str:
        """The table of the passages that the asset is about."""
        return "chunks" if self.asset.to_user_string() == "knowledge_graph" else "turns"

    @property
    def kind(self) -> str:
        """The kind of the documents that these passages are of."""
        return "document" if self.passages == "chunks" else "session"

    def read(self, query: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        return self.graph.store(self.dataset).read(query)

    def figures(self, query: str, values: Sequence[object] = ()) -> Figures:
        """The one row that `query` gives, by column."""

        def row(connection: duckdb.DuckDBPyConnection) -> Figures:
            found = connection.execute(query, list(values))
            names = [column[0] for column in found.description]
            return dict(zip(names, found.fetchall()[0], strict=True))

        return self.read(row)

    @cached_property
    def snapshot(self) -> "Snapshot":
        return self.graph.snapshot(self.dataset)


@dataclass(frozen=True)
class Found:
    """What a check found; `says` what that means here, where it is not as it should be."""

    passed: bool
    figures: Mapping[str, Any] = field(default_factory=dict)
    says: str | None = None
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True)
class Check:
    """`means` is what holds where it passes, `remedy` what to do where it does not.

    One that is `blocking` stops what is made from the asset, and fails the run, where it fails as an error.
    """

    name: str
    means: str
    remedy: str
    look: Callable[[Looked], Found]
    blocking: bool = False

    def spec(self, asset: dg.AssetsDefinition) -> dg.AssetCheckSpec:
        with warnings.catch_warnings():
            # Dagster calls partitioned checks a preview; without them a check would show whichever dataset ran last.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.AssetCheckSpec(
                self.name,
                asset=asset,
                description=f"{self.means}\n\n**Where it fails:** {self.remedy}",
                blocking=self.blocking,
                partitions_def=datasets_partitions,
                metadata={"owner": "team:sessiongraph", "severity": "blocking error" if self.blocking else "warning"},
            )


def unless_any(figures: Figures, says: str) -> Found:
    """Passed where every one of `figures` is 0; else `says`, with those that are not."""
    wrong = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in figures.items() if count)
    return Found(not wrong, figures, f"{says}: {wrong}." if wrong else None)


def checks_of(asset: dg.AssetsDefinition, checks: Sequence[Check]) -> dg.AssetChecksDefinition:
    """All checks of `asset` in one step, which reads its store once; the UI may run any of them alone."""
    by_name = {check.name: check for check in checks}

    @dg.multi_asset_check(
        name=f"{asset.key.to_python_identifier()}_checks",
        specs=[check.spec(asset) for check in checks],
        description=f"What must hold, and what is worth a look, after {asset.key.to_user_string()} was made.",
        can_subset=True,
        op_tags={"kind": "duckdb"},
    )
    def run(
        context: dg.AssetCheckExecutionContext, graph: GraphStoreResource, session_cache: SessionCacheResource
    ) -> Iterator[dg.AssetCheckResult]:
        looked = Looked(asset.key, graph.dataset(context.partition_key), graph, session_cache, context.instance)
        for key in sorted(context.selected_asset_check_keys, key=lambda key: list(by_name).index(key.name)):
            yield evaluate(by_name[key.name], looked)

    return run


def evaluate(check: Check, looked: Looked) -> dg.AssetCheckResult:
    try:
        found = check.look(looked)
    except Exception as error:
        # A store that is harmed enough may not even be read; that must not keep the other checks from being made.
        found = Found(False, {}, f"It could not be looked at: {type(error).__name__}: {without_quotes(str(error))}")
    return dg.AssetCheckResult(
        asset_key=looked.asset,
        check_name=check.name,
        passed=found.passed,
        severity=found.severity,
        description=found.says,
        metadata=found.figures,
    )
