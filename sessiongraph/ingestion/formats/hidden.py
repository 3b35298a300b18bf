"""What a page holds and no reader of it sees: by attributes, by styles in place, and by the rules of its style sheets.

Style sheets are followed as far as a page by itself shows them: no linked ones, no scripts. Of rules for the same
element the later counts, whatever their weight.
"""

import re
from typing import Any

_HIDING = {
    "display": re.compile(r"none"),
    "visibility": re.compile(r"hidden|collapse"),
    "content-visibility": re.compile(r"hidden"),
    "opacity": re.compile(r"0*\.?0+%?"),
    "font-size": re.compile(r"0*\.?0+(?:px|pt|r?em|%)?"),
    "color": re.compile(r"transparent"),
    "text-indent": re.compile(r"-\d{3,}(?:px|em|pt|%)?"),
    "clip": re.compile(r"rect\((?:[01](?:px)?[ ,]*){4}\)"),
    "clip-path": re.compile(r"inset\(50%\)|inset\(100%\)|circle\(0\)"),
    **dict.fromkeys(("left", "top"), re.compile(r"-\d{3,}(?:px|em|pt|%)?")),
    **dict.fromkeys(("width", "height", "max-height"), re.compile(r"[01](?:px)?")),
}
# These hide only where the element is taken out of the page, or cuts off what does not fit.
_NEEDS = {
    **dict.fromkeys(("left", "top"), ("position", re.compile("absolute|fixed"))),
    **dict.fromkeys(("width", "height", "max-height"), ("overflow", re.compile("hidden|clip"))),
}
_OPACITY = re.compile(r"(?<![\w-])opacity\s*:[^;]*", re.IGNORECASE)
_BLOCK = re.compile(r"([^{}]*)([{}])")
_SCREEN = re.compile(r"@media\s+(?:only\s+)?(?:screen|all)\s*\Z|@layer\b|@supports\b", re.IGNORECASE)
# Matching a selector looks at every element and those around it: what takes more than seconds is told, not searched.
_MOST_STEPS = 2_000_000


def hides(style: str) -> bool | None:
    """Whether an element of this `style` is unseen; None where the style says nothing about it."""
    declared = _declarations(style)
    for name, pattern in _HIDING.items():
        if name in declared and pattern.fullmatch(declared[name]):
            needed, value = _NEEDS.get(name, (name, pattern))
            if value.fullmatch(declared.get(needed, "")):
                return True
    background = declared.get("background-color", declared.get("background"))
    if background and _colour(background) == _colour(declared.get("color", "")):
        return True
    return False if "display" in declared or "visibility" in declared else None


def _colour(value: str) -> str:
    value = {"white": "#ffffff", "black": "#000000"}.get(value, value)
    return "#" + "".join(digit * 2 for digit in value[1:]) if re.fullmatch("#[0-9a-f]{3}", value) else value


def _without_comments(style: str) -> str:
    first, *others = style.replace("<!--", "").replace("-->", "").split("/*")
    return first + "".join(part.partition("*/")[2] for part in others)


def _declarations(style: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in _without_comments(style).lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value.strip()}


def hidden_by_rules(soup: Any) -> tuple[set[int], bool]:
    """The ids (Python's) of elements that a style sheet of the page hides; and whether all rules were looked at."""
    rules = [rule for sheet in soup.find_all("style") for rule in _rules(sheet.get_text())]
    # Rules make a page fade in by opacity, which then a script raises.
    told = [(selector, hidden) for selector, style in rules if (hidden := hides(_OPACITY.sub("", style))) is not None]
    hiding = sum(hidden for _, hidden in told)
    if not hiding:
        return set(), True
    if hiding * _sum_of_depths(soup) > _MOST_STEPS:
        return set(), False
    unseen: dict[int, Any] = {}
    for selector, hidden in told:
        for element in _matching(soup, selector, None if hidden else list(unseen.values())):
            if hidden:
                unseen[id(element)] = element
            else:
                del unseen[id(element)]
    return set(unseen), True


def _sum_of_depths(soup: Any) -> int:
    depths = {id(soup): 0}
    for element in soup.find_all(True):
        depths[id(element)] = depths[id(element.parent)] + 1
    return sum(depths.values())


def _matching(soup: Any, selector: str, among: list[Any] | None) -> list[Any]:
    """The elements that `selector` chooses, of the whole page or of those `among`."""
    import soupsieve

    try:
        chosen = soupsieve.compile(selector)
        return chosen.select(soup) if among is None else [element for element in among if chosen.match(element)]
    except (soupsieve.SelectorSyntaxError, NotImplementedError, RecursionError):  # no selector, or a newer one
        return []


def _rules(sheet: str) -> list[tuple[str, str]]:
    """(selector, declarations) of the rules that hold for a screen."""
    found: list[tuple[str, str]] = []
    around: list[bool] = []  # of each block that is open, whether what is in it holds
    selector = ""
    for match in _BLOCK.finditer(_without_comments(sheet)):
        before, brace = match[1].strip(), match[2]
        if brace == "{":
            selector = before.rpartition(";")[2].strip()
            around.append(not selector.startswith("@") or bool(_SCREEN.match(selector)))
        else:
            if before and selector and not selector.startswith("@") and all(around):
                found.append((selector, before))
            selector = ""
            if around:
                around.pop()
    return found
