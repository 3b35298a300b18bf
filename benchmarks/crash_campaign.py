"""kill -9 at every boundary and at random moments, then a normal run: is anything lost, doubled, locked or still there?

    python benchmarks/crash_campaign.py --kills 300 [--redis] [--postgres]

Each kill hits a process that works on a real project home. Afterwards another process must be able to write within a
second; one normal run must bring the home to exactly the state of an undisturbed one, with nothing twice; what was to
be forgotten must be in no byte of it, and in no row of its database. Prints kills by place, and exits with 1 unless
nothing was lost or doubled.
"""

import argparse
import asyncio
import importlib
import itertools
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import benchmarks.crash_story as story
from benchmarks.crash_children import Ended, Trap, in_child, set_traps
from benchmarks.crash_faults import States, faults_after_kill, faults_at_the_end, left_behind, states
from benchmarks.home_databases import HomeDatabases
from benchmarks.measure import postgres_server, redis_server, write_figures
from benchmarks.redis_state import RedisState

# After so many failures there is nothing more to be learnt.
FAILURES_AT_MOST = 20
# What operations import when they need it.
_MODULES = (
    "sessiongraph.dagster.metadata",
    "sessiongraph.dagster_home",
    "sessiongraph.access.control",
    "sessiongraph.snapshots.snapshot",
    "sessiongraph.llm.client",
    "sessiongraph.llm.embedder",
    "sessiongraph.session_cache.redis",
    "sessiongraph.session_cache.sqlite",
    "sessiongraph.api.datasets",
    "sessiongraph.api.add",
    "sessiongraph.api.cognify",
    "sessiongraph.api.forget",
    "sessiongraph.api.persist",
    "sessiongraph.api.search",
)
AT_RANDOM = "at a random moment"
# A process that is killed at random is started and killed up to this often before the normal run.
KILLS_IN_A_ROW = 3


@dataclass(frozen=True)
class Undisturbed:
    """How an operation goes when nobody kills it: the boundaries that it passes, how long it takes, how it ends."""

    boundaries: list[str]
    seconds: float
    states: States


@dataclass
class Figures:
    """What the campaign found. `lost` and `doubled` count rows, `failures` say what else was not as it should be."""

    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.failures)


