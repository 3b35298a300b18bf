"""How right and how complete the facts are that the embedded parser takes, against what a careful reader keeps.

    python benchmarks/extraction_quality.py [--misses [KIND]] [--out FIGURES.json]

`extraction_labels/` has the texts, the labels, and the rules by which a fact counts. Of the half that rules were
written for, `--misses` lists what is wrong (-) and what is missing (+); of the held-out half there are only figures.
"""

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import snowballstemmer
from rich.console import Console
from rich.table import Table

from benchmarks.extraction_labels import Label, LabelledText, Wording, read_texts
from benchmarks.measure import measured, write_figures
from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.extraction_schema import ExtractedFact, Extraction

TUNED, HELD_OUT, SECOND = "tuned", "held_out", "second_reading"
_TYPES = ("Person", "Organization", "Place")
_MORE_WORDS = 2
_ARTICLES = frozenset(
    ["the", "a", "an", "my", "our", "your", "his", "her", "its", "their", "this", "that", "these", "those"]
)
_BE = frozenset(["is", "am", "are", "was", "were", "be", "been", "being"])
_HAVE = frozenset(["has", "have", "had", "having"])
_LIGHT = _BE | _HAVE | frozenset(["do", "does", "did"])
_DENIED = frozenset(["not", "never", "no", "nobody", "none", "longer", "n't", "cannot", "without"])
_MODAL = frozenset(["will", "would", "may", "might", "could", "can", "must", "should"])
_INTENDED = frozenset(["plan", "want", "hope", "wish", "tri", "agre", "promis", "refus", "use", "consid"])
_stem = cache(snowballstemmer.stemmer("english").stemWord)


@dataclass(frozen=True)
class Said:
    """The words of a relation or a name, by what they do."""

    content: frozenset[str]
    light: frozenset[str]
    modal: frozenset[str]
    denied: bool


