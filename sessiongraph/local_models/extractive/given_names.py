"""Given names of some 60 languages in Latin script, in lower case. Where they come from stands in `given_names.txt`."""

from pathlib import Path

GIVEN_NAMES = frozenset(
    line
    for line in Path(__file__).with_name("given_names.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
