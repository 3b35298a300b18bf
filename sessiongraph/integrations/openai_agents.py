"""A session of the OpenAI Agents SDK whose items lie in the session cache of a service, and are persisted from there.

It speaks REST, for the SDK needs other versions of libraries than the service does. So it imports httpx, and nothing
of sessiongraph that needs more than Python: `pip install --no-deps sessiongraph` is enough beside the SDK.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

from sessiongraph import errors
from sessiongraph.ids import check_session_id

# Of the SDK's types, which differ between its versions, an item is a JSON object.
Item = Any

# The model's thinking is nobody's words; what is left out of the others is no content.
_LEFT_OUT = {"reasoning", "compaction"}
_OF_CALL = ("name", "arguments", "input", "output")
_NO_CONTENT = {"id", "call_id", "status", "type", "provider_data", "encrypted_content", "result"} | set(_OF_CALL)


class SessionGraphSession:
    """A `Session` of the SDK: `await Runner.run(agent, "…", session=SessionGraphSession("monday", key=…))`.

    `url` and `key` are those of `sessiongraph serve`, `dataset` where what is said belongs (by default the user's
    main dataset). `get_items` gives back each item as it was added. What the user says and is answered makes turns; the
    agent's calls of tools and their results are context of them. `pop_item` and `clear_session` act on the cache:
    what was persisted is only taken back by `forget`, or by an edit.

    Raises InvalidInputError for a session id with other letters than A-Z a-z 0-9 . _ : @ + = ~ -, and for what goes
    wrong at the service the error that the Python API has for it; httpx.TransportError where none answers.
    """

    session_settings: Any = None

    def __init__(
        self,
        session_id: str,
        *,
        url: str = "http://127.0.0.1:8321",
        key: str | None = None,
        dataset: str | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self.session_id = check_session_id(session_id)
        self._url = f"{url.rstrip('/')}/v1/sessions/{session_id}"
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._dataset = dataset
        self._timeout = timeout_seconds

    async def get_items(self, limit: int | None = None) -> list[Item]:
        """The session's items in order, or its `limit` last ones."""
        if limit is None:
            limit = getattr(self.session_settings, "limit", None)
        if limit is not None and limit < 1:
            return []
        found = await self._ask("GET", "/items", params={} if limit is None else {"last": limit})
        return [json.loads(data) for data in found]

    async def add_items(self, items: list[Item]) -> None:
        if items:
            written = [{"data": json.dumps(item), **_said(item)} for item in items]
            await self._ask("POST", "/items", json={"items": written, "dataset": self._dataset})

    async def pop_item(self) -> Item | None:
        """Take the last item from the session, and give it back; None where there is none."""
        data = (await self._ask("DELETE", "/items/last"))["data"]
        return None if data is None else json.loads(data)

    async def clear_session(self) -> None:
        """Delete the session from the cache, with turns that are not persisted yet."""
        await self._ask("DELETE", "")

    async def _ask(self, method: str, path: str, **given: Any) -> Any:
        # A client a call: the SDK runs agents in event loops that come and go.
        async with httpx.AsyncClient(headers=self._headers, timeout=self._timeout) as client:
            answer = await client.request(method, self._url + path, **given)
        if answer.is_success:
            return answer.json()
        raise _error(answer)


def _error(answer: httpx.Response) -> Exception:
    """What the service says is wrong, as the class that it names."""
    try:
        problem = answer.json()
        class_ = getattr(errors, str(problem["class"]), errors.SessionGraphError)
        told = f"{problem['detail']} {problem['next_step']}"
    except (ValueError, KeyError, TypeError):
        reason = HTTPStatus(answer.status_code).phrase if answer.status_code in set(HTTPStatus) else "an error"
        return errors.SessionGraphError(
            f"{answer.request.url.host} answered {answer.status_code} ({reason}): see that `sessiongraph serve` is "
            "what runs there."
        )
    return class_(told) if issubclass(class_, errors.SessionGraphError) else errors.SessionGraphError(told)


def _said(item: Item) -> Mapping[str, str]:
    """What of an item is said, and by whom: what it adds to its turn."""
    if not isinstance(item, Mapping):
        return {}
    kind, role = item.get("type") or "message", item.get("role")
    if kind in _LEFT_OUT:
        return {}
    if kind != "message":
        return {"context": _as_plain(_of_tool(kind, item))}
    said, beside = _content(item.get("content"))
    if role == "user":
        return {"question": _as_plain(said), "context": _as_plain(beside)}
    if role == "assistant":
        return {"answer": _as_plain(said), "context": _as_plain(beside)}
    return {"context": _as_plain(f"{role}: {said}")}


def _content(content: Any) -> tuple[str, str]:
    """The words of a message, and the names of what else is in it."""
    if isinstance(content, str):
        return content, ""
    words, beside = [], []
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, Mapping):
            continue
        text = part.get("text") or part.get("refusal") or part.get("transcript")
        if isinstance(text, str):
            words.append(text)
        else:
            beside.append(f"attachment: {part.get('filename') or part.get('type')}")
    return "\n\n".join(words), "\n".join(beside)


def _of_tool(kind: str, item: Mapping[str, Any]) -> str:
    """A call of a tool, or its result."""
    given = [item[key] for key in _OF_CALL if item.get(key)]
    given += [{key: value} for key, value in item.items() if key not in _NO_CONTENT and value]
    return f"{kind}: {' '.join(it if isinstance(it, str) else json.dumps(it, ensure_ascii=False) for it in given)}"


def _as_plain(text: str) -> str:
    """`text` as JSON can carry it: without lone surrogates."""
    return text.encode("utf-8", "replace").decode()
