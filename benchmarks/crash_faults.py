"""What must hold in a home after a kill, and after the normal run that follows: nothing lost, doubled, locked or left.

All of it is asked of the home that the environment names, but for `left_behind`, which reads its files.
"""

import asyncio
import copy
import time
from pathlib import Path
from typing import Any

import benchmarks.crash_story as story
from sessiongraph.default_client import default_services
from tests.support.dataset_state import DatasetState, doubled, read_opened_state, read_state

# How soon after a kill another process must be able to write.
LOCK_SECONDS = 1.0
States = dict[str, DatasetState]


def stores() -> dict[str, Any]:
    """The stores of this home, by the name of their dataset."""
    services = default_services()
    user = services.access.default_user()
    return {dataset.name: services.store(dataset) for dataset in services.access.list_datasets(user, "read")}


def states() -> States:
    model = default_services().embedder.identity
    return {name: read_state(store, model) for name, store in stores().items()}


def faults_after_kill() -> list[str]:
    """What is wrong before any normal run: a store that cannot be written at once, a half-written one."""
    faults = []
    for name, store in stores().items():
        if not store.exists:
            continue
        quick = copy.copy(store)
        quick._wait_seconds = LOCK_SECONDS
        started = time.monotonic()
        quick.write("check", "check", lambda tx: setattr(tx, "changed", True))
        if (waited := time.monotonic() - started) > LOCK_SECONDS:
            faults.append(f"{name} could be written after {waited:.1f} s only")
        if twice := quick.read(doubled):
            faults.append(f"{name} holds rows twice: {twice}")
        model = default_services().embedder.identity
        opened = read_opened_state(quick, model)
        if opened is not None and (differences := read_state(quick, model).differences(opened)):
            faults.append(f"{name} is not what its checkpoint shows: {differences}")
    return faults


def faults_at_the_end() -> tuple[int, int, list[str]]:
    """Turns lost, rows doubled, and faults, once the turns that searching said are persisted too."""
    faults: list[str] = []
    asked = default_services().cache.get_turns(default_services().access.default_user().id, story.ASKED)
    lost = len(story.acknowledged() - {turn.turn_id for turn in asked})
    if asked:
        report = asyncio.run(story.persist(story.FIRST, story.ASKED))
        settled = [turn.turn_id for turn in report.sessions[story.ASKED].turns]
        lost += len({turn.turn_id for turn in asked} - set(settled))
    again = asyncio.run(story.persist(story.FIRST, *story.SAID, *([story.ASKED] if asked else [])))
    if again.staged or again.settled or again.extracted or again.usage.calls:
        faults.append(f"an unchanged persist worked: {again}")
    twice = sum(sum(store.read(doubled).values()) for store in stores().values())
    return lost, twice, faults


def left_behind(home: Path, forgotten: tuple[str, ...]) -> list[str]:
    """Files that should be gone, and words that should be."""
    files = [file for file in home.rglob("*") if file.is_file()]
    stray = [f"{file.name} is left" for file in files if file.suffix in (".new", ".changed", ".rewritten")]
    read = [(file, file.read_bytes()) for file in files] if forgotten else []
    return stray + [f"{word} is in {file.name}" for file, data in read for word in forgotten if word.encode() in data]
