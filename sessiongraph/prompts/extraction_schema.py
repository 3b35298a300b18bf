"""The structured output of an extraction call, kept flat and small so that any endpoint can serve it.

Which numbers a call may name is checked by `check_numbers`; what a window is made of, by `prompt_format`.
"""

from collections.abc import Collection

from pydantic import BaseModel, Field


class Summary(BaseModel):
    passage: int = Field(description="Number of the first passage of the window that is summarised")
    text: str = Field(description="One sentence that says what the window is about")


class ExtractedEntity(BaseModel):
    name: str = Field(description="The full name, as the passage has it")
    type: str = Field(description="Person, Organization, Place, Event, Date, Work, Product or Concept")
    description: str = Field(description="What the passages say of it, in a few words")
    passages: list[int] = Field(description="Numbers of the passages that name it")


class ExtractedFact(BaseModel):
    subject: str = Field(description="Name of the entity that the fact is about")
    relation: str = Field(description="A short verb phrase, such as 'works as' or 'moved to'")
    object: str = Field(description="Name of the other entity, or a value")
    statement: str = Field(description="The fact as one sentence that stands on its own")
    passage: int = Field(description="Number of the passage that states it")
    valid_at: str | None = Field(default=None, description="Since when it holds: YYYY, YYYY-MM or YYYY-MM-DD")


class Extraction(BaseModel):
    """Everything one call yields for the passages that it was given."""

    summaries: list[Summary]
    entities: list[ExtractedEntity]
    facts: list[ExtractedFact]


def check_numbers(extraction: Extraction, given: Collection[int]) -> Extraction:
    """`extraction` without what names no passage among the numbers `given`. Raises ValueError where nothing is left."""
    named = {summary.passage for summary in extraction.summaries} | {fact.passage for fact in extraction.facts}
    named |= {number for entity in extraction.entities for number in entity.passages}
    if not (unknown := sorted(named - set(given))):
        return extraction
    entities = [
        entity.model_copy(update={"passages": [number for number in entity.passages if number in given]})
        for entity in extraction.entities
    ]
    kept = Extraction(
        summaries=[summary for summary in extraction.summaries if summary.passage in given],
        entities=[entity for entity in entities if entity.passages],
        facts=[fact for fact in extraction.facts if fact.passage in given],
    )
    if not (kept.summaries or kept.entities or kept.facts):
        raise ValueError(f"These passage numbers were not given: {unknown}. Use only {sorted(given)}.")
    return kept
