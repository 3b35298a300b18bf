"""What is known of people who talk: their own statements persisted, the cache cleared, and asked by themselves.

    python benchmarks/personas.py [--endpoint] [--tuned | --held-out] [--misses] [--first NODE_SET] [--out FIGURES.json]

`personas.json` holds conversations as people have them: 100 turns of 15 personas in English, 8 turns each in Spanish,
German, Chinese and Arabic. They were written before anything was tuned on them. Each turn has what was said, on which
day in which zone, what the assistant answered, what a good model would extract of it, and what the person asks later.
A turn without questions is one that a later turn corrects, or speaks of a namesake. `nothing_answers` are as many
questions that nothing said answers; some of them another person of the same dataset could answer about themselves.

The rules: each persona is a user. Those that name a `dataset` share it, two namesakes in each; the others have one of
their own. The turns of a day are a session; a turn `via` "search" is said in `search(…, session_id=…)`, today. All is
persisted, the cache cleared, and each question asked by `search` as its persona, with nothing else. An answer counts
when it holds a gold value and its first citation is the turn that said so. Anything but "I don't know" to a question
that nothing answers is a wrong claim. Of the times that people told, those count as read that a fact of the turn has,
as precisely or less (of a week, its Monday; of a weekend, its Saturday); a fact with any other time is misread. An
entity is a persona's own if most of its turns have facts about it, and nobody else's turns do.

The English personas with `tuned: true` may be looked at while the product is changed, the others not: `--misses` lists
what was missed, of the tuned ones alone with `--tuned`. With `--endpoint` a server of the benchmark's own answers as a
real model would (`personas_endpoint`), and the embedder stays the embedded one. With `--first speaker_profiles`, or
another of the node sets that are learned, what is in it is read first, and all only where that answers nothing.
"""

import argparse
import asyncio
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.locomo_sessions import environment
from benchmarks.measure import measured, write_figures
from benchmarks.personas_data import Persona, Said, read_personas


@dataclass(frozen=True)
class Asked:
    """A question and what became of it; `gold` is empty where nothing answers it."""

    persona: str
    group: str
    question: str
    gold: list[str]
    said: str
    answer: str
    answered: bool
    value_held: bool
    turn_cited_first: bool

    @property
    def right(self) -> bool:
        return self.answered and self.value_held and self.turn_cited_first


@dataclass(frozen=True)
class Told:
    """What is in the graph of a turn: the times it told and those its facts have, and the entities they are about."""

    persona: str
    group: str
    said: str
    times: list[str]
    found: list[str]
    of_speaker: bool
    subjects: list[str]

    @property
    def read(self) -> bool:
        return any(time.startswith(found) for time in self.times for found in self.found)

    @property
    def wrong(self) -> int:
        return sum(not any(time.startswith(found) for time in self.times) for found in self.found)


async def run(personas: list[Persona], first: str | None = None) -> tuple[list[Asked], list[Told]]:
    """What became of all questions, and of the times told, once all personas have spoken and been persisted."""
    users = {persona.id: await _user_of(persona) for persona in personas}
    owners = {persona.dataset: users[persona.id] for persona in personas if persona.is_owner}
    for persona in personas:
        await _share(persona, owners[persona.dataset], users[persona.id])
    turn_ids = {persona.id: await _tell(persona, owners[persona.dataset], users[persona.id]) for persona in personas}
    asked = [
        one
        for persona in personas
        for one in await _ask(persona, owners[persona.dataset], users[persona.id], turn_ids[persona.id], first)
    ]
    told = [
        one for persona in personas for one in await _in_graph(persona, owners[persona.dataset], turn_ids[persona.id])
    ]
    return asked, told


async def _user_of(persona: Persona) -> Any:
    from sessiongraph import get_default_user, users
    from sessiongraph.types import DEFAULT_USER

    return await get_default_user() if persona.user == DEFAULT_USER else await users.create(persona.user)


async def _share(persona: Persona, owner: Any, user: Any) -> None:
    from sessiongraph import datasets

    if persona.is_owner:
        await datasets.create(persona.dataset, user=owner)
    else:
        for permission in ("read", "write"):
            await datasets.grant(persona.dataset, user, permission, by=owner)


async def _tell(persona: Persona, owner: Any, user: Any) -> list[str]:
    """Say the persona's turns, persist them, clear the cache; the ids of the turns, "" where one was not taken."""
    from sessiongraph import sessions

    dataset = f"{owner.name}/{persona.dataset}"
    ids: list[str] = []
    for turn in persona.turns:
        if turn.at is None:
            await _persist(dataset, user)
            ids.append(await _say_in_search(turn.text, f"{persona.id}-live", dataset, user))
        else:
            session = f"{persona.id}-{turn.at:%Y-%m-%d}"
            ids.append(
                await sessions.add_turn(
                    session, turn.text, turn.answered, user=user, created_at=turn.at, dataset=dataset
                )
            )
    await _persist(dataset, user)
    await sessions.clear(user=user)
    return ids


