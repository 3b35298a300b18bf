"""What the crash campaign's processes do: operations on a project home that can be done again after a kill.

Each operation is the normal run too: whatever a killed one has done, doing it again must bring it to its end.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sessiongraph
from sessiongraph import InvalidInputError, SessionsNotFoundError
from sessiongraph.default_client import default_services
from sessiongraph.ingestion.ingest import document_id
from sessiongraph.types import Turn, User

FIRST, SECOND, ASKED = "first", "second", "asked"
_ACKNOWLEDGED = "acknowledged.txt"
DOCUMENTS = [
    "Alice Novak works at Acme Labs. Acme Labs is based in Lisbon. Alice Novak met Bob Marsh in 2012.",
    "Carla Zanetti founded Brightwater in Trieste. Brightwater acquired Acme Labs in 2019.",
]
LATER_DOCUMENT = "Dora Quist manages Brightwater. Dora Quist lives in Vienna."
SAID = {
    "monday": [
        ("Where does Alice Novak live?", "Alice Novak lives in Paris."),
        ("What does she do?", "She works as a software engineer at Acme Labs."),
        ("Who is Bob Marsh?", "Bob Marsh owns a bakery in Zanzibar."),
        ("And where was he born?", "He was born in Oslo."),
        ("Thanks!", "I don't know."),
        ("Where does Bob Marsh live?", "Bob Marsh lives in Lyon."),
    ],
    "tuesday": [
        ("Where is Emil Varga?", "Emil Varga is in Timbuktu."),
        ("Whom did he marry?", "He married Fiona Reyes."),
        ("Where does she work?", "Fiona Reyes works at Brightwater."),
    ],
}
_MONDAY = datetime(2024, 5, 6, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Operation:
    """`work` on a copy of the home that `template` names, and the `normal` run after it was killed.

    `forgotten` are words that are in no byte of the home afterwards.
    """

    name: str
    template: str
    work: Callable[[], Awaitable[None]]
    normal: Callable[[], Awaitable[None]]
    forgotten: tuple[str, ...] = ()


async def begin() -> None:
    """A home that has its user, and nothing else."""
    await sessiongraph.get_default_user()


async def build() -> None:
    user = await sessiongraph.get_default_user()
    await sessiongraph.add(DOCUMENTS, dataset_name=FIRST)
    await sessiongraph.datasets.create(SECOND)
    await sessiongraph.cognify(FIRST)
    for session_id in SAID:
        default_services().cache.put_turns(_turns(user, session_id))
    await persist(FIRST, *SAID)
    await persist(SECOND, "monday")


async def grow() -> None:
    """An edit, a rating, a new turn, one that was said before the others, a document."""
    user, cache = await sessiongraph.get_default_user(), default_services().cache
    cache.update_turn(user.id, "monday", "monday-0", answer="Alice Novak lives in Madrid.")
    cache.update_turn(user.id, "monday", "monday-5", score=1)
    early, late = _turns(user, "tuesday")[:2]
    early = replace(early, answer="Emil Varga is in Quito.", created_at=_MONDAY - timedelta(days=1))
    late = replace(late, question="Who is Gita Rao?", answer="Gita Rao leads Brightwater.")
    late = replace(late, created_at=_MONDAY + timedelta(hours=1))
    cache.put_turns([replace(early, turn_id="early"), replace(late, turn_id="late")])
    await sessiongraph.add(LATER_DOCUMENT, dataset_name=FIRST)
    await sessiongraph.cognify(FIRST)
    await persist(FIRST, *SAID)
    await persist(SECOND, "monday")


async def forget_turn() -> None:
    await _forget(session_id="monday", turn_id="monday-2")
    await persist(FIRST, "monday")
    await persist(SECOND, "monday")


async def forget_session() -> None:
    await _forget(session_id="tuesday")


async def forget_document() -> None:
    await _forget(document_id=document_id(DOCUMENTS[1]))


async def forget_and_grow() -> None:
    """Forget in a store that a killed writer left as it was."""
    await forget_session()
    await grow()


async def search() -> None:
    """Questions in a session, while what they are asked of changes."""
    cache, user = default_services().cache, await sessiongraph.get_default_user()
    for question, city in (("Where does Alice Novak live?", "Rome"), ("And Bob Marsh?", "Bergen")):
        results = await sessiongraph.search(question, datasets=FIRST, session_id=ASKED)
        _acknowledge(results[0].turn_id)
        cache.update_turn(user.id, "monday", "monday-5", answer=f"Bob Marsh lives in {city}.")
        await persist(FIRST, "monday")


OPERATIONS = [
    Operation("build", "begun", build, build),
    Operation("grow", "built", grow, grow),
    Operation("forget turn", "built", forget_turn, forget_turn, ("Zanzibar",)),
    Operation("forget session", "built", forget_session, forget_session, ("Timbuktu", "Fiona")),
    Operation("forget document", "built", forget_document, forget_document, ("Trieste", "Carla")),
    Operation("grow, forget", "built", grow, forget_and_grow, ("Timbuktu", "Fiona")),
    Operation("search", "built", search, search),
]


def acknowledged() -> set[str]:
    """The ids of the turns that `search` has returned to its caller, in whichever process of this home."""
    path = default_services().settings.home / _ACKNOWLEDGED
    return set(path.read_text().split()) if path.exists() else set()


def _acknowledge(turn_id: str | None) -> None:
    with (default_services().settings.home / _ACKNOWLEDGED).open("a") as file:
        file.write(f"{turn_id}\n")


async def _forget(**target: str) -> None:
    """Forget in both datasets; what is not there, or is forgotten already, is no error of a second attempt."""
    for dataset in (FIRST, SECOND):
        with contextlib.suppress(SessionsNotFoundError, InvalidInputError):
            await sessiongraph.forget(dataset, **target)  # type: ignore[arg-type]


def _turns(user: User, session_id: str) -> list[Turn]:
    return [
        Turn(f"{session_id}-{place}", user.id, session_id, *said, created_at=_MONDAY + timedelta(minutes=place))
        for place, said in enumerate(SAID[session_id])
    ]


async def persist(dataset: str, *session_ids: str) -> sessiongraph.PersistReport:
    return await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(
        session_ids=list(session_ids), dataset=dataset, create=True
    )
