"""Incremental entity resolution: which names mean the same entity, from the evidence about the names. Pure.

Invariants:
- What a name means is a function of the present names and decisions, never of the order in which they came. Nothing
  about it is stored but decisions, so forgetting a name undoes every merge that rested on it.
- Every merge has a rule and a reason. A decision overrides every rule, and another decision reverses it.
- Two people who share a name stay two, and the bare name is neither. A name means a speaker where one alone bears it
  and no rule knows it for a part of another.
- An update costs what has changed: names are compared only under a token that they share (`merge_rules`), or where they
  share a neighbour.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import combinations
from typing import Any

from sessiongraph.columnar.saved_arrays import SavedParts
from sessiongraph.columnar.saved_dict import SavedDict
from sessiongraph.entity_resolution.alias_clusters import AliasClusters, Link, fullest_first
from sessiongraph.entity_resolution.merge_rules import LAYERS, RULES, Rule
from sessiongraph.entity_resolution.merges import Merge, Merges, read_merges, written_merges
from sessiongraph.entity_resolution.name_context import context_of_short_name, names_in_other_context, shared_context
from sessiongraph.entity_resolution.name_evidence import NameEvidence, is_alias_relation
from sessiongraph.entity_resolution.name_normalization import kinds_compatible, name_key, pair, spelling_key
from sessiongraph.entity_resolution.organization_names import acronyms
from sessiongraph.entity_resolution.typos import pairs_to_compare, typo_of

__all__ = ["Decision", "EntityResolver", "Merge", "NameEvidence", "is_alias_relation", "name_key", "pair"]

_TYPO, _DECISION, _SPEAKER = "slip", "decision", "speaker"
_TYPO_LAYER = 2
_SPEAKER_LAYER = LAYERS + 1
_PERSON = frozenset(("person",))
_RULES = {rule.name: rule for rule in RULES}
_CONTEXT_RULES = tuple(rule for rule in RULES if rule.reads_context)


@dataclass(frozen=True)
class Decision:
    """A decision of `source` ("user") about two names, whatever the rules say."""

    same: bool
    source: str
    reason: str = ""


class EntityResolver(SavedParts):
    """The entity of each name key, updated as names change. Not safe for use by several threads at once."""

    def __init__(self) -> None:
        self._evidence: SavedDict[NameEvidence] = SavedDict(_written_evidence, _read_evidence)
        # By pair of names, and by name the pairs that were decided.
        self._decisions: SavedDict[Decision] = SavedDict(astuple, lambda columns: Decision(*columns))
        self._decided_pairs: SavedDict[set[tuple[str, str]]] = SavedDict(sorted, lambda pairs: set(map(tuple, pairs)))
        # By rule and token: the long names.
        self._long_names: SavedDict[set[str]] = SavedDict(sorted, set)
        # A source of links is a rule and token, a pair that differs by a typo, or a pair that was decided.
        self._clusters = AliasClusters(_SPEAKER_LAYER)
        # By speaker's key the names borne, and by name the speakers who bear it; whether they told it themselves.
        self._names_of: SavedDict[dict[str, bool]] = SavedDict(dict, dict)
        self._bearers: SavedDict[dict[str, bool]] = SavedDict(dict, dict)
        # By entity the merges that made it, and the entities of which they may be others now.
        self._merges: SavedDict[list[Merge]] = SavedDict(written_merges, read_merges)
        self._remerged: set[str] = set()

    def update(
        self,
        changes: Mapping[str, NameEvidence | None],
        decisions: Mapping[tuple[str, str], Decision | None] | None = None,
        speakers: Mapping[str, Mapping[str, bool]] | None = None,
    ) -> set[str]:
        """Apply names that are new, changed or (None) gone, and decisions about a `pair` that are new or (None) gone.

        `speakers` are those who bear other names now: by their keys the keys of these, each with whether they told it
        themselves or it is just their account's.
        Returns the keys that mean another entity now, new and gone ones included. Neighbours are symmetric: both
        names of a new pair must be in one update.
        """
        before = {key: self._evidence.get(key) for key in changes}
        elsewhere = names_in_other_context(before, changes)
        for key in elsewhere.union(changes):
            self._drop_reasons(self._clusters.links_of(key))
        due = self._put(before, changes) | self._tokens(elsewhere, _CONTEXT_RULES)
        touched = {*changes, *self._apply_decisions(decisions or {}, changes), *self._compare_typos(before, changes)}
        moved: set[str] = set()
        for layer in range(1, LAYERS + 1):
            due |= self._tokens(moved)
            for rule, token in due:
                if rule.layer == layer:
                    touched |= self._clusters.replace((rule.name, token), self._rule_links(rule, token))
            moved = self._clusters.update(touched, layer)
        for key in self._names_to_review(moved.union(changes), speakers or {}):
            touched |= self._clusters.replace((_SPEAKER, key), self._speaker_links(key))
        moved = self._clusters.update(touched, _SPEAKER_LAYER)
        return moved | {key for key, evidence in changes.items() if (evidence is None) != (before[key] is None)}

    def entity_of(self, key: str) -> str:
        """Key of the entity that `key` means; itself if no evidence names it."""
        return self._clusters.entity(key, _SPEAKER_LAYER)

    @property
    def merges(self) -> "Merges":
        """Every merge with its reason. All the merges of an entity lead to it, some through another name."""
        for key in self._remerged | self._clusters.take_reapplied():
            links = self._clusters.applied_links.get(key, ())
            if links:
                self._merges[key] = [Merge(link.key, link.into, link.rule, self._reason(link)) for link in links]
            else:
                self._merges.pop(key, None)
        self._remerged = set()
        return Merges(self._merges.frozen())

    def _parts(self) -> Iterator[tuple[Any, str]]:
        yield self._evidence, "evidence"
        yield self._decisions, "decisions"
        yield self._decided_pairs, "decided_pairs"
        yield self._long_names, "long_names"
        yield self._names_of, "names_of"
        yield self._bearers, "bearers"
        yield self._merges, "merges"
        yield self._clusters, "clusters"

    def _drop_reasons(self, links: Iterable[Link]) -> None:
        """Have the reasons of `links` worded anew when they are next asked for."""
        self._remerged |= {self.entity_of(link.key) for link in links}

    def _reason(self, link: Link) -> str:
        short, long = self._wording(link.key), self._wording(link.into)
        if link.rule == _DECISION:
            decision = self._decisions[pair(link.key, link.into)]
            return f"the {decision.source} said so" + (f": {decision.reason}" if decision.reason else "")
        if link.rule == _SPEAKER:
            told = self._bearers[link.key][link.into]
            return f"“{short}” is " + ("what the speaker says to be called" if told else "the speaker's user name")
        if link.rule == _TYPO:
            beside = _listed(shared_context(self._evidence, link.key, link.into))
            return f"“{short}” is “{long}” but for a slip, is of the same type and stands beside {beside} too"
        beside = _listed(context_of_short_name(self._evidence, link.key, link.into))
        return f"“{short}” {_RULES[link.rule].because.format(long=long, beside=beside)}"

    def _wording(self, key: str) -> str:
        return min(self._evidence[key].wordings, default=key)

    # Rules: names that share a token.

    def _put(
        self, before: Mapping[str, NameEvidence | None], changes: Mapping[str, NameEvidence | None]
    ) -> set[tuple[Rule, str]]:
        """Update the evidence and the index of long names; returns the rules and tokens to be evaluated again."""
        for key, evidence in changes.items():
            if evidence is None:
                self._evidence.pop(key, None)
            else:
                self._evidence[key] = evidence
        due: set[tuple[Rule, str]] = set()
        reviewed = [key for key in changes if _rules_see_change(key, before[key], changes[key])]
        for rule in RULES:
            for key in reviewed:
                earlier, evidence = before[key], changes[key]
                old = rule.long_name_tokens(key, earlier) if earlier is not None else ()
                new = rule.long_name_tokens(key, evidence) if evidence is not None else ()
                due.update((rule, token) for token in (*old, *new))
                for token in old:
                    self._long_names[rule.name, token].discard(key)
                for token in new:
                    self._long_names.setdefault((rule.name, token), set()).add(key)
                for token in old:
                    if not self._long_names.get((rule.name, token), True):
                        del self._long_names[rule.name, token]
        return due | self._short_name_tokens(reviewed)

    def _tokens(self, keys: Iterable[str], rules: Sequence[Rule] = RULES) -> set[tuple[Rule, str]]:
        """The rules and tokens under which the names are compared."""
        present = [(key, self._evidence[key]) for key in keys if key in self._evidence]
        under = {
            (rule, token)
            for rule in rules
            for key, evidence in present
            for token in rule.long_name_tokens(key, evidence)
        }
        return under | self._short_name_tokens(keys, rules)

    def _short_name_tokens(self, keys: Iterable[str], rules: Sequence[Rule] = RULES) -> set[tuple[Rule, str]]:
        """The rules and tokens for which the names may stand as short names, where there is a long one."""
        return {
            (rule, token)
            for rule in rules
            for key in keys
            if (token := rule.short_name_token(key)) is not None and (rule.name, token) in self._long_names
        }

    def _rule_links(self, rule: Rule, token: str) -> frozenset[Link]:
        """The links that `rule` makes under `token`."""
        longs = self._long_names.get((rule.name, token), set())
        if not rule.symmetric:
            shorts = (short for short in rule.short_names_of(token) if short in self._evidence and short not in longs)
            return frozenset(
                link for short in shorts if (link := self._unambiguous_link(rule, short, longs)) is not None
            )
        names = longs | ({token} if token in self._evidence else set())
        if any(rule.apart(one, other) for one, other in combinations(names, 2)):
            return frozenset()
        into = token if token in names else min(names, default="")
        return frozenset(
            Link(rule.layer, key, into, rule.name)
            for key in names
            if key != into and rule.accepts(self._evidence, key, into)
        )

    def _unambiguous_link(self, rule: Rule, short: str, longs: Iterable[str]) -> Link | None:
        """A link from `short` to the one entity that the accepted `longs` mean; None where they mean several, or where
        a claim is about it and one of them."""

        def entity(key: str) -> str:
            return self._clusters.entity(key, rule.layer - 1)

        accepted: list[str] = []
        for long in longs:
            if rule.accepts(self._evidence, short, long):
                if (accepted and entity(accepted[0]) != entity(long)) or not (
                    rule.in_one_claim or self._are_one(short, long)
                ):
                    return None
                accepted.append(long)
        told = [long for long in accepted if rule.suffices(self._evidence, short, long)]
        if not told or entity(told[0]) == entity(short):
            return None
        long = min(told, key=fullest_first)
        if long in acronyms(short):
            short, long = long, short  # "IBM is short for …" names the long form second
        return Link(rule.layer, short, long, rule.name)

    # Names that differ by a typo.

    def _compare_typos(
        self, before: Mapping[str, NameEvidence | None], changes: Mapping[str, NameEvidence | None]
    ) -> set[str]:
        """Compare the pairs that the changes may have linked or unlinked; returns the keys whose links have changed."""
        linked = (link for key in changes for link in self._clusters.links_of(key) if link.rule == _TYPO)
        pairs = {pair(link.key, link.into) for link in linked} | pairs_to_compare(self._evidence, before, changes)
        touched: set[str] = set()
        for one, other in pairs:
            self._drop_reasons(self._clusters.links_by_source.get((_TYPO, one, other), ()))
            typo = typo_of(self._evidence, one, other)
            links = frozenset((Link(_TYPO_LAYER, *typo, _TYPO),)) if typo is not None else frozenset()
            touched |= self._clusters.replace((_TYPO, one, other), links)
        return touched

    # Names of speakers.

    def _names_to_review(self, changed: set[str], speakers: Mapping[str, Mapping[str, bool]]) -> set[str]:
        """Take in what `speakers` are called now; returns the names that may mean another speaker, or none, since."""
        due = {key for key in changed if key in self._bearers}
        due.update(name for key in changed for name in self._names_of.get(key, ()))
        for speaker, names in speakers.items():
            before = self._names_of.get(speaker, {})
            for name in before.keys() - names.keys():
                del self._bearers[name][speaker]
            for name, told in names.items():
                self._bearers.setdefault(name, {})[speaker] = told
            self._names_of[speaker] = dict(names)
            due.update(before, names)
        return due

    def _speaker_links(self, key: str) -> frozenset[Link]:
        """The link from a name to the one speaker who bears it."""
        bearers = self._bearers.get(key, {})
        if len(bearers) != 1 or key not in self._evidence:
            return frozenset()
        [(speaker, told)] = bearers.items()
        if speaker not in self._evidence or (" " not in key and self._clusters.entity(key, LAYERS) != key):
            return frozenset()
        if not told and not (kinds_compatible(self._evidence[key].kinds, _PERSON) and self._are_one(key, speaker)):
            return frozenset()
        return frozenset((Link(_SPEAKER_LAYER, key, speaker, _SPEAKER),))

    def _are_one(self, key: str, other: str) -> bool:
        """Whether no claim is about both, as about two."""
        return other not in self._evidence[key].neighbours

    # Decisions.

    def _apply_decisions(
        self, decisions: Mapping[tuple[str, str], Decision | None], changes: Mapping[str, NameEvidence | None]
    ) -> set[str]:
        """Apply decisions, new ones and those about changed names; returns the keys whose links have changed."""
        touched: set[str] = set()
        for keys, decision in decisions.items():
            touched.update(keys)
            self._clusters.set_distinct(*keys, distinct=decision is not None and not decision.same)
            self._decisions.pop(keys, None)
            if decision is not None:
                self._decisions[keys] = decision
            for key in keys:
                decided = self._decided_pairs.setdefault(key, set())
                if decision is None:
                    decided.discard(keys)
                else:
                    decided.add(keys)
        due = {*decisions, *(keys for key in changes for keys in self._decided_pairs.get(key, ()))}
        for one, other in due:
            decision = self._decisions.get((one, other))
            present = one in self._evidence and other in self._evidence and one != other
            key, into = sorted((one, other), key=fullest_first, reverse=True)
            same = decision is not None and decision.same and present
            links = frozenset((Link(0, key, into, _DECISION),)) if same else frozenset()
            self._drop_reasons(links)
            touched |= self._clusters.replace((_DECISION, one, other), links)
        return touched


def _listed(context: set[str]) -> str:
    return ", ".join(f"“{key}”" for key in sorted(context)[:3])


def _written_evidence(evidence: NameEvidence) -> list[list[str]]:
    return [sorted(getattr(evidence, field.name)) for field in fields(NameEvidence)]


def _read_evidence(columns: list[list[str]]) -> NameEvidence:
    return NameEvidence(*map(frozenset, columns))


def _rules_see_change(key: str, before: NameEvidence | None, evidence: NameEvidence | None) -> bool:
    """Whether a rule could decide otherwise about `key` now. Of neighbours, only those that share a word count."""
    if before is None or evidence is None:
        return before is not evidence
    if (before.types, before.wordings, before.aliases) != (evidence.types, evidence.wordings, evidence.aliases):
        return True
    words = set(spelling_key(key).split())
    return any(not words.isdisjoint(spelling_key(other).split()) for other in before.neighbours ^ evidence.neighbours)
