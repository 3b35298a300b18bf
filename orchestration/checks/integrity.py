"""Integrity checks: what must hold of every graph. Each blocks: what is made from a wrong graph is wrong too.

In a run that wrote, they look at what it wrote, as of its `first_commit`; in any other, such as that of
`graph_checkpoint`, at the whole graph. All evidence of a window comes in one commit, so none is twice in two of them.
"""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np

from orchestration.checks.check_factory import Check, CheckContext, CheckOutcome, Figures, fails_where_any
from sessiongraph.entity_resolution.name_normalization import name_key

if TYPE_CHECKING:
    from sessiongraph.snapshots.snapshot import Snapshot

# From so many persisted passages on, a graph without an entity is not a matter of small talk.
_ENOUGH_PASSAGES = 10

_RESTORE = """The store was changed by something else than this project, or by a fault of it. Keep the file, put the
last backup back (or `forget` the sources concerned and add them again), and report it."""

_INCOMPLETE = """
SELECT
    (SELECT count(*) FROM mentions m WHERE seq >= {first} AND NOT EXISTS (
        SELECT 1 FROM windows w WHERE w.seq >= {first} AND w.id = m.window_id AND w.seq = m.seq)
    ) AS mentions_without_window,
    (SELECT count(*) FROM claims c WHERE seq >= {first} AND NOT EXISTS (
        SELECT 1 FROM windows w WHERE w.seq >= {first} AND w.id = c.window_id AND w.seq = c.seq)
    ) AS claims_without_window,
    (SELECT count(*) FROM {live} WHERE window_id NOT IN (SELECT id FROM windows)) AS persisted_without_window,
    (SELECT count(*) FROM {live}
        WHERE passage_id NOT IN (SELECT passage_id FROM chunks UNION ALL SELECT passage_id FROM turns)
    ) AS persisted_without_passage,
    (SELECT count(*) FROM (SELECT document_id FROM chunks WHERE seq >= {first}
            UNION SELECT document_id FROM turns WHERE seq >= {first}) placed
        WHERE document_id NOT IN (SELECT id FROM documents)) AS passages_without_document
"""

# Claims that may be about nothing: `_is_name` knows letters of all scripts.
_DANGLING = """
SELECT coalesce(subject, ''), coalesce(object, ''), coalesce(relation, '')
FROM claims WHERE seq >= {first} AND window_id IN (SELECT window_id FROM {live})
AND (regexp_replace(coalesce(subject, ''), '[^A-Za-z0-9]', '', 'g') = ''
    OR regexp_replace(coalesce(object, ''), '[^A-Za-z0-9]', '', 'g') = '' OR trim(coalesce(relation, '')) = '')
"""

_TWICE = """
SELECT
    (SELECT count(*) - count(DISTINCT id) FROM documents
        WHERE id IN (SELECT id FROM documents WHERE seq >= {first})) AS documents_twice,
    (SELECT count(*) - count(DISTINCT id) FROM windows
        WHERE id IN (SELECT id FROM windows WHERE seq >= {first})) AS windows_twice,
    (SELECT count(*) - count(DISTINCT passage_id) FROM chunks
        WHERE passage_id IN (SELECT passage_id FROM chunks WHERE seq >= {first})) AS chunks_twice,
    (SELECT count(*) FROM (
        SELECT 1 FROM mentions WHERE seq >= {first}
        GROUP BY window_id, name, type, description, stated_by HAVING count(*) > 1) twice) AS mentions_twice,
    (SELECT count(*) FROM (
        SELECT 1 FROM claims WHERE seq >= {first}
        GROUP BY window_id, subject, relation, object, statement, valid_at, stated_by HAVING count(*) > 1) twice
    ) AS claims_twice
"""

_DISAGREEING = """
SELECT
    (SELECT count(DISTINCT passage_id) FROM ledger WHERE seq >= {first}
        AND passage_id NOT IN (SELECT passage_id FROM chunks UNION ALL SELECT passage_id FROM turns)
    ) AS entries_for_no_passage,
    (SELECT count(*) FROM (
            SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger
            WHERE seq >= {first}) newest
        WHERE nth = 1 AND disposition = 'persisted' AND window_id NOT IN (SELECT id FROM windows)
    ) AS persisted_without_window,
    (SELECT count(*) FROM (
        SELECT rank() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM ledger WHERE seq >= {first}) ranked
        WHERE nth = 1) - (SELECT count(DISTINCT passage_id) FROM ledger WHERE seq >= {first}) AS more_than_one_newest,
    (SELECT count(*) FROM ledger WHERE seq >= {first} AND seq NOT IN (SELECT seq FROM commits)) AS entries_of_no_commit,
    (SELECT count(*) FROM ledger WHERE seq >= {first} AND disposition NOT IN ('persisted', 'skipped', 'failed')
    ) AS entries_without_verdict
"""


def unsupported(snapshot: "Snapshot") -> Figures:
    """Entities that nothing mentions, and facts that nothing claims."""
    return {
        "entities_without_evidence": len(snapshot.entities) - snapshot.mentions["entity"].nunique(),
        "facts_without_evidence": len(snapshot.facts) - snapshot.claims["fact"].nunique(),
    }


