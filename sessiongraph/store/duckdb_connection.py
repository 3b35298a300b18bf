"""A connection to a dataset's DuckDB file. What is read and written through it is said in `connection`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from sessiongraph.storable_text import storable
from sessiongraph.store.connection import Columns, Row, Values
from sessiongraph.store.store_version import COUNTED, StoreVersion

_READ_MEMORY_LIMIT = "128MB"
# Chunks of rows (2,048 each) that are read at once.
_BATCH_CHUNKS = 8


class DuckDBConnection:
    """As `StoreConnection` says. Ends with the DuckDB connection that it is given."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # With all that DuckDB's SQL can do: what is of DuckDB alone, such as archives, uses it.
        self.execute = connection.execute

    def columns(self, query: str, values: Values = None) -> Columns:
        found = self.execute(query, values).fetchnumpy()
        return {name: np.ma.getdata(column) for name, column in found.items()}

    def batches(self, query: str, values: Values = None) -> Iterator[Columns]:
        # DuckDB would keep every block that it reads: all vectors a second time. The limit is set back because others
        # use the connection afterwards; RESET does not really set it back.
        [(usual,)] = self.execute("SELECT current_setting('memory_limit')").fetchall()
        self.execute(f"SET memory_limit = '{_READ_MEMORY_LIMIT}'")
        try:
            found = self.execute(query, values)
            while len(batch := found.fetch_df_chunk(_BATCH_CHUNKS)):
                yield {name: batch[name].to_numpy() for name in batch}
        finally:
            self.execute(f"SET memory_limit = '{usual}'")

    @contextmanager
    def registered(self, name: str, columns: Mapping[str, npt.NDArray]) -> Iterator[None]:
        self._connection.register(name, dict(columns))
        try:
            yield
        finally:
            self._connection.unregister(name)

    def version(self, until: int | None = None) -> StoreVersion:
        which = "" if until is None else f"WHERE seq <= {until}"
        last = f"SELECT coalesce(max(seq), 0), arg_max(committed_at, seq) FROM commits {which}"
        [(seq, time)] = self.execute(last).fetchall()
        counts = (f"SELECT {place}, count(*) FROM {table} {which}" for place, table in enumerate(COUNTED))
        rows = dict(self.execute(" UNION ALL ".join(counts)).fetchall())
        return StoreVersion(seq, time, tuple(rows[place] for place in range(len(COUNTED))))

    def digest(self, query: str, ahead: str = "") -> tuple[int, int]:
        hashed = f"{ahead} SELECT count(*), coalesce(bit_xor(md5_number(row::VARCHAR)), 0) FROM ({query}) row"
        count, total = self.execute(hashed).fetchall()[0]
        return count, int(total)

    def draft(self, table: str, condition: str = "true", values: Values = None) -> None:
        self.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table} WHERE {condition}", values)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        import pandas as pd  # which takes a quarter of a second: readers never need it

        values = [{name: _kept(value) for name, value in row.items()} for row in rows]
        # Nullable integers: in a float column a missing score would be NaN, which is no integer.
        frame = pd.DataFrame(values).convert_dtypes()
        self._connection.register("inserted", frame)
        self.execute(f"INSERT INTO {table} BY NAME SELECT * FROM inserted")
        self._connection.unregister("inserted")

    def delete(self, table: str, condition: str, values: Values = None) -> None:
        self.execute(f"DELETE FROM {table} WHERE {condition}", values)


def _kept(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value