async def _persist(dataset: str, user: Any) -> None:
    from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
    from sessiongraph import sessions

    session_ids = [session.session_id for session in await sessions.list_sessions(user=user)]
    await persist(session_ids=session_ids, dataset=dataset, user=user, create=True)


async def _say_in_search(text: str, session_id: str, dataset: str, user: Any) -> str:
    """The id of the turn; "" where the search was refused, since nothing is in the graph yet."""
    from sessiongraph import search
    from sessiongraph.errors import NoGraphDataError

    try:
        [result] = await search(text, user=user, datasets=[dataset], session_id=session_id)
    except NoGraphDataError:
        return ""
    return result.turn_id or ""


async def _ask(persona: Persona, owner: Any, user: Any, turn_ids: list[str], read_first: str | None) -> list[Asked]:
    from sessiongraph import memory
    from sessiongraph.errors import NoGraphDataError

    if read_first == "session_lessons":
        await memory.learn(f"{owner.name}/{persona.dataset}", user=owner)
    questions: list[tuple[str, list[str], Said | None, str]] = [
        (question, gold, turn, turn_id)
        for turn, turn_id in zip(persona.turns, turn_ids, strict=True)
        for question, gold in turn.asks.items()
    ]
    questions += [(question, [], None, "") for question in persona.nothing_answers]
    asked = []
    for question, gold, turn, turn_id in questions:
        answer, answered, cited = "nothing is known", False, ""
        try:
            result = await _search(question, f"{owner.name}/{persona.dataset}", user, read_first)
            answer, answered = str(result), result.answered
            cited = (result.citations[0].turn_id or "") if result.citations else ""
        except NoGraphDataError:
            pass
        said = turn.text if turn else ""
        held = any(_holds(answer, value) for value in gold)
        first = bool(turn_id) and cited == turn_id
        asked.append(Asked(persona.id, persona.group, question, gold, said, answer, answered, held, first))
    return asked


async def _search(question: str, dataset: str, user: Any, read_first: str | None) -> Any:
    from sessiongraph import search
    from sessiongraph.errors import NoGraphDataError

    if read_first is not None:
        with suppress(NoGraphDataError):  # nothing is in it
            [result] = await search(question, user=user, datasets=[dataset], node_sets=[read_first])
            if result.answered:
                return result
    [result] = await search(question, user=user, datasets=[dataset])
    return result


def _holds(text: str, value: str) -> bool:
    """Whether `text` has `value` as words of its own; in scripts without spaces, as a part."""
    sought = re.escape(" ".join(value.casefold().split()))
    if value.isascii() or value[0].isascii():
        sought = rf"(?<![a-z0-9]){sought}(?![a-z0-9])"
    return re.search(sought, " ".join(text.casefold().split())) is not None


async def _in_graph(persona: Persona, owner: Any, turn_ids: list[str]) -> list[Told]:
    import sessiongraph
    from sessiongraph.errors import NoGraphDataError

    times: dict[str, set[str]] = defaultdict(set)
    subjects: dict[str, set[str]] = defaultdict(set)
    try:
        graph = await sessiongraph.graph(f"{owner.name}/{persona.dataset}", user=owner)
        for subject, _, fact in graph.edges(data=True):
            for turn_id in {piece["turn_id"] for piece in fact["evidence"] if piece["stated_by"] == "user"}:
                subjects[turn_id].add(f"{persona.dataset}/{subject}")
                times[turn_id] |= {fact["valid_at"]} - {None}
    except NoGraphDataError:
        pass
    return [
        Told(
            persona.id,
            persona.group,
            turn.text,
            sorted({fact.valid_at for fact in turn.facts if fact.valid_at}),
            sorted(times[turn_id]),
            any(fact.subject == "{I}" for fact in turn.facts),
            sorted(subjects[turn_id]),
        )
        for turn, turn_id in zip(persona.turns, turn_ids, strict=True)
    ]


def speakers(told: list[Told]) -> dict[str, str]:
    """The entity that a persona is: what most of its turns state something of, unless another persona is that too."""
    subjects = {one.persona: Counter[str]() for one in told}
    for one in told:
        subjects[one.persona].update(one.subjects)
    own = {persona: counted.most_common(1)[0][0] for persona, counted in subjects.items() if counted}
    shared = Counter(own.values())
    return {persona: entity for persona, entity in own.items() if shared[entity] == 1}


