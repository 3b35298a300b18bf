"""The asset checks: what must hold of a dataset's store after its graph was written, asked in plain SQL.

Each stands for one dataset, as the assets do, so that one dataset's failures are not hidden by another's success.
"""

import warnings
from collections import Counter

import dagster as dg
import duckdb

from assets.cognify.asset import knowledge_graph
from assets.cognify.planning import LedgerRow, read_ledger
from assets.metadata import without_quotes
from assets.partitions import datasets_partitions
from assets.session_cognify.asset import session_knowledge
from resources.dagster_resources import GraphStoreResource

_INCOMPLETE = """
SELECT
    (SELECT count(*) FROM mentions WHERE window_id NOT IN (SELECT id FROM windows)) AS mentions_without_window,
    (SELECT count(*) FROM claims WHERE window_id NOT IN (SELECT id FROM windows)) AS claims_without_window,
    (SELECT count(*) FROM live_windows WHERE window_id NOT IN (SELECT id FROM windows)) AS persisted_without_window,
    (SELECT count(*) FROM live_windows
        WHERE passage_id NOT IN (SELECT passage_id FROM chunks UNION ALL SELECT passage_id FROM turns)
    ) AS persisted_without_passage
"""


def _no_failures(asset: dg.AssetsDefinition, table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=f"no_failed_{table}",
        partitions_def=datasets_partitions,
        description=f"""No {table} of the dataset stand in the ledger as failed. The next run tries them again,
those that are quarantined only with run config `retry_failed: true`.""",
    )
    def check(context: dg.AssetCheckExecutionContext, graph: GraphStoreResource) -> dg.AssetCheckResult:
        store = graph.store(graph.dataset(context.partition_key))
        rows = store.read(lambda con: _failed(con, table))
        quarantined = sum(row.quarantined for row in rows)
        reasons = Counter(without_quotes(row.reason or "") for row in rows)
        return dg.AssetCheckResult(
            passed=not rows,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(rows)} failed. The next run tries them again, but for {quarantined} that failed too "
            "often: those, with run config `retry_failed: true`."
            if rows
            else None,
            metadata={"failed": len(rows), "quarantined": quarantined, **dict(reasons.most_common(20))},
        )

    return check


def _failed(connection: duckdb.DuckDBPyConnection, table: str) -> list[LedgerRow]:
    passages = {id_ for (id_,) in connection.execute(f"SELECT passage_id FROM {table}").fetchall()}
    ledger = read_ledger(connection, None)
    return [row for id_, row in ledger.items() if row.disposition == "failed" and id_ in passages]


def _evidence_is_complete(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name="evidence_is_complete",
        partitions_def=datasets_partitions,
        blocking=True,
        description="Everything in the graph has its window and passage: nothing is there that nobody stated.",
    )
    def check(context: dg.AssetCheckExecutionContext, graph: GraphStoreResource) -> dg.AssetCheckResult:
        store = graph.store(graph.dataset(context.partition_key))
        counts = store.read(_incomplete)
        return dg.AssetCheckResult(passed=not any(counts.values()), metadata=counts)

    return check


def _incomplete(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counted = connection.execute(_INCOMPLETE)
    names = [column[0] for column in counted.description]
    return dict(zip(names, counted.fetchall()[0], strict=True))


with warnings.catch_warnings():
    # Dagster calls partitioned checks a preview; without them a check would show whichever dataset ran last.
    warnings.simplefilter("ignore", dg.PreviewWarning)
    CHECKS = [
        _no_failures(knowledge_graph, "chunks"),
        _no_failures(session_knowledge, "turns"),
        _evidence_is_complete(knowledge_graph),
        _evidence_is_complete(session_knowledge),
    ]
