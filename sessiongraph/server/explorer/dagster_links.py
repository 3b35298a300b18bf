"""Addresses in the Dagster UI, where SESSIONGRAPH_DAGSTER_URL says where that is."""

from urllib.parse import quote

from sessiongraph.dagster.asset_keys import GRAPH_PAGE
from sessiongraph.settings import Settings


class DagsterLinks:
    """Links into the Dagster UI; each is None where nobody said where that is."""

    def __init__(self, settings: Settings) -> None:
        self._base = str(settings.dagster_url).rstrip("/") if settings.dagster_url else None
        self._prefix = settings.asset_key_prefix

    @property
    def graph(self) -> str | None:
        """All assets."""
        return f"{self._base}{GRAPH_PAGE}" if self._base else None

    def run(self, run_id: str | None) -> str | None:
        """A run."""
        return f"{self._base}/runs/{quote(run_id, safe='')}" if self._base and run_id else None

    def asset(self, name: str, dataset: str) -> str | None:
        """An asset's newest event of a dataset."""
        key = f"{self._prefix}/{name}" if self._prefix else name
        return f"{self._base}/assets/{quote(key)}?partition={quote(dataset, safe='')}" if self._base else None

    def checks(self, name: str) -> str | None:
        """An asset's checks."""
        key = f"{self._prefix}/{name}" if self._prefix else name
        return f"{self._base}/assets/{quote(key)}?view=checks" if self._base else None
