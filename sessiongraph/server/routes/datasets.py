"""`datasets.…`: what the caller may see, who else may, and how one is deleted."""

from fastapi import APIRouter

from sessiongraph.api.dataset_overview import DatasetOverview
from sessiongraph.api.dataset_sizes import DatasetSize
from sessiongraph.dagster.dataset_history import DatasetHistory
from sessiongraph.errors import InvalidInputError
from sessiongraph.graph_schema import GraphSchema
from sessiongraph.server.caller import Admin, Client, Reader, Writer
from sessiongraph.server.known_users import known_user
from sessiongraph.server.schemas import (
    Changed,
    DatasetBody,
    DatasetChanges,
    Deleted,
    GrantBody,
    GrantGiven,
    GraphSchemaBody,
)
from sessiongraph.types import Dataset, Permission, Role, User

router = APIRouter(prefix="/datasets", tags=["datasets"])


@router.get("")
async def list_datasets(client: Client, caller: Reader) -> list[Dataset]:
    """The datasets that the caller may read, their own and those granted to them."""
    return await client.datasets.list(user=caller.user)


@router.get("/sizes")
async def sizes(client: Client, caller: Reader) -> list[DatasetSize]:
    """How much there is in each dataset that the caller may read, their own first."""
    return await client.datasets.sizes(user=caller.user)


@router.get("/overview")
async def overview(dataset: str, client: Client, caller: Reader) -> DatasetOverview:
    """How much is in a dataset, how that grew, and how much of the disk it takes."""
    return await client.datasets.overview(dataset, user=caller.user)


@router.get("/history")
async def history(dataset: str, client: Client, caller: Reader) -> DatasetHistory:
    """What was done to a dataset last and at which cost, its runs in Dagster, and how its checks stand."""
    return await client.datasets.history(dataset, user=caller.user)


@router.post("")
async def create_dataset(body: DatasetBody, client: Client, caller: Writer) -> Dataset:
    """The caller's dataset of that name, new or there already."""
    return await client.datasets.create(body.name, user=caller.user)


@router.patch("")
async def update_dataset(body: DatasetChanges, client: Client, caller: Admin) -> Dataset:
    """Say whether keys, passwords, card numbers and the like may stand in a dataset that the caller may share."""
    return await client.datasets.update(body.dataset, allow_secrets=body.allow_secrets, user=caller.user)


@router.delete("")
async def delete_dataset(dataset: str, client: Client, caller: Admin) -> Deleted:
    """Delete a dataset with everything in it. Its turns stay in the cache."""
    await client.datasets.delete(dataset, user=caller.user)
    return Deleted(deleted=True)


@router.get("/schema")
async def get_schema(dataset: str, client: Client, caller: Reader) -> GraphSchema | None:
    """The dataset's own schema of its graph; null where it has none."""
    return await client.datasets.get_schema(dataset, user=caller.user)


@router.put("/schema")
async def set_schema(body: GraphSchemaBody, client: Client, caller: Writer) -> Changed:
    """Give a dataset a schema of its own. What is in the graph stays, and is stale until it is extracted anew."""
    return Changed(changed=await client.datasets.set_schema(body.dataset, body.graph_schema, user=caller.user))


@router.delete("/schema")
async def remove_schema(dataset: str, client: Client, caller: Writer) -> Deleted:
    """Take the dataset's schema away."""
    return Deleted(deleted=await client.datasets.set_schema(dataset, None, user=caller.user))


@router.get("/grants")
async def grants(dataset: str, client: Client, caller: Reader) -> list[GrantGiven]:
    """Who else may do what with a dataset that the caller may share."""
    return [
        GrantGiven(
            kind="role" if isinstance(to, Role) else "user",
            name=to.key if isinstance(to, Role) else to.name,
            permission=permission,
        )
        for to, permission in await client.datasets.grants(dataset, user=caller.user)
    ]


@router.put("/grants")
async def grant(body: GrantBody, client: Client, caller: Admin) -> GrantBody:
    """Let a user, or whoever is in a role, read, write, delete or share a dataset."""
    to = await _grantee(body.user, body.role, client, caller)
    await client.datasets.grant(body.dataset, to, body.permission, by=caller.user)
    return body


@router.delete("/grants")
async def revoke(
    dataset: str,
    permission: Permission,
    client: Client,
    caller: Admin,
    user: str | None = None,
    role: str | None = None,
) -> Deleted:
    """Take a permission back."""
    to = await _grantee(user, role, client, caller)
    await client.datasets.revoke(dataset, to, permission, by=caller.user)
    return Deleted(deleted=True)


async def _grantee(user: str | None, role: str | None, client: Client, caller: Admin) -> User | Role:
    if (user is None) == (role is None):
        raise InvalidInputError("Give a user or a role, by name.")
    if role is not None:
        return await client.roles.get(role, user=caller.user)
    return await known_user(client, caller.user, str(user))
