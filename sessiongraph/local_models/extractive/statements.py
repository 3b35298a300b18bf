"""A clause with whom it is about: what makes facts of its words. Which words those are is said by the rules."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive.clause_dates import date_of
from sessiongraph.local_models.extractive.clauses import Clause, ended, is_over, is_past, spelled, subject_of
from sessiongraph.local_models.extractive.dependencies import coordinated
from sessiongraph.local_models.extractive.fact_slots import FactSlots
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, RawFact, Slot

if TYPE_CHECKING:
    from spacy.tokens import Token


@dataclass(frozen=True)
class Statement:
    """What `clause` states of `subjects`. `agreements` are the verbs that agree with a pronoun, by token number."""

    clause: Clause
    subjects: tuple[Slot, ...]
    slots: FactSlots
    agreements: dict[int, Pronoun]

    @property
    def is_copula(self) -> bool:
        return self.clause.final.lemma_ == "be"

    @property
    def is_denied(self) -> bool:
        return is_over(self.clause.final) or any(token.dep_ == "neg" for token in self.clause.phrase)

    def fact(
        self, phrase: "tuple[Token, ...]", objects: tuple[Slot, ...], before: str = "", *, document: bool = False
    ) -> RawFact:
        """That the subjects stand to `objects` as the words of `phrase` say."""
        clause, subject = self.clause, subject_of(self.clause.verb)
        date = date_of(clause, self.slots.phrases.found)
        is_ended = is_over(clause.final) or is_over(clause.verb)
        past = is_ended or is_past(clause.phrase) or (date is not None and date.bound == "since")
        # "Alice and Bob live in Paris" makes "Alice lives in Paris".
        several = subject is not None and bool(coordinated(subject))
        each = several and not any(isinstance(slot, Mention) and slot.plural for slot in self.subjects)
        words = spelled(phrase, self.agreements, singular=each)
        words = ended(phrase, self.agreements, subject) if is_ended else words
        relation = (before, *words) if before else words
        return RawFact(self.subjects, relation, objects, date.text if date else None, past, document)
