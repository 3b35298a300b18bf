"""`users.…`, `roles.…`, `tenants.…`: who there is, as far as the caller may know.

Making users, keys and tenants, and moving users between tenants, decides over others: that is the operator's, on the
command line.
"""

from fastapi import APIRouter

from sessiongraph.server.caller import Admin, Client, Reader
from sessiongraph.server.known_users import known_user
from sessiongraph.server.schemas import Deleted, RoleBody
from sessiongraph.types import Role, Tenant, User

router = APIRouter(tags=["users, roles, tenants"])


@router.get("/users/me")
async def me(caller: Reader) -> User:
    """Who the caller is."""
    return caller.user


@router.get("/users")
async def list_users(client: Client, caller: Reader) -> list[User]:
    """The users whom the caller may know of: of their tenant, if any, and of the tenants that they own."""
    return await client.users.list(user=caller.user)


@router.get("/roles")
async def list_roles(client: Client, caller: Reader) -> list[Role]:
    """The roles of the caller's tenant, and those that they own."""
    return await client.roles.list(user=caller.user)


@router.post("/roles", status_code=201)
async def create_role(body: RoleBody, client: Client, caller: Admin) -> Role:
    """A new role with nobody in it, owned by the caller."""
    return await client.roles.create(body.name, by=caller.user)


@router.delete("/roles")
async def delete_role(role: str, client: Client, caller: Admin) -> Deleted:
    """Delete a role, and with it what was granted to it."""
    await client.roles.delete(await client.roles.get(role, user=caller.user), by=caller.user)
    return Deleted(deleted=True)


@router.get("/roles/users")
async def role_users(role: str, client: Client, caller: Reader) -> list[User]:
    """Who is in a role."""
    return await client.roles.users(await client.roles.get(role, user=caller.user), user=caller.user)


@router.put("/roles/users")
async def assign(role: str, user: str, client: Client, caller: Admin) -> list[User]:
    """Put a user into a role; who is in it then."""
    found, joining = await client.roles.get(role, user=caller.user), await known_user(client, caller.user, user)
    await client.roles.assign(found, joining, by=caller.user)
    return await client.roles.users(found, user=caller.user)


@router.delete("/roles/users")
async def unassign(role: str, user: str, client: Client, caller: Admin) -> list[User]:
    """Take a user out of a role; who is in it then."""
    found, leaving = await client.roles.get(role, user=caller.user), await known_user(client, caller.user, user)
    await client.roles.unassign(found, leaving, by=caller.user)
    return await client.roles.users(found, user=caller.user)


@router.get("/tenants")
async def list_tenants(client: Client, caller: Reader) -> list[Tenant]:
    """The tenants that the caller owns or is in."""
    return await client.tenants.list(user=caller.user)


@router.get("/tenants/users")
async def tenant_users(tenant: str, client: Client, caller: Reader) -> list[User]:
    """Who is in a tenant that the caller owns or is in."""
    return await client.tenants.users(await client.tenants.get(tenant, user=caller.user), user=caller.user)