def dangling(snapshot: "Snapshot") -> Figures:
    """Facts about what is no entity."""
    rows = range(len(snapshot.entities))
    return {
        "facts_without_subject": int((~snapshot.facts["subject"].isin(rows)).sum()),
        "facts_without_object": int((~snapshot.facts["object"].isin(rows)).sum()),
    }


def duplicates(snapshot: "Snapshot", run_id: str | None = None) -> Figures:
    """Entities, facts and passages that are there twice; entities by id, and by what their names come to. With
    `run_id`, among those that the run's passages state."""
    passages, entities, facts = snapshot.passages, snapshot.entities, snapshot.facts
    if run_id is not None:
        of_run = (passages["run_id"] == run_id).to_numpy()
        mentions, claims = snapshot.mentions, snapshot.claims
        entities = entities.iloc[mentions["entity"][of_run[mentions["passage"].to_numpy()]].unique()]
        facts = facts.iloc[claims["fact"][of_run[claims["passage"].to_numpy()]].unique()]
        passages = passages.iloc[np.flatnonzero(of_run)]
    return {
        "entities_of_one_id": int(entities["id"].duplicated().sum()),
        "entities_of_one_name": int(entities["name"].map(name_key).duplicated().sum()),
        "facts_twice": int(facts["id"].duplicated().sum()),
        "passages_twice": int(passages["id"].duplicated().sum()),
    }


def _figures(context: CheckContext, query: str) -> Figures:
    return context.figures(_of_new(context, query))


def _of_new(context: CheckContext, query: str) -> str:
    live = f"(SELECT * FROM ledger WHERE seq >= {context.first_commit} AND disposition = 'persisted') live"
    return query.format(first=context.first_commit, live=live if context.first_commit else "live_windows")


def _is_name(text: str) -> bool:
    """Whether it has a letter or a digit: what has none is no entity."""
    return any(letter.isalpha() or letter.isnumeric() for letter in text)


def _evidence(context: CheckContext) -> CheckOutcome:
    figures = _figures(context, _INCOMPLETE)
    return fails_where_any({**figures, **unsupported(context.snapshot)}, "The graph holds what nobody stated")


def _dangling(context: CheckContext) -> CheckOutcome:
    claims = context.read(lambda connection: connection.execute(_of_new(context, _DANGLING)).fetchall())
    figures: Figures = {
        "claims_without_subject": sum(not _is_name(subject) for subject, _, _ in claims),
        "claims_without_object": sum(not _is_name(object_) for _, object_, _ in claims),
        "claims_without_relation": sum(not relation.strip() for _, _, relation in claims),
    }
    if not any(figures.values()):
        figures |= dangling(context.snapshot)
    return fails_where_any(figures, "Facts are about nothing")


def _duplicates(context: CheckContext) -> CheckOutcome:
    found = duplicates(context.snapshot, context.run_id if context.first_commit else None)
    return fails_where_any({**_figures(context, _TWICE), **found}, "The same stands in the graph more than once")


def _ledger(context: CheckContext) -> CheckOutcome:
    return fails_where_any(_figures(context, _DISAGREEING), "The ledger and what it is about disagree")


def _not_empty(context: CheckContext) -> CheckOutcome:
    snapshot = context.snapshot
    figures = {
        "passages": len(snapshot.passages),
        "entities": len(snapshot.entities),
        "facts": len(snapshot.facts),
    }
    passed = snapshot.is_empty or not snapshot.entities.empty
    many = len(snapshot.passages) >= _ENOUGH_PASSAGES
    return CheckOutcome(
        passed,
        figures,
        None if passed else f"{len(snapshot.passages)} passages are persisted, and not one entity is in the graph.",
        dg.AssetCheckSeverity.ERROR if many else dg.AssetCheckSeverity.WARN,
    )


INTEGRITY = [
    Check(
        "evidence_is_complete",
        "Everything in the graph has its window, passage and document: nothing is there that nobody stated.",
        _RESTORE,
        _evidence,
        blocking=True,
    ),
    Check(
        "no_dangling_facts",
        "Every fact has a subject, a relation and an object, and both ends are entities of the graph.",
        _RESTORE,
        _dangling,
        blocking=True,
    ),
    Check(
        "no_duplicate_entities",
        "No entity is there twice, by its id or by its name; nor any fact, passage, window or piece of evidence.",
        _RESTORE,
        _duplicates,
        blocking=True,
    ),
    Check(
        "ledger_agrees_with_passages",
        "The ledger speaks of passages that there are, has one newest verdict on each, and each that it calls "
        "persisted has been extracted.",
        _RESTORE,
        _ledger,
        blocking=True,
    ),
    Check(
        "graph_is_not_empty",
        f"Where passages are persisted there are entities. With fewer than {_ENOUGH_PASSAGES} passages this only "
        "warns: a short conversation may well say nothing.",
        "The model answers, but with nothing: look at LLM_MODEL and LLM_ENDPOINT, ask the endpoint by hand, choose "
        "another model. With it everything is extracted anew by the next run.",
        _not_empty,
        blocking=True,
    ),
]
