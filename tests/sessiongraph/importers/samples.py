"""Exports as programs write them, made up here: their shapes are those of real ones, their words are nobody's."""

import json
import zipfile
from pathlib import Path
from typing import Any

MAY = 1_684_944_000  # 24 May 2023, 16:00 UTC


def write_zip(path: Path, **members: Any) -> Path:
    """A zip of JSON files (or of texts) by name; "__" in a name is a folder's slash."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content if isinstance(content, str) else json.dumps(content))
    return path


def write_lines(path: Path, *records: Any) -> Path:
    path.write_text("".join(f"{it if isinstance(it, str) else json.dumps(it)}\n" for it in records), encoding="utf-8")
    return path


# ChatGPT


def node(id_: str, parent: str | None, role: str = "", words: Any = "", minutes: float = 0, **more: Any) -> Any:
    """A node of a conversation's mapping; `more` are fields of its message."""
    message = {
        "id": id_,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": MAY + 60 * minutes,
        "update_time": None,
        "content": {"content_type": "text", "parts": words if isinstance(words, list) else [words]},
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        "channel": None,
    }
    return {"id": id_, "message": (message | more) if role else None, "parent": parent, "children": []}


def chatgpt(*nodes: Any, current: str | None = None, id_: str = "c1", **more: Any) -> Any:
    return {
        "title": "Moving",
        "create_time": MAY,
        "update_time": MAY + 999.5,
        "mapping": {it["id"]: it for it in nodes},
        "moderation_results": [],
        "current_node": nodes[-1]["id"] if current is None else current,
        "plugin_ids": None,
        "conversation_id": id_,
        "id": id_,
        **more,
    }


# A system message, two answered questions, of which the second has an answer that was made anew.
TALK = (
    node("root", None),
    node("sys", "root", "system", "You are ChatGPT.", metadata={"is_visually_hidden_from_conversation": True}),
    node("u1", "sys", "user", "I moved to Lyon.", 0),
    node("a1", "u1", "assistant", "Lyon is lovely.", 1),
    node("u2", "a1", "user", "I work at Acme.", 2),
    node("a2x", "u2", "assistant", "Acme makes anvils.", 3),
    node("a2", "u2", "assistant", "Good for you.", 4),
)

# Claude


def claude_message(uuid: str, sender: str, *content: Any, minutes: int = 0, **more: Any) -> Any:
    """A message; a string among `content` is a block of text."""
    blocks = [{"type": "text", "text": it, "citations": []} if isinstance(it, str) else it for it in content]
    return {
        "uuid": uuid,
        "text": "\n".join(it.get("text", "This block is not supported on your current device yet.") for it in blocks),
        "content": blocks,
        "sender": sender,
        "created_at": f"2025-03-04T09:{minutes:02}:00.123456Z",
        "updated_at": f"2025-03-04T09:{minutes:02}:00.123456Z",
        "attachments": [],
        "files": [],
        **more,
    }


def claude(*messages: Any, uuid: str = "cl1", **more: Any) -> Any:
    return {
        "uuid": uuid,
        "name": "Moving",
        "summary": "",
        "created_at": "2025-03-04T09:00:00.000000Z",
        "updated_at": "2025-03-04T09:30:00.000000Z",
        "account": {"uuid": "acc"},
        "chat_messages": list(messages),
        **more,
    }


# Claude Code


def step(uuid: str, parent: str | None, role: str, content: Any, minutes: int = 0, **more: Any) -> Any:
    return {
        "parentUuid": parent,
        "isSidechain": False,
        "userType": "external",
        "cwd": "/home/ben/app",
        "sessionId": "5e55",
        "version": "2.0.1",
        "gitBranch": "main",
        "type": role,
        "message": {"role": role, "content": content},
        "uuid": uuid,
        "timestamp": f"2025-09-01T08:{minutes:02}:00.000Z",
        **more,
    }


def said(text: str) -> list[Any]:
    return [{"type": "text", "text": text}]


# Slack

SLACK_USERS = [
    {
        "id": "U1",
        "name": "ben",
        "real_name": "Ben Smith",
        "tz": "Europe/Berlin",
        "tz_offset": 7200,
        "profile": {"real_name": "Ben Smith", "display_name": "benny", "email": "ben@example.org"},
    },
    {"id": "U2", "name": "anna", "real_name": "Anna Jones", "profile": {"display_name": "", "real_name": "Anna Jones"}},
    {"id": "U3", "name": "carl", "deleted": True, "profile": {"real_name": "Carl"}},
]
SLACK_CHANNELS = [{"id": "C1", "name": "general", "members": ["U1", "U2"]}, {"id": "C2", "name": "random"}]
SLACK_DIRECT = [{"id": "D1", "members": ["U1", "U2"]}]


def slack_message(ts: str, user: str, text: str, **more: Any) -> Any:
    return {"type": "message", "ts": ts, "user": user, "text": text, "client_msg_id": f"id-{ts}", "team": "T1", **more}


def slack(path: Path, **days: Any) -> Path:
    """A workspace's export; `days` by "channel__day"."""
    lists = {"users.json": SLACK_USERS, "channels.json": SLACK_CHANNELS, "dms.json": SLACK_DIRECT}
    return write_zip(path, **lists, **{f"{day}.json": messages for day, messages in days.items()})
