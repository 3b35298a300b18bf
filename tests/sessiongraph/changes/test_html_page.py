"""A page is made of what strangers said: it must show that, and do nothing that it asks for."""

from collections import Counter
from datetime import datetime
from html.parser import HTMLParser

from sessiongraph.changes.diff import Change, ChangedEntity, NewFact, Quotation
from sessiongraph.changes.html_page import MOST_FACTS, PageRenderer
from sessiongraph.changes.svg_graph import MOST_NODES
from sessiongraph.changes.untrusted_text import excerpt, shorten

HOSTILE = "</style></svg><script>alert(1)</script>\" onload='x' &amp; <img src=http://e/x> \u202egnp.\u2066 \u200b\x07"
NOON = datetime(2024, 5, 8, 12)


def render(change: Change, dataset: str) -> str:
    return PageRenderer().render(change, dataset)


class Tags(HTMLParser):
    """Which elements and attributes a browser sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)


def change(count: int, text: str = "x", objects: int | None = None) -> Change:
    ends = [f"e{number}" for number in range((objects or count) + 1)]
    entities = {id_: ChangedEntity(id_, f"{text} {id_}", text, text, new=id_ != "e0") for id_ in ends}
    quotations = [Quotation("user", text, NOON, text * 50, text)]
    facts = [
        NewFact(f"{number:032x}", "e0", text, ends[1 + number % (len(ends) - 1)], text, text[:10], quotations)
        for number in range(count)
    ]
    return Change("session_knowledge", "run", NOON, Counter(persisted=3), [text], entities, facts, {"facts": count})


def test_what_was_said_is_text_wherever_it_stands() -> None:
    plain, hostile = Tags(render(change(2), "d")), Tags(render(change(2, HOSTILE), HOSTILE))

    assert hostile.tags == plain.tags and hostile.attributes == plain.attributes
    assert not {"script", "img", "link", "iframe", "object", "base", "form", "a"} & set(hostile.tags)
    assert not [name for name in hostile.attributes if name.startswith("on") or name in ("href", "src", "style")]


def test_nothing_that_cannot_be_seen_or_that_turns_text_around_is_in_a_page() -> None:
    assert not set("\u202e\u2066\u200b\x07") & set(render(change(2, HOSTILE), HOSTILE))
    assert "<bdi>a&lt;b&gt; &#34;c&#34; \N{REPLACEMENT CHARACTER}</bdi>" in render(change(2), 'a<b> "c" \u202e')


def test_a_page_asks_nobody_for_anything() -> None:
    page = render(change(2), "d")

    assert "default-src 'none'" in page and "http:" not in page and "https:" not in page and "url(#" in page


def test_a_page_and_its_picture_stay_small_however_much_changed() -> None:
    page = render(change(5_000, "some words " * 5), "d")

    assert page.count("<article>") == MOST_FACTS and f"{MOST_FACTS} of 5,000" in page
    assert 0 < page.count("<circle") <= MOST_NODES
    assert len(page) < 1_000_000


def test_the_same_change_is_drawn_the_same_and_inside_the_picture() -> None:
    once = render(change(40, objects=20), "d")

    assert once == render(change(40, objects=20), "d") and "<svg" in once and "nan" not in once
    assert "".join(render(Change("knowledge_graph", "run", None), "d").split()).count("<article>") == 0


def test_a_quotation_is_cut_around_what_it_is_quoted_for() -> None:
    text = "So it goes. " * 100 + "Alice lives in Paris. " + "And on. " * 100

    assert "Paris" in excerpt(text, "paris", 80) and len(excerpt(text, "paris", 80)) <= 83
    assert excerpt("short", "absent", 80) == "short" and shorten("a  b\nc", 10) == "a b c"
