"""What was learned of sessions, as a dataset keeps it and whoever reads it sees it."""

from pydantic import BaseModel, Field, TypeAdapter

from sessiongraph.store.connection import StoreConnection


class Learned(BaseModel):
    """A lesson as it is kept: `turns` are the ids of the turns' passages that it rests on."""

    kind: str
    text: str
    turns: list[str] = Field(min_length=1)


# By the id of the excerpt that they were learned from; as it is kept, JSON.
Readings = dict[str, list[Learned]]
READINGS: TypeAdapter[Readings] = TypeAdapter(Readings)


def read_lessons(connection: StoreConnection) -> dict[str, list[Learned]]:
    """What stands of each session, by its document's id, those read last first."""
    rows = connection.execute(
        "SELECT document_id, lessons FROM current_lessons ORDER BY seq DESC, document_id"
    ).fetchall()
    return {
        document_id: [it for of_excerpt in READINGS.validate_json(lessons).values() for it in of_excerpt]
        for document_id, lessons in rows
    }
