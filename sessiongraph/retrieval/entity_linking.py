"""Entity linking: which entities of a graph a text names, by their name keys. Pure; no parse, no model."""

from collections.abc import Sequence

from sessiongraph.entity_resolution.name_normalization import MAX_NAME_WORDS, name_key
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.text_index.ngrams import is_korean, unspaced_runs

# Longer names are not looked for in words without spaces.
_MAX_NAME_LETTERS = 20


def find_entities(snapshot: Snapshot, text: str) -> list[int]:
    """Rows of the entities whose names occur in `text`, longest names first and each word used once."""
    words = name_key(text).split()
    found: list[int] = []
    used = [False] * len(words)
    for length in range(min(MAX_NAME_WORDS, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            span = slice(start, start + length)
            entity = snapshot.entity_keys.get(" ".join(words[span]))
            if entity is not None and not any(used[span]):
                used[span] = [True] * length
                found.append(entity)
    for word, is_used in zip(words, used, strict=True):
        for letters in () if is_used else unspaced_runs(word):
            found += _names_within(snapshot, letters)
    return list(dict.fromkeys(found))


def _names_within(snapshot: Snapshot, letters: Sequence[str]) -> list[int]:
    """Rows of the entities whose names stand in a run of words without spaces, from its start on, longest names first.

    A name of one letter is found only where it stands alone; in Korean a name begins its word, and particles follow it.
    """
    found: list[int] = []
    start = 0
    while start < len(letters) - 1 and not (start and is_korean(letters[0])):
        for stop in range(min(start + _MAX_NAME_LETTERS, len(letters)), start + 1, -1):
            entity = snapshot.entity_keys.get("".join(letters[start:stop]))
            if entity is not None:
                found.append(entity)
                start = stop
                break
        else:
            start += 1
    return found
