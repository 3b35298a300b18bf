"""How much of a graph is junk: entities and facts that a reader would not keep, by the local model.

    python benchmarks/noise_entities.py [--out FIGURES.json]

`junk_texts.txt` is invented text. What `local/extractive` makes of it is put in an order that a seed gives; the first
200 elements are the sample. `junk_labels.tsv` says of each, judged by reading, whether it is kept or why not; an
element that it does not know is listed, to be judged and added. An element keeps its place in the order whatever else
is extracted, so that a change of the extractor asks for few new labels.

A reader keeps an entity that names something which one may ask about again, under a name and a type that fit; and a
fact that is true by the text and says something by itself.
"""

import argparse
import csv
import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console

from benchmarks.measure import write_figures
from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import ParsedWindow, Part, Role, as_context
from sessiongraph.snapshots.speakers import labelled

HERE = Path(__file__).parent
SAMPLE = 200
SEED = "junk"
KEEP = "keep"


def windows() -> Iterator[tuple[str, ParsedWindow]]:
    """The invented texts as they would be extracted, each with its user's name: a document as one passage, a
    conversation turn by turn."""
    blocks = (HERE / "junk_texts.txt").read_text(encoding="utf-8").split("\n\n")
    for block in blocks[1:]:
        head, *lines = block.strip().split("\n")
        if head.startswith("doc: "):
            yield "", ParsedWindow("document, 2024-05-08", (), {1: Part("document", head.removeprefix("doc: "))})
            continue
        source = "conversation, 2024-05-08"
        said: list[Part] = []
        for start in range(0, len(lines), 2):
            roles: tuple[Role, Role] = ("user", "assistant")
            pair = [Part(role, line) for role, line in zip(roles, lines[start : start + 2], strict=False)]
            yield head.removeprefix("chat "), ParsedWindow(source, as_context(said), dict(enumerate(pair, 1)))
            said += pair


def elements(extractions: Iterable[tuple[str, Extraction]]) -> set[str]:
    """The entities, under the type that is stated most often, and the facts: each as a reader sees it, who sees the
    user's name."""
    types: dict[str, Counter[str]] = defaultdict(Counter)
    facts = set()
    for user, extraction in extractions:
        for entity in extraction.entities:
            types[labelled(entity.name, user)][entity.type] += 1
        told = (f"fact: {fact.subject} | {fact.relation} | {fact.object}" for fact in extraction.facts)
        facts |= {labelled(fact, user) for fact in told}
    return facts | {
        f"entity: {name} ({min(stated, key=lambda kind: (-stated[kind], kind))})" for name, stated in types.items()
    }


def sample() -> list[str]:
    parser = SentenceParser()
    found = elements((user, extract([window], parser)) for user, window in windows())
    return sorted(found, key=lambda element: hashlib.sha256(f"{SEED}\n{element}".encode()).hexdigest())[:SAMPLE]


def labels() -> dict[str, str]:
    """What each element was judged to be: "keep", or the cause for which it is junk."""
    with (HERE / "junk_labels.tsv").open(encoding="utf-8", newline="") as file:
        return {element: label for label, element in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    chosen = parser.parse_args()
    console, known, drawn = Console(), labels(), sample()
    unknown = [element for element in drawn if element not in known]
    if unknown:
        console.print(f"{len(unknown)} of {len(drawn)} are not judged yet; add them to junk_labels.tsv:", style="bold")
        for element in unknown:
            console.print(element, markup=False, highlight=False, soft_wrap=True)
        return 1
    figures = {}
    for kind in ("entity", "fact", ""):
        judged = [known[element] for element in drawn if element.startswith(kind)]
        causes = Counter(label for label in judged if label != KEEP)
        share = round(100 * causes.total() / len(judged), 1)
        figures[kind or "all"] = {"sample": len(judged), "junk_percent": share, "causes": dict(causes.most_common())}
        console.print(f"{kind or 'all'}: {share} % of {len(judged)} are junk", dict(causes.most_common()))
    write_figures(chosen.out, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
