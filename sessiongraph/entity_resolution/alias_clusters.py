"""Names that are linked, and what follows: those that hang together are one entity. Pure.

Invariant: what follows is a function of the present links alone. A change is followed only as far as links reach.
What does not belong here: why two names are linked (`resolution`, `merging`).
"""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple


class Link(NamedTuple):
    """`key` is a name of what `into` names. In the order in which links are taken: those of layer 0 come first."""

    layer: int
    key: str
    into: str
    rule: str


def by_fullness(name: str) -> tuple[int, int, str]:
    """Sorts the fullest name first."""
    return -name.count(" "), -len(name), name


class Links:
    """Links by what gave them, and at each layer which names are one when the links of no later layer are counted.

    Names that are kept `apart` are never one, whatever links them.
    """

    def __init__(self, layers: int) -> None:
        self.given: dict[tuple[str, ...], frozenset[Link]] = {}
        self.taken: dict[str, tuple[Link, ...]] = {}  # by entity: the links that made its names one
        self._layers = layers
        self._of: defaultdict[str, set[Link]] = defaultdict(set)
        self._apart: defaultdict[str, set[str]] = defaultdict(set)
        self._roots: list[dict[str, str]] = [{} for _ in range(layers + 1)]

    def of(self, key: str) -> Collection[Link]:
        return self._of.get(key, ())

    def entity(self, key: str, layer: int) -> str:
        """The key of the entity that `key` means at `layer`."""
        return self._roots[layer].get(key, key)

    def keep_apart(self, one: str, other: str, apart: bool) -> None:
        for key, kept in ((one, other), (other, one)):
            (self._apart[key].add if apart else self._apart[key].discard)(kept)

    def give(self, source: tuple[str, ...], links: frozenset[Link]) -> set[str]:
        """Put `links` where the earlier ones of `source` were; the keys that are linked otherwise now."""
        before = self.given.pop(source, frozenset())
        if links:
            self.given[source] = links
        for link in before - links:
            for key in (link.key, link.into):
                self._of[key].discard(link)
                if not self._of[key]:
                    del self._of[key]
        for link in links - before:
            self._of[link.key].add(link)
            self._of[link.into].add(link)
        return {key for link in before ^ links for key in (link.key, link.into)}

    def connect(self, touched: set[str], layer: int) -> set[str]:
        """Bring what names mean at `layer` up to date for all that hang together with `touched`; which moved."""
        moved: set[str] = set()
        roots, done = self._roots[layer], set[str]()
        for start in touched:
            if start in done:
                continue
            if start not in self._of:
                if roots.pop(start, None) is not None:
                    moved.add(start)
                self.taken.pop(start, None)
                continue
            links = self._reached(start, layer)
            members = {start, *(key for link in links for key in (link.key, link.into))}
            done |= members
            clusters, taken = self._clusters(members, links)
            for cluster in clusters:
                root = min(cluster - {link.key for link in taken if link.key in cluster}, key=by_fullness)
                for key in cluster:
                    if roots.get(key, key) != root:
                        moved.add(key)
                    if key == root:
                        roots.pop(key, None)
                    else:
                        roots[key] = root
                    if layer == self._layers:
                        self.taken.pop(key, None)
                if layer == self._layers and len(cluster) > 1:
                    self.taken[root] = tuple(link for link in taken if link.key in cluster)
        return moved

    def _reached(self, start: str, layer: int) -> set[Link]:
        """The links of `layer` and before over which `start` reaches others."""
        links: set[Link] = set()
        seen, waiting = {start}, [start]
        while waiting:
            for link in self._of.get(waiting.pop(), ()):
                if link.layer <= layer and link not in links:
                    links.add(link)
                    waiting += {link.key, link.into} - seen
                    seen |= {link.key, link.into}
        return links

    def _clusters(self, members: set[str], links: set[Link]) -> tuple[list[set[str]], list[Link]]:
        """`members` as linked, but for links that put together two names which are kept apart; and the links taken."""
        cluster_of = {key: {key} for key in members}
        taken = []
        for link in sorted(links):
            one, other = cluster_of[link.key], cluster_of[link.into]
            if one is other or any(not self._apart.get(key, frozenset()).isdisjoint(other) for key in one):
                continue
            one |= other
            cluster_of.update(dict.fromkeys(other, one))
            taken.append(link)
        return list({id(cluster): cluster for cluster in cluster_of.values()}.values()), taken
