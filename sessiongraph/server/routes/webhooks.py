"""`webhooks.…`: who is told of what happens in a dataset that the caller may read. Hooks are the caller's own."""

from fastapi import APIRouter

from sessiongraph.access.webhooks import Webhook
from sessiongraph.delivery.sending import Attempt
from sessiongraph.server.caller import Admin, Client, Reader
from sessiongraph.server.schemas import Deleted, WebhookBody, WebhookCreated

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.get("")
async def list_webhooks(client: Client, caller: Reader) -> list[Webhook]:
    """The caller's hooks, the oldest first, with how they fare."""
    return await client.webhooks.list(user=caller.user)


@router.post("", status_code=201)
async def create_webhook(body: WebhookBody, client: Client, caller: Admin) -> WebhookCreated:
    """A new hook, told of what is committed to the dataset from now on; its secret is not shown again."""
    made, secret = await client.webhooks.create(body.url, body.dataset, events=body.events, user=caller.user)
    return WebhookCreated(webhook=made, secret=secret)


@router.delete("/{webhook_id}")
async def delete_webhook(webhook_id: str, client: Client, caller: Admin) -> Deleted:
    """Delete a hook: it is told nothing more."""
    await client.webhooks.delete(webhook_id, user=caller.user)
    return Deleted(deleted=True)


@router.post("/{webhook_id}/test")
async def test_webhook(webhook_id: str, client: Client, caller: Admin) -> Attempt:
    """Send the event webhook.test now: `error` is null where it was received, and a hook that failed is tried again."""
    return await client.webhooks.test(webhook_id, user=caller.user)
