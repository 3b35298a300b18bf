"""A change as one HTML page that needs nothing else: no script, no style, font or picture from anywhere.

Invariant: everything from outside goes through `safe`; and the page's own policy forbids whatever would load or run.
"""

from collections.abc import Iterable, Sequence

from sessiongraph.changes.diff import Change, ChangedEntity, Evidence, NewFact
from sessiongraph.changes.escaping import cut, excerpt, safe
from sessiongraph.changes.style import STYLE
from sessiongraph.changes.svg_graph import LEGEND, colour, draw

MOST_FACTS = 200
MOST_ENTITIES = 300
_MOST_EVIDENCE = 3
_MOST_PLACES = 12
_QUOTE_CHARS = 360
_TITLES = {"knowledge_graph": "What these documents added", "session_knowledge": "What these sessions added"}


def render(change: Change, dataset: str) -> str:
    """The page of `change`; `dataset` is the key that its dataset is shown as."""
    title = _TITLES[change.asset]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">',
            f"<title>{title} · {safe(dataset)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            *_head(change, dataset, title),
            *_picture(change),
            *_facts(change),
            *_entities(change),
            *_foot(change),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _head(change: Change, dataset: str, title: str) -> Iterable[str]:
    moment = f"{change.committed_at:%-d %B %Y, %H:%M} UTC" if change.committed_at else "nothing of it is left"
    yield f'<header><p class="where"><bdi>{safe(dataset)}</bdi> · {change.asset}</p><h1>{title}</h1>'
    yield f'<p class="when">{moment}</p></header>'
    figures = [
        (len(change.facts), "new facts"),
        (len(change.new_entities), "new entities"),
        *((change.outcomes[name], f"{_PASSAGES[change.asset]} {name}") for name in ("persisted", "skipped", "failed")),
    ]
    cells = "".join(f"<div><dd>{count:,}</dd><dt>{label}</dt></div>" for count, label in figures)
    yield f'<dl class="figures">{cells}</dl>'
    if change.places:
        names = "".join(f"<li><bdi>{safe(cut(name, 60))}</bdi></li>" for name in change.places[:_MOST_PLACES])
        more = len(change.places) - _MOST_PLACES
        yield f'<ul class="places" aria-label="Sources">{names}{f"<li>and {more:,} more</li>" if more > 0 else ""}</ul>'


_PASSAGES = {"knowledge_graph": "chunks", "session_knowledge": "turns"}


def _picture(change: Change) -> Iterable[str]:
    if not (svg := draw(change)):
        return
    kinds = {colour(entity.type) for entity in change.entities.values()}
    keys = "".join(f'<li class="{kind}">{kind}</li>' for kind in LEGEND if kind in kinds)
    if any(not entity.new for entity in change.entities.values()):
        keys += '<li class="known">was there before</li>'
    yield f'<figure>{svg}<figcaption><ul class="legend">{keys}</ul></figcaption></figure>'


def _facts(change: Change) -> Iterable[str]:
    if not change.facts:
        yield '<p class="nothing">No fact is in the graph by this run alone: what it read was known, said nothing, '
        yield "or has been replaced or forgotten since.</p>"
        return
    yield f"<section><h2>New facts {_shown(change.facts, MOST_FACTS)}</h2>"
    for fact in change.facts[:MOST_FACTS]:
        yield _fact(fact, change.entities)
    yield "</section>"


def _fact(fact: NewFact, entities: dict[str, ChangedEntity]) -> str:
    subject, other = (_name(entities[id_]) for id_ in (fact.subject, fact.object))
    since = f' <span class="since">{safe(fact.valid_at)}</span>' if fact.valid_at else ""
    quotes = "".join(_quote(evidence, entities[fact.object].name) for evidence in fact.evidence[:_MOST_EVIDENCE])
    more = len(fact.evidence) - _MOST_EVIDENCE
    return (
        f'<article><p class="triple">{subject} <span class="is"><bdi>{safe(fact.relation)}</bdi></span> '
        f"{other}{since}</p>"
        f'<p class="statement"><bdi>{safe(fact.statement)}</bdi></p>{quotes}'
        f"{f'<p class=more>and {more:,} more</p>' if more > 0 else ''}</article>"
    )


def _quote(evidence: Evidence, about: str) -> str:
    moment = f"{evidence.said_at:%Y-%m-%d}"
    return (
        f'<blockquote class="{"claimed" if evidence.stated_by == "assistant" else "stated"}">'
        f"<p><bdi>{safe(excerpt(evidence.text, about, _QUOTE_CHARS))}</bdi></p>"
        f"<footer>{safe(evidence.stated_by)} · <bdi>{safe(cut(evidence.place, 60))}</bdi> · {moment}</footer>"
        "</blockquote>"
    )


def _entities(change: Change) -> Iterable[str]:
    new = sorted(change.new_entities, key=lambda entity: entity.name.casefold())
    if not new:
        return
    yield f'<section><h2>New entities {_shown(new, MOST_ENTITIES)}</h2><ul class="entities">'
    for entity in new[:MOST_ENTITIES]:
        told = f"<p><bdi>{safe(cut(entity.description, 200))}</bdi></p>" if entity.description else ""
        yield f"<li>{_name(entity)} <small><bdi>{safe(cut(entity.type, 40))}</bdi></small>{told}</li>"
    yield "</ul></section>"


def _foot(change: Change) -> Iterable[str]:
    size = ", ".join(f"{count:,} {name}" for name, count in change.size.items())
    yield f"<footer><p>The whole graph: {size}.</p><p>Run <code>{safe(change.run_id)}</code>. This page is made from "
    yield "the dataset’s store, and made again when something is forgotten: it then shows what is left of this run.</p>"
    yield "</footer>"


def _name(entity: ChangedEntity) -> str:
    known = "" if entity.new else " known"
    return f'<b class="{colour(entity.type)}{known}"><bdi>{safe(cut(entity.name, 80))}</bdi></b>'


def _shown(rows: Sequence[object], most: int) -> str:
    return f"<small>{most:,} of {len(rows):,}</small>" if len(rows) > most else f"<small>{len(rows):,}</small>"
