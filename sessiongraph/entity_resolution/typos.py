"""Names that differ by a typo, of names that stand beside one neighbour. Pure.

Invariant: `pairs_to_compare` has every pair whose answer the changes may have changed, so that what was compared before
and what is compared now are one set, whatever came in between.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from sessiongraph.entity_resolution.name_context import CONTEXT_NAMES, shared_context
from sessiongraph.entity_resolution.name_evidence import EvidenceByKey, NameEvidence
from sessiongraph.entity_resolution.name_normalization import differ_by_typo, pair

_NO_EVIDENCE = NameEvidence()


def pairs_to_compare(
    names: EvidenceByKey, before: Mapping[str, NameEvidence | None], changes: Mapping[str, NameEvidence | None]
) -> set[tuple[str, str]]:
    """The pairs of names that may differ by a typo, or do so no more, since `changes` were made to `names`."""
    pairs: set[tuple[str, str]] = set()
    for key, evidence in changes.items():
        old, new = before[key] or _NO_EVIDENCE, evidence or _NO_EVIDENCE
        if old.neighbours != new.neighbours:
            was_context = len(old.neighbours) <= CONTEXT_NAMES
            if len(new.neighbours) <= CONTEXT_NAMES:
                pairs.update(_similar_pairs(new.neighbours, new.neighbours - old.neighbours if was_context else None))
            elif was_context:
                pairs.update(_similar_pairs(old.neighbours))
            pairs.update(pair(key, other) for other in old.neighbours - new.neighbours if other[:1] == key[:1])
        if old.types != new.types:
            # New and lost neighbours are compared above: their own neighbours have changed.
            for neighbour in old.neighbours & new.neighbours:
                beside = names[neighbour].neighbours
                if len(beside) <= CONTEXT_NAMES:
                    pairs.update(_similar_pairs(beside, {key}))
    return pairs


def typo_of(names: EvidenceByKey, one: str, other: str) -> tuple[str, str] | None:
    """Of two names that are one but for a typo the one told less of, and the other; None where they are two."""
    if one not in names or other not in names:
        return None
    a, b = names[one], names[other]
    kinds = a.kinds & b.kinds
    if not kinds or other in a.neighbours or not differ_by_typo(one, other, "person" in kinds):
        return None
    if not shared_context(names, one, other):
        return None
    key, into = sorted((one, other), key=lambda name: (len(names[name].neighbours), name))
    return key, into


def _similar_pairs(names: frozenset[str], only: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """Pairs of `names`, neighbours of one name, that may differ by a typo; with `only`, those with one of it."""
    by_first_letter: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_first_letter[name[:1]].append(name)
    for start in {name[:1] for name in only} if only is not None else by_first_letter:
        for one, other in combinations(by_first_letter[start], 2):
            if abs(len(one) - len(other)) <= 2 and (only is None or one in only or other in only):
                yield pair(one, other)
