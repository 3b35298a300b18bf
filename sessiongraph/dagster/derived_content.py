"""What the assets hold that are derived from the graph where they are read, `conflicts` and `speaker_profiles`.

Invariant: ids and counts, never a word of what was said. The explorer and the commands show the words, and cannot show
what is forgotten. Their data version is a function of the facts that they hold.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import dagster as dg

from sessiongraph.ids import content_id

if TYPE_CHECKING:
    from sessiongraph.snapshots.snapshot import Snapshot

Metadata = dict[str, dg.MetadataValue]
# Where the explorer shows the fact or entity of an id, in Markdown; the beginning of the id where there is none.
Link = Callable[[str, str], str]

# An event is read by people, and kept for ever. Of an id, as much as commands take.
_MOST_ROWS, _SHOWN_DIGITS = 50, 7


def derived_content(asset: str, snapshot: "Snapshot", link: Link) -> tuple[Metadata, str]:
    """What there is of `asset` in a graph, as an event tells it, and its data version."""
    return _DERIVED[asset](snapshot, link)


def linked_to(explorer: str | None, dataset_key: str) -> Link:
    """How things of a dataset are named where `explorer` is the address of the explorer, None for none."""

    def link(kind: str, id_: str) -> str:
        if explorer is None:
            return f"`{id_[:_SHOWN_DIGITS]}`"
        name = {"fact": "id", "entity": "entity"}[kind]
        return f"[{id_[:_SHOWN_DIGITS]}]({explorer}/{kind}?dataset={quote(dataset_key, safe='')}&{name}={id_})"

    return link


def _conflicts(snapshot: "Snapshot", link: Link) -> tuple[Metadata, str]:
    from sessiongraph.snapshots.conflicts import find_conflicts

    found, ids, entities = find_conflicts(snapshot), snapshot.facts["id"], snapshot.entities["id"]
    rows = [
        # "favourite colour" as "favourite": what stands after it was said by somebody.
        (
            link("entity", entities.iloc[it.subject]),
            it.about.split()[0],
            ", ".join(link("fact", ids.iloc[row]) for row in it.facts),
        )
        for it in found
    ]
    metadata: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(found)),
        "facts": dg.MetadataValue.int(sum(len(it.facts) for it in found)),
        "conflicts": _table(("of", "about", "facts"), rows, "No facts contradict each other."),
    }
    return metadata, _version(ids.iloc[row] for it in found for row in it.facts)


def _speaker_profiles(snapshot: "Snapshot", link: Link) -> tuple[Metadata, str]:
    from sessiongraph.snapshots.profiles import ASPECTS, find_profiles

    found, ids, entities = find_profiles(snapshot), snapshot.facts["id"], snapshot.entities["id"]
    rows = [
        (link("entity", entities.iloc[it.entity]), *(len(it.aspects.get(aspect, ())) for aspect in ASPECTS))
        for it in found
    ]
    facts = [row for it in found for of_aspect in it.aspects.values() for row in of_aspect]
    metadata: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(found)),
        "facts": dg.MetadataValue.int(len(facts)),
        "profiles": _table(("speaker", *ASPECTS), rows, "Nothing stands about anybody who speaks in sessions."),
    }
    return metadata, _version(ids.iloc[row] for row in facts)


_DERIVED: Mapping[str, Callable[["Snapshot", Link], tuple[Metadata, str]]] = {
    "conflicts": _conflicts,
    "speaker_profiles": _speaker_profiles,
}


def _version(fact_ids: Iterable[str]) -> str:
    return content_id(*sorted(fact_ids))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], none: str) -> dg.MarkdownMetadataValue:
    if not rows:
        return dg.MetadataValue.md(none)
    lines = [columns, ["---"] * len(columns), *rows[:_MOST_ROWS]]
    text = "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
    more = f"\n\nAnd {len(rows) - _MOST_ROWS} more." if len(rows) > _MOST_ROWS else ""
    return dg.MetadataValue.md(text + more)
