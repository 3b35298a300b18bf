"""An asset's materialization, put together so that runs and the Python API say the same of the same work.

A report of what was done (`metadata`), what the store says of it (`data_version`), and the page of what changed
(`changes`) become the event, with the tags by which Dagster tells what is stale.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import dagster as dg

from sessiongraph.dagster.asset_keys import DERIVED, UPSTREAM, asset_key, code_version
from sessiongraph.dagster.data_version import content, has_corrected, run_figures
from sessiongraph.dagster.derived_content import derived_content, linked_to
from sessiongraph.dagster.metadata import in_order
from sessiongraph.errors import FilesUnavailableError, InvalidInputError
from sessiongraph.types import PASSAGE_TABLES, Dataset

if TYPE_CHECKING:
    from sessiongraph.services import Services

logger = logging.getLogger("sessiongraph")

# Of a run's id, as Dagster shows it.
_SHOWN_DIGITS = 8

Metadata = dict[str, dg.MetadataValue]


def store_metadata(services: "Services", dataset: Dataset, asset: str, run_id: str) -> tuple[Metadata, str]:
    """What the store says of a run of `asset`, and the asset's data version. Writes the page of changes. Blocks."""
    if asset in DERIVED:
        snapshot = services.snapshots.read(services.store(dataset), lambda connection, snapshot: snapshot)
        derived, version = derived_content(asset, snapshot, linked_to(_explorer(services), dataset.key))
        return _dataset_link(services, dataset) | derived, version
    figures, found, corrected = services.store(dataset).read(
        lambda con: (
            run_figures(con, asset, run_id) if asset in PASSAGE_TABLES else {},
            content(con, asset, services.store(dataset).findings),
            has_corrected(con, run_id),
        )
    )
    counted = {"dagster/row_count": found.rows, **figures}
    metadata = {name: _number(value) for name, value in counted.items()}
    if asset in PASSAGE_TABLES:
        changed = corrected or any(figures[f"{name}_by_run"] for name in ("persisted", "skipped", "failed"))
        metadata |= _change(services, dataset, asset, run_id) if changed else _no_change()
    return _dataset_link(services, dataset) | metadata, found.version


def result(services: "Services", dataset: Dataset, asset: str, run_id: str, report: Metadata) -> dg.MaterializeResult:
    """What a run ends with that did what `report` says."""
    metadata, version = store_metadata(services, dataset, asset, run_id)
    return dg.MaterializeResult(metadata=in_order({**report, **metadata}), data_version=dg.DataVersion(version))


def event(
    instance: dg.DagsterInstance,
    services: "Services",
    dataset: Dataset,
    asset: str,
    run_id: str,
    report: Mapping[str, Any],
) -> dg.AssetMaterialization:
    """The event that a run of `asset` would end with, for what was done outside of one or by one that failed.

    With the tags that a run would set, so that staleness holds across both. Blocks.
    """
    stored, version = store_metadata(services, dataset, asset, run_id)
    prefix = services.settings.asset_key_prefix
    tags = {
        "dagster/data_version": version,
        "dagster/data_version_is_user_provided": "true",
        "dagster/code_version": code_version(asset, services),
    }
    for upstream in UPSTREAM[asset]:
        tags |= _input_tags(instance, asset_key(upstream, prefix), dataset.key)
    return dg.AssetMaterialization(
        asset_key=asset_key(asset, prefix), partition=dataset.key, metadata=in_order({**report, **stored}), tags=tags
    )


def _input_tags(instance: dg.DagsterInstance, key: dg.AssetKey, dataset: str) -> dict[str, str]:
    """Which state of the asset `key` this was made from, in the words in which a run says it."""
    made = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=key, asset_partitions=[dataset]), limit=1)
    seen = made.records or instance.fetch_observations(key, limit=1).records
    tags = {"version": "INITIAL", "pointer": "NULL"}
    if seen:
        said = seen[0].asset_materialization or seen[0].asset_observation
        version = (said.tags or {}).get("dagster/data_version") if said else None
        tags = {"version": version or "INITIAL", "pointer": str(seen[0].storage_id)}
    name = key.to_user_string()
    return {
        f"dagster/input_data_version/{name}": tags["version"],
        f"dagster/input_event_pointer/{name}": tags["pointer"],
    }


def _change(services: "Services", dataset: Dataset, asset: str, run_id: str) -> Metadata:
    from sessiongraph.changes.page_store import page_renderer, write_page

    try:
        renderer = services.shared.made(page_renderer)
        change = write_page(services.store(dataset), services.snapshots, renderer, dataset.key, asset, run_id)
    except (FilesUnavailableError, InvalidInputError) as error:
        logger.warning("The page of what run %s changed could not be kept: %s", run_id, error)
        return {}
    except Exception as error:
        # The work is committed: a page that cannot be written (a full disk) must not make it look undone.
        logger.warning("The page of what run %s changed could not be made: %s", run_id, type(error).__name__)
        return {}
    return {
        "entities_added": dg.MetadataValue.int(len(change.new_entities)),
        "facts_added": dg.MetadataValue.int(len(change.facts)),
        "entities": dg.MetadataValue.int(change.size["entities"]),
        "facts": dg.MetadataValue.int(change.size["facts"]),
        "changes": dg.MetadataValue.md(
            f"New facts: {len(change.facts)}, new entities: {len(change.new_entities)}. "
            + _where_shown(services, dataset, asset, run_id)
        ),
    }


def _where_shown(services: "Services", dataset: Dataset, asset: str, run_id: str) -> str:
    """Where what a run changed is shown, in words that have an end: a long path or address would make the UI's table
    wider than the page, and hide what stands beside it. Words of the graph stand in the page alone."""
    if (base := _explorer(services)) is not None:
        address = f"{base}/changes/{asset}/{quote(run_id, safe='')}?dataset={quote(dataset.key, safe='')}"
        return f"[Show them, each with its evidence]({address})"
    # A browser opens no file from a page of the UI: so, the command that does.
    command = f"sessiongraph changes open {run_id[:_SHOWN_DIGITS]} -d {dataset.key}"
    return f"In a terminal, `{command}` shows them, each with its evidence."


def _dataset_link(services: "Services", dataset: Dataset) -> Metadata:
    """Where the explorer shows the dataset; nothing where nobody said where that is."""
    if (base := _explorer(services)) is None:
        return {}
    return {"explorer": dg.MetadataValue.url(f"{base}/dataset?dataset={quote(dataset.key, safe='')}")}


def _explorer(services: "Services") -> str | None:
    return str(services.settings.public_url).rstrip("/") if services.settings.public_url else None


def _no_change() -> Metadata:
    return {"entities_added": dg.MetadataValue.int(0), "facts_added": dg.MetadataValue.int(0)}


def _number(value: float) -> dg.MetadataValue:
    return dg.MetadataValue.int(value) if isinstance(value, int) else dg.MetadataValue.float(value)
