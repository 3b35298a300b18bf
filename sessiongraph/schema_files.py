"""Files that a graph schema is read from, as the fields that `GraphSchema` checks: YAML here, RDF in `ontology_files`.

Invariant: a file is only read. It runs nothing, opens nothing and fetches nothing, and is no larger when it is read.
"""

from pathlib import Path
from typing import Any

import yaml

from sessiongraph.errors import InvalidInputError

_YAML = (".yaml", ".yml", ".json")
# The formats of RDF, as rdflib calls them.
_RDF = {".ttl": "turtle", ".nt": "nt", ".owl": "xml", ".rdf": "xml", ".xml": "xml", ".jsonld": "json-ld"}
_MOST_BYTES = 10_000_000


def read_schema_file(path: Path) -> Any:
    """What the file says, not checked. Raises InvalidInputError where it cannot be read."""
    ending = path.suffix.lower()
    if ending not in (*_YAML, *_RDF):
        raise InvalidInputError(f"{path.name!r} is no file of a schema: it ends in {', '.join((*_YAML, *_RDF))}.")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"{path.name!r} cannot be read ({error.strerror}).") from error
    if len(data) > _MOST_BYTES:
        raise InvalidInputError(f"{path.name!r} is larger than {_MOST_BYTES // 1_000_000} MB.")
    if ending in _YAML:
        return _read_yaml(data, path.name)
    from sessiongraph.ontology_files import read_ontology

    return read_ontology(data, _RDF[ending], path.name)


class _Loader(yaml.SafeLoader):
    """YAML without what makes much of little, and without keys that hide each other."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=self.peek_event().start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                problem = f"the key {key.value!r:.60} is no text, or there twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read_yaml(data: bytes, name: str) -> Any:
    try:
        return yaml.load(data, _Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InvalidInputError(f"{name!r} is no YAML that can be read: {line}{error.problem}.") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInputError(
            f"{name!r} is no YAML that can be read ({type(error).__name__}: {error!s:.120})."
        ) from None
