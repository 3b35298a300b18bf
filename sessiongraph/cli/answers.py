"""An answer as people read it: what it says first, then its sources, two lines each; whole where that is asked for."""

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from sessiongraph.cli.output import moment, note, say, short, show_record, show_table, to_json, warn, width
from sessiongraph.retrieval.results import Citation, SearchResult, SearchType
from sessiongraph.speech_acts import speech_act
from sessiongraph.types import DEFAULT_USER

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def show_answer(result: SearchResult, *, most: int | None = None, whole: bool = False) -> None:
    """The answer, its warnings, the rows of a graph query, and its sources: the first `most` of them."""
    if result.answer is not None:
        say(_marked(result), "bold" if result.answered else "")
    elif result.query_type is SearchType.GRAPH_REPORT:
        say(result.context)
    show_warnings(result)
    if result.rows:
        _show_rows(result)
    if result.citations:
        if result.answer is not None or result.rows:
            say("")
        show_sources(result, most=most, whole=whole)
    elif not result.rows and not _is_heard(result):
        note("No sources were found." if result.query_type is not SearchType.CYPHER else "The query found nothing.")


def _is_heard(result: SearchResult) -> bool:
    """Whether it answers what was told, or a greeting, which rests on no source."""
    asked_graph = result.query_type is SearchType.CYPHER
    return result.answered and not asked_graph and speech_act(result.query) in ("tells", "greets")


def show_warnings(result: SearchResult) -> None:
    for warning in result.warnings:
        warn(warning)


def show_sources(result: SearchResult, *, most: int | None = None, whole: bool = False) -> None:
    """The sources, two lines each or `whole`: the first `most` of them, with how many more there are."""
    say("Sources" if result.answered else "Sources, which do not answer it", "dim")
    for number, citation in enumerate(result.citations[:most], 1):
        show_source(number, citation, None if whole else f"{result.query} {result.answer or ''}")
    if most is not None and len(result.citations) > most:
        note(f"{len(result.citations) - most} more: /sources. All of their text: /more, or /more NUMBER.")


def show_source(number: int, citation: Citation, about: str | None) -> None:
    """One source: the line of it that has most of the words of `about` or, where that is None, all of it."""
    mark, fits = f"[{number}]", width()
    indent = " " * (len(mark) + 1)
    if fits is None:
        say(f"{mark} {' '.join(citation.text.split())}")
    elif about is None:
        show_record({mark: citation.text.strip()}, gap=1)
    else:
        say(f"{mark} {_cut(_excerpt(citation.text, about, fits - len(indent)), fits - len(indent))}")
    say(indent + _cut(_where(citation), fits - len(indent) if fits else None), "dim")


def _cut(text: str, fits: int | None) -> str:
    """`text` as far as it fits, to the end of a word where that is not far back."""
    if fits is None or cell_len(text) <= fits:
        return text
    cut = set_cell_size(text, fits - 1)
    space = cut.rfind(" ")
    return (cut[:space] if space > len(cut) // 2 else cut).rstrip() + "…"


def _excerpt(text: str, about: str, fits: int) -> str:
    """`text` from the sentence on that says most of what `about` speaks of, where it is too long to be shown."""
    whole = " ".join(text.split())
    if cell_len(whole) <= fits:
        return whole
    wanted = set(map(str.casefold, _WORD.findall(about)))
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE.split(text) if sentence.strip()]
    scores = [len(wanted.intersection(map(str.casefold, _WORD.findall(sentence)))) for sentence in sentences]
    best = scores.index(max(scores))
    return ("…" if best else "") + " ".join(sentences[best:])


def _where(citation: Citation) -> str:
    """What it is, where it stands, of which day, and of a fact that is true no more, until when it was."""
    if citation.session_id is None:
        place = f"document {citation.name}, id {short(citation.document_id)}"
    else:
        place = f"session {citation.session_id}, turn {short(citation.turn_id)}, {moment(citation.said_at)} UTC"
    until = f", until {citation.valid_until}" if citation.valid_until else ""
    until += f", corrected by {citation.corrected_by}" if citation.corrected_by else ""
    return f"{citation.kind}{until} · {place} · {citation.dataset.removeprefix(f'{DEFAULT_USER}/')}"


def _marked(result: SearchResult) -> str:
    """The answer, each sentence of it with the numbers of its sources as they are listed."""
    numbers = {citation.id: number for number, citation in enumerate(result.citations, 1)}
    sentences = []
    for claim in result.claims:
        marks = dict.fromkeys(numbers[citation.id] for citation in claim.citations if citation.id in numbers)
        sentences.append(f"{claim.text} {''.join(f'[{number}]' for number in marks)}".rstrip())
    return " ".join(sentences) or str(result)


def _show_rows(result: SearchResult) -> None:
    columns = list(dict.fromkeys(column for row in result.rows for column in row))
    show_table("Rows", columns, [[_cell(row.get(column)) for column in columns] for row in result.rows])


def _cell(value: object) -> object:
    return to_json(value) if isinstance(value, dict | list) else value


def chosen(citations: Sequence[Citation], given: str) -> list[tuple[int, Citation]] | None:
    """The sources that `given` names by their number, all of them for "", each with its number; None for no number."""
    numbered = list(enumerate(citations, 1))
    if not given:
        return numbered
    return [one for one in numbered if str(one[0]) == given] or None
