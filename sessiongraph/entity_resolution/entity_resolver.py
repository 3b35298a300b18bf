"""Which names mean the same entity, from the names of a dataset and what stands beside them. Pure.

Invariants:
- What a name means is a function of the present names and decisions, never of the order in which they came. Nothing
  about it is stored but decisions, so forgetting a name undoes every merge that rested on it.
- Every merge has a rule and a reason. A decision stands above every rule, and another one reverses it.
- Two people who share a name stay two, and the bare name is neither.
- An update costs what has changed: names meet only under a token that they share (`merging`), or beside a neighbour.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from sessiongraph.entity_resolution.alias_clusters import Link, Links, by_fullness
from sessiongraph.entity_resolution.merge_rules import LAYERS, RULES, Named, Rule, is_alias_relation
from sessiongraph.entity_resolution.name_normalization import acronym, differ_by_slip, kinds_of, name_key, spelled_alike

__all__ = ["Decision", "Merge", "Named", "Resolver", "is_alias_relation", "name_key", "pair"]

# A neighbour of more names than that is no context: everybody in a conversation stands beside who leads it.
_CONTEXT_NAMES = 30
_SLIP, _DECISION = "slip", "decision"
_SLIP_LAYER = 2
_RULES = {rule.name: rule for rule in RULES}
_NOBODY = Named()


@dataclass(frozen=True)
class Merge:
    """Why `key` means the entity of `into`."""

    key: str
    into: str
    rule: str
    because: str


@dataclass(frozen=True)
class Decision:
    """What `source` ("user") decided about two names, whatever the rules say."""

    same: bool
    source: str
    reason: str = ""


def pair(a: str, b: str) -> tuple[str, str]:
    """The key under which what is decided about two name keys is kept: the same whichever is named first."""
    return (a, b) if a <= b else (b, a)


class Resolver:
    """What each name key means, kept up with the names. Not safe for use by several threads at once."""

    def __init__(self) -> None:
        self._named: dict[str, Named] = {}
        self._decisions: dict[tuple[str, str], Decision] = {}
        self._decided: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._long: dict[str, dict[str, set[str]]] = {rule.name: {} for rule in RULES}
        # By what gave them: a rule and token, a pair that a slip tells apart, or a pair that was decided.
        self._links = Links(LAYERS)
        self._explained: dict[Link, Merge] = {}

    def update(
        self,
        changes: Mapping[str, Named | None],
        decisions: Mapping[tuple[str, str], Decision | None] | None = None,
    ) -> set[str]:
        """Take in names that are new, changed or (None) gone, and where that changed the present decision (None: none)
        about a `pair`. The keys that mean another entity now, new and gone ones included.

        Who is a neighbour of a name must have it as neighbour, in the same update.
        """
        before = {key: self._named.get(key) for key in changes}
        for key in changes:
            self._explain_anew(self._links.of(key))
        due = self._put(before, changes)
        touched = {*changes, *self._decide(decisions or {}, changes), *self._compare(before, changes)}
        moved: set[str] = set()
        for layer in range(1, LAYERS + 1):
            due |= self._tokens(moved)
            for rule, token in due:
                if rule.layer == layer:
                    touched |= self._links.give((rule.name, token), self._found(rule, token))
            moved = self._links.connect(touched, layer)
        return moved | {key for key, named in changes.items() if (named is None) != (before[key] is None)}

    def entity_of(self, key: str) -> str:
        """Key of the entity that `key` means; itself if no evidence names it."""
        return self._links.entity(key, LAYERS)

    @property
    def merges(self) -> list[Merge]:
        """Every merge with its reason, by key. All the merges of an entity lead to it, some through another name."""
        links = [link for links in self._links.taken.values() for link in links]
        for link in links:
            if link not in self._explained:
                self._explained[link] = Merge(link.key, link.into, link.rule, self._because(link))
        return sorted((self._explained[link] for link in links), key=lambda merge: (merge.key, merge.into))

    def _explain_anew(self, links: Iterable[Link]) -> None:
        for link in links:
            self._explained.pop(link, None)

    def _because(self, link: Link) -> str:
        short, long = self._shown(link.key), self._shown(link.into)
        if link.rule == _DECISION:
            decision = self._decisions[pair(link.key, link.into)]
            return f"the {decision.source} said so" + (f": {decision.reason}" if decision.reason else "")
        if link.rule == _SLIP:
            beside = ", ".join(f"“{key}”" for key in sorted(self._context(link.key, link.into))[:3])
            return f"“{short}” is “{long}” but for a slip, is of the same type and stands beside {beside} too"
        return f"“{short}” {_RULES[link.rule].because.format(long=long)}"

    def _shown(self, key: str) -> str:
        return min(self._named[key].wordings, default=key)

    # Names under their tokens.

    def _put(self, before: Mapping[str, Named | None], changes: Mapping[str, Named | None]) -> set[tuple[Rule, str]]:
        """Put the changes where the names before them were; where names meet others than they did."""
        for key, named in changes.items():
            if named is None:
                self._named.pop(key, None)
            else:
                self._named[key] = named
        due: set[tuple[Rule, str]] = set()
        reviewed = [key for key in changes if _is_other(key, before[key], changes[key])]
        for rule in RULES:
            known = self._long[rule.name]
            for key in reviewed:
                earlier, named = before[key], changes[key]
                old = rule.long_for(key, earlier) if earlier is not None else ()
                new = rule.long_for(key, named) if named is not None else ()
                due.update((rule, token) for token in (*old, *new))
                for token in old:
                    known[token].discard(key)
                for token in new:
                    known.setdefault(token, set()).add(key)
                for token in old:
                    if not known.get(token, True):
                        del known[token]
        return due | self._asked(reviewed)

    def _tokens(self, keys: Iterable[str]) -> set[tuple[Rule, str]]:
        """Where the names meet others."""
        present = [(key, self._named[key]) for key in keys if key in self._named]
        under = {(rule, token) for rule in RULES for key, named in present for token in rule.long_for(key, named)}
        return under | self._asked(keys)

    def _asked(self, keys: Iterable[str]) -> set[tuple[Rule, str]]:
        """The tokens that the names ask for as short ones, where there is a long one."""
        return {
            (rule, token)
            for rule in RULES
            for key in keys
            if (token := rule.short_of(key)) is not None and token in self._long[rule.name]
        }

    def _found(self, rule: Rule, token: str) -> frozenset[Link]:
        """The links that `rule` sees under `token`."""
        longs = self._long[rule.name].get(token, set())
        if not rule.alike:
            shorts = (short for short in rule.short_for(token) if short in self._named and short not in longs)
            return frozenset(link for short in shorts if (link := self._only(rule, short, longs)) is not None)
        names = longs | ({token} & self._named.keys())
        into = token if token in names else min(names, default="")
        return frozenset(
            Link(rule.layer, key, into, rule.name)
            for key in names
            if key != into and rule.accepts(self._named, key, into)
        )

    def _only(self, rule: Rule, short: str, longs: Iterable[str]) -> Link | None:
        """`short` as a name of the only entity that the accepted ones of `longs` mean, if there is one."""

        def means(key: str) -> str:
            return self._links.entity(key, rule.layer - 1)

        accepted: list[str] = []
        for long in longs:
            if rule.accepts(self._named, short, long):
                if accepted and means(accepted[0]) != means(long):
                    return None
                accepted.append(long)
        if not accepted or means(accepted[0]) == means(short):
            return None
        if rule.of_person and not any(self._named[long].is_person for long in accepted):
            return None
        long = min(accepted, key=by_fullness)
        if acronym(short) == long:
            short, long = long, short  # "IBM is short for …" names the long form second
        return Link(rule.layer, short, long, rule.name)

    # Names that a slip tells apart.

    def _compare(self, before: Mapping[str, Named | None], changes: Mapping[str, Named | None]) -> set[str]:
        """Look again at the pairs that what changed may have made or unmade one; the keys that are linked otherwise."""
        pairs: set[tuple[str, str]] = set()
        for key, named in changes.items():
            old, new = before[key] or _NOBODY, named or _NOBODY
            pairs.update(pair(link.key, link.into) for link in self._links.of(key) if link.rule == _SLIP)
            if old.neighbours != new.neighbours:
                was_context = len(old.neighbours) <= _CONTEXT_NAMES
                if len(new.neighbours) <= _CONTEXT_NAMES:
                    pairs.update(_similar(new.neighbours, new.neighbours - old.neighbours if was_context else None))
                elif was_context:
                    pairs.update(_similar(old.neighbours))
                pairs.update(pair(key, other) for other in old.neighbours - new.neighbours if other[:1] == key[:1])
            if old.types != new.types:
                # Beside others it is reviewed with their neighbours, which are other ones now.
                for neighbour in old.neighbours & new.neighbours:
                    beside = self._named[neighbour].neighbours
                    if len(beside) <= _CONTEXT_NAMES:
                        pairs.update(_similar(beside, {key}))
        touched: set[str] = set()
        for one, other in pairs:
            self._explain_anew(self._links.given.get((_SLIP, one, other), ()))
            touched |= self._links.give((_SLIP, one, other), self._slip(one, other))
        return touched

    def _slip(self, one: str, other: str) -> frozenset[Link]:
        if one not in self._named or other not in self._named:
            return frozenset()
        a, b = self._named[one], self._named[other]
        kinds = kinds_of(a.types) & kinds_of(b.types)
        if not kinds or other in a.neighbours or not differ_by_slip(one, other, "person" in kinds):
            return frozenset()
        if not self._context(one, other):
            return frozenset()
        key, into = sorted((one, other), key=lambda name: (len(self._named[name].neighbours), name))
        return frozenset((Link(_SLIP_LAYER, key, into, _SLIP),))

    def _context(self, one: str, other: str) -> set[str]:
        """The neighbours that two names share and few others have."""
        shared = self._named[one].neighbours & self._named[other].neighbours
        return {key for key in shared if key in self._named and len(self._named[key].neighbours) <= _CONTEXT_NAMES}

    # Decisions.

    def _decide(
        self, decisions: Mapping[tuple[str, str], Decision | None], changes: Mapping[str, Named | None]
    ) -> set[str]:
        """Take in decisions, and what earlier ones say of the names that changed."""
        touched: set[str] = set()
        for keys, decision in decisions.items():
            touched.update(keys)
            self._links.keep_apart(*keys, apart=decision is not None and not decision.same)
            for key in keys:
                (self._decided[key].discard if decision is None else self._decided[key].add)(keys)
            self._decisions.pop(keys, None)
            if decision is not None:
                self._decisions[keys] = decision
        due = {*decisions, *(keys for key in changes for keys in self._decided.get(key, ()))}
        for one, other in due:
            decision = self._decisions.get((one, other))
            present = one in self._named and other in self._named and one != other
            key, into = sorted((one, other), key=by_fullness, reverse=True)
            same = decision is not None and decision.same and present
            links = frozenset((Link(0, key, into, _DECISION),)) if same else frozenset()
            self._explain_anew(links)
            touched |= self._links.give((_DECISION, one, other), links)
        return touched


def _is_other(key: str, before: Named | None, named: Named | None) -> bool:
    """Whether a rule could see `key` otherwise now. Of new neighbours only those with a word of its own count."""
    if before is None or named is None:
        return before is not named
    if (before.types, before.wordings, before.aliases) != (named.types, named.wordings, named.aliases):
        return True
    words = set(spelled_alike(key).split())
    return any(not words.isdisjoint(spelled_alike(other).split()) for other in before.neighbours ^ named.neighbours)


def _similar(names: frozenset[str], only: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """The pairs of `names`, neighbours of one name, that are worth a closer look; with `only`, those that hold one."""
    looks: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        looks[name[:1]].append(name)
    for start in {name[:1] for name in only} if only is not None else looks:
        for one, other in combinations(looks[start], 2):
            if abs(len(one) - len(other)) <= 2 and (only is None or one in only or other in only):
                yield pair(one, other)
