"""The columns that the UI shows are those that there are, and each says what it holds."""

import duckdb
import pytest

from sessiongraph.dagster.asset_columns import TABLES_OF, column_schema, table_columns
from sessiongraph.store.schema import SCHEMA, TABLES


@pytest.mark.parametrize("asset", sorted(TABLES_OF))
def test_every_column_is_explained(asset: str) -> None:
    columns = column_schema(asset).columns

    assert columns and [column.name for column in columns if not column.description] == []


def test_no_table_belongs_to_nobody() -> None:
    assert {table for tables in TABLES_OF.values() for table in tables} == set(TABLES) - {"commits"}


def test_the_columns_read_from_the_text_are_those_that_duckdb_makes() -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(SCHEMA)
        made = {
            table: [(name, type_) for name, type_, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
            for table in TABLES
        }

    columns = table_columns()
    assert {table: columns[table] for table in TABLES} == made
