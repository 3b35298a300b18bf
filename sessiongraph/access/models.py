"""The tables of access control: users, their keys and webhooks, tenants, roles, datasets, grants.

Rules are in `control`, `groups`, `keys`, `browser_sessions` and `webhooks`.

Invariant, kept by unique keys: a user's name is one user, who is in one tenant at the most; (tenant, name) is one role,
(owner, name) one dataset; a grant stands once.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from sessiongraph.types import Dataset, Role, Tenant, User


class Base(DeclarativeBase):
    """Holds the tables' metadata."""


class UserRow(Base):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)

    def as_user(self) -> User:
        return User(self.id, self.name)


class DatasetRow(Base):
    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id))
    allow_secrets: Mapped[bool] = mapped_column(server_default=false())
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)

    def as_dataset(self) -> Dataset:
        return Dataset(self.id, self.name, self.owner_id, self.owner.name, self.allow_secrets)


class GrantRow(Base):
    """What an owner, or someone who may share, lets another user do. Owners have no rows: they may do all."""

    __tablename__ = "grants"

    dataset_id: Mapped[str] = mapped_column(ForeignKey(DatasetRow.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), primary_key=True, index=True)
    permission: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class TenantRow(Base):
    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), index=True)

    def as_tenant(self) -> Tenant:
        return Tenant(self.id, self.name, self.owner_id)


class TenantUserRow(Base):
    """Which tenant a user is in; who is in none has no row."""

    __tablename__ = "tenant_users"

    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey(TenantRow.id), index=True)


class RoleRow(Base):
    __tablename__ = "roles"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), index=True)
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey(TenantRow.id))
    tenant: Mapped[TenantRow | None] = relationship(lazy="joined")

    def as_role(self) -> Role:
        return Role(self.id, self.name, self.owner_id, self.tenant.name if self.tenant else None)


# In SQL no NULL equals another: without a tenant, too, a name is one role.
Index("role_names", func.coalesce(RoleRow.tenant_id, ""), RoleRow.name, unique=True)


class RoleUserRow(Base):
    __tablename__ = "role_users"

    role_id: Mapped[str] = mapped_column(ForeignKey(RoleRow.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), primary_key=True, index=True)


class RoleGrantRow(Base):
    """As `GrantRow`, to everyone who is in the role."""

    __tablename__ = "role_grants"

    dataset_id: Mapped[str] = mapped_column(ForeignKey(DatasetRow.id, ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[str] = mapped_column(ForeignKey(RoleRow.id, ondelete="CASCADE"), primary_key=True, index=True)
    permission: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[RoleRow] = relationship(lazy="joined", innerjoin=True)


class ApiKeyRow(Base):
    """A key of a user, as its hash. One that was revoked stays, with the moment. Times are Unix seconds."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), index=True)
    scope: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    revoked_at: Mapped[int | None]
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class BrowserSessionRow(Base):
    """A browser that signed in, or (`is_link`) may once, by the hash of what it has. It acts as the user of `key_id`,
    as far and as long as that key does; without one, as `user_id` and without bounds. Times are Unix seconds."""

    __tablename__ = "browser_sessions"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id))
    key_id: Mapped[str | None] = mapped_column(ForeignKey(ApiKeyRow.id))
    is_link: Mapped[bool]
    expires_at: Mapped[int] = mapped_column(index=True)
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)
    key: Mapped[ApiKeyRow | None] = relationship(lazy="joined")


class WebhookRow(Base):
    """A hook of a user on a dataset, its place in the dataset's commit log, and how it fares. Times are Unix seconds.

    `events` are names with blanks between; `read_as` is the store's signature when it was last read to its end.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id, ondelete="CASCADE"), index=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey(DatasetRow.id, ondelete="CASCADE"), index=True)
    url: Mapped[str]
    events: Mapped[str]
    secret: Mapped[str]
    created_at: Mapped[float]
    seq: Mapped[int | None]
    read_as: Mapped[str | None]
    failures: Mapped[int]
    next_try_at: Mapped[float]
    failing_since: Mapped[float | None]
    last_error: Mapped[str | None]
    delivered_at: Mapped[float | None]
    is_gone: Mapped[bool] = mapped_column(default=False)
    dataset: Mapped[DatasetRow] = relationship(lazy="joined", innerjoin=True)
