"""What nobody sees of a page is nobody's statement: drafts, traps for machines, menus. What is left out is counted."""

import pytest

from tests.sessiongraph.ingestion.conftest import Read

SEEN = "The ferry leaves at 7:40."
WORDS = ["Draft: it leaves at 6:10.", "Черновик: в 6:10.", "草案：6時10分に出ます。"]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(
    "element",
    [
        "<p hidden>{}</p>",
        '<div hidden="until-found"><p>{}</p></div>',
        '<p style="color: red; display: none">{}</p>',
        '<p style="DISPLAY:NONE !important">{}</p>',
        '<p style="visibility:hidden">{}</p>',
        '<p style="visibility: collapse;">{}</p>',
        '<p style="opacity:0">{}</p>',
        '<p style="font-size: 0px">{}</p>',
        '<p style="position:absolute; left:-9999px">{}</p>',
        '<p style="color:#fff; background-color: #FFFFFF">{}</p>',
        '<p style="height:0;overflow:hidden">{}</p>',
        '<span aria-hidden="true">{}</span>',
        "<style>.old {{ display: none }}</style><p class='note old'>{}</p>",
        "<style>/* .x{{}} */ p.a, #trap {{ color: red; visibility : hidden }}</style><p id=trap>{}</p>",
        "<style>@media screen {{ .old {{ display:none }} }}</style><section class=old><p>{}</p></section>",
        "<style>main > .old p {{ display:none }}</style><main><div class=old><p>{}</p></div></main>",
    ],
)
def test_what_is_hidden_is_left_out_and_counted(read: Read, element: str, words: str) -> None:
    document = read("a.html", f"<p>{SEEN}</p>{element.format(words)}")
    assert document.text == SEEN
    assert document.warnings == ("1 part(s) that a reader of the page does not see left out",)


@pytest.mark.parametrize(
    "element",
    [
        "<nav>{}</nav>",
        '<div role="navigation">{}</div>',
        '<ul role="menubar"><li>{}</ul>',
        "<dialog>{}</dialog>",
        "<template>{}</template>",
        "<noscript>{}</noscript>",
        "<script>{}</script>",
        "<iframe>{}</iframe>",
        "<canvas>{}</canvas>",
        "<!-- {} -->",
    ],
)
def test_what_is_no_part_of_the_page_is_left_out(read: Read, element: str) -> None:
    document = read("a.html", f"<p>{SEEN}</p>{element.format('Buy our letter')}")
    assert (document.text, document.warnings) == (SEEN, ())


@pytest.mark.parametrize(
    "element",
    [
        "<p style='color:red'>{}</p>",
        "<p style='display:block' class=old>{}</p><style>.old{{display:none}}</style>",
        "<style>@media print {{ .here {{ display:none }} }}</style><p class=here>{}</p>",
        "<style>.tab{{display:none}} .tab.open{{display:block}}</style><p class='tab open'>{}</p>",
        "<style>.rise{{opacity:0}}</style><p class=rise>{}</p>",
        "<style>body{{visibility:hidden}}</style><p>{}</p>",
        "<details><summary>{}</summary></details>",
        "<dialog open>{}</dialog>",
        "<p style='left:-9999px'>{}</p>",
        "<p aria-hidden=false>{}</p>",
    ],
)
def test_what_is_seen_is_read(read: Read, element: str) -> None:
    document = read("a.html", f"<body>{element.format(SEEN)}")
    assert (document.text, document.warnings) == (SEEN, ())


@pytest.mark.parametrize("trick", ["\u200b", "\u2060", "\ufeff", "\u202e", "&#8203;", "&shy;", "\U000e0041"])
def test_letters_that_are_not_seen_part_no_word(read: Read, trick: str) -> None:
    assert read("a.html", f"<p>The fer{trick}ry leaves at 7:40.").text == SEEN


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2021-03-12T23:30:00-08:00">',
        '<meta name="date" content="2021-03-12">',
        '<meta name="DC.date.issued" content="12 March 2021">',
        '<meta itemprop="datePublished" content="20210312">',
        '<time itemprop="datePublished" datetime="2021-03-12T08:00Z">on Friday</time>',
    ],
)
def test_the_day_of_publication_is_the_pages_day(read: Read, head: str) -> None:
    assert str(read("a.html", f"{head}<p>{SEEN}").said_on) == "2021-03-12"
