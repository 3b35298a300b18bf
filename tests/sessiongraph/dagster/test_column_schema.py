"""The columns that the UI shows are those that there are, and each says what it holds."""

import pytest

from sessiongraph.dagster.column_schema import TABLES_OF, column_schema
from sessiongraph.store.schema import TABLES


@pytest.mark.parametrize("asset", sorted(TABLES_OF))
def test_every_column_is_explained(asset: str) -> None:
    columns = column_schema(asset).columns

    assert columns and [column.name for column in columns if not column.description] == []


def test_no_table_belongs_to_nobody() -> None:
    assert {table for tables in TABLES_OF.values() for table in tables} == set(TABLES) - {"commits"}
