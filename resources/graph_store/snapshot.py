"""What readers see of a dataset: the live passages and, derived from their evidence, entities and facts.

Invariants:
- Everything shown is a function of the live evidence, never of the order or the runs in which it came.
- No entity or fact without evidence. Evidence keeps its own wording; what an entity shows is chosen from it.
- What a user or a document states stands above what only an assistant claimed.
A snapshot is immutable; nothing here opens a store.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd

from resources.graph_store.lexical import LexicalIndex
from resources.graph_store.resolution import name_key, resolve
from resources.ids import content_id, text_id
from resources.llm.notation import turn_parts

# Descriptions shown of one entity: the first few that were stated, best standing first.
_DESCRIPTIONS = 3

_PASSAGES = """
WITH live AS (SELECT l.*, c.run_id FROM live_windows l JOIN commits c USING (seq))
SELECT p.*, w.summary, (
    SELECT list_sort(list(n.name)) FROM node_sets n WHERE n.document_id = p.document_id) AS node_sets
FROM (
    SELECT l.passage_id AS id, l.window_id, l.run_id, d.id AS document_id, d.kind, d.name, d.user_id, d.session_id,
        NULL AS turn_id, NULL AS question, NULL AS answer,
        substr(d.text, c.start + 1, c.stop - c.start) AS text, d.created_at AS said_at, c.start AS position,
        d.seq AS document_seq
    FROM live l JOIN chunks c ON c.passage_id = l.passage_id JOIN documents d ON d.id = c.document_id
    UNION ALL
    SELECT l.passage_id, l.window_id, l.run_id, d.id, d.kind, d.name, d.user_id, d.session_id,
        t.turn_id, t.question, t.answer, NULL, t.created_at, t.position, d.seq
    FROM live l ASOF JOIN turns t ON t.passage_id = l.passage_id AND l.seq >= t.seq
    JOIN documents d ON d.id = t.document_id
) p JOIN windows w ON w.id = p.window_id
ORDER BY document_seq, document_id, CASE WHEN kind = 'session' THEN said_at END, position, turn_id
"""
_STANDING = {"document": 0, "user": 0, "assistant": 1}


@dataclass(frozen=True)
class Snapshot:
    """One state of a dataset.

    `passages`: id, document_id, kind, name, user_id, session_id, turn_id, text, said_at, run_id, node_sets, summary;
        those of a document stand together and in order.
    `entities`: id, name, type, description, aliases. `facts`: id, subject and object (rows of `entities`), relation,
        statement, valid_at, stated_by.
    `mentions`: entity, passage (rows), name, type, description, stated_by.
    `claims`: fact, passage (rows), statement, stated_by.
    `passage_vectors`, `fact_vectors`: (n, d) float32, L2-normalised; zeros where a text has no embedding.
    """

    passages: pd.DataFrame
    entities: pd.DataFrame
    facts: pd.DataFrame
    mentions: pd.DataFrame
    claims: pd.DataFrame
    passage_vectors: np.ndarray
    fact_vectors: np.ndarray

    @property
    def is_empty(self) -> bool:
        return self.passages.empty

    @cached_property
    def passage_index(self) -> LexicalIndex:
        """By its words, and a turn by the date on which it was said too: questions name it, turns seldom do."""
        said_at = self.passages["said_at"].dt
        dates = said_at.strftime("%Y %d ").str.replace(" 0", " ") + said_at.month_name()
        is_turn = self.passages["kind"] == "session"
        return LexicalIndex((self.passages["text"] + ("\n" + dates).where(is_turn, "")).tolist())

    @cached_property
    def fact_index(self) -> LexicalIndex:
        return LexicalIndex(self.facts["statement"].tolist())

    @cached_property
    def entity_keys(self) -> dict[str, int]:
        """Row of the entity that each name key means."""
        keys = self.mentions[["key", "entity"]].drop_duplicates()
        return dict(zip(keys["key"], keys["entity"], strict=True))

    @property
    def nbytes(self) -> int:
        """Rough size in memory, for the budget that snapshots share."""
        frames = (self.passages, self.entities, self.facts, self.mentions, self.claims)
        text = sum(int(frame.memory_usage(index=False, deep=True).sum()) for frame in frames)
        return text + self.passage_vectors.nbytes + self.fact_vectors.nbytes


def load_snapshot(connection: duckdb.DuckDBPyConnection, embedding_model: str) -> Snapshot:
    """Read and derive the present state of the dataset behind `connection`."""
    passages = connection.execute(_PASSAGES).df()
    is_turn = passages["kind"] == "session"
    passages.loc[is_turn, "text"] = [
        "\n".join(part.text for part in turn_parts(question, answer))
        for question, answer in zip(passages["question"][is_turn], passages["answer"][is_turn], strict=True)
    ]
    passages["text"] = passages["text"].astype("str")
    for column in ("turn_id", "session_id", "summary"):
        passages[column] = passages[column].astype("object").where(passages[column].notna(), None)
    passages["place"] = _places(passages)
    rows = passages[["window_id"]].assign(passage=np.arange(len(passages)))
    mentions = connection.execute(f"SELECT * FROM mentions {_LIVE}").df().merge(rows, on="window_id")
    claims = connection.execute(f"SELECT * FROM claims {_LIVE}").df().merge(rows, on="window_id")
    mentions, entities = _entities(mentions, claims, passages)
    claims, facts = _facts(claims, mentions, entities, passages)
    vectors = _vectors(connection, embedding_model)
    return Snapshot(
        passages.drop(columns=["position", "document_seq", "place"]),
        entities,
        facts,
        mentions,
        claims,
        _gather(vectors, passages["text"]),
        _gather(vectors, facts["statement"]),
    )


_LIVE = "WHERE window_id IN (SELECT window_id FROM live_windows)"


def _places(passages: pd.DataFrame) -> np.ndarray:
    """Where each passage stands in an order that knows nothing of commits: documents, then turns as they were said."""
    said_at = passages["said_at"].where(passages["kind"] == "session")
    order = passages.assign(said_at=said_at).sort_values(
        ["said_at", "document_id", "position", "id"], na_position="first"
    )
    places = np.empty(len(passages), np.int64)
    places[order.index] = np.arange(len(passages))
    return places


def _entities(
    mentions: pd.DataFrame, claims: pd.DataFrame, passages: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mentions with their `key` and `entity`, and the entities. What a claim is about is mentioned by it too."""
    columns = ["name", "type", "description", "stated_by", "passage"]
    stated = [mentions[columns]]
    for side in ("subject", "object"):
        named = claims.rename(columns={side: "name"})[["name", "stated_by", "passage"]]
        stated.append(named.assign(type="", description=""))
    frame = pd.concat(stated, ignore_index=True).fillna({"type": "", "description": ""})
    keys = {name: name_key(name) for name in frame["name"].unique()}
    frame["key"] = frame["name"].map(keys)
    resolved = resolve(frame.groupby("key")["type"].agg(set).to_dict())
    frame["entity_key"] = frame["key"].map(resolved)
    frame["standing"] = frame["stated_by"].map(_STANDING)
    frame["place"] = passages["place"].to_numpy()[frame["passage"]]
    frame = frame.sort_values(["standing", "place", "name", "type", "description"], kind="stable")
    frame = frame.drop_duplicates(["name", "type", "description", "stated_by", "passage"])
    covered = frame.groupby(["key", "passage"])["type"].transform("any") & (frame["type"] == "")
    frame = frame[~covered]
    groups: dict[str, list[_Mention]] = defaultdict(list)
    for mention in frame[["entity_key", *_Mention._fields]].itertuples(index=False):
        groups[mention.entity_key].append(_Mention(*mention[1:]))
    entity_keys = sorted(groups)
    # Of no rows, too, a column of whole numbers: it is what others are indexed with.
    frame["entity"] = frame["entity_key"].map({key: row for row, key in enumerate(entity_keys)}).astype("int64")
    entities = pd.DataFrame(
        [_entity(key, groups[key]) for key in entity_keys],
        columns=["id", "name", "type", "description", "aliases"],
    )
    kept = ["entity", "passage", "key", "name", "type", "description", "stated_by"]
    return frame[kept].reset_index(drop=True), entities


