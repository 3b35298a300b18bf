"""Clusters of names connected by alias links: each connected component is an entity. Pure.

Invariant: the clusters are a function of the present links alone. An update visits only what links reach from a change.
What does not belong here: why two names are linked (`entity_resolver`, `merge_rules`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from sessiongraph.columnar.saved_arrays import SavedParts
from sessiongraph.columnar.saved_dict import SavedDict

T = TypeVar("T")


class Link(NamedTuple):
    """Says that `key` is another name of what `into` names. Links are applied in their sort order, layer 0 first."""

    layer: int
    key: str
    into: str
    rule: str


def fullest_first(name: str) -> tuple[int, int, str]:
    """A sort key that puts the fullest name first."""
    return -name.count(" "), -len(name), name


class AliasClusters(SavedParts):
    """Alias links by their source, and at each layer the clusters that its links and those of earlier layers make.

    Names that were set distinct are never in one cluster, whatever links them.
    """

    def __init__(self, layers: int) -> None:
        self.links_by_source: SavedDict[frozenset[Link]] = SavedDict(sorted, _links(frozenset))
        # By entity: the links that connect its names.
        self.applied_links: SavedDict[tuple[Link, ...]] = SavedDict(list, _links(tuple))
        self._layers = layers
        self._links_of: SavedDict[set[Link]] = SavedDict(sorted, _links(set))
        self._distinct_from: SavedDict[set[str]] = SavedDict(sorted, set)
        self._roots: list[SavedDict[str]] = [SavedDict(str, str) for _ in range(layers + 1)]
        self._reapplied: set[str] = set()

    def links_of(self, key: str) -> Collection[Link]:
        return self._links_of.get(key, ())

    def entity(self, key: str, layer: int) -> str:
        """The key of the entity that `key` means at `layer`."""
        return self._roots[layer].get(key, key)

    def set_distinct(self, one: str, other: str, distinct: bool) -> None:
        for key, another in ((one, other), (other, one)):
            if distinct:
                self._distinct_from.setdefault(key, set()).add(another)
            elif (known := self._distinct_from.get(key)) is not None:
                known.discard(another)

    def replace(self, source: tuple[str, ...], links: frozenset[Link]) -> set[str]:
        """Put `links` in the place of the earlier ones of `source`; returns the keys whose links have changed."""
        before = self.links_by_source.pop(source, frozenset())
        if links:
            self.links_by_source[source] = links
        for link in before - links:
            for key in (link.key, link.into):
                self._links_of[key].discard(link)
                if not self._links_of[key]:
                    del self._links_of[key]
        for link in links - before:
            self._links_of.setdefault(link.key, set()).add(link)
            self._links_of.setdefault(link.into, set()).add(link)
        return {key for link in before ^ links for key in (link.key, link.into)}

    def update(self, touched: set[str], layer: int) -> set[str]:
        """Recompute the clusters of `layer` that contain `touched`; returns the keys that mean another entity now."""
        moved: set[str] = set()
        roots, done = self._roots[layer], set[str]()
        for start in touched:
            if start in done:
                continue
            if start not in self._links_of:
                if roots.pop(start, None) is not None:
                    moved.add(start)
                self._unapply(start)
                continue
            links = self._reached(start, layer)
            members = {start, *(key for link in links for key in (link.key, link.into))}
            done |= members
            clusters, applied = self._clusters(members, links)
            for cluster in clusters:
                root = min(cluster - {link.key for link in applied if link.key in cluster}, key=fullest_first)
                for key in cluster:
                    if roots.get(key, key) != root:
                        moved.add(key)
                    if key == root:
                        roots.pop(key, None)
                    else:
                        roots[key] = root
                    if layer == self._layers:
                        self._unapply(key)
                if layer == self._layers and len(cluster) > 1:
                    self.applied_links[root] = tuple(link for link in applied if link.key in cluster)
        return moved

    def take_reapplied(self) -> set[str]:
        """The entities whose links were looked at since this was last asked."""
        taken, self._reapplied = self._reapplied, set()
        return taken

    def _parts(self) -> Iterator[tuple[SavedDict[Any], str]]:
        yield self.links_by_source, "by_source"
        yield self.applied_links, "applied"
        yield self._links_of, "of"
        yield self._distinct_from, "distinct"
        for layer, roots in enumerate(self._roots):
            yield roots, f"roots{layer}"

    def _unapply(self, key: str) -> None:
        self._reapplied.add(key)
        self.applied_links.pop(key, None)

    def _reached(self, start: str, layer: int) -> set[Link]:
        """The links of `layer` and earlier ones in the connected component of `start`."""
        links: set[Link] = set()
        seen, waiting = {start}, [start]
        while waiting:
            for link in self._links_of.get(waiting.pop(), ()):
                if link.layer <= layer and link not in links:
                    links.add(link)
                    waiting += {link.key, link.into} - seen
                    seen |= {link.key, link.into}
        return links

    def _clusters(self, members: set[str], links: set[Link]) -> tuple[list[set[str]], list[Link]]:
        """The clusters of `members`, and the links applied: all but those that would join two distinct names."""
        cluster_of = {key: {key} for key in members}
        applied = []
        for link in sorted(links):
            one, other = cluster_of[link.key], cluster_of[link.into]
            if one is other or any(not self._distinct_from.get(key, frozenset()).isdisjoint(other) for key in one):
                continue
            one |= other
            cluster_of.update(dict.fromkeys(other, one))
            applied.append(link)
        return list({id(cluster): cluster for cluster in cluster_of.values()}.values()), applied


def _links(kind: Callable[[Iterable[Link]], T]) -> Callable[[Any], T]:
    """Reads links, as they were saved, as a collection of that `kind`."""
    return lambda saved: kind(Link(*columns) for columns in saved)
