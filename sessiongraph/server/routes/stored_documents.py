"""`documents.…`: what a dataset holds, what became of it, and what was extracted from it."""

from dataclasses import replace

from fastapi import APIRouter

from sessiongraph.api.documents import Document, Extracted, Inbox
from sessiongraph.server.caller import Client, Reader

router = APIRouter(prefix="/documents", tags=["documents"])


@router.get("")
async def list_documents(dataset: str, client: Client, caller: Reader) -> list[Document]:
    """All documents and persisted sessions of a dataset, in the order in which they came."""
    return [_told(it) for it in await client.documents.list(dataset, user=caller.user)]


@router.get("/inbox")
async def inbox(dataset: str, client: Client, caller: Reader) -> Inbox:
    """Files in the dataset's inbox: those that wait, and those that could not be read, with why."""
    return await client.documents.inbox(dataset, user=caller.user)


@router.get("/{document_id}")
async def get_document(document_id: str, dataset: str, client: Client, caller: Reader) -> Document:
    """A document or session with its text, and what became of each passage."""
    return _told(await client.documents.get(dataset, document_id, user=caller.user))


@router.get("/{document_id}/extracted")
async def extracted(document_id: str, dataset: str, client: Client, caller: Reader) -> list[Extracted]:
    """What is in the graph by each of its passages."""
    return await client.documents.extracted(dataset, document_id, user=caller.user)


def _told(document: Document) -> Document:
    """Without where it lies on the service's machine, which is nobody's business."""
    return replace(document, source=None)
