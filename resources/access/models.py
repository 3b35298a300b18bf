"""The tables of access control: users, datasets with their owners, grants. Rules belong in `control`.

Invariant, kept by unique keys: a user's name is one user, (owner, name) is one dataset, a grant stands once.
"""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from resources.types import Dataset, User


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
    owner: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)

    def as_dataset(self) -> Dataset:
        return Dataset(self.id, self.name, self.owner_id, self.owner.name)


class GrantRow(Base):
    """What an owner, or someone who may share, lets another user do. Owners have no rows: they may do all."""

    __tablename__ = "grants"

    dataset_id: Mapped[str] = mapped_column(ForeignKey(DatasetRow.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(UserRow.id), primary_key=True, index=True)
    permission: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)