def figures(asked: list[Asked], told: list[Told]) -> dict[str, dict[str, float]]:
    """Counts and shares by language, English in its halves and as a whole.

    `right` answers hold the `value` and cite the `turn` first; `wrong` ones claim to answer what nothing does; `times`
    are turns that tell one, `read` those of which a fact has it, `misread` the facts that have another;
    `speaker` is how many turns that state something of who speaks have a fact about that persona's own entity.
    """
    groups: dict[str, tuple[list[Asked], list[Told]]] = {}
    for group in dict.fromkeys(one.group for one in asked):
        for name in dict.fromkeys((group.partition(",")[0], group)):
            of_questions, of_times = groups.setdefault(name, ([], []))
            of_questions += [one for one in asked if one.group == group]
            of_times += [one for one in told if one.group == group]
    return {group: _figures(*of_group) for group, of_group in groups.items()}


def _figures(asked: list[Asked], told: list[Told]) -> dict[str, float]:
    known = [one for one in asked if one.gold]
    unknown = [one for one in asked if not one.gold]
    own = speakers(told)
    return {
        "turns": len(told),
        "questions": len(known),
        "right %": _percent(one.right for one in known),
        "value %": _percent(one.answered and one.value_held for one in known),
        "turn %": _percent(one.turn_cited_first for one in known),
        "unanswerable": len(unknown),
        "wrong %": _percent(one.answered for one in unknown),
        "times": sum(bool(one.times) for one in told),
        "read %": _percent(one.read for one in told if one.times),
        "misread": sum(one.wrong for one in told),
        "speaker %": _percent(own.get(one.persona) in one.subjects for one in told if one.of_speaker),
    }


def _percent(found: Iterable[bool]) -> float:
    each = list(found)
    return round(100 * sum(each) / len(each), 1) if each else 0.0


def show(console: Console, found: dict[str, dict[str, float]]) -> None:
    table = Table(title="People's own statements, asked by themselves", padding=(0, 0))
    table.add_column("")
    for name in next(iter(found.values())):
        table.add_column(name, justify="right")
    for group, row in found.items():
        table.add_row(group, *(f"{figure:,}" for figure in row.values()))
    console.print(table)


def show_misses(console: Console, asked: list[Asked], told: list[Told]) -> None:
    for one in asked:
        if one.gold and not one.right:
            why = "not answered" if not one.answered else "another turn first" if one.value_held else "another value"
            console.print(f"{one.persona}: {one.question} [{' | '.join(one.gold)}] {why}", markup=False)
            console.print(f"    said: {one.said}\n    answered: {one.answer}", markup=False)
        elif not one.gold and one.answered:
            console.print(f"{one.persona}: {one.question} [nothing] wrong claim\n    {one.answer}", markup=False)
    for times in told:
        if times.wrong or (times.times and not times.read):
            console.print(f"time {times.times}, found {times.found}: {times.said}", markup=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", action="store_true", help="ask the endpoint that answers as a real model would")
    half = parser.add_mutually_exclusive_group()
    half.add_argument("--tuned", action="store_true", help="only the half that may be looked at")
    half.add_argument("--held-out", action="store_true", help="only the others")
    parser.add_argument("--misses", action="store_true", help="list what was missed")
    parser.add_argument("--first", metavar="NODE_SET", help="read first what is in it, such as speaker_profiles")
    parser.add_argument("--out", type=Path, help="where figures and answers go as JSON")
    chosen = parser.parse_args()
    personas = [one for one in read_personas() if one.tuned or not chosen.tuned]
    personas = [one for one in personas if not (one.tuned and chosen.held_out)]
    served = _endpoint(personas) if chosen.endpoint else nullcontext()
    with environment("sqlite", None, "local"), served, measured() as cost:
        asked, told = asyncio.run(run(personas, chosen.first))
    found = figures(asked, told)
    console = Console()
    show(console, found)
    console.print(f"{cost.wall_seconds:.0f} s")
    if chosen.misses:
        show_misses(console, asked, told)
    everything = {"asked": [asdict(one) | {"right": one.right} for one in asked], "told": [asdict(one) for one in told]}
    write_figures(chosen.out, {"endpoint": chosen.endpoint, "figures": found, **everything})
    return 0


def _endpoint(personas: list[Persona]) -> Any:
    from benchmarks.personas_endpoint import answering_for

    return answering_for(personas)


if __name__ == "__main__":
    sys.exit(main())