class _Mention(NamedTuple):
    key: str
    name: str
    type: str
    description: str


def _entity(key: str, mentions: list[_Mention]) -> dict[str, object]:
    """What an entity shows, chosen from its mentions, which come best standing first."""
    exact = [mention.name for mention in mentions if mention.key == key]
    wordings = Counter(exact or [mention.name for mention in mentions])
    name = min(wordings, key=lambda wording: (-wordings[wording], -sum(map(str.isupper, wording)), wording))
    types = Counter(mention.type for mention in mentions if mention.type)
    descriptions = dict.fromkeys(mention.description for mention in mentions if mention.description)
    return {
        "id": content_id("entity", key),
        "name": name,
        "type": min(types, key=lambda kind: (-types[kind], kind)) if types else "Concept",
        "description": " ".join(list(descriptions)[:_DESCRIPTIONS]),
        "aliases": sorted({mention.name for mention in mentions} - {name}),
    }


def _facts(
    claims: pd.DataFrame, mentions: pd.DataFrame, entities: pd.DataFrame, passages: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Claims with their `fact`, and the facts: one for each subject, normal relation, object and validity."""
    row_of = dict(zip(mentions["key"], mentions["entity"], strict=True))
    frame = claims.copy()
    for side in ("subject", "object"):
        keys = {name: row_of[name_key(name)] for name in frame[side].unique()}
        frame[side] = frame[side].map(keys)
    frame = frame[frame["subject"] != frame["object"]]
    frame["relation"] = frame["relation"].str.casefold().str.split().str.join(" ")
    frame["valid_at"] = frame["valid_at"].astype("object").where(frame["valid_at"].notna(), None)
    ids = entities["id"].to_numpy()
    frame["fact_id"] = [
        content_id("fact", ids[subject], relation, ids[object_], valid_at or "")
        for subject, relation, object_, valid_at in zip(
            frame["subject"], frame["relation"], frame["object"], frame["valid_at"], strict=True
        )
    ]
    frame["standing"] = frame["stated_by"].map(_STANDING)
    frame["place"] = passages["place"].to_numpy()[frame["passage"]]
    frame = frame.sort_values(["fact_id", "standing", "statement", "place"], kind="stable")
    first = frame.drop_duplicates("fact_id")
    facts = first[["fact_id", "subject", "relation", "object", "statement", "valid_at", "stated_by"]]
    facts = facts.rename(columns={"fact_id": "id"}).reset_index(drop=True)
    rows = {fact_id: row for row, fact_id in enumerate(facts["id"])}
    frame["fact"] = frame["fact_id"].map(rows).astype("int64")
    kept = frame[["fact", "passage", "statement", "stated_by"]].drop_duplicates().reset_index(drop=True)
    return kept, facts


def _vectors(connection: duckdb.DuckDBPyConnection, model: str) -> tuple[dict[str, int], np.ndarray]:
    """Row by text id, and the vectors that `model` made."""
    found = connection.execute("SELECT text_id, vector FROM embeddings WHERE model = ?", [model]).fetchall()
    rows = {text: row for row, (text, _) in enumerate(found)}
    joined = b"".join(bytes(vector) for _, vector in found)
    return rows, np.frombuffer(joined, "<f4").reshape(len(found), -1) if found else np.zeros((0, 0), "<f4")


def _gather(vectors: tuple[dict[str, int], np.ndarray], texts: pd.Series) -> np.ndarray:
    rows, matrix = vectors
    gathered = np.zeros((len(texts), matrix.shape[1]), np.float32)
    for place, text in enumerate(texts):
        if (row := rows.get(text_id(text))) is not None:
            gathered[place] = matrix[row]
    return gathered
