"""Access control as each of the two keeps it: a file of the home, and tables of a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessFile, AccessTables


@pytest.fixture(params=["file", "tables"])
def access(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AccessControl]:
    """Without any user."""
    if request.param == "file":
        control = AccessControl(AccessFile(tmp_path / "home" / "access.sqlite"))
    else:
        database = request.getfixturevalue("postgres")
        with database.engine.begin() as connection:
            connection.execute(text("TRUNCATE sessiongraph.users CASCADE"))
        control = AccessControl(AccessTables(database))
    yield control
    control.close()
