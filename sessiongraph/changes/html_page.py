"""A change as one HTML page that needs nothing else: no script, no style, font or picture from anywhere.

Invariant: whatever a template puts out goes through `as_shown` and is escaped, the drawing's words too; and the page's
own policy forbids whatever would load or run.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined

from sessiongraph.changes.diff import Change
from sessiongraph.changes.entity_classes import ENTITY_CLASSES, entity_class
from sessiongraph.changes.svg_graph import lay_out
from sessiongraph.changes.untrusted_text import as_shown, excerpt, shorten

MOST_FACTS = 200
MOST_ENTITIES = 300


class PageRenderer:
    """Makes pages from the templates, which it reads and compiles once."""

    def __init__(self) -> None:
        environment = Environment(
            loader=PackageLoader("sessiongraph.changes"),
            autoescape=True,
            finalize=as_shown,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "shorten": shorten,
            "excerpt": excerpt,
            "entity_class": entity_class,
            "thousands": "{:,}".format,
        }
        self._page = environment.get_template("page.html.j2")

    def render(self, change: Change, dataset: str) -> str:
        """The page of `change`; `dataset` is the key that its dataset is shown as."""
        shown_types = {entity_class(entity.type) for entity in change.entities.values()}
        return self._page.render(
            change=change,
            dataset=dataset,
            drawing=lay_out(change),
            legend=[name for name in ENTITY_CLASSES if name in shown_types],
            new_entities=sorted(change.new_entities, key=lambda entity: entity.name.casefold()),
            most_facts=MOST_FACTS,
            most_entities=MOST_ENTITIES,
        )
