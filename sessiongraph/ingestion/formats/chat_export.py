"""ChatGPT's conversations.json: each conversation as it was read on the screen, who and when, in order.

The file holds a tree of messages, edits and answers that were made anew among them; the branch that ends in the
current node is the one that the user sees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.text import one_line

_SHOWN_ROLES = ("user", "assistant")
_SHOWN_CONTENT = ("text", "multimodal_text")


def is_chat_export(value: Any) -> bool:
    """Whether `value` is a conversation of such a file, or a list of them."""
    conversations = value if isinstance(value, list) else [value]
    return bool(conversations) and all(
        isinstance(it, dict)
        and isinstance(mapping := it.get("mapping"), dict)
        and all(isinstance(node, dict) and "parent" in node for node in mapping.values())
        for it in conversations
    )


def conversations(value: Any, notes: Notes) -> Iterator[str]:
    """Each conversation: its title, and its messages below headings of their days (UTC)."""
    left_out = _LeftOut()
    for conversation in value if isinstance(value, list) else [value]:
        if text := "\n\n".join(_paragraphs(conversation, left_out)):
            yield text
    left_out.tell(notes)


@dataclass
class _LeftOut:
    branches: int = 0
    unseen: int = 0
    attachments: int = 0

    def tell(self, notes: Notes) -> None:
        for count, what in (
            (self.branches, "message(s) of branches that were given up"),
            (self.unseen, "message(s) of tools, of the system or of the model's thinking"),
            (self.attachments, "image(s) and other attachments"),
        ):
            if count:
                notes.warn(f"{count} {what} left out")


def _paragraphs(conversation: dict[str, Any], left_out: _LeftOut) -> Iterator[str]:
    nodes = conversation["mapping"]
    branch = live_branch(nodes, conversation.get("current_node"))
    live = {id(node) for node in branch}
    left_out.branches += sum(is_shown(node.get("message")) for node in nodes.values() if id(node) not in live)
    messages = [node["message"] for node in branch if node.get("message")]
    left_out.unseen += sum(not is_shown(message) for message in messages)
    if title := one_line(str(conversation.get("title") or "")):
        yield f"# {title}"
    day = None
    for message in filter(is_shown, messages):
        moment = _moment(message.get("create_time"))
        if moment and moment.date() != day:
            day = moment.date()
            yield f"## {day}"
        words, attachments = words_of(message)
        left_out.attachments += attachments
        if words:
            when = f" ({moment:%Y-%m-%d %H:%M} UTC)" if moment else ""
            # Indented where it goes on: no message can write a heading of a day.
            yield f"{message['author']['role']}{when}: " + "\n  ".join(words.splitlines())


def live_branch(nodes: dict[str, Any], current: Any) -> list[dict[str, Any]]:
    """From the root to the current node, or to the newest message where none is named."""
    if not isinstance(current, str) or current not in nodes:
        current = max(nodes, key=lambda id_: float(_time(nodes[id_]) or 0), default=None)
    branch: dict[str, dict[str, Any]] = {}
    while isinstance(current, str) and current in nodes and current not in branch:
        branch[current] = nodes[current]
        current = nodes[current].get("parent")
    return list(reversed(branch.values()))


def _time(node: dict[str, Any]) -> Any:
    message = node.get("message")
    moment = message.get("create_time") if isinstance(message, dict) else None
    return moment if _moment(moment) else None


def is_shown(message: Any) -> bool:
    if not isinstance(message, dict):
        return False
    author, content, metadata = (message.get(key) or {} for key in ("author", "content", "metadata"))
    return (
        all(isinstance(part, dict) for part in (author, content, metadata))
        and author.get("role") in _SHOWN_ROLES
        and content.get("content_type", "text") in _SHOWN_CONTENT
        and message.get("recipient", "all") == "all"
        and not metadata.get("is_visually_hidden_from_conversation")
    )


def words_of(message: dict[str, Any]) -> tuple[str, int]:
    """What the message says; and how many of its parts are no words."""
    parts = (message.get("content") or {}).get("parts")
    parts = parts if isinstance(parts, list) else []
    texts = [part if isinstance(part, str) else part.get("text") for part in parts if isinstance(part, str | dict)]
    words = [text for text in texts if isinstance(text, str)]
    return "\n".join(words).strip(), len([part for part in parts if part is not None]) - len(words)


def _moment(value: Any) -> datetime | None:
    """`value`, seconds since 1970 as a number or its digits, in UTC."""
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
