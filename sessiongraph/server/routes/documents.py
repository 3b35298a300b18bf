"""`add`, `cognify`, `estimate_cognify` and `graph`: documents into a dataset, into its graph, and out again."""

import asyncio
import json
import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import Response

from sessiongraph.api.add import add_inputs
from sessiongraph.api.evidence import Evidence
from sessiongraph.extraction.estimate import CognifyEstimate
from sessiongraph.ingestion.ingest import IngestReport
from sessiongraph.ingestion.resolve_inputs import resolve_texts
from sessiongraph.metadata import metadata_of_json
from sessiongraph.server.background import options_of, request_runs
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import AddBody, Cognified, CognifyBody, GraphDocument, Names, RunsRequested
from sessiongraph.server.uploads import received
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    import networkx as nx

router = APIRouter(tags=["documents"])


@router.post("/add")
async def add(body: AddBody, client: Client, caller: Writer) -> IngestReport:
    """Put texts into a dataset, which is created if the caller has none of that name."""
    return await add_inputs(
        client.services,
        lambda: resolve_texts(body.data),
        body.dataset_name,
        user=caller.user,
        node_set=body.node_set,
        said_at=body.said_at,
        metadata=body.metadata,
    )


@router.post("/add/files")
async def add_files(
    files: Annotated[list[UploadFile], File(description="txt, md, html, csv, json, pdf, docx, and zips of those.")],
    client: Client,
    caller: Writer,
    dataset_name: Annotated[str, Form()] = MAIN_DATASET,
    node_set: Annotated[list[str] | None, Form()] = None,
    said_at: Annotated[date | None, Form()] = None,
    metadata: Annotated[str | None, Form(description="A JSON object to search by.")] = None,
) -> IngestReport:
    """Put files into a dataset, and folders as zips. What of a zip was left out is in the report (`skipped`)."""
    most_bytes = client.settings.server_upload_mb * 1024 * 1024
    async with received(files, most_bytes) as inputs:
        return await add_inputs(
            client.services,
            lambda: inputs,
            dataset_name,
            user=caller.user,
            node_set=node_set,
            said_at=said_at,
            metadata=metadata_of_json(metadata),
        )


@router.post("/cognify", responses={202: {"model": RunsRequested}})
async def cognify(
    body: CognifyBody, client: Client, caller: Writer, response: Response
) -> RunsRequested | dict[str, Cognified]:
    """Bring what was added to datasets into their graphs; a report for each dataset."""
    if not body.wait:
        response.status_code = 202
        return await request_runs(client, caller, "cognify", body.datasets, {"knowledge_graph": options_of(body)})
    reports = await client.cognify(
        body.datasets, user=caller.user, retry_failed=body.retry_failed, reextract=body.reextract
    )
    return {name: Cognified.of(report) for name, report in reports.items()}


@router.post("/estimate_cognify")
async def estimate_cognify(body: CognifyBody, client: Client, caller: Reader) -> dict[str, CognifyEstimate]:
    """The dry run of cognify: what it would extract, and at which price. Writes nothing and calls no model."""
    return await client.estimate_cognify(
        body.datasets, user=caller.user, retry_failed=body.retry_failed, reextract=body.reextract
    )


@router.get("/evidence")
async def evidence(dataset: str, id: str, client: Client, caller: Reader) -> list[Evidence]:
    """The passage of that id, or those that state the fact of that id, each with its neighbours."""
    return await client.evidence(dataset, id, user=caller.user)


@router.get("/graph")
async def graph(
    client: Client,
    caller: Reader,
    dataset: str = MAIN_DATASET,
    node_sets: Annotated[Names | None, Query()] = None,
) -> GraphDocument:
    """The dataset's graph as node-link JSON: entities, facts between them, and the evidence of both."""
    found = await client.graph(dataset, user=caller.user, node_sets=node_sets)
    document = await asyncio.to_thread(_node_link, found)
    return Response(document, media_type="application/json")  # type: ignore[return-value]  # it may be large: made above


def _node_link(graph: "nx.MultiDiGraph") -> str:
    import networkx as nx

    return json.dumps(_plain(nx.node_link_data(graph, edges="links")))


def _plain(value: Any) -> Any:
    """`value` in JSON's terms: it knows no times, no numbers of numpy's, and none that is not finite."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, datetime):  # out of a dataset's store, in UTC, without saying so
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return _plain(value.item()) if hasattr(value, "item") else None