@cache
def said(text: str) -> Said:
    words = [word for word in _words(text) if word not in _ARTICLES]
    rest = [word for word in words if word not in _LIGHT | _DENIED | _MODAL]
    return Said(
        frozenset(map(_stem, rest)),
        frozenset("be" if word in _BE else "have" for word in words if word in _BE | _HAVE),
        frozenset(words) & _MODAL,
        not _DENIED.isdisjoint(words),
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+(?:[.,:@-]\w+)*", re.sub(r"['’]s\b", "", text.lower()).replace("n't", " not"))


def is_named(way: str, name: str) -> bool:
    """Whether `name` is a name that a label gives as `way`."""
    wanted, given = said(re.sub(r"\([^)]*\)", " ", way)).content, said(name).content
    more = given - said(way.replace("(", " ").replace(")", " ")).content
    return wanted <= given and len(more) <= _MORE_WORDS and bool(wanted)


def is_related(relation: str, taken: str) -> bool:
    """Whether `taken` says of two things what a label's `relation` does, denials aside."""
    wanted, given = said(relation), said(taken)
    if wanted.modal != given.modal or (given.content - wanted.content) & _INTENDED:
        return False
    if wanted.content:
        return wanted.content <= given.content
    return not given.content and bool(wanted.light & given.light or not given.light)


def matches(wording: Wording, fact: ExtractedFact) -> bool:
    denied = any(said(text).denied for text in (fact.subject, fact.relation, fact.object))
    return any(
        denied == any(said(text).denied for text in (subject, relation, object_))
        and is_related(relation, fact.relation)
        and is_named(subject, fact.subject)
        and is_named(object_, fact.object)
        for subject in wording.subjects
        for relation in wording.relations
        for object_ in wording.objects
    )


def states(label: Label, fact: ExtractedFact) -> bool:
    return any(matches(wording, fact) for wording in label.wordings)


@dataclass
class Judged:
    """What was counted of some texts, and what was wrong or missing in them."""

    counts: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def add(self, text: LabelledText, extraction: Extraction) -> None:
        taken = list(dict.fromkeys((fact.subject, fact.relation, fact.object) for fact in extraction.facts))
        facts = [next(f for f in extraction.facts if (f.subject, f.relation, f.object) == one) for one in taken]
        right = [fact for fact in facts if any(states(label, fact) for label in text.labels)]
        wanted = [label for label in text.labels if label.wanted]
        kept = {id(label): [f for f in facts if states(label, f)] for label in wanted}
        self.counts += Counter(
            taken=len(facts), right=len(right), wanted=len(wanted), kept=sum(bool(it) for it in kept.values())
        )
        timed = [label for label in wanted if label.when and kept[id(label)]]
        self.counts["timed"] += len(timed)
        self.counts["dated"] += sum(any(f.valid_at == it.when for f in kept[id(it)]) for it in timed)
        missed = [_shown(label) for label in wanted if not kept[id(label)]]
        wrong = [f"  - {fact.subject} | {fact.relation} | {fact.object}" for fact in facts if fact not in right]
        types = list(self._typed(text, extraction))
        if wrong or missed or types:
            self.misses += [text.id, *(f"    {line}" for line in text.text.splitlines()), *wrong, *missed, *types]

    def _typed(self, text: LabelledText, extraction: Extraction) -> list[str]:
        """Counts the types of names, and returns which are wrong."""
        wrong = []
        for entity in extraction.entities:
            wanted = text.types.get(entity.name)
            if wanted is None and (entity.type not in _TYPES or not _is_name(entity.name)):
                continue
            self.counts["named"] += 1
            self.counts["typed"] += wanted == entity.type
            if wanted != entity.type:
                wrong.append(f"  : {entity.name} is {wanted}, not {entity.type}")
        return wrong

    def figures(self) -> dict[str, float | None]:
        count = self.counts

        def percent(part: str, whole: str) -> float | None:
            return round(100 * count[part] / count[whole], 1) if count[whole] else None

        return {
            "facts taken": count["taken"],
            "right (%)": percent("right", "taken"),
            "facts wanted": count["wanted"],
            "kept (%)": percent("kept", "wanted"),
            "names": count["named"],
            "typed (%)": percent("typed", "named"),
            "dated (%)": percent("dated", "timed"),
        }


def _is_name(name: str) -> bool:
    return name[:1].isupper() and " of " not in name and "'s " not in name


def _shown(label: Label) -> str:
    wording = label.wordings[0]
    return f"  + {wording.subjects[0]} | {wording.relations[0]} | {wording.objects[0]}"


def judged(texts: list[LabelledText]) -> dict[str, Judged]:
    """What is counted of each kind of text, and of all."""
    parser = SentenceParser()
    found = {kind: Judged() for kind in dict.fromkeys(text.kind for text in texts)} | {"all": Judged()}
    for text in texts:
        extraction = extract([text.window], parser)
        found[text.kind].add(text, extraction)
        found["all"].add(text, extraction)
    return found


def agreement() -> dict[str, float]:
    """How far the second reading agrees with the labels: the share of its facts that they have, wanted or not, and of
    the wanted ones that it has."""
    first = {f"{half} {text.id}": text for half in (TUNED, HELD_OUT) for text in read_texts(half)}
    count: Counter[str] = Counter()
    for again in read_texts(SECOND):
        labels = first[again.id].labels
        facts = [_as_fact(label) for label in again.labels]
        wanted = [label for label in labels if label.wanted]
        count["read"] += len(facts)
        count["right"] += sum(any(states(label, fact) for label in labels) for fact in facts)
        count["wanted"] += len(wanted)
        count["kept"] += sum(any(states(label, fact) for fact in facts) for label in wanted)
    return {
        "right (%)": round(100 * count["right"] / count["read"], 1),
        "kept (%)": round(100 * count["kept"] / count["wanted"], 1),
    }


def _as_fact(label: Label) -> ExtractedFact:
    wording = label.wordings[0]
    return ExtractedFact(
        subject=wording.subjects[0],
        relation=wording.relations[0],
        object=wording.objects[0],
        statement="",
        passage=1,
        valid_at=None,
    )


def show(console: Console, half: str, found: dict[str, Judged], milliseconds: float) -> None:
    names = list(found["all"].figures())
    table = Table(title=f"{half}: {milliseconds} ms of CPU a text")
    for name in ("", *names):
        table.add_column(name, justify="right" if name else "left")
    for kind, of_kind in found.items():
        table.add_row(kind, *("" if figure is None else f"{figure:,}" for figure in of_kind.figures().values()))
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", nargs="?", const="all", metavar="KIND", help="what is wrong in the tuned half")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    chosen = parser.parse_args()
    console = Console()
    if chosen.misses:
        print("\n".join(judged(read_texts(TUNED))[chosen.misses].misses))
        return 0
    figures: dict[str, object] = {"second reading": (agreed := agreement())}
    console.print("The second reading against the labels:", agreed)
    for half in (TUNED, HELD_OUT):
        texts = read_texts(half)
        judged(texts[:1])  # loads the pipeline
        with measured() as cost:
            found = judged(texts)
        milliseconds = round(1000 * cost.cpu_seconds / len(texts), 1)
        show(console, half, found, milliseconds)
        figures[half] = {kind: of_kind.figures() for kind, of_kind in found.items()} | {"cpu ms a text": milliseconds}
    write_figures(chosen.out, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
