"""Cognifying, as a dry run: what would become of every passage; and the price of calls, of sessions' turns too.

Invariant: nothing is written and no model is called. The very code that a build chunks and plans with runs on a
temporary table, which stands in front of the store's own for as long as it is read.
"""

import asyncio
from dataclasses import dataclass
from itertools import chain

from sessiongraph.extraction.build_graph import DuePassages, read_due_passages
from sessiongraph.extraction.chunk_documents import chunk, read_chunk_passages
from sessiongraph.extraction.dataset_schema import read_schema
from sessiongraph.extraction.ledger import Passage
from sessiongraph.extraction.long_windows import LongWindows
from sessiongraph.extraction.schema_fit import SchemaFit
from sessiongraph.extraction.window_extraction import extractor_version, pack, prompt_of
from sessiongraph.graph_schema import GraphSchema
from sessiongraph.llm.client import LLM
from sessiongraph.llm.pricing import count_tokens, expected_cost
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import Window
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Transaction

# What a window's answer comes to where the dataset has none to go by, in tokens.
_ANSWER_TOKENS = 120
# Of the JSON around a row of evidence: keys, quotes, passage numbers.
_ROW_TOKENS = 30


@dataclass
class CallEstimate:
    """The `calls` of `model` that something would take, with their tokens and price in US dollars.

    `cost` is None where nobody knows the model's price. Calls that fail and are asked again are not foreseen, nor is
    the embedding.
    """

    model: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0

    def __str__(self) -> str:
        price = "at a price that is unknown" if self.cost is None else f"for about ${self.cost:.4f}"
        return (
            f"{self.calls} call(s) of {self.model}, with {self.prompt_tokens:,} tokens of prompt and about "
            f"{self.completion_tokens:,} of answers, {price}"
        )


@dataclass
class CognifyEstimate(CallEstimate):
    """What cognifying a dataset would do with its `passages`, and what that would cost.

    So many it would `extract` with a model or `reuse` from what was extracted from the same words before. `stale` are
    those that another model, schema or version extracted, whether or not they are among them.
    """

    passages: int = 0
    extract: int = 0
    reuse: int = 0
    stale: int = 0

    def __str__(self) -> str:
        return (
            f"Of {self.passages} passage(s), {self.extract} would be extracted and {self.reuse} taken from what was "
            f"extracted before; {self.stale} are stale. That is {super().__str__()}."
        )


async def dry_run_cognify(
    store: GraphStore, llm: LLM, *, retry_failed: bool = False, reextract: bool = False
) -> CognifyEstimate:
    """What cognifying the dataset behind `store` would do now."""
    passages, due, basis = await asyncio.to_thread(store.read, lambda con: _plan(con, llm, retry_failed, reextract))
    ready, to_extract = due.split()
    estimate = CognifyEstimate(
        llm.model,
        passages=len(passages),
        extract=len(list(chain(*to_extract.values()))),
        reuse=len(ready),
        stale=due.stale,
    )
    await asyncio.to_thread(price, estimate, llm, list(to_extract), basis)
    return estimate


def _plan(
    connection: StoreConnection, llm: LLM, retry_failed: bool, reextract: bool
) -> tuple[list[Passage], DuePassages, "CallBasis"]:
    basis = call_basis(connection)
    extractor = extractor_version(llm, basis.schema)
    connection.draft("chunks")
    chunk(Transaction(connection, next_seq(connection)))
    passages, due = read_due_passages(connection, read_chunk_passages, extractor, None, retry_failed, reextract)
    return passages, due, basis


def next_seq(connection: StoreConnection) -> int:
    """The number that the next commit would have."""
    seq: int = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM commits").fetchall()[0][0]
    return seq


@dataclass(frozen=True)
class CallBasis:
    """What calls for a dataset come to: by its own `schema`, and by the tokens of a window's answer in it so far."""

    schema: GraphSchema | None
    answer_tokens: float


def call_basis(connection: StoreConnection) -> CallBasis:
    return CallBasis(read_schema(connection), _average_answer_tokens(connection))


def _average_answer_tokens(connection: StoreConnection) -> float:
    """Tokens that a window's answer came to in this dataset so far, at four characters each."""
    windows, rows, chars = connection.execute(
        """SELECT (SELECT count(*) FROM windows), count(*), sum(chars) FROM (
            SELECT length(name) + length(type) + length(description) AS chars FROM mentions
            UNION ALL SELECT length(subject) + length(relation) + length(object) + length(statement) FROM claims
            UNION ALL SELECT length(summary) FROM windows WHERE summary IS NOT NULL) said"""
    ).fetchall()[0]
    return (rows * _ROW_TOKENS + (chars or 0) / 4) / windows if windows else _ANSWER_TOKENS


def price(estimate: CallEstimate, llm: LLM, windows: list[Window], basis: CallBasis) -> None:
    """Put into `estimate` what extracting `windows` would take. Blocks."""
    calls = pack(LongWindows(windows).pieces)
    if not calls:
        return
    # The schema of the answer goes along with every call.
    schema = count_tokens(llm.model, llm.schema_text(Extraction))
    fit = None if basis.schema is None else SchemaFit(basis.schema)
    messages = [message["content"] for packed in calls for message in prompt_of(packed, fit)[0]]
    estimate.calls = len(calls)
    estimate.prompt_tokens = schema * len(calls) + sum(count_tokens(llm.model, text) for text in messages)
    estimate.completion_tokens = round(sum(map(len, calls)) * basis.answer_tokens)
    estimate.cost = expected_cost(llm.model, estimate.prompt_tokens, estimate.completion_tokens)
