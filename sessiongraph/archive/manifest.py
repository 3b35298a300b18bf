"""What an archive says of itself (`manifest.json`), and which of that is accepted."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError

from sessiongraph.changes.diff import PASSAGE_KINDS
from sessiongraph.changes.page_store import MOST_PAGES
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name
from sessiongraph.store.schema import SCHEMA_VERSION, TABLES

LAYOUT = 1
NAME = "manifest.json"

ID = r"[0-9a-f]{32}"
RUN_ID = r"[A-Za-z0-9_-]{1,64}"
# Of originals: a document's id and an ending, in which no file system sees more than that.
FILE_NAME = rf"{ID}(\.[^./\\:*?\"<>|\x00-\x1f]{{1,100}})?"

_Count = Annotated[int, Field(ge=0, le=2**53)]
_Id = Annotated[str, StringConstraints(pattern=f"^{ID}$")]
_Text = Annotated[str, StringConstraints(max_length=200)]


class ArchivedUser(BaseModel):
    """A user whom rows of the archive name."""

    id: _Id
    name: _Text


class Part(BaseModel):
    """One file of the archive."""

    bytes: _Count
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class TablePart(Part):
    """The Parquet file of a table."""

    rows: _Count


class Page(BaseModel):
    """A page of changes that the dataset had, by what it is derived from."""

    asset: Annotated[str, StringConstraints(pattern=f"^({'|'.join(PASSAGE_KINDS)})$")]
    run_id: Annotated[str, StringConstraints(pattern=f"^{RUN_ID}$")]


class Manifest(BaseModel):
    """The content of `manifest.json`."""

    layout: int
    sessiongraph: _Text
    schema_version: int
    exported_at: AwareDatetime
    dataset: _Text
    owner: _Id
    allow_secrets: bool
    users: list[ArchivedUser]
    # Whether it holds some of the dataset's sessions, and not all of the dataset.
    part: bool
    tables: dict[str, TablePart]
    files: dict[Annotated[str, StringConstraints(pattern=f"^{FILE_NAME}$")], Part]
    # The oldest first.
    pages: Annotated[list[Page], Field(max_length=len(PASSAGE_KINDS) * MOST_PAGES)]

    @property
    def parts(self) -> dict[str, Part]:
        """The files of the archive beside the manifest, by path in it."""
        tables = {table_path(name): part for name, part in self.tables.items()}
        return {**tables, **{file_path(name): part for name, part in self.files.items()}}

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.tables.values())


class _Layout(BaseModel):
    """What every layout says."""

    layout: int
    sessiongraph: _Text


def table_path(table: str) -> str:
    return f"tables/{table}.parquet"


def file_path(name: str) -> str:
    return f"files/{name}"


def read_manifest(data: bytes) -> Manifest:
    """The manifest in `data`. Raises InvalidInputError where it is none, or a newer version's."""
    try:
        said = _Layout.model_validate_json(data)
        if said.layout != LAYOUT:
            raise _newer(said.sessiongraph, f"layout {said.layout}, this one reads {LAYOUT}")
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "JSON"
        raise broken(f"{NAME} is not as it should be ({where:.80}: {fault['msg']:.120})") from error
    if manifest.schema_version > SCHEMA_VERSION:
        raise _newer(manifest.sessiongraph, f"schema {manifest.schema_version}, this one reads {SCHEMA_VERSION}")
    # Tables that are younger than the archive are empty; those of its own day are all there.
    if not manifest.tables.keys() <= set(TABLES):
        raise broken(f"{NAME} names a table that there is not")
    if manifest.schema_version == SCHEMA_VERSION and len(manifest.tables) < len(TABLES):
        raise broken(f"{NAME} lacks a table")
    _check_users(manifest)
    return manifest


def broken(fault: str) -> InvalidInputError:
    """What to raise for an archive that is not whole, or is none."""
    return InvalidInputError(
        f"The archive was refused, and nothing was written: {fault}. Take another copy of it, or export it again."
    )


def _newer(version: str, what: str) -> InvalidInputError:
    return InvalidInputError(
        f"The archive was written by another version of sessiongraph ({version!a}: {what}), and nothing was "
        "written. Import it with that version, or a later one."
    )


def _check_users(manifest: Manifest) -> None:
    try:
        check_name(manifest.dataset)
        for user in manifest.users:
            check_name(user.name, "user name")
    except InvalidInputError as error:
        raise broken(str(error).rstrip(".")) from error
    ids, names = {user.id for user in manifest.users}, {user.name for user in manifest.users}
    if not len(ids) == len(names) == len(manifest.users) or manifest.owner not in ids:
        raise broken(f"the users in {NAME} are not told apart")
