"""Slack's export: a folder a channel, a file a day, and users.json and channels.json beside them.

A session is a month of a channel, and what everybody but `me` says is its answers. Channels are taken in the months in
which `me` says something there, direct messages always.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from sessiongraph.errors import InvalidInputError
from sessiongraph.importers.conversations import MOST_HELD, Conversation, Message, Role
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.json_records import Record, records
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes

USERS = r"users\.json"
CHANNELS = r"(?:channels|groups|dms|mpims)\.json"
DAYS = r"\d{4}-\d\d-\d\d\.json"
# What people say; other subtypes are Slack's own lines (somebody joined, a topic was set).
_SAID = (None, "thread_broadcast", "file_share", "me_message", "bot_message", "tombstone")
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


@dataclass(frozen=True)
class _Workspace:
    names: dict[str, str]
    channels: dict[str, Record]
    me: str
    zone: tzinfo | None


def read(files: ExportFiles, names: Sequence[str], notes: ReadingNotes, me: str) -> Iterator[Conversation]:
    workspace = _workspace(files, notes, me)
    months = groupby(names, key=lambda name: (str(PurePosixPath(name).parent), PurePosixPath(name).name[:7]))
    for (folder, month), days in months:
        found, held = [], 0
        for message in (it for day in days for it in _day(files, day, workspace, notes)):
            held += message.bytes_held
            if held > MOST_HELD:
                notes.leave_out(f"message(s) after the first {MOST_HELD:,} bytes of a month")
            else:
                found.append(message)
        channel = workspace.channels.get(PurePosixPath(folder).name, {})
        is_direct = "members" in channel and "name" not in channel
        if not is_direct and not any(it.role == "user" or it.is_deleted for it in found):
            notes.leave_out(f"month(s) of channels in which {me} says nothing")
            continue
        found.sort(key=lambda it: it.key)
        id_ = f"{channel.get('id') or PurePosixPath(folder).name}-{month}"
        yield Conversation(id_, _title(folder, channel, workspace), found, is_group=True)


def _workspace(files: ExportFiles, notes: ReadingNotes, me: str) -> _Workspace:
    users = {str(it.get("id")): it for it in _listed(files, USERS, notes)}
    channels = {}
    for it in _listed(files, CHANNELS, notes):
        channels[str(it.get("name") or it.get("id"))] = it
    mine = [id_ for id_, user in users.items() if me.casefold() in map(str.casefold, (id_, *_names(user)))]
    if len(mine) != 1:
        known = ", ".join(sorted(filter(None, (_name(it) for it in users.values() if not it.get("is_bot"))))[:20])
        what = "several users of the export are" if mine else "no user of the export is"
        raise InvalidInputError(f"{what} named {me!r:.60}: give your id, name or e-mail as `me` (there are {known}).")
    names = {id_: _name(user) or id_ for id_, user in users.items()}
    return _Workspace(names, channels, mine[0], _zone(users[mine[0]]))


def _listed(files: ExportFiles, pattern: str, notes: ReadingNotes) -> Iterator[Record]:
    for name in files.named(pattern):
        with files.open(name) as file:
            yield from (record for _, record in records(file, files.shown(name), notes))


def _names(user: Record) -> list[str]:
    profile = user.get("profile")
    fields = profile if isinstance(profile, dict) else {}
    found = (
        *(fields.get(key) for key in ("display_name", "real_name", "email")),
        *(user.get(key) for key in ("real_name", "name")),
    )
    return [it for it in found if isinstance(it, str) and it]


def _name(user: Record) -> str:
    return next((it for it in _names(user) if "@" not in it), "")


def _zone(user: Record) -> tzinfo | None:
    """The zone by whose clock the user says "today"."""
    try:
        return ZoneInfo(str(user["tz"]))
    except (KeyError, ValueError, OSError):  # not known here, or no name of a zone
        offset = user.get("tz_offset")
    return timezone(timedelta(seconds=int(offset))) if isinstance(offset, int) and abs(offset) < 86_400 else None


def _title(folder: str, channel: Record, workspace: _Workspace) -> str:
    if "name" in channel:
        return f"#{channel['name']}"
    members = channel.get("members")
    listed = [workspace.names.get(str(it), str(it)) for it in members] if isinstance(members, list) else []
    return ", ".join(listed) or PurePosixPath(folder).name


def _day(files: ExportFiles, name: str, workspace: _Workspace, notes: ReadingNotes) -> Iterator[Message]:
    with files.open(name) as file:
        for where, record in records(file, files.shown(name), notes):
            at = moment_of(record.get("ts"))
            if at is None:
                notes.cannot_read(where, "its ts is no time")
            elif record.get("subtype") not in _SAID:
                notes.leave_out("line(s) of Slack itself")
            else:
                with notes.reading(where):
                    yield _message(record, at, workspace, notes)


def _message(record: Record, at: datetime, workspace: _Workspace, notes: ReadingNotes) -> Message:
    key = str(record["ts"])
    if record.get("subtype") == "tombstone" or record.get("hidden"):
        notes.leave_out("deleted message(s)")
        return Message(key, "assistant", "", at, is_deleted=True)
    text, attached = _text(record, workspace), _attachments(record)
    if not text and not attached:
        notes.leave_out("empty message(s)")
    author = str(record.get("user") or record.get("bot_id") or "")
    role: Role = "user" if author == workspace.me else "assistant"
    bot = record.get("username")
    name = workspace.names.get(author) or (bot if isinstance(bot, str) else "") or author or "somebody"
    local = at.astimezone(workspace.zone) if workspace.zone else at
    return Message(key, role, text, local, name, attached)


def _text(record: Record, workspace: _Workspace) -> str:
    text = record.get("text")
    if not isinstance(text, str):
        return ""
    text = _MENTION.sub(lambda match: f"@{workspace.names.get(match[1], match[1])}", text)
    text = _LINK.sub(lambda match: _label(match[1], match[2]), text)
    return html.unescape(text).strip()


def _label(target: str, label: str | None) -> str:
    if target.startswith("!"):
        return f"@{(label or target[1:].split('^')[0]).lstrip('@')}"
    return f"#{label}" if target.startswith("#") and label else label or target


def _attachments(record: Record) -> tuple[str, ...]:
    files = _dicts(record.get("files"))
    shown = [it.get("title") or it.get("fallback") for it in _dicts(record.get("attachments"))]
    return tuple(str(it.get("name") or it.get("title") or "file") for it in files) + tuple(
        map(str, filter(None, shown))
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [it for it in value if isinstance(it, dict)] if isinstance(value, list) else []
