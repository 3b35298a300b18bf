"""The library's messages in the words of the command line: its calls become commands, its parameters options.

The library says `add(…, dataset_name=…)` to whoever calls it from Python, and knows nothing of commands. Here is the
one table of which command does what a call does; a test reads every message of the library, and finds what it leaves
out.
"""

import re

# Calls by the command that does the same; what stands first in its parentheses is given as that option, or as it is.
_COMMANDS = {
    "add": ("add", ""),
    "cognify": ("cognify", "--dataset"),
    "forget": ("forget", "--dataset"),
    "search": ("search", ""),
    "datasets.list": ("datasets list", ""),
    "datasets.delete": ("datasets delete", ""),
    "documents.list": ("documents list", "--dataset"),
    "entities.same": ("entities same", ""),
    "facts.list": ("facts list", ""),
    "datasets.grant": ("datasets grant", ""),
    "users.create": ("users create", ""),
    "users.list": ("users list", ""),
    "roles.create": ("roles create", ""),
    "roles.list": ("roles list", ""),
    "tenants.create": ("tenants create", ""),
    "tenants.list": ("tenants list", ""),
    "webhooks.list": ("webhooks list", ""),
    "sessions.list_sessions": ("sessions list", ""),
    "sessions.get_turns": ("sessions show", ""),
    "sessions.delete_session": ("sessions delete", ""),
    "sessions.delete_turn": ("sessions delete --turn", ""),
    "sessions.add_turn": ("chat", ""),
}
_OPTIONS = {
    "dataset_name": "--dataset",
    "datasets": "--dataset",
    "dataset": "--dataset",
    "session_id": "--session",
    "session_ids": "SESSION",
    "turn_id": "--turn",
    "document_id": "--document",
    "node_set": "--node-set",
    "node_sets": "--node-set",
    "said_since": "--said-since",
    "said_until": "--said-until",
    "valid_since": "--valid-since",
    "valid_until": "--valid-until",
    "kinds": "--kind",
    "of_sessions": "--of-session",
    "of_users": "--of-user",
    "of_documents": "--of-document",
    "metadata": "--metadata",
    "max_tokens": "--max-tokens",
    "only_context": "--only-context",
    "query_text": "QUESTION",
    "top_k": "--top-k",
    "said_at": "--said-at",
    "retry_failed": "--retry-failed",
    "reextract": "--reextract",
    "as_name": "--as",
    "as_users": "--as-user",
}
# What an option takes where the message leaves it open.
_PLACEHOLDERS = {"--dataset": "NAME", "--session": "ID", "--turn": "ID", "--document": "ID", "--node-set": "NAME"}

_CALL = re.compile(
    rf"(?<![\w.`-])(?:await )?({'|'.join(map(re.escape, sorted(_COMMANDS, key=len, reverse=True)))})\(([^()]*)\)"
)
# Named without parentheses: only what no sentence has by itself.
_NAMED = re.compile(rf"(?<![\w.`])({'|'.join(re.escape(name) for name in _COMMANDS if '.' in name)})(?![\w(])")
_FLAG = re.compile(rf"(?<![\w.`])({'|'.join(_OPTIONS)})=True\b")
_PARAMETER = re.compile(rf"(?<![\w.`=-])({'|'.join(name for name in _OPTIONS if '_' in name)})(?![\w(])")
_ARGUMENT = re.compile(r"""\s*(?:(\w+)=)?((?:'[^']*'|"[^"]*"|\[[^\]]*\]|[^,])*)(?:,|$)""")


def as_commands(message: str) -> str:
    """`message` with the library's calls and parameters said as commands and options."""
    message = _CALL.sub(lambda call: _command(call[1], call[2]), message)
    message = _NAMED.sub(lambda named: _command(named[1], ""), message)
    message = _FLAG.sub(lambda flag: _OPTIONS[flag[1]], message)
    return _PARAMETER.sub(lambda parameter: _OPTIONS[parameter[1]], message)


def _command(function: str, arguments: str) -> str:
    command, first = _COMMANDS[function]
    words = [f"sessiongraph {command}"]
    for place, (name, value) in enumerate(_ARGUMENT.findall(arguments)):
        option = _OPTIONS.get(name, "") if name else first if place == 0 else ""
        given = value.strip().strip("[]").strip("'\"")
        if given in ("…", "..."):
            # What is left open after the first is what the command asks for by itself.
            given = _PLACEHOLDERS.get(option, "…" if place == 0 else "")
        if given:
            words.append(f"{option} {given}".strip())
    return f"`{' '.join(words)}`"
