"""The order in which a page is read: columns one after the other, rows of tables as rows, words that lines part joined.

Pure. What a run of text is says pdf_process.py.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from sessiongraph.ingestion.formats.csv_dialect import has_header, is_value
from sessiongraph.ingestion.formats.tabular import row_sentence

# A gutter parts columns where it runs along this many lines, which fill what is on either side of it.
_LEAST_LINES = 3
_LEAST_CHARACTERS, _LEAST_FILLED = 14, 0.55
_PARAGRAPH_GAP = 0.9  # of a line's height, between the boxes of two lines
_MOST_RUNS = 20_000  # of a page, beyond which it is read as it is written
_MOST_DEPTH = 8
_PARTED = re.compile(r"(\w*[^\W\d_])[-\xad‐]\n(?=([^\W\d_]\w*))")


@dataclass(frozen=True)
class Run:
    """A piece of a line, in points from the lower left corner of its page."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    @property
    def height(self) -> float:
        return max(self.top - self.bottom, 1.0)


def page_text(runs: Sequence[Run]) -> str:
    """The lines of a page, with a blank one where paragraphs are set apart."""
    if len(runs) > _MOST_RUNS:
        return "\n".join(run.text for run in runs)
    return "\n".join(_block_lines(list(runs), 0))


def joined(text: str) -> str:
    """`text` with the words joined that a line's end parts: without the hyphen, but where it is written with it too."""
    with_hyphen = frozenset(re.findall(r"[^\W\d_]+-[^\W\d_]+", text.lower()))

    def join(match: re.Match[str]) -> str:
        before, after = match[1], match[2]
        if not after[0].islower() and unicodedata.category(after[0]) != "Lo":
            return f"{before}-"  # Jean-Paul, Baden-Württemberg
        hyphenated = f"{before}-{after}".lower() in with_hyphen
        return f"{before}-" if hyphenated else before

    return _PARTED.sub(join, text)


def _block_lines(runs: list[Run], depth: int) -> Iterator[str]:
    gutter = _gutter(runs) if depth < _MOST_DEPTH else None
    if gutter is None:
        yield from _rows(runs)
        return
    for band, crossing in _bands(runs, gutter):
        left = [run for run in band if run.right <= gutter]
        right = [run for run in band if run.left >= gutter]
        if not crossing and _is_column(left) and _is_column(right):
            yield from _block_lines(left, depth + 1)
            yield ""
            yield from _block_lines(right, depth + 1)
            yield ""
        elif crossing:
            yield from _block_lines(band, depth + 1)
        else:
            yield from _rows(band)


def _gutter(runs: Sequence[Run]) -> float | None:
    """A place between two runs that the most lines leave free, None where fewer than _LEAST_LINES do."""
    gaps = [
        (before.right, after.left)
        for line in _lines(runs)
        for before, after in pairwise(line)
        if after.left - before.right > 0.5 * min(before.height, after.height)
    ]
    if len(gaps) < _LEAST_LINES:
        return None
    # The best place is just before the end of some gap: sweep over ends.
    events = sorted([(left, 1) for left, _ in gaps] + [(right, -1) for _, right in gaps])
    best, place, open_gaps = 0, None, 0
    for (at, step), (following, _) in zip(events, [*events[1:], (events[-1][0], 0)], strict=True):
        open_gaps += step
        if open_gaps > best:
            best, place = open_gaps, (at + following) / 2
    return place if best >= _LEAST_LINES else None


def _bands(runs: Sequence[Run], gutter: float) -> Iterator[tuple[list[Run], bool]]:
    """Runs from the top, as long as they all leave `gutter` free, or all cross it; and which of both."""
    band: list[Run] = []
    crossing = False
    for run in sorted(runs, key=lambda run: (-run.top, run.left)):
        crosses = run.left < gutter < run.right
        if band and crosses != crossing:
            yield band, crossing
            band = []
        crossing = crosses
        band.append(run)
    if band:
        yield band, crossing


def _is_column(runs: Sequence[Run]) -> bool:
    """Whether `runs` are lines of prose: several, long, and most of them as wide as the widest."""
    lines = _lines(runs)
    if len(lines) < _LEAST_LINES:
        return False
    widths = [line[-1].right - line[0].left for line in lines]
    width = max(run.right for run in runs) - min(run.left for run in runs)
    lengths = [sum(len(run.text) * (2 if _is_wide(run.text) else 1) for run in line) for line in lines]
    return median(lengths) >= _LEAST_CHARACTERS and median(widths) >= _LEAST_FILLED * width


def _is_wide(text: str) -> bool:
    return unicodedata.east_asian_width(text[0]) in "WF"


def _lines(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs that stand beside each other, from the top; of each line from the left."""
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: -(run.top + run.bottom)):
        last = lines[-1][0] if lines else None
        if last and min(last.top, run.top) - max(last.bottom, run.bottom) > 0.5 * min(last.height, run.height):
            lines[-1].append(run)
        else:
            lines.append([run])
    return [sorted(line, key=lambda run: run.left) for line in lines]


def _rows(runs: Sequence[Run]) -> Iterator[str]:
    lines = _lines(runs)
    before: list[Run] | None = None
    for tabular, group in groupby(lines, key=lambda line: len(line) if _is_table_row(line) else 0):
        table = list(group)
        columns = _header(table) if tabular else None
        for number, line in enumerate(table):
            if before and _space(before, line) > _PARAGRAPH_GAP * line[0].height:
                yield ""
            before = line
            if columns is None:
                yield _row(line)
            elif number:  # the header itself is in each row
                yield row_sentence(columns, [run.text.strip() for run in line])


def _space(above: Sequence[Run], below: Sequence[Run]) -> float:
    return min(run.bottom for run in above) - max(run.top for run in below)


def _header(table: Sequence[Sequence[Run]]) -> list[str] | None:
    """The first of these rows of a table, where it clearly names the columns: labels beside their values do not."""
    cells = [[run.text.strip() for run in line] for line in table]
    header = cells[0]
    if len(table) < _LEAST_LINES or not has_header(cells) or any(name.endswith(":") for name in header):
        return None
    return header if len(header) > 2 or any(map(is_value, cells[1])) else None


def _row(line: list[Run]) -> str:
    """The runs of a line in the order of its script."""
    letters = [unicodedata.bidirectional(letter) for run in line for letter in run.text if letter.isalpha()]
    to_left = sum(direction in ("R", "AL") for direction in letters) > len(letters) / 2
    texts = [run.text.strip() for run in (reversed(line) if to_left else line)]
    return (" | " if _is_table_row(line) else " ").join(texts)


def _is_table_row(line: Sequence[Run]) -> bool:
    """Whether the gaps between its runs are wider than any between words."""
    gaps = [(after.left - before.right) / before.height for before, after in pairwise(line)]
    return len(gaps) > 0 and all(gap > 1.0 for gap in gaps)
