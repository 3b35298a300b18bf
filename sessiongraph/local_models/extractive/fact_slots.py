"""What a token of a parse is as a part of a fact: a name, an amount, or what is named by its kind alone.

What does not belong here: verbs (`fact_rules`), and what a noun phrase is by itself (`noun_phrases`).
"""

from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.attributes import value_of
from sessiongraph.local_models.extractive.dependencies import coordinated
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.noun_types import is_occupation
from sessiongraph.local_models.extractive.parse_types import Counted, Mention, Slot
from sessiongraph.local_models.extractive.quantities import quantity, quantity_of

if TYPE_CHECKING:
    from spacy.tokens import Token


class FactSlots:
    """The parts of facts in one parse."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases

    def named(self, token: "Token") -> tuple[Slot, ...]:
        """What `token` and what is coordinated with it name; none where an unnamed one would change the sense."""
        slots = [self.phrases.slot(self.called(each)) for each in (token, *coordinated(token))]
        return tuple(slot for slot in slots if slot is not None)

    def objects(self, token: "Token") -> tuple[Slot, ...]:
        """What `token` and what is coordinated with it are, as objects: amounts are values."""
        found: list[Slot] = []
        for each in (token, *coordinated(token)):
            if each.lower_ in lexicon.CALENDAR and not self.phrases.found.date_at(each):
                found.append(value_of(each))
                continue
            slot = None if self.phrases.found.date_at(each) else self._measured(each)
            slot = slot if slot is not None else self.phrases.slot(self.called(each))
            found += [slot] if slot is not None else []
        return tuple(found)

    def kinds(self, token: "Token") -> tuple[Slot, ...]:
        """What objects that `objects` passes over name by their kind: "left the team"; days are values."""
        day = token.lemma_.lower() in lexicon.CALENDAR  # "on Mondays"
        date = self.phrases.found.date_at(token)
        if day and not date:
            return (value_of(token),)
        if date is not None and token.dep_ == "attr":
            return (date.text,)
        kinds = (self.phrases.kind(each) for each in (token, *coordinated(token)))
        return tuple(kind for kind in kinds if kind is not None)

    def _measured(self, token: "Token") -> Slot | None:
        """The amount that `token` heads; in figures, a value by itself, unless it counts what has a name."""
        value = self.amount(token)
        if value is None:
            return None
        things = self.phrases.slot(token)
        if isinstance(things, Mention) or not any(letter.isdigit() for letter in value):
            return Counted(value, things if isinstance(things, Mention) else None)
        return value

    def amount(self, token: "Token") -> str | None:
        return None if token.i in self.phrases.found.named else quantity(token) or quantity_of(token)

    def called(self, token: "Token") -> "Token":
        """The name that stands beside a kin ("her sister Emma"), else `token` itself."""
        is_kin = lexicon.is_kin(token)
        is_known = not is_kin and is_occupation(token)
        for child in token.rights:
            slot = self.phrases.slot(child) if child.dep_ == "appos" else None
            near = child.left_edge.i <= token.i + 2
            if isinstance(slot, Mention) and slot.proper and (is_known or near) and token.pos_ == "NOUN":
                return child
        return token
