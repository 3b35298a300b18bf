"""What a graph says where some of its passages are shut out: facts and entities in the words of the others alone. Pure.

A snapshot chooses what is shown of a fact or an entity from all that states it. Of a narrowed graph, a statement, a
name, a description or an end that only a passage that was shut out has is not shown: what a visible one has is.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import mask_of
from sessiongraph.columnar.vectors import Array
from sessiongraph.prompts.prompt_format import SPEAKER
from sessiongraph.snapshots.entities import untyped
from sessiongraph.snapshots.evidence import CORRECTION
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.speakers import labelled

# As many descriptions of an entity are shown as in a snapshot.
_DESCRIPTIONS = 3


class Stated(NamedTuple):
    """How a fact is stated: in which words, and by whom."""

    statement: str
    stated_by: str


def facts_with_visible_ends(facts: pd.DataFrame, visible: Array) -> pd.DataFrame:
    """`facts` of which none has ended by what only facts that are not `visible`, (m,), say."""
    by = facts["superseded_by"]
    is_hidden = (by.notna() & ~by.isin(facts["id"][visible])).to_numpy()
    hidden = {name: np.where(is_hidden, None, facts[name]) for name in ("valid_until", "superseded_by")}
    return facts.assign(**hidden)


def visible_statements(snapshot: Snapshot, facts: Sequence[int], visible: Array) -> dict[int, Stated]:
    """By fact (a row) of `facts`, which `visible` passages, (n,), state: in its own statement, where one of them has
    it, else in that of the best of them; where a person says that all of these are wrong, by the names it relates."""
    claims, passages = snapshot.claims, snapshot.passages
    statements, said_by = snapshot.facts["statement"].array, snapshot.facts["stated_by"].array
    fact, passage = claims["fact"].to_numpy(), claims["passage"].to_numpy()
    by_assistant = (claims["stated_by"] == "assistant").to_numpy()
    rows = np.flatnonzero(np.isin(fact, facts) & visible[passage] & ~claims["replaced"].to_numpy())
    said = passages["said_at"].to_numpy()[passage[rows]]
    found = {row: Stated(statements[row], CORRECTION) for row in facts if said_by[row] == CORRECTION}
    for row in rows[np.lexsort((passage[rows], said, by_assistant[rows], fact[rows]))].tolist():
        own = Stated(_labelled(snapshot, claims["statement"].iloc[row], passage[row]), claims["stated_by"].iloc[row])
        if own.statement == statements[fact[row]]:
            found[fact[row]] = Stated(own.statement, said_by[fact[row]])
        found.setdefault(fact[row], own)
    if len(found) < len(facts):
        names = visible_entities(snapshot, visible)["name"].array
        for row in set(facts) - found.keys():
            subject, relation, object_ = snapshot.facts[["subject", "relation", "object"]].iloc[row]
            statement = f"{names[subject]} {relation.replace('_', ' ')} {names[object_]}."
            found[row] = Stated(statement, CORRECTION)
    return found


def visible_entities(snapshot: Snapshot, visible: Array) -> pd.DataFrame:
    """The entities of `snapshot`, each by name, type and description that `visible` passages, (n,), give it."""
    mentions, entities = snapshot.mentions, snapshot.entities.copy()
    is_visible = visible[mentions["passage"].to_numpy()]
    touched = np.unique(mentions["entity"].to_numpy()[~is_visible])
    hidden = mentions[~is_visible].groupby("entity")
    told = snapshot.claims["fact"].to_numpy()[visible[snapshot.claims["passage"].to_numpy()]]
    is_subject = mask_of(snapshot.facts["subject"].to_numpy()[told], len(entities))
    seen = mentions[is_visible & np.isin(mentions["entity"].to_numpy(), touched)]
    order = np.lexsort(
        (
            seen["passage"].to_numpy(),
            snapshot.passages["said_at"].to_numpy()[seen["passage"].to_numpy()],
            (seen["stated_by"] == "assistant").to_numpy(),
        )
    )
    for entity, given in seen.iloc[order].groupby("entity"):
        others, row = hidden.get_group(entity), entities.index[entity]
        if entities.at[row, "name"] in set(others["name"]) - set(given["name"]):
            entities.at[row, "name"] = _commonest(given["name"])
        if entities.at[row, "type"] in set(others["type"]) - set(given["type"]):
            stated = _commonest(given["type"][given["type"] != ""])
            entities.at[row, "type"] = stated or untyped(bool(is_subject[entity]))
        if (others["description"] != "").any():
            descriptions = dict.fromkeys(text for text in given["description"] if text)
            entities.at[row, "description"] = " ".join(list(descriptions)[:_DESCRIPTIONS])
        aliases = entities.at[row, "aliases"]
        entities.at[row, "aliases"] = [name for name in aliases if name in set(given["name"])]
    return entities


def _commonest(values: pd.Series) -> str:
    counted = Counter(values)
    return str(min(counted, key=lambda value: (-counted[value], value), default=""))


def _labelled(snapshot: Snapshot, statement: str, passage: int) -> str:
    """`statement` with the label of the speaker of `passage` in the place of "the user"."""
    if not snapshot.is_turn[passage]:
        return statement
    return labelled(statement, snapshot.speaker_labels.get(snapshot.passages["user_id"].iloc[passage], SPEAKER))
