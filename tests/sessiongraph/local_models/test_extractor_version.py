"""The golden output of `local/extractive`: nothing that it yields changes without a new VERSION.

VERSION is part of what every window is hashed with. Where the same text yields something else under the same VERSION,
no home notices that what it holds is stale. After a new VERSION run this file as a script, with the checkout as
PYTHONPATH, to renew the output.
"""

import json
from pathlib import Path
from typing import Any

import spacy

from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.extractive.spacy_pipeline import VERSION
from sessiongraph.prompts.prompt_format import Part, Window, as_context, parse, render

GOLDEN = Path(__file__).with_name("extractions.json")


def document(text: str, *before: str) -> Window:
    return Window("document: notes", as_context([Part("document", part) for part in before]), (Part("document", text),))


def turn(question: str, answer: str, *before: Part, source: str = "conversation, 2023-05-08") -> Window:
    return Window(source, as_context(before), (Part("user", question), Part("assistant", answer)))


WINDOWS = {
    "facts of a document": document(
        "Alice Martin grew up in Lyon. She studied physics at Oxford University. Her brother Tom moved to Chicago in "
        "2015. He teaches history there. Alice married Daniel Weber on 3 March 2019."
    ),
    "appositions and passives": document(
        "Dune was written by Frank Herbert. Alice, the CEO of Acme, likes chess. Bob, who lives in Oslo, does not like "
        "coffee. Maria Lopez was born in Lisbon and plans to move to Berlin."
    ),
    "pronouns from the context": document(
        "She joined the brewery in June 2021. They hired her sister Emma as a baker.",
        "Siobhan Tierney runs the Brannock Brewery in Galway with her husband Colm.",
    ),
    "titles, initials and names of several words": document(
        "Mr. Smith met Mrs. Smith in Rome. Professor Aino Korhonen of the University of Helsinki praised J. R. Olsen. "
        "Ludwig van Beethoven was born in Bonn."
    ),
    "markup": document(
        "# Team\n\n- **Priya Nair** leads the [Atlas project](https://example.org/atlas).\n- `Jonas` works for her.\n\n"
        "> Rosalind Achterberg died in Haarlem on 12 January 1956.\n\n```python\nBob = 'Alice'\n```"
    ),
    "answers, amounts, days and names of what is told apart": document(
        "How much does shipping cost? 4.90 euros. The deadline is 31 October 2024. Charging takes four hours.\n\n"
        "The supplier Kordax, their smallest partner, quit Ostrum. Vera will prepare a workshop. It lasts half a day."
    ),
    "amounts and quantities": document(
        "The city paid 48,000 euros for the repair. Alice has three children and 2 dogs. Acme employs 120 people."
    ),
    "a turn of one who says I": turn(
        "I moved to Porto last year and I work as a nurse at Santa Maria Hospital. My brother Rui visits me often.",
        "How nice that Rui visits you! Do you like Porto?",
    ),
    "a turn whose answer tells": turn(
        "What does she do for work?",
        "Alice works as a software engineer at Acme Labs. She started there in March 2022.",
        Part("user", "Where does Alice live?"),
        Part("assistant", "Alice lives in Paris."),
    ),
    "days told from the day of the talk": turn(
        "Yesterday I adopted a cat named Miso. We went to the vet this morning. Next month I will visit Tokyo.",
        "Three years ago you adopted Nori, didn't you?",
    ),
    "speakers named in what they say": turn(
        "Caroline: Hey Mel! I went to a LGBTQ support group yesterday and it was so powerful.",
        "Melanie: Wow, that's cool, Caroline! I'm swamped with the kids. I painted a lake sunrise last year.",
        source="conversation, 2023-05-08",
    ),
    "what is elided, short or in other words": turn(
        "Went to Berlin w/ Tom & loved it!! He's from there. Don't like the food tho. My sister's called Lena.",
        "Sounds like you and Tom had fun. Lena's in Munich, isn't she?",
    ),
    "nothing to tell": turn("Could you reword that, please? Thanks!", "Sure. It's fine as it is, I'd say: why not?"),
    "another language and script": document(
        "Élodie wohnt in Zürich. 東京は日本の首都です。 Zoë Müller-Lüdenscheidt moved from São Paulo to Kraków in 1998."
    ),
}


def extractions() -> dict[str, Any]:
    parser = SentenceParser()
    return {
        name: extract(parse(render([window])[0]), parser).model_dump(mode="json") for name, window in WINDOWS.items()
    }


def test_what_is_extracted_changes_with_the_version_alone() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    found = {"version": VERSION, "extractions": extractions()}
    changed = [name for name in WINDOWS if found["extractions"][name] != golden["extractions"].get(name)]
    assert found == golden, (
        f"local/extractive yields something else than before (of {changed}) or has another VERSION. If that is on "
        f"purpose, write a new VERSION into spacy_pipeline.py and renew {GOLDEN.name} by running {Path(__file__).name} "
        f"as a script; what homes hold becomes stale. If not: the installed spaCy is {spacy.__version__}, and the file "
        "was made with the one in constraints.txt."
    )


if __name__ == "__main__":
    golden = {"version": VERSION, "extractions": extractions()}
    GOLDEN.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
