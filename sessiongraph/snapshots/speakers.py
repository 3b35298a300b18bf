"""Speakers: who says "I" in a session, as an entity keyed by user id, and the label that it goes by.

Invariants:
- What users say of themselves is evidence about a name key made of their id, whatever they are called, and what is
  known by its relation to them alone ("the user's sister") about a key made of theirs. So two users are two, and a new
  name, or a namesake, changes no window: it makes nothing due.
- A label is a function of the live evidence: the name that a speaker gave last, else that of the account. Speakers of
  one dataset who would bear the same are told apart by their accounts; users whom it does not know count for nothing.
- A name means a speaker only where one speaker alone bears it (`entity_resolver`).
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sessiongraph.entity_resolution.name_normalization import name_key
from sessiongraph.entity_resolution.speaker_names import name_parts, speaker_key, user_of_name
from sessiongraph.prompts.prompt_format import SPEAKER
from sessiongraph.types import DEFAULT_USER

_WHOLE = re.compile(rf"\b(?:{SPEAKER}|{SPEAKER.capitalize()})\b")
# Relations whose object is a name of the subject, in the normal form of a fact's relation.
_NAMING = re.compile(
    r"(?:is |has |has been )?(?:called|named|name|full name|first name)(?: is)?|goes by(?: the name(?: of)?)?"
    r"|(?:is )?(?:also )?known as|(?:preferred |nick)name(?: is)?|prefers to be called|has (?:the )?(?:nick)?name"
)
# Longer ones are no names.
_NAME_CHARS = 60


@dataclass
class Speakers:
    """The speakers of a dataset: their accounts' names, and what they said that they are called, newest first."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)  # by user id
    keys_by_label: Mapping[str, str] = field(default_factory=dict)  # speakers' keys by their labels' name keys

    def know(self, accounts: Mapping[str, str]) -> None:
        """Take in the account names of users by id."""
        if not accounts.items() <= self.accounts.items():
            self.accounts = {**self.accounts, **accounts}
            self._relabel()

    def tell(self, told: Mapping[str, tuple[str, ...]]) -> None:
        """Take in all names that users told, the newest first."""
        told = {user_id: tuple(name for name in names if len(name) <= _NAME_CHARS) for user_id, names in told.items()}
        if told != self.told:
            self.told = told
            self._relabel()

    def relabelled_since(self, earlier: "Speakers") -> set[str]:
        """The ids of those who go by another label than `earlier`."""
        return _differing(earlier.labels, self.labels)

    def renamed_since(self, earlier: "Speakers") -> set[str]:
        """The ids of those who bear other names than `earlier`."""
        renamed = _differing(earlier.accounts, self.accounts) | _differing(earlier.told, self.told)
        return renamed & self.accounts.keys()

    def names(self, user_id: str) -> dict[str, bool]:
        """By key, the names that this speaker bears: whether they told it, or it is their account's."""
        account = self.accounts[user_id]
        borne = () if account == DEFAULT_USER else (account, _short(account))
        told = self.told.get(user_id, ())
        return {name_key(name): False for name in borne} | {name_key(name): True for name in told}

    def label(self, wording: str) -> str:
        """`wording` as it is shown: with the label of the speaker that it is of."""
        if user_of_name(wording) is None:
            return wording
        user_id, theirs = name_parts(wording)
        label = self.labels.get(user_id, SPEAKER)
        return f"{label}'s {theirs}" if theirs else label

    def labelled(self, statement: str, user_id: str) -> str:
        """`statement` with the label of the user who made it in the place of "the user"."""
        return labelled(statement, self.labels.get(user_id, SPEAKER))

    def _relabel(self) -> None:
        wanted = {
            user_id: next(iter(self.told.get(user_id, ())), account_label(account))
            for user_id, account in self.accounts.items()
        }
        bearers = Counter(map(name_key, wanted.values()))
        self.labels = {
            user_id: label if bearers[name_key(label)] == 1 else _told_apart(label, self.accounts[user_id])
            for user_id, label in wanted.items()
        }
        self.keys_by_label = {name_key(label): speaker_key(user_id) for user_id, label in self.labels.items()}


def labelled(statement: str, label: str) -> str:
    """`statement`, as it is kept, with the speaker's label in the place of "the user"."""
    return statement if label == SPEAKER else _WHOLE.sub(lambda _: label, statement)


def account_label(account: str) -> str:
    """What a user is called of whom no other name is known."""
    return SPEAKER if account == DEFAULT_USER else _short(account)


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> set[str]:
    if one is other:
        return set()
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def _short(account: str) -> str:
    return account.split("@")[0]


def _told_apart(label: str, account: str) -> str:
    return account if label == _short(account) else f"{label} ({account})"


def is_naming_relation(relation: str) -> bool:
    """Whether a claim of `relation` (casefolded, single spaces) about a speaker gives a name of theirs."""
    return _NAMING.fullmatch(relation) is not None