class Campaign:
    """Operations on copies of two homes under `folder`: one that has begun, and one that has been built."""

    def __init__(
        self, folder: Path, seed: int, redis: RedisState | None = None, databases: HomeDatabases | None = None
    ) -> None:
        self.folder = folder
        self._redis = redis
        self._databases = databases
        self._sessions: dict[str, dict[bytes, tuple[bytes, int]]] = {}
        self._random = random.Random(seed)
        self.undisturbed: dict[str, Undisturbed] = {}
        self.figures = Figures()

    def prepare(self) -> None:
        """Build the homes, and see how each operation goes undisturbed.

        Raises RuntimeError for a boundary that no operation passes: what it surrounds is called otherwise by now.
        """
        unpassed: set[str] = set()
        (self.folder / "begun").mkdir()
        if self._databases is not None:
            self._databases.create(self.folder / "begun")
        self._do("begun", story.begin)
        self._save_sessions("begun")
        self._copy(self.folder / "begun", self.folder / "built")
        self._build()
        self._save_sessions("built")
        for operation in story.OPERATIONS:
            with self.copy(operation.template) as home:
                seen = self._do(home, operation.work, trap=Trap())
            with self.copy(operation.template) as home:
                self._do(home, operation.normal)
                seen_states = _value(in_child(partial(self.in_home, home, states)))
            unpassed |= seen.value.places
            self.undisturbed[operation.name] = Undisturbed(seen.value.passed, seen.seconds, seen_states)
        unpassed.difference_update(*(undisturbed.boundaries for undisturbed in self.undisturbed.values()))
        if unpassed:
            raise RuntimeError(f"No operation passes {sorted(unpassed)}: see `set_traps` for what it surrounds.")

    def _build(self) -> None:
        """Build the home of most operations, and import here what that imports of other packages when it needs it, or
        each process would do it anew, for most of a second of CPU. But for DuckDB, whose import starts a thread."""

        def build() -> list[str]:
            asyncio.run(story.build())
            return [name for name in sys.modules if not name.startswith(("sessiongraph", "duckdb", "_duckdb"))]

        for name in _value(in_child(lambda: self.in_home(self.folder / "built", build))):
            with suppress(ImportError):  # names that a library made up
                importlib.import_module(name)

    def run(self, kills: int) -> None:
        """At least `kills` kills: half of them at boundaries, each in turn, unless all boundaries take less."""
        started = time.monotonic()
        places = self._places()
        for operation, fatal in places[: max(kills // 2, 1)] if kills < 2 * len(places) else places:
            self._strike(operation, fatal)
        for operation in itertools.cycle(story.OPERATIONS):
            if self.figures.kills.total() >= kills or len(self.figures.failures) >= FAILURES_AT_MOST:
                break
            self._strike(operation, None)
        self.figures.seconds = round(time.monotonic() - started, 1)

    def _places(self) -> list[tuple[story.Operation, int]]:
        """Every boundary of every operation; those of different names and operations first."""
        seen: Counter[str] = Counter()
        places = []
        for operation in story.OPERATIONS:
            for fatal, name in enumerate(self.undisturbed[operation.name].boundaries):
                places.append((seen[name], self._random.random(), operation, fatal))
                seen[name] += 1
        return [(operation, fatal) for _, _, operation, fatal in sorted(places, key=lambda place: place[:2])]

    def _strike(self, operation: story.Operation, fatal: int | None) -> None:
        """Kill `operation` at its boundary `fatal` or, for None, at random moments; run it normally; and look."""
        undisturbed = self.undisturbed[operation.name]
        place = AT_RANDOM if fatal is None else undisturbed.boundaries[fatal]
        with self.copy(operation.template) as home:
            for _ in range(1 if fatal is not None else self._random.randint(1, KILLS_IN_A_ROW)):
                moment = self._random.uniform(0, undisturbed.seconds) if fatal is None else None
                ended = self.child(home, operation.work, Trap(fatal), moment)
                if ended.error:
                    return self.failed(operation, place, f"before the kill: {ended.error}")
                self.figures.kills[place] += ended.killed
            with self.copy(home) as copied:
                faults = in_child(lambda: self.in_home(copied, faults_after_kill))
            if faults.error or faults.value:
                self.failed(operation, place, faults.error or "; ".join(faults.value))
            ended = self.child(home, operation.normal)
            if ended.error:
                return self.failed(operation, place, f"the normal run: {ended.error}")
            self.compare(operation, place, home)

    def compare(self, operation: story.Operation, place: str, home: Path) -> None:
        """Hold `home` after its normal run against an undisturbed one."""
        wanted = self.undisturbed[operation.name].states
        ended = in_child(lambda: self.in_home(home, lambda: (states(), *faults_at_the_end())))
        if ended.error:
            return self.failed(operation, place, ended.error)
        found, lost, twice, faults = ended.value
        for name, state in wanted.items():
            differences = state.differences(found[name])
            lost += sum(len(missing) for missing, _ in differences.values())
            twice += sum(len(more) for _, more in differences.values())
            if differences:
                self.failed(operation, place, f"{name} is not as undisturbed: {differences}")
        self.figures.lost += lost
        self.figures.doubled += twice
        if self._redis is not None:
            text = self._redis.text()
            faults = [*faults, *(f"{word} is in Redis" for word in operation.forgotten if word.encode() in text)]
        if self._databases is not None and operation.forgotten:
            rows = self._databases.text(home)
            faults = [*faults, *(f"{word} is in the database" for word in operation.forgotten if word in rows)]
        for fault in [*faults, *left_behind(home, operation.forgotten)]:
            self.failed(operation, place, fault)

    def failed(self, operation: story.Operation, place: str, why: str) -> None:
        self.figures.failures.append(f"{operation.name}, killed {place!r}: {why}")

    def _do(self, home: Path | str, work: Callable[[], Awaitable[None]], trap: Trap | None = None) -> Ended:
        ended = self.child(self.folder / home, work, trap)
        _value(ended)
        return ended

    def child(
        self,
        home: Path,
        work: Callable[[], Awaitable[Any]],
        trap: Trap | None = None,
        moment: float | None = None,
        limit: Callable[[], None] = lambda: None,
    ) -> Ended:
        """`work` in a process of its own, which passes `trap`, is killed at `moment`, or has limited itself before."""

        def run() -> Trap | None:
            limit()
            if trap is not None:
                set_traps(trap, in_database=self._databases is not None)
                _commit_often()
            self.in_home(home, lambda: asyncio.run(work()))  # type: ignore[arg-type]
            return trap

        return in_child(run, moment)

    def _save_sessions(self, template: str) -> None:
        if self._redis is not None:
            self._sessions[template] = self._redis.save()

    @contextmanager
    def copy(self, home: Path | str) -> Iterator[Path]:
        """A copy of a home; with one of a template, by its name, the sessions are those of the template again."""
        if self._redis is not None and isinstance(home, str):
            self._redis.restore(self._sessions[home])
        copied = Path(tempfile.mkdtemp(dir=self.folder)) / "home"
        self._copy(self.folder / home, copied)
        try:
            yield copied
        finally:
            shutil.rmtree(copied.parent)
            if self._databases is not None:
                self._databases.drop(copied)

    def _copy(self, source: Path, target: Path) -> None:
        shutil.copytree(source, target)
        if self._databases is not None:
            self._databases.copy(source, target)

    def in_home(self, home: Path, work: Callable[[], Any]) -> Any:
        """What `work` gives, on that home; in a process of its own, whose environment it changes."""
        os.environ["SESSIONGRAPH_HOME"] = str(home)
        if self._databases is not None:
            os.environ["SESSIONGRAPH_DATABASE_URL"] = self._databases.of(home)
        return work()


def _value(ended: Ended) -> Any:
    if ended.error:
        raise RuntimeError(ended.error)
    return ended.value


def _commit_often() -> None:
    """Small calls and commits, and checkpoints of little, so that there are many places to be killed at."""
    from sessiongraph.extraction import build_graph, embedding, window_extraction
    from sessiongraph.snapshots import checkpoint

    window_extraction.CALL_CHARS, build_graph.COMMIT_SECONDS, embedding._COMMIT_TEXTS = 250, 0.0, 8
    due = itertools.cycle((True, True, False, False))

    def is_due(*_: object) -> bool:
        return next(due)

    checkpoint.is_due = is_due  # type: ignore[assignment]


@contextmanager
def campaign(seed: int = 0, redis_port: int | None = None, postgres_url: str | None = None) -> Iterator[Campaign]:
    """A prepared campaign in a folder of its own, on the embedded models, and on files or the servers given."""
    from sessiongraph.dagster_home import write_dagster_home
    from sessiongraph.settings import Settings

    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    with tempfile.TemporaryDirectory(prefix="sessiongraph-crashes-") as folder:
        os.chdir(folder)  # away from anybody's .env
        # One for all homes: making one costs more than an operation.
        os.environ["DAGSTER_HOME"] = str(write_dagster_home(Path(folder)))
        if redis_port is not None:
            os.environ |= {"CACHE_BACKEND": "redis", "CACHE_PORT": str(redis_port)}
        _load_everything()
        made = Campaign(
            Path(folder),
            seed,
            None if redis_port is None else RedisState(redis_port),
            None if postgres_url is None else HomeDatabases(postgres_url),
        )
        made.prepare()
        yield made
        os.chdir("/")


def _load_everything() -> None:
    """Imports and models, once, before anything is forked; nothing that starts a thread or opens a file to stay."""
    for name in ("dagster", *_MODULES):
        importlib.import_module(name)
    from sessiongraph.default_client import default_services
    from sessiongraph.llm import litellm_runtime
    from sessiongraph.settings import LOCAL_EMBEDDER

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    logging.getLogger("sessiongraph").setLevel(logging.ERROR)
    litellm_runtime.load()
    models = default_services().shared.local_models
    models.complete("~ # loaded\n\n~ user:\n[1] Alice lives in Paris.")
    models.embed(LOCAL_EMBEDDER, ["loaded"], as_queries=False)


def table(figures: Figures) -> str:
    """Kills by place, and what was found, in lines to be printed."""
    width = max(map(len, figures.kills), default=10)
    rows = [f"{place:{width}}  {count:5}" for place, count in figures.kills.most_common()]
    return "\n".join(
        [
            f"{'killed':{width}}  kills",
            *rows,
            f"{'all':{width}}  {figures.kills.total():5}   in {figures.seconds} s",
            f"lost {figures.lost}, doubled {figures.doubled}, other failures {len(figures.failures)}",
            *figures.failures,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="chooses places and moments")
    parser.add_argument("--redis", action="store_true", help="keep the sessions in a Redis of its own")
    parser.add_argument("--postgres", action="store_true", help="keep graphs and users in a PostgreSQL of its own")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        port = stack.enter_context(redis_server()) if arguments.redis else None
        url = stack.enter_context(postgres_server()) if arguments.postgres else None
        made = stack.enter_context(campaign(arguments.seed, port, url))
        made.run(arguments.kills)
    print(table(made.figures))
    write_figures(arguments.json, vars(made.figures))
    sys.exit(not made.figures.good)


if __name__ == "__main__":
    main()
