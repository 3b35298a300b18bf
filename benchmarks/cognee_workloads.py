"""The works of `cost` that cognee can do too, by its own public API, in an environment that has it.

    PEER_PYTHON benchmarks/cognee_workloads.py WORK SIZE

As `cost_workloads`: a line of JSON for each step, and a line awaited before the next. Run by `cost --peer-python`; the
endpoint is the one that the environment names. Nothing of this project's packages is imported.
"""

import argparse
import asyncio
import importlib
import importlib.util
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import workload
from benchmarks.measure import fresh_home
from benchmarks.measured_process import step

DATASET = "measured"


async def cognify(size: int) -> None:
    import cognee

    with step(f"cognify {size} documents"):
        await cognee.add(workload.documents(size), dataset_name=DATASET)
        await cognee.cognify([DATASET])


async def persist(size: int) -> None:
    """`size` sessions of ten turns; one more turn in each of ten; and nothing new."""
    ids = await _say({f"session-{number}": workload.session(number) for number in range(size)})
    with step(f"persist {size} sessions of 10 turns", turns=10 * size):
        await _persist(ids, DATASET)
    some = ids[:10]
    await _say({id_: [workload.later_turn(number)] for number, id_ in enumerate(some)})
    with step(f"one more turn in 10 of {size} sessions", turns=len(some)):
        await _persist(some, DATASET)
    with step(f"10 of {size} sessions unchanged"):
        await _persist(some, DATASET)


async def write(size: int) -> None:
    """Turns into the cache, one by one, as a chat does."""
    sessions = {f"s{number}": workload.session(number) for number in range(size // 10)}
    with step(f"write {size} turns to the cache"):
        await _say(sessions)


async def _say(sessions: dict[str, list[workload.Said]]) -> list[str]:
    from cognee.infrastructure.session.get_session_manager import get_session_manager
    from cognee.modules.users.methods import get_default_user

    user = await get_default_user()
    manager = get_session_manager()
    for id_, turns in sessions.items():
        for question, answer in turns:
            await manager.add_qa(user_id=str(user.id), question=question, context="", answer=answer, session_id=id_)
    return list(sessions)


async def _persist(ids: list[str], dataset: str) -> None:
    from cognee.memify_pipelines.persist_sessions_in_knowledge_graph import (
        persist_sessions_in_knowledge_graph_pipeline,
    )
    from cognee.modules.users.methods import get_default_user

    user = await get_default_user()
    await persist_sessions_in_knowledge_graph_pipeline(user=user, session_ids=ids, dataset=dataset)


async def _load() -> None:
    """Everything that is loaded once a process; and the dataset, without which nothing can be persisted."""
    import cognee

    await cognee.add(["Wanda Riedl met Luca Falk in Graz."], dataset_name=DATASET)
    await cognee.cognify([DATASET])
    await _say({"loaded": [("Where does Wanda Riedl live?", "Wanda Riedl lives in Graz.")]})
    await _persist(["loaded"], DATASET)


WORKS: dict[str, Callable[[int], Awaitable[None]]] = {"cognify": cognify, "persist": persist, "write": write}


async def _work(name: str, size: int) -> None:
    with step("import"):
        importlib.import_module("cognee")
    with step("imports, and a first call of everything"):
        await _load()
    await WORKS[name](size)


def _configure(home: Path) -> None:
    """Everything of cognee under `home`, and nothing sent but to the endpoint."""
    os.environ |= {
        "SYSTEM_ROOT_DIRECTORY": str(home / "system"),
        "DATA_ROOT_DIRECTORY": str(home / "data"),
        "CACHE_ROOT_DIRECTORY": str(home / "cache"),
        "COGNEE_LOGS_DIR": str(home / "logs"),
        # Models that litellm knows to take a schema and dimensions; the endpoint answers to any name.
        "LLM_PROVIDER": "openai",
        "LLM_MODEL": "openai/gpt-4o-mini",
        "EMBEDDING_PROVIDER": "openai",
        "EMBEDDING_MODEL": "openai/text-embedding-3-small",
        "CACHING": "true",
        "TELEMETRY_DISABLED": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        # litellm carries the tables that tiktoken would download.
        "TIKTOKEN_CACHE_DIR": str(_folder_of("litellm") / "litellm_core_utils" / "tokenizers"),
        "LOG_LEVEL": "ERROR",
    }


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None and found.origin is not None, package
    return Path(found.origin).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("size", type=int)
    chosen = parser.parse_args()
    with fresh_home() as home:
        _configure(home)
        os.chdir(home)
        asyncio.run(_work(chosen.work, chosen.size))


if __name__ == "__main__":
    main()
