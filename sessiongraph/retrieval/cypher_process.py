"""Process that a graph query runs in: a graph and a query as JSON on stdin, rows or an error on stdout.

It is started as a script, by `graph_query`, and imports nothing of the project. Invariants: the query language has no
clause that writes, and none that opens a file or a connection; memory is bounded here where the platform can, time by
whoever started it.
"""

import json
import re
import sys
from typing import Any

_MEMORY_BYTES = 4 * 1024**3
_AGGREGATE = re.compile(r"\b(?:COUNT|SUM|AVG|MIN|MAX|COLLECT)\s*\(")
_ROW_BOUND = re.compile(r"\b(skip|limit)\s+(\d{1,9})\s*\Z", re.IGNORECASE)
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'")


def main() -> None:
    _bound_memory()
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {"rows": _rows(request)}
    except MemoryError:
        answer = {"error": "it needs too much memory"}
    except Exception as error:  # whatever a hostile query makes the library do
        answer = {"error": _reason(error)}
    json.dump(answer, sys.stdout, default=str)


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    # Nothing here writes a file; were there a way, the system would refuse it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _rows(request: dict[str, Any]) -> list[dict[str, Any]]:
    import networkx as nx
    from grandcypher import GrandCypher

    graph = nx.MultiDiGraph()
    for node in request["nodes"]:
        graph.add_node(node["id"], **node, __labels__={_label(node["type"])})
    for edge in request["edges"]:
        edge, ends = dict(edge), (edge["subject"], edge["object"])
        del edge["subject"], edge["object"]
        graph.add_edge(*ends, key=edge["id"], **edge, __labels__={_label(edge["relation"])})
    query, row_limit = _STRING.sub(_double_quoted, request["query"]).strip().rstrip(";").rstrip(), request["rows"]
    skipped, kept = 0, row_limit
    # The library bounds the matches: with groups that is too early, so the rows are bounded here.
    grouped = bool(_AGGREGATE.search(_STRING.sub('""', query)))
    while grouped and (bound := _ROW_BOUND.search(query)):
        query = query[: bound.start()].rstrip()
        if bound[1].lower() == "skip":
            skipped = int(bound[2])
        else:
            kept = min(kept, int(bound[2]))
    found = GrandCypher(graph, limit=None if grouped or _ROW_BOUND.search(query) else row_limit).run(query)
    columns = {str(column): list(values) for column, values in found.items()}
    rows = [dict(zip(columns, map(_value, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    return rows[skipped : skipped + kept]


def _double_quoted(match: re.Match[str]) -> str:
    """A string literal in double quotes, the only ones that the library parses."""
    text = match[0]
    if text.startswith('"'):
        return text
    return '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def _label(name: str) -> str:
    """A type or a relation as a label in a query: "works at" as works_at."""
    return re.sub(r"\W+", "_", name).strip("_") or "none"


def _value(value: Any) -> Any:
    """A value without the labels that the library keeps in it."""
    if isinstance(value, dict):
        return {str(key): _value(each) for key, each in value.items() if key != "__labels__"}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(each) for each in value]
    return value


def _reason(error: Exception) -> str:
    """The beginning of the message, or else the type of the error."""
    message = " ".join(str(error).split("Expected one of")[0].split())
    return f"{message[:300] or type(error).__name__}"


if __name__ == "__main__":
    main()
