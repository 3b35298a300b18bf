"""Files that all machines of one deployment share: in the home, in a folder that they mount, or in an object store."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sessiongraph.errors import InvalidInputError
from sessiongraph.files.base import HIDDEN_PREFIXES, Entry, Files
from sessiongraph.files.local import LocalFiles

__all__ = ["HIDDEN_PREFIXES", "Entry", "Files", "LocalFiles", "check_files_url", "open_files"]

_FORMS = "it is s3://bucket/folder, or the absolute path of a folder that every machine has"


def check_files_url(url: str) -> str:
    """`url` as it is used. Raises ValueError for what names no place of files."""
    address = urlsplit(url)
    if address.username or address.password or address.query or address.fragment:
        raise ValueError(f"{_FORMS}, without keys and options: those stand in AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, …")
    if address.scheme == "s3":
        if not address.hostname:
            raise ValueError(_FORMS)
    elif address.scheme not in ("", "file") or address.netloc or not address.path.startswith("/"):
        raise ValueError(_FORMS)
    return url.rstrip("/") or "/"


def open_files(url: str) -> Files:
    """The files at `url`; an object store is asked when they are first used. Raises InvalidInputError where there is no
    such folder, or what reaches the store is not installed here."""
    address = urlsplit(url)
    if address.scheme != "s3":
        folder = Path(url2pathname(address.path))
        if not folder.is_dir():  # one that was to be mounted: nothing may be put in its place
            raise InvalidInputError(
                f"SESSIONGRAPH_FILES_URL names the folder {str(folder)!r}, which is not there: mount it, or create it."
            )
        return LocalFiles(folder)
    try:
        from sessiongraph.files.object_store import ObjectFiles, S3Bucket
    except ImportError as error:
        raise InvalidInputError(
            f"SESSIONGRAPH_FILES_URL needs what is not installed here ({error}): install 'sessiongraph[s3]'."
        ) from error
    return ObjectFiles(S3Bucket(address.netloc), address.path.strip("/"))
