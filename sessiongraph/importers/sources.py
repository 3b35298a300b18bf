"""The sources that the asset which stages sessions takes in before it stages, in their order."""

from sessiongraph.importers.inbox import take_exports
from sessiongraph.importers.langchain_source import take_langchain
from sessiongraph.importers.taken_in import Source

SOURCES: tuple[Source, ...] = (take_exports, take_langchain)
