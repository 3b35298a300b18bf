"""HTML: what a reader of the page sees, but for navigation."""

import re
from datetime import date
from typing import Any, BinaryIO

from sessiongraph.document_dates import day_in_stamp
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.encodings import CONTROLS, decoded
from sessiongraph.ingestion.formats.hidden import hidden_by_rules, hides
from sessiongraph.ingestion.formats.layout import BREAK, HEADER, LINE, PARAGRAPH, TABLE, element_parts, laid_out
from sessiongraph.ingestion.formats.text import faults_of, text_bytes

_SPACES = re.compile(r"[\s\x00-\x1f]+")
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}>")
_NEVER_SEEN = frozenset({"script", "style", "template", "noscript", "svg", "datalist"})
_REPLACED = frozenset({"iframe", "object", "canvas", "audio", "video", "embed"})  # their text is for browsers without
_NAVIGATION_ROLES = frozenset({"navigation", "menu", "menubar", "dialog", "alertdialog"})
_DATED = frozenset(
    (
        *("article:published_time", "date", "dc.date", "dc.date.issued", "dcterms.date", "dcterms.created", "pubdate"),
        *("datepublished", "publishdate", "publish-date", "publication_date", "og:published_time", "citation_date"),
    )
)
_PARAGRAPHS = (
    *("title", "p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "ul", "ol", "dl"),
    *("article", "section", "header", "footer", "main", "aside"),
)
_LINES = (
    *("div", "li", "dt", "dd", "caption", "figure", "figcaption"),
    *("form", "option", "address", "details", "summary", "dialog"),
)
_GAPS = dict.fromkeys(_PARAGRAPHS, PARAGRAPH) | dict.fromkeys(_LINES, LINE) | {"table": PARAGRAPH + TABLE}


def read_html(file: BinaryIO, notes: Notes) -> str:
    """Paragraphs and headings on lines of their own; rows of a table that has a header with their columns' names."""
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    data = text_bytes(file)
    declared = EncodingDetector.find_declared_encoding(data[:4096], is_html=True)
    text = decoded(data, notes, declared)
    with faults_of("HTML"):
        soup = BeautifulSoup(_XML_DECLARATION.sub("", text), "lxml")
        notes.said_on = _published(soup)
        by_rules, followed = hidden_by_rules(soup)
        if not followed:
            notes.warn("its style sheets are too large to follow: text that they hide may have been read")
        page = _Page(by_rules)
        laid = laid_out(soup, page.parts)
        if page.hidden:
            notes.warn(f"{page.hidden} part(s) that a reader of the page does not see left out")
        return laid


class _Page:
    """The parts of a page, and how many that have words were left out as unseen."""

    def __init__(self, hidden_by_rules: set[int]) -> None:
        self.hidden = 0
        self._hidden_by_rules = hidden_by_rules

    def parts(self, node: Any) -> list[Any]:
        from bs4 import CData, NavigableString, Tag

        if type(node) in (NavigableString, CData):
            return [_SPACES.sub(" ", str(node))]
        if not isinstance(node, Tag) or node.name in _NEVER_SEEN | _REPLACED or _is_navigation(node):
            return []  # a comment, a doctype
        if self._is_hidden(node):
            self.hidden += any(True for _ in node.stripped_strings)
            return []
        if node.name in ("br", "hr"):
            return [BREAK]
        if node.name == "pre":
            return [PARAGRAPH, CONTROLS.sub("", node.get_text()), PARAGRAPH]
        children = [HEADER, *node.contents] if node.name == "tr" and _is_header(node) else node.contents
        span = str(node.get("colspan", ""))
        return element_parts(
            node.name, _GAPS, row="tr", cells=("td", "th"), children=children, span=int(span) if span.isdecimal() else 1
        )

    def _is_hidden(self, element: Any) -> bool:
        """Whether no reader sees it. Scripts show whole pages that came hidden: the body is always read."""
        if element.name in ("[document]", "html", "head", "title", "body"):
            return False
        if element.has_attr("hidden") or str(element.get("aria-hidden", "")).lower() == "true":
            return True
        in_place = hides(str(element["style"])) if element.get("style") else None
        return id(element) in self._hidden_by_rules if in_place is None else in_place


def _is_navigation(element: Any) -> bool:
    if element.name == "dialog":
        return not element.has_attr("open")
    return element.name == "nav" or str(element.get("role", "")).lower() in _NAVIGATION_ROLES


def _is_header(row: Any) -> bool:
    """Whether the cells of a table's row name its columns."""
    cells = [cell.name for cell in row.find_all(("td", "th"), recursive=False)]
    return len(cells) > 1 and (all(name == "th" for name in cells) or row.parent.name == "thead")


def _published(soup: Any) -> date | None:
    """The day that the page says it was published on."""
    for meta in soup.find_all("meta", content=True):
        named = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if str(named).lower() in _DATED and (day := day_in_stamp(str(meta["content"]))):
            return day
    for time in soup.find_all("time", datetime=True):
        if time.has_attr("pubdate") or time.get("itemprop") == "datePublished":
            return day_in_stamp(str(time["datetime"]))
    return None
