"""RDF and OWL files as the fields of a graph schema: classes are entity types, properties relations, and what is an
instance of a class is an individual. Each is called by its label, in English where there are several.

Invariant: nothing but the file is read. What it imports is not fetched, nor a context of JSON-LD at an address, and an
XML entity may stand for text alone.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.parsers import expat

from sessiongraph.errors import InvalidInputError

try:
    from rdflib import OWL, RDF, RDFS, SKOS, BNode, Graph, Literal, URIRef
    from rdflib.collection import Collection
    from rdflib.namespace import DC, DCTERMS, PROV, XSD
    from rdflib.term import Node
except ImportError as error:
    raise InvalidInputError("To read RDF and OWL: pip install 'sessiongraph[rdf]'.") from error

_CLASSES, _INDIVIDUALS = (OWL.Class, RDFS.Class), (OWL.NamedIndividual,)
_PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty, RDF.Property)
_LABELS, _OTHER_NAMES = (SKOS.prefLabel, RDFS.label), (SKOS.altLabel, SKOS.prefLabel, RDFS.label)
_DESCRIPTIONS = (SKOS.definition, RDFS.comment, DCTERMS.description, DC.description)
# What languages and vocabularies are made of is in nobody's graph.
_OF_LANGUAGES = tuple(str(it) for it in (OWL, RDF, RDFS, SKOS, XSD, DC, DCTERMS, PROV))
_WORD_BEGINS = re.compile(r"(?<=[a-z\d])(?=[A-Z])|_|-")
_LONGEST_DESCRIPTION = 300
# Names that a file gives relatively stand for themselves.
_BASE = "urn:schema:"


def read_ontology(data: bytes, format: str, name: str) -> dict[str, Any]:
    """The fields of the schema that `data` says, in a `format` as rdflib calls it. Raises InvalidInputError."""
    if format == "xml":
        _check_entities(data, name)
    elif format == "json-ld":
        _check_contexts(data, name)
    try:
        return _Ontology(Graph().parse(data=data, format=format, publicID=_BASE), name).fields()
    except InvalidInputError:
        raise
    except Exception as error:  # each parser of rdflib has errors of its own
        fault = " ".join(str(error).split())
        raise InvalidInputError(f"{name!r} is no {format} that can be read: {fault:.200}") from None


class _Ontology:
    def __init__(self, graph: Graph, name: str) -> None:
        self._graph, self._file = graph, name
        self._types = self._named(_CLASSES)
        self._relations = self._named(_PROPERTIES)

    def fields(self) -> dict[str, Any]:
        known = self._types | self._relations
        individuals = self._named((*_INDIVIDUALS, *self._types), known)
        return {
            "entity_types": {name: self._description(node) for node, name in self._types.items()},
            "relations": {
                name: {
                    "description": self._description(node),
                    "subject": self._ends(node, RDFS.domain),
                    "object": self._ends(node, RDFS.range),
                }
                for node, name in self._relations.items()
            },
            "individuals": {
                name: {"type": self._type_of(node), "names": self._other_names(node, name)}
                for node, name in individuals.items()
            },
        }

    def _named(self, kinds: Iterable[Node], known: Iterable[Node] = ()) -> dict[URIRef, str]:
        """Whatever is of one of `kinds`, with its name, by address; but for what is `known` as something else."""
        found = {node for kind in kinds for node in self._graph.subjects(RDF.type, kind) if isinstance(node, URIRef)}
        ours = sorted(node for node in found - set(known) if not str(node).startswith(_OF_LANGUAGES))
        named: dict[str, URIRef] = {}
        for node in ours:
            name = next(self._texts(node, _LABELS), "") or _from_address(node)
            if name in named:
                raise InvalidInputError(f"{self._file!r} calls both {named[name]} and {node} {name!r:.80}.")
            named[name] = node
        return {node: name for name, node in named.items()}

    def _texts(self, node: Node, properties: Iterable[Node]) -> Iterator[str]:
        """What the file says of `node`, one property after the other, in English first, then without a language."""
        for property_ in properties:
            said = [it for it in self._graph.objects(node, property_) if isinstance(it, Literal) and it.strip()]
            ranks = {"en": 0, "": 1}
            said.sort(key=lambda it: (ranks.get((it.language or "").split("-")[0], 2), it.language or "", str(it)))
            yield from (" ".join(it.split()) for it in said)

    def _description(self, node: Node) -> str:
        return next(self._texts(node, _DESCRIPTIONS), "")[:_LONGEST_DESCRIPTION]

    def _other_names(self, node: Node, name: str) -> list[str]:
        return [other for other in dict.fromkeys(self._texts(node, _OTHER_NAMES)) if other != name]

    def _type_of(self, node: Node) -> str:
        """The narrowest of its classes; of several that none is narrower than, the first by name."""
        classes = [it for it in self._graph.objects(node, RDF.type) if isinstance(it, URIRef) and it in self._types]
        wider = {it for one in classes for it in self._graph.transitive_objects(one, RDFS.subClassOf) if it != one}
        return min((self._types[it] for it in classes if it not in wider), default="")

    def _ends(self, relation: Node, property_: Node) -> list[str]:
        """The types that stand at an end of a relation, with all that are narrower; none where that says nothing."""
        named = [class_ for end in self._graph.objects(relation, property_) for class_ in self._classes_in(end)]
        if not all(class_ in self._types for class_ in named):
            return []
        named.sort(key=str)
        below = [it for class_ in named for it in self._graph.transitive_subjects(RDFS.subClassOf, class_)]
        return [
            self._types[it] for it in dict.fromkeys([*named, *below]) if isinstance(it, URIRef) and it in self._types
        ]

    def _classes_in(self, end: Node) -> list[Node]:
        union = self._graph.value(end, OWL.unionOf) if isinstance(end, BNode) else None
        return [end] if union is None else list(Collection(self._graph, union))


def _from_address(node: URIRef) -> str:
    """ "has child" of "https://example.org/family#hasChild"."""
    last = re.split(r"[/#:]", node.rstrip("/#:"))[-1]
    name = " ".join(_WORD_BEGINS.sub(" ", last).split())
    return name.lower() if name[:1].islower() else name


def _check_entities(data: bytes, name: str) -> None:
    """Refuse XML of which an entity stands for another file."""

    def declared(entity: str, parameter: bool, value: str | None, *where: str | None) -> None:
        if value is None or parameter:
            line = parser.CurrentLineNumber
            raise InvalidInputError(f"{name!r} has an XML entity that is not in it (line {line}: {entity!r:.60}).")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InvalidInputError(f"{name!r} is no XML that can be read: {error}.") from None


def _check_contexts(data: bytes, name: str) -> None:
    """Refuse JSON-LD of which a part lies at an address."""
    try:
        left = [json.loads(data)]
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{name!r} is no JSON that can be read: {error!s:.120}.") from None
    while left:
        value = left.pop()
        if isinstance(value, dict):
            contexts = value.get("@context")
            listed = contexts if isinstance(contexts, list) else [contexts]
            if "@import" in value or any(isinstance(it, str) for it in listed):
                raise InvalidInputError(
                    f"{name!r} has a @context at an address, which is not fetched: put it in there."
                )
            left += value.values()
        elif isinstance(value, list):
            left += value
