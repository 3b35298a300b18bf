"""Two groups of processes that have nothing in common but PostgreSQL, Redis, an object store and a model: is anything
lost or doubled, and how soon does one find what the other committed?

    python benchmarks/two_machines.py --seconds 600

Each group has a network namespace and a home of its own; the servers run outside of both. First one writer and one
reader of different groups measure from a commit, by the database's clock, to the end of the first search that finds it.
Then 4 writers and 4 searchers of each group work for `seconds`, of which one still commits and another of the other
group still looks for that; one group is killed (-9) and started again twice, and the object store is away for a while.
In the end all that was said is in both datasets, exactly as in a third that was built undisturbed. Exits with 1 unless
there was no error and nothing lost or doubled. Needs root, for the namespaces, which it removes.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import sessiongraph
from benchmarks.concurrency_soak import DOCUMENT, FIRST, MODEL_SECONDS, PEOPLE, Figures, Log, Worker, prepare, verify
from benchmarks.measure import fresh_home, redis_server, write_figures
from sessiongraph import SearchType, sessions
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph.default_client import default_services
from sessiongraph.ids import session_document_id
from tests.support.object_store import ObjectStore
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.postgres_server import PostgresServer

# Of a network that this program makes, and nobody else sees.
HUB, NETWORK = "10.213.77.1", "10.213.77"
GROUPS = {"a": f"{NETWORK}.2", "b": f"{NETWORK}.3"}
WRITERS = ("persist_own", "persist_shared", "talk")
SEARCHERS = ("search", "search", "search")
# Of the two that measure, one is of each group; the others are as many in both.
ROLES = {
    "a": ("marker_writer", *WRITERS, "search", *SEARCHERS),
    "b": ("persist_own", *WRITERS, "marker_reader", *SEARCHERS),
}
KILLED = "a"
# So many that a checkpoint is worth its making: that one is published, and both groups fetch it.
DOCUMENTS = [DOCUMENT, *(f"{PEOPLE[number % len(PEOPLE)]} moved to Town{number}." for number in range(650))]
ALONE_SECONDS, OUTAGE_SECONDS = 30.0, 8.0
# After its time a process ends what it is at; on two cores that they share with others, all take minutes to start.
_MOST_SECONDS = 300.0


@dataclass
class Found:
    """How soon a commit was found by the other group: of how many, in milliseconds."""

    commits: int
    p50_ms: float
    p95_ms: float


@dataclass
class Outcome:
    """All that came of it. `soak` counts what concurrency_soak counts; `restarts` of one group were by kill -9; the
    checkpoint that was there at the beginning was fetched by so many groups."""

    alone: Found
    under_load: Found
    restarts: int
    checkpoints_fetched: int
    checkpoints_published: int
    soak: Figures = field(repr=False)


class Told(list[Any]):
    """A list whose items are on disk when they are in it: whoever holds it may be killed."""

    def __init__(self, kind: str, file: Any) -> None:
        super().__init__()
        self._kind, self._file = kind, file

    def append(self, item: Any) -> None:
        super().append(item)
        self._file.write(json.dumps([self._kind, item]) + "\n")
        self._file.flush()


class Member(Worker):
    """A process of a group, which also commits or looks for markers: words that nobody else says, in a numbered row."""

    def __init__(self, name: str, file: Any, first: int) -> None:
        super().__init__(name)
        self.log.added, self.log.errors = Told("added", file), Told("error", file)
        self._markers, self._next = Told("marker", file), first

    async def _marker_writer(self) -> None:
        session, word = f"marker-{self._next}", f"Halden{self._next}"
        turn = await sessions.add_turn(session, f"Where is {word}?", f"Alice Novak lives in {word}.", dataset=FIRST)
        self.log.added.append((session, turn))
        await persist(session_ids=[session], dataset=FIRST)
        self._markers.append((self._next, time.time()))
        self._next += 1
        await asyncio.sleep(0.2)

    async def _marker_reader(self) -> None:
        word = f"Halden{self._next}"
        (found,) = await sessiongraph.search(word, SearchType.CHUNKS_LEXICAL, datasets=[FIRST], top_k=3)
        if any(f"lives in {word}." in it.text for it in found.citations):
            self._markers.append((self._next, time.time()))
            self._next += 1
        await asyncio.sleep(0.005)


class Group:
    """The processes of one machine, in its namespace, with its home; `logs` has what they told."""

    def __init__(self, name: str, folder: Path, variables: dict[str, str]) -> None:
        self.name, self.home, self.logs = name, folder / f"home-{name}", folder / f"logs-{name}"
        self.logs.mkdir()
        self._variables = variables | {"SESSIONGRAPH_HOME": str(self.home)}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._started = 0

    def start(self, roles: tuple[str, ...], until: Path) -> None:
        """Start a process of each role, which works until the time in the file `until`, once that is there."""
        self._started += 1
        for number, role in enumerate(roles):
            name = f"{self.name}{number}-{self._started}"
            told = ["--role", role, "--name", name, "--until", str(until), "--log", str(self.logs / name)]
            first = ["--first", str(1 + max(marker_times([self]), default=0))]
            self._processes.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", namespace(self.name), sys.executable, __file__, *told, *first],
                    env=os.environ | self._variables,
                    stderr=(self.logs / f"{name}.err").open("wb"),
                    start_new_session=True,
                )
            )

    @property
    def is_ready(self) -> bool:
        if any(process.poll() is not None for process in self._processes):
            said = "\n".join(path.read_text(errors="replace")[-2000:] for path in self.logs.glob("*.err"))
            raise SystemExit(f"A process of group {self.name} ended before it began:\n{said}")
        return len(list(self.logs.glob(f"*-{self._started}"))) == len(self._processes)

    def kill(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        """Until all have ended, which they do by themselves. Raises TimeoutExpired for one that hangs."""
        for process in self._processes:
            process.wait(_MOST_SECONDS)
        self._processes.clear()


def namespace(group: str) -> str:
    return f"sessiongraph-{os.getpid()}-{group}"


@contextmanager
def network() -> Iterator[None]:
    """A namespace for each group, from which the servers at HUB are reached, and nothing else."""
    bridge = f"sg{os.getpid()}"
    made = [["link", "add", bridge, "type", "bridge"], ["addr", "add", f"{HUB}/24", "dev", bridge]]
    made += [["link", "set", bridge, "up"]]
    for group, address in GROUPS.items():
        space, outer, inner = namespace(group), f"{bridge}{group}", f"{bridge}{group}i"
        made += [["netns", "add", space], ["link", "add", outer, "type", "veth", "peer", "name", inner]]
        made += [["link", "set", inner, "netns", space], ["link", "set", outer, "master", bridge, "up"]]
        made += [["-n", space, "addr", "add", f"{address}/24", "dev", inner], ["-n", space, "link", "set", inner, "up"]]
        made += [["-n", space, "link", "set", "lo", "up"]]
    try:
        for command in made:
            subprocess.run(["ip", *command], check=True, capture_output=True)
        yield
    finally:
        for command in (*(["netns", "del", namespace(group)] for group in GROUPS), ["link", "del", bridge]):
            subprocess.run(["ip", *command], capture_output=True)


@contextmanager
def servers(folder: Path) -> Iterator[tuple[dict[str, str], ObjectStore]]:
    """What both groups share, at HUB: the variables that say where, and the object store."""
    with ExitStack() as stack:
        access = folder / "pg_hba.conf"
        access.write_text(f"host all all 127.0.0.1/32 trust\nhost all all {NETWORK}.0/24 trust\n")
        folder.chmod(0o755)  # PostgreSQL runs as nobody
        postgres = PostgresServer(listen_addresses=f"127.0.0.1,{HUB}", hba_file=str(access), max_connections="200")
        postgres.start()
        stack.callback(postgres.remove)
        endpoint = stack.enter_context(OpenAIEndpoint(HUB).running())
        endpoint.latency = MODEL_SECONDS
        objects = ObjectStore(HUB)
        stack.callback(objects.stop)
        yield (
            {
                "SESSIONGRAPH_DATABASE_URL": postgres.url().replace("127.0.0.1", HUB),
                "SESSIONGRAPH_FILES_URL": objects.url,
                "CACHE_BACKEND": "redis",
                "CACHE_HOST": HUB,
                "CACHE_PORT": str(stack.enter_context(redis_server(HUB))),
                "LLM_MODEL": "openai/test-model",
                "LLM_ENDPOINT": endpoint.url,
                "EMBEDDING_MODEL": "openai/test-embedder",
                "EMBEDDING_ENDPOINT": endpoint.url,
                **objects.variables,
            },
            objects,
        )


def run(seconds: float, folder: Path, groups: dict[str, Group], objects: ObjectStore) -> Outcome:
    """Let both groups work; what came of it."""
    asyncio.run(prepare(DOCUMENTS))
    dataset = default_services().access.resolve(default_services().access.default_user(), FIRST, "read")
    assert default_services().make_checkpoint(dataset)
    tell(f"one writer and one reader, {ALONE_SECONDS:g} s")
    work(groups, {"a": ("marker_writer",), "b": ("marker_reader",)}, ALONE_SECONDS, folder / "alone", [])
    fetched = len([group for group in groups.values() if list(group.home.glob("datasets/*/checkpoints/[0-9]*"))])
    alone = asyncio.run(times_to_find(groups["b"]))
    tell(f"found after {alone}; now 4 writers and 4 searchers in each, {seconds:g} s")
    restarts = under_load(groups, seconds, folder / "load", objects)
    everything = asyncio.run(times_to_find(groups["b"], after=alone.commits))
    soak = Figures(sum(map(len, ROLES.values())), "redis", seconds, {}, [], 0, 0)
    logs = [log for group in groups.values() for log in read_logs(group)]
    soak.errors, soak.turns = [it for log in logs for it in log.errors], sum(len(log.added) for log in logs)
    soak.busy = sum(log.busy for log in logs)
    for log in logs:
        for kind, taken in log.seconds.items():
            soak.operations[kind] = soak.operations.get(kind, 0) + len(taken)
    searches = [taken for log in logs for taken in log.seconds.get("search alone", [])] or [0.0]
    p50, p95 = np.percentile(searches, (50, 95)) * 1000
    soak.search_p50_ms, soak.search_p95_ms = round(float(p50), 1), round(float(p95), 1)
    tell(f"{soak.turns} turns were said: looking for them")
    asyncio.run(verify(soak, logs))
    published = [key for key in objects.list_keys() if "/checkpoints/" in key]
    return Outcome(alone, everything, restarts, fetched, len(published), soak)


Plan = list[tuple[float, str, Callable[[], None]]]


def work(
    groups: dict[str, Group], roles: Mapping[str, tuple[str, ...]], seconds: float, until: Path, plan: Plan
) -> None:
    """Let all work for `seconds` from when the last of them is ready; what is planned is done after its share of it."""
    for name, group in groups.items():
        group.start(roles[name], until)
    deadline = time.monotonic() + _MOST_SECONDS
    while not all(group.is_ready for group in groups.values()):
        if time.monotonic() > deadline:
            raise SystemExit("Not all processes were ready in time.")
        time.sleep(0.1)
    began = time.time()
    until.with_suffix(".new").write_text(str(began + seconds))
    until.with_suffix(".new").replace(until)
    for share, what, act in plan:
        time.sleep(max(0.0, began + share * seconds - time.time()))
        tell(what)
        act()
    time.sleep(max(0.0, began + seconds - time.time()))
    for group in groups.values():
        group.wait()


def under_load(groups: dict[str, Group], seconds: float, until: Path, objects: ObjectStore) -> int:
    """Let all work, kill one group twice, and let the object store be away in between; how often was started again."""

    def restart() -> None:
        groups[KILLED].kill()
        groups[KILLED].start(ROLES[KILLED], until)

    plan: Plan = [
        (0.3, f"group {KILLED} is killed", restart),
        (0.5, f"the object store is away for {OUTAGE_SECONDS:g} s", lambda: outage(objects)),
        (0.65, f"group {KILLED} is killed again", restart),
    ]
    work(groups, ROLES, seconds, until, plan)
    return 2


def outage(objects: ObjectStore) -> None:
    objects.stop()
    time.sleep(OUTAGE_SECONDS)
    objects.start()


def marker_times(groups: list[Group]) -> dict[int, float]:
    """When each marker was committed or found by these."""
    told = (line for group in groups for path in group.logs.glob("*[0-9]") for line in _lines(path))
    return {number: at for kind, item in told if kind == "marker" for number, at in [item]}


async def times_to_find(reader: Group, after: int = 0) -> Found:
    """Of the markers after the one of that number, what the group found."""
    services, user = default_services(), await sessiongraph.get_default_user()
    store = services.store(services.access.resolve(user, FIRST, "read"))
    committed = dict(store.read(lambda con: con.execute(_COMMITTED).fetchall()))
    taken = []
    for number, found in marker_times([reader]).items():
        if number > after:
            moment = committed[session_document_id(user.id, f"marker-{number}")].replace(tzinfo=UTC)
            taken.append((found - moment.timestamp()) * 1000)
    p50, p95 = np.percentile(taken or [float("nan")], (50, 95))
    return Found(len(taken), round(float(p50), 1), round(float(p95), 1))


# When a session's first turn was in the graph.
_COMMITTED = """
SELECT t.document_id, min(c.committed_at) FROM ledger l
JOIN turns t ON t.passage_id = l.passage_id JOIN commits c ON c.seq = l.seq GROUP BY t.document_id
"""


def read_logs(group: Group) -> list[Log]:
    logs = []
    for path in sorted(group.logs.glob("*[0-9]")):
        log = Log()
        for kind, item in _lines(path):
            if kind == "added":
                log.added.append((item[0], item[1]))
            elif kind == "error":
                log.errors.append(item)
            elif kind == "end":
                log.busy, log.seconds = item["busy"], item["seconds"]
        logs.append(log)
        crashed = path.with_name(f"{path.name}.err").read_text(errors="replace")
        if "Traceback" in crashed:
            log.errors.append(crashed[-500:])
    return logs


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    for line in path.read_text().splitlines():
        try:
            kind, item = json.loads(line)
        except ValueError:
            continue  # cut off by a kill
        yield kind, item


async def member(role: str, name: str, until: Path, path: Path, first: int) -> None:
    """The life of one process, whose log is there when it is ready."""
    logging.disable(logging.CRITICAL)
    await sessiongraph.search("Where does Alice Novak work?", datasets=[FIRST])
    await asyncio.to_thread(lambda: default_services().dagster_instance)
    with path.open("a") as file:
        log = await Member(name, file, first).work(role, await asyncio.to_thread(_told, until))
        file.write(json.dumps(["end", {"busy": log.busy, "seconds": log.seconds}]) + "\n")


def _told(until: Path) -> float:
    while not until.exists():
        time.sleep(0.05)
    return float(until.read_text())


def tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    for option, kind in {"role": str, "name": str, "until": Path, "log": Path, "first": int}.items():
        parser.add_argument(f"--{option}", type=kind, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.role:
        asyncio.run(member(given.role, given.name, given.until, given.log, given.first))
        return 0
    if os.geteuid() != 0:
        print("Network namespaces are root's to make: run this as root, or in a container where you are.")
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sessiongraph-two-machines-")))
        stack.enter_context(fresh_home())
        stack.enter_context(network())
        variables, objects = stack.enter_context(servers(folder))
        groups = {name: Group(name, folder, variables) for name in GROUPS}
        for group in groups.values():
            stack.callback(group.kill)
        os.environ.update(variables)
        outcome = run(given.seconds, folder, groups, objects)
    figures = asdict(outcome)
    for name, value in {**figures, **figures.pop("soak")}.items():
        if name != "soak":
            print(f"{name:16} {value}")
    write_figures(given.json, asdict(outcome))
    return 0 if outcome.soak.passed else 1


if __name__ == "__main__":
    sys.exit(main())
