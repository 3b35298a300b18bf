"""Factory of asset checks: what one looks at, what it finds, and one Dagster op an asset that runs all of its checks.

Each evaluation stands for one dataset, as the assets do, so that one dataset's failures are not hidden by another's
success. Invariant: figures and reasons never hold a word of what was said; an event cannot be made to forget.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import dagster as dg

from resources.graph import GraphResource
from sessiongraph.dagster.asset_keys import asset_key
from sessiongraph.dagster.metadata import without_quotes
from sessiongraph.dagster.partitions import datasets_partitions
from sessiongraph.services import Services
from sessiongraph.types import PASSAGE_TABLES, Dataset

if TYPE_CHECKING:
    from sessiongraph.extraction.all_documents import AllDocuments
    from sessiongraph.extraction.ledger import Passage
    from sessiongraph.snapshots.snapshot import Snapshot
    from sessiongraph.store.connection import StoreConnection

T = TypeVar("T")
Figures = dict[str, int | float | str]


@dataclass
class CheckContext:
    """What a check may look at: the store of `dataset`, the graph derived from it, the cache, what runs have said.

    `asset` is the asset's name, `key` its key in Dagster. `run_id` is the run that the check is made in, None for none.
    """

    asset: str
    key: dg.AssetKey
    dataset: Dataset
    services: Services
    instance: dg.DagsterInstance
    run_id: str | None = None

    @cached_property
    def first_commit(self) -> int:
        """The first commit that is looked at: that of the run, and the very first where it has committed nothing."""
        query = "SELECT coalesce(min(seq), 0) AS seq FROM commits WHERE run_id = ?"
        return int(self.figures(query, [self.run_id])["seq"])

    @property
    def passages(self) -> str:
        """The table of the passages that the asset is about."""
        return PASSAGE_TABLES.get(self.asset, "turns")

    @property
    def kind(self) -> str:
        """The kind of the documents that these passages are of."""
        return "document" if self.passages == "chunks" else "session"

    def read(self, query: "Callable[[StoreConnection], T]") -> T:
        return self.services.store(self.dataset).read(query)

    def figures(self, query: str, values: Sequence[object] = ()) -> Figures:
        """The one row that `query` gives, by column."""

        def row(connection: "StoreConnection") -> Figures:
            found = connection.execute(query, list(values))
            names = [column[0] for column in found.description]
            return dict(zip(names, found.fetchall()[0], strict=True))

        return self.read(row)

    def passages_in(self, connection: "StoreConnection", documents: "list[str] | None") -> "list[Passage]":
        """The passages of those documents, or of all, as they should stand in the graph."""
        from sessiongraph.extraction.chunk_documents import read_chunk_passages
        from sessiongraph.persistence.turn_passages import read_turn_passages

        return (read_chunk_passages if self.kind == "document" else read_turn_passages)(connection, documents)

    def all_documents(self, connection: "StoreConnection") -> "AllDocuments":
        """Those of the asset, of which a check reads what a build would have to."""
        from sessiongraph.extraction.all_documents import AllDocuments
        from sessiongraph.extraction.dataset_schema import read_schema
        from sessiongraph.extraction.window_extraction import extractor_version

        services = self.services
        extractor = extractor_version(services.llm, read_schema(connection))
        return AllDocuments(services.store(self.dataset), self.asset, extractor, services.embedder.identity)

    @cached_property
    def snapshot(self) -> "Snapshot":
        """The graph as this process has read it for the page of changes: no check needs vectors, nor a graph of its
        own."""
        store = self.services.store(self.dataset)
        return self.services.snapshots.read(store, lambda connection, snapshot: snapshot)


@dataclass(frozen=True)
class CheckOutcome:
    """What a check found; `message` is what that means here, where it is not as it should be."""

    passed: bool
    figures: Mapping[str, Any] = field(default_factory=dict)
    message: str | None = None
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True)
class Check:
    """`expectation` is what holds where it passes, `remedy` what to do where it does not.

    One that is `blocking` stops what is made from the asset, and fails the run, where it fails as an error. One that
    is `loud` may fail as an error too: something is missing, and what is there is right. Others warn.
    """

    name: str
    expectation: str
    remedy: str
    evaluate: Callable[[CheckContext], CheckOutcome]
    blocking: bool = False
    loud: bool = False

    def spec(self, key: dg.AssetKey) -> dg.AssetCheckSpec:
        with warnings.catch_warnings():
            # Dagster calls partitioned checks a preview; without them a check would show whichever dataset ran last.
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.AssetCheckSpec(
                self.name,
                asset=key,
                description=f"{self.expectation}\n\n**Where it fails:** {self.remedy}",
                blocking=self.blocking,
                partitions_def=datasets_partitions,
                metadata={"owner": "team:sessiongraph", "severity": self._severity},
            )

    @property
    def _severity(self) -> str:
        return "blocking error" if self.blocking else "error" if self.loud else "warning"


def fails_where_any(figures: Figures, message: str) -> CheckOutcome:
    """Passed where every one of `figures` is 0; else `message`, with those that are not."""
    wrong = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in figures.items() if count)
    return CheckOutcome(not wrong, figures, f"{message}: {wrong}." if wrong else None)


def build_asset_checks(asset: str, prefix: str, checks: Sequence[Check]) -> dg.AssetChecksDefinition:
    """All checks of `asset` in one step, which reads its store once; the UI may run any of them alone."""
    key = asset_key(asset, prefix)
    by_name = {check.name: check for check in checks}

    @dg.multi_asset_check(
        name=f"{asset}_checks",
        specs=[check.spec(key) for check in checks],
        description=f"What must hold, and what is worth a look, after {asset} was made.",
        can_subset=True,
        op_tags={"kind": "duckdb"},
    )
    def run(context: dg.AssetCheckExecutionContext, graph: GraphResource) -> Iterator[dg.AssetCheckResult]:
        services = graph.services
        dataset = services.access.get_or_create_by_key(context.partition_key)
        check_context = CheckContext(asset, key, dataset, services, context.instance, context.run.run_id)
        for chosen in sorted(context.selected_asset_check_keys, key=lambda it: list(by_name).index(it.name)):
            yield evaluate(by_name[chosen.name], check_context)

    return run


def evaluate(check: Check, context: CheckContext) -> dg.AssetCheckResult:
    """What Dagster is told of the check of the asset and dataset of `context`."""
    try:
        outcome = check.evaluate(context)
    except Exception as error:
        # A store that is harmed enough may not even be read; that must not keep the other checks from being made.
        message = f"It could not be looked at: {type(error).__name__}: {without_quotes(str(error))}"
        outcome = CheckOutcome(False, {}, message)
    return dg.AssetCheckResult(
        asset_key=context.key,
        check_name=check.name,
        passed=outcome.passed,
        severity=outcome.severity,
        description=outcome.message,
        metadata=outcome.figures,
    )
