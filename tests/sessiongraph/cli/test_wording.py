"""Messages of the library, on the command line: they teach commands, and never a call of Python's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiongraph.cli.wording import as_commands


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Put some in first: add(…, dataset_name=…).", "Put some in first: `sessiongraph add … --dataset NAME`."),
        ("add(…, dataset_name='work') creates it", "`sessiongraph add … --dataset work` creates it"),
        ("run cognify(datasets=['work']), or", "run `sessiongraph cognify --dataset work`, or"),
        ("run add() and cognify() first", "run `sessiongraph add` and `sessiongraph cognify` first"),
        ("forget('work', session_id=…, turn_id=…)", "`sessiongraph forget --dataset work --session ID --turn ID`"),
        ("datasets.grant('work', 'ana', 'read', …)", "`sessiongraph datasets grant work ana read`"),
        ("sessions.get_turns('first') lists them", "`sessiongraph sessions show first` lists them"),
        ("2 wait for retry_failed=True.", "2 wait for --retry-failed."),
        ("top_k is a whole number", "--top-k is a whole number"),
        # What is no call of the library's stays as it is.
        ("`sessiongraph add FILE --dataset work`", "`sessiongraph add FILE --dataset work`"),
        ("Ana said: please add (or search) more; f(x)=2", "Ana said: please add (or search) more; f(x)=2"),
    ],
)
def test_a_call_is_said_as_the_command_that_does_the_same(said: str, shown: str) -> None:
    assert as_commands(said) == shown


def _messages(project_root: Path) -> Iterator[tuple[str, str]]:
    """The texts of all errors and warnings of the library, with where they stand; what is filled in is a name."""
    for file in sorted((project_root / "sessiongraph").rglob("*.py")):
        if {"cli", "project", "dagster"} & set(file.relative_to(project_root).parts):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if node in docstrings or not isinstance(node, ast.JoinedStr | ast.Constant):
                continue
            parts = [
                part.value if isinstance(part, ast.Constant) else "'x'" for part in getattr(node, "values", [node])
            ]
            text = "".join(part for part in parts if isinstance(part, str))
            # A sentence: prose, not SQL and no pattern.
            if re.search(r"[a-z]{2} [a-z]", text) and "\n" not in text and "\\" not in text and "SELECT" not in text:
                yield f"{file.name}:{node.lineno}", text


# Where no command takes what is meant, such as an object of Python's.
_PYTHON_ALONE = re.compile(r"must be a |create=True|get_default_user|users\.get|node_sets? is|, a list")
_GROUPS = "sessions|datasets|users|roles|tenants|documents|entities"
_CALL = re.compile(rf"\b(?:add|cognify|search|forget)\(|\b(?:{_GROUPS})\.[a-z_]+\b")
_PARAMETER = re.compile(
    r"\b(?:dataset_name|session_ids?|turn_id|document_id|node_sets?|query_text|top_k|retry_failed)\b"
)


def test_no_message_of_the_library_teaches_python_to_who_types_commands(project_root: Path) -> None:
    messages = dict(_messages(project_root))
    assert len(messages) > 200

    untold = {
        where: shown
        for where, text in messages.items()
        if not _PYTHON_ALONE.search(text) and (_CALL.search(shown := as_commands(text)) or _PARAMETER.search(shown))
    }

    assert untold == {}
