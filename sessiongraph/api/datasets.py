"""Datasets: what a user may see, who else may, and how one is deleted."""

import asyncio
import builtins
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.api.context import acting_user, check_flag, named_user, permitted
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.errors import InvalidInputError
from sessiongraph.extraction.dataset_schema import read_schema, write_schema
from sessiongraph.graph_schema import GraphSchema
from sessiongraph.ids import new_id
from sessiongraph.services import Services
from sessiongraph.types import Dataset, Permission, Role, User

if TYPE_CHECKING:
    from sessiongraph.api.dataset_overview import DatasetOverview
    from sessiongraph.api.dataset_sizes import DatasetSize
    from sessiongraph.dagster.dataset_history import DatasetHistory


class Datasets:
    """Datasets: what a user may see, who else may, and how one is deleted."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, name: str, *, user: User | None = None) -> Dataset:
        """The user's dataset of that name, new or there already."""
        services = self._services
        owner = await acting_user(services, user)
        return await asyncio.to_thread(services.access.create_dataset, owner, name)

    async def update(self, name: str, *, allow_secrets: bool, user: User | None = None) -> Dataset:
        """Say whether keys, passwords, card numbers and the like may stand in a dataset; the dataset as it is then.

        They are masked in what comes in, unless they are allowed. What is there already stays as it is. Raises
        DatasetNotFoundError, PermissionDeniedError unless `user` may share it.
        """
        services = self._services
        check_flag(allow_secrets, "allow_secrets")
        acting = await acting_user(services, user)
        target = await permitted(services, acting, name, "share")
        return await asyncio.to_thread(services.access.update_dataset, target, acting, allow_secrets=allow_secrets)

    async def list(self, *, user: User | None = None) -> builtins.list[Dataset]:
        """The datasets that `user` may read, their own and those granted to them."""
        services = self._services
        return await asyncio.to_thread(services.access.list_datasets, await acting_user(services, user))

    async def sizes(self, *, user: User | None = None) -> "builtins.list[DatasetSize]":
        """How much there is in each dataset that `user` may read, their own first."""
        from sessiongraph.api.dataset_sizes import dataset_sizes

        return await dataset_sizes(self._services, user)

    async def overview(self, dataset: str, *, user: User | None = None) -> "DatasetOverview":
        """How much is in a dataset, how that grew, and how much of the disk it takes.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        from sessiongraph.api.dataset_overview import dataset_overview

        return await dataset_overview(self._services, dataset, user)

    async def history(self, dataset: str, *, user: User | None = None) -> "DatasetHistory":
        """What Dagster knows of a dataset: what was done last and at which cost, its runs, and how its checks stand.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        return await asyncio.to_thread(_history, services, target)

    async def get_schema(self, dataset: str, *, user: User | None = None) -> GraphSchema | None:
        """The schema that a dataset's graph is held to; None where it has none of its own.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        return await asyncio.to_thread(services.store(target).read, read_schema)

    async def set_schema(
        self, dataset: str, schema: GraphSchema | str | Path | None, *, user: User | None = None
    ) -> bool:
        """Hold a dataset's graph to `schema`, or to the one in a file (`GraphSchema.from_file`); None takes it away.
        False where it was so already.

        It counts for what is extracted from now on. What is in the graph stays as it is, and is stale: `reextract` has
        it extracted anew, and `estimate_cognify` and `estimate_persist` tell the price. Needs the permission to write.
        Raises InvalidInputError for a file that is no schema; DatasetNotFoundError, PermissionDeniedError.
        """
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "write")
        if isinstance(schema, str | Path):
            schema = await asyncio.to_thread(GraphSchema.from_file, schema)
        if not isinstance(schema, GraphSchema | None):
            raise InvalidInputError(f"schema is a GraphSchema, a path or None, not {type(schema).__name__}.")
        store, run_id = services.store(target), new_id()
        # It is of what the graph is made from: no graph changes by it alone, nor its data version.
        changed = await asyncio.to_thread(write_schema, store, schema, run_id=run_id, asset="documents")
        if changed:
            await report_materialization(services, "documents", target, run_id, lambda: {"schema": schema is not None})
        return changed

    async def grant(self, dataset: str, to: User | Role, permission: Permission, *, by: User | None = None) -> None:
        """Let a user, or whoever is in a role, read, write, delete or share a dataset.

        Raises PermissionDeniedError unless `by` may share it, InvalidInputError for a user or role of another tenant.
        """
        services = self._services
        granting, receiving = await acting_user(services, by), await _grantee(services, to)
        target = await permitted(services, granting, dataset, "share")
        await asyncio.to_thread(services.access.grant, target, receiving, permission, granting)

    async def revoke(self, dataset: str, to: User | Role, permission: Permission, *, by: User | None = None) -> None:
        """Take a permission back. Raises PermissionDeniedError unless `by` may share the dataset."""
        services = self._services
        revoking, losing = await acting_user(services, by), await _grantee(services, to)
        target = await permitted(services, revoking, dataset, "share")
        await asyncio.to_thread(services.access.revoke, target, losing, permission, revoking)

    async def grants(self, dataset: str, *, user: User | None = None) -> builtins.list[tuple[User | Role, Permission]]:
        """Who else may do what with a dataset. Raises PermissionDeniedError unless `user` may share it."""
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "share")
        return await asyncio.to_thread(services.access.grants, target)

    async def delete(self, name: str, *, user: User | None = None) -> None:
        """Delete a dataset with everything in it: its file, its inbox, its grants. Its turns stay in the cache.

        Raises DatasetNotFoundError, PermissionDeniedError unless `user` owns it or may delete it.
        """
        services = self._services
        acting = await acting_user(services, user)
        target = await permitted(services, acting, name, "delete")
        await asyncio.to_thread(services.delete_files, target)
        await asyncio.to_thread(services.access.delete_dataset, target, acting)


def _history(services: Services, dataset: Dataset) -> "DatasetHistory":
    from sessiongraph.dagster.dataset_history import dataset_history  # Dagster is slow to import

    return dataset_history(services.dagster_instance, dataset.key, services.settings.asset_key_prefix)


async def _grantee(services: Services, to: User | Role) -> User | Role:
    return to if isinstance(to, Role) else await named_user(services, to)
