"""What is asked of the tables: rows by name, by key, by who may see them. Rules belong in `control`."""

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from resources.access.models import DatasetRow, GrantRow, UserRow
from resources.types import PERMISSIONS, Permission


def user_named(db: Session, name: str) -> UserRow | None:
    return db.scalar(select(UserRow).filter_by(name=name))


def own_dataset(db: Session, owner_id: str, name: str) -> DatasetRow | None:
    return db.scalar(select(DatasetRow).filter_by(owner_id=owner_id, name=name))


def keyed_dataset(db: Session, owner: str, name: str) -> DatasetRow | None:
    """The dataset "owner/name"."""
    return db.scalar(select(DatasetRow).join(DatasetRow.owner).where(UserRow.name == owner, DatasetRow.name == name))


def held(db: Session, user_id: str, dataset: DatasetRow) -> set[Permission]:
    """What the user may do with `dataset`; the owner, everything."""
    if dataset.owner_id == user_id:
        return set(PERMISSIONS)
    given = set(db.scalars(select(GrantRow.permission).filter_by(dataset_id=dataset.id, user_id=user_id)))
    return {permission for permission in PERMISSIONS if permission in given}


def visible(user_id: str, permission: Permission | None = None) -> Select[DatasetRow]:
    """The user's own datasets, and those granted to them: with `permission` or, for None, with any."""
    granted = select(GrantRow.dataset_id).filter_by(user_id=user_id)
    if permission is not None:
        granted = granted.filter_by(permission=permission)
    return select(DatasetRow).where(or_(DatasetRow.owner_id == user_id, DatasetRow.id.in_(granted)))
